"""What the pinned transformers and MLflow know of tasks, models and tokenizers, as `make restate` writes it down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

CATALOGUE_TASKS = MappingProxyType(
    {
        "text-translation": "translation",
        "text-summarization": "summarization",
        "chat-completion": "llm/v1/chat",
        "image-text-to-text": "image-text-to-text",
        "image-object-detection": "object-detection",
        "image-instance-segmentation": "image-segmentation",
        "speech-recognition": "automatic-speech-recognition",
        "embeddings": "feature-extraction",
    }
)
"""Tasks that the catalogue calls otherwise than transformers or MLflow do."""


@dataclass(frozen=True, slots=True)
class Task:
    """How transformers and MLflow serve one task.

    Attributes:
        name: transformers' name.
        pipeline: the class of its pipeline.
        models: the Auto classes of its models, the first that knows a model's type loads it.
        components: by component whether the pipeline loads it: True, it must; None, where it is there; False, never.
        served: whether MLflow adds `python_function`, without which no endpoint serves the model.
        signature: what MLflow gives the task by itself: `inputs`, `outputs`, `params`; None where it gives none.
        inference_task: MLflow's own name, such as `llm/v1/chat`, where the model is served by its protocol.
    """

    name: str
    pipeline: str
    models: tuple[str, ...]
    components: Mapping[str, bool | None]
    served: bool
    signature: Mapping[str, Any] | None
    inference_task: str = ""


@cache
def stated() -> Mapping[str, Any]:
    """Everything, as `tests/proof/restate.py` wrote it."""
    text = files("azureml_publish.content.packaging").joinpath("transformers.json").read_text(encoding="utf-8")
    data: Mapping[str, Any] = json.loads(text)
    return data


COMPONENTS = ("feature_extractor", "tokenizer", "image_processor", "processor")
"""In the order in which MLflow names them."""


def find_task(name: str) -> Task | None:
    """What serves a task, by the name that the catalogue, transformers or MLflow gives it; None: nothing does."""
    known = stated()
    plain = CATALOGUE_TASKS.get(name, name)
    plain = "translation" if plain.startswith("translation_") else known["aliases"].get(plain, plain)
    chat = known["inference_tasks"].get(plain)
    found = known["tasks"].get(chat["task"] if chat else plain)
    if found is None:
        return None
    return Task(
        name=chat["task"] if chat else plain,
        pipeline=found["pipeline"],
        models=tuple(found["models"]),
        components={component: found[component] for component in COMPONENTS},
        served=found["served"],
        signature=chat["signature"] if chat else found["signature"],
        inference_task=plain if chat else "",
    )


def knows_model_type(model_type: str) -> bool:
    """Whether the pinned transformers has a configuration of this `model_type`."""
    return model_type in stated()["model_types"]


def models_of(auto_class: str) -> Mapping[str, list[str]]:
    """The classes of models that an Auto class loads, by model type."""
    found: Mapping[str, list[str]] = stated()["models"].get(auto_class, {})
    return found


@cache
def loaders_of(name: str) -> frozenset[str]:
    """The Auto classes that load a class of models."""
    autos = stated()["models"].items()
    return frozenset(auto for auto, kinds in autos if any(name in classes for classes in kinds.values()))


@cache
def types_of(name: str) -> frozenset[str]:
    """The types of models that a class of models is for."""
    tables = stated()["models"].values()
    return frozenset(kind for table in tables for kind, names in table.items() if name in names)


def tasks_of_class(name: str) -> tuple[str, ...]:
    """The tasks that a class of transformers serves; none where it is not known, or loads any model."""
    autos = {name, *loaders_of(name)}
    if "AutoModel" in autos:
        return ()
    return tuple(task for task, facts in stated()["tasks"].items() if autos.intersection(facts["models"]))


def type_of_name(name: str) -> str:
    """The type of models that a name begins with, the longest one: `xlm-roberta` of `xlm-roberta-base`; or nothing."""
    parts, known = name.lower().split("-"), stated()["model_types"]
    beginnings = ("-".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((one for one in beginnings if one in known), "")


def is_model_class(name: str) -> bool:
    """Whether the pinned transformers has a class of models of this name that a task may load."""
    return bool(loaders_of(name))


@dataclass(frozen=True, slots=True)
class TokenizerClass:
    """A class of tokenizers: the files it loads, those that it cannot do without, and packages that it imports."""

    name: str
    files: frozenset[str]
    required: frozenset[str]
    packages: tuple[str, ...]


def find_tokenizer(name: str, model_type: str) -> tuple[TokenizerClass | None, TokenizerClass | None]:
    """The slow and the fast class that AutoTokenizer chooses from, by the class that is named, else the model type."""
    slow, fast = name.removesuffix("Fast"), f"{name.removesuffix('Fast')}Fast"
    if not name:
        slow, fast = (each or "" for each in stated()["tokenizer_of"].get(model_type, (None, None)))
    return _tokenizer(slow), _tokenizer(fast)


def knows_tokenizer(name: str) -> bool:
    """Whether the pinned transformers has a class of tokenizers of this name, slow or fast."""
    named = {one for pair in stated()["tokenizer_of"].values() for one in pair}
    known = named | stated()["tokenizers"].keys() | _NEED_MORE
    return not known.isdisjoint({name, f"{name.removesuffix('Fast')}Fast"})


_NEED_MORE = frozenset({"MistralCommonTokenizer", "Pop2PianoTokenizer"})
"""Classes of tokenizers that transformers has only beside another package."""


def _tokenizer(name: str) -> TokenizerClass | None:
    found = stated()["tokenizers"].get(name)
    if found is None:
        return None
    packages = tuple(found["packages"])
    return TokenizerClass(name, frozenset(found["files"]), frozenset(found["required"]), packages)


@cache
def tokenizer_files() -> frozenset[str]:
    """Every file that some tokenizer of transformers loads, beside those that are common to all."""
    common = {"added_tokens.json", "chat_template.jinja", "special_tokens_map.json", "tekken.json"}
    named = {file for each in stated()["tokenizers"].values() for file in each["files"]}
    return frozenset(named | common | {"tokenizer.json", "tokenizer_config.json"})


def has_class(kind: str, model_type: str) -> bool:
    """Whether models of a type have an `image_processor`, a `feature_extractor` or a `processor`."""
    return bool(stated()[f"{kind}_of"].get(model_type))
