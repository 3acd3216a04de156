"""A transformers checkpoint as `mlflow.transformers.save_model` would lay it out, or the reasons why it cannot be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from azureml_publish.content.packaging.custom import ADAPTER_CONFIG, base_model
from azureml_publish.content.packaging.facts import ModelFacts, has_tokenizer, read_facts
from azureml_publish.content.packaging.layout import Layout, Request
from azureml_publish.content.packaging.mlflow_model import Flavour, describe, package_of, requirements, unpinned
from azureml_publish.content.packaging.remote_code import check_code
from azureml_publish.content.packaging.rules import (
    ADAPTER,
    CUSTOM,
    MORE_PARTS,
    NO_COMPONENT,
    NO_PACKAGE,
    UNKNOWN_MODEL,
    UNTRAINED,
    Finding,
    some,
)
from azureml_publish.content.packaging.safetensors import floating_type
from azureml_publish.content.packaging.source_files import SourceFiles
from azureml_publish.content.packaging.transformers_facts import (
    find_tokenizer,
    is_model_class,
    knows_model_type,
    knows_tokenizer,
    models_of,
    stated,
    tokenizer_files,
)
from azureml_publish.content.packaging.tree import ArtifactFile
from azureml_publish.content.packaging.weights import INDEX, WHOLE, check_weights, choose_weights, is_pointer
from azureml_publish.content.sources.selection import INDEXES, WEIGHTS
from azureml_publish.globs import matches_any

CONFIG = "config.json"
MLMODEL = "MLmodel"
TEMPLATES = "additional_chat_templates"
"""Folder of a tokenizer's further chat templates (https://huggingface.co/docs/transformers/main/chat_templating)."""

_LICENCE_FILES = ("LICENSE", "LICENSE.*", "NOTICE", "NOTICE.*", "LICENCE", "LICENCE.*")
_NOT_PUBLISHED = (
    ".gitattributes",
    ".gitignore",
    "*.md",
    "*.png",
    "*.jpg",
    "*.jpeg",
    "*.gif",
    "*.svg",
    "*.webp",
    "*.pdf",
)
_PREPROCESSORS = ("preprocessor_config.json", "processor_config.json")
_OF_PROCESSORS = (*_PREPROCESSORS, "video_preprocessor_config.json", "chat_template.json", "chat_template.jinja")

_OTHER_RUNTIMES = (
    "onnx", "openvino", "coreml", "tflite", "tf", "flax", "jax", "ggml", "gguf", "mlx", "metal", "executorch",
    "original", "runs", "logs", "wandb", "checkpoint-*",
)  # fmt: skip
"""Folders that hold the same model once more, for another runtime or from its training."""


def lay_out(request: Request, source: SourceFiles) -> Layout:
    """The model below `model/`, what its pipeline loads below `components/`, licences at the top."""
    other = tuple(_of_another_kind(source))
    if other:
        return Layout((), other)
    weights, found = choose_weights(source, allow_pickle=request.allow_pickle)
    facts = read_facts(source)
    facts = replace(facts, dtype=facts.dtype or _dtype(source, weights))
    flavour = describe(request.task, request.mlflow, facts)
    checked = source.below(
        path for path in source.by_path if path in weights or not matches_any(path, (*WEIGHTS, *INDEXES))
    )
    every = (
        *found,
        *(check_weights(checked) if weights else ()),
        *_check_settings(source),
        *_check_model_type(request, flavour, facts),
        *_check_version(request, source, flavour, facts),
        *_check_head(flavour, facts),
        *_check_components(source, flavour, facts),
        *check_code(source, flavour, facts),
        *_check_folders(source, weights),
        *_check_packages(flavour, facts),
    )
    return Layout(tuple(_place(source, flavour, facts, weights)), every, facts)


def _of_another_kind(source: SourceFiles) -> Iterator[Finding]:
    """Why a source is not a checkpoint of transformers."""
    has_weights = WHOLE in source.top or INDEX in source.top
    if ADAPTER_CONFIG in source.top and not has_weights:
        base = base_model(source)
        message = f"The source is an adapter of {base}" if base else "The source is an adapter that names no base model"
        hint = (
            f"Publish it with type: custom_model and say its base model in the card, or merge it into {base or 'that'}."
        )
        yield Finding(ADAPTER, f"{message}, and MLflow would not find the base model's weights.", hint, ("type",))
    elif "modules.json" in source.top:
        parts = [folder for folder in source.folders if folder[:1].isdigit()]
        message = (
            f"The source is a sentence-transformers model: its modules ({some(parts) or 'modules.json'}) would be lost."
        )
        hint = 'Write type: custom_model; for the bare transformer write exclude: [modules.json, "[0-9]*_*/*"].'
        yield Finding(MORE_PARTS, message, hint, ("type",))
    elif "model_index.json" in source.top:
        message = "The source is a pipeline of diffusers, which MLflow's transformers flavour does not load."
        yield Finding(MORE_PARTS, message, "Write type: custom_model.", ("type",))
    elif is_pointer(source, CONFIG):
        yield from check_weights(source.below([CONFIG]))
    elif source.parsed(CONFIG) is None:
        gguf = any(path.endswith(".gguf") for path in source.by_path)
        if not gguf and (below := _lies_below(source)):
            yield below
            return
        wrong = "has no config.json" if CONFIG not in source.top else "has a config.json that is not a JSON object"
        hint = "Write type: custom_model." if gguf else f"Correct `source`, {CUSTOM}."
        yield Finding(NO_COMPONENT, f"The source {wrong}, so transformers could not load the model.", hint)


def _lies_below(source: SourceFiles) -> Finding | None:
    """A model that lies whole in a folder of the source."""
    for path in sorted(source.by_path):
        folder, _, name = path.rpartition("/")
        holds = folder and not _is_copy(path) and name in (MLMODEL, CONFIG)
        if holds and (
            name == MLMODEL
            or any(other.startswith(f"{folder}/") and matches_any(other, WEIGHTS) for other in source.by_path)
        ):
            message = f"{name} lies in {folder}/, and a model's files are looked for at the top of its source."
            return Finding(NO_COMPONENT, message, f"Write a source that ends with {folder}, {CUSTOM}.")
    return None


def _check_model_type(request: Request, flavour: Flavour, facts: ModelFacts) -> Iterator[Finding]:
    """Whether the pinned transformers loads such a model for the task; of other versions nothing is known here."""
    task, pinned = flavour.task, stated()["versions"]["transformers"]
    if task is None or flavour.own_code or not flavour.model_class.startswith("Auto"):
        return
    if request.mlflow.transformers != pinned or any(facts.model_type in models_of(auto) for auto in task.models):
        return
    autos = " or ".join(task.models)
    if not facts.model_type:
        message, hint = "config.json names no model_type, so no Auto class knows the model.", "Add its model_type there"
    elif not knows_model_type(facts.model_type):
        message = f"transformers {pinned} does not know the model type '{facts.model_type}'."
        hint = "Write mlflow: {transformers: VERSION} with a version that does"
    else:
        message = (
            f"transformers has no {autos} for the model type '{facts.model_type}', which the task {task.name} needs."
        )
        saved = next((f" ({one})" for one in facts.architectures if is_model_class(one)), "")
        hint = f"Write the task that it was trained for{saved}, or mlflow: {{model_class: …}}"
    yield Finding(UNKNOWN_MODEL, message, f"{hint}, {CUSTOM}.", ("tasks", "inference"))


def _check_settings(source: SourceFiles) -> Iterator[Finding]:
    """Settings that are not JSON object: transformers reads what is there, and fails."""
    for path in (*_PREPROCESSORS, "tokenizer_config.json"):
        if path in source.top and source.parsed(path) is None and not is_pointer(source, path):
            message = f"{path} is not a JSON object, so transformers could not load the model."
            yield Finding(NO_COMPONENT, message, f"Correct it, or remove it where nothing needs it, {CUSTOM}.")


def _check_version(request: Request, source: SourceFiles, flavour: Flavour, facts: ModelFacts) -> Iterator[Finding]:
    """What a newer transformers wrote, and the one of the environment does not know."""
    chosen, pinned = request.mlflow.transformers or "", stated()["versions"]["transformers"]
    config = source.parsed(CONFIG) or {}
    parts = [config, *(value for value in config.values() if isinstance(value, dict))]
    if chosen.startswith("4.") and any("rope_parameters" in one and "rope_theta" not in one for one in parts):
        message = (
            f"config.json says rope_parameters, as transformers 5 does: transformers {chosen} passes over them, and "
            "the model would answer otherwise."
        )
        hint = f"Write mlflow: {{transformers: VERSION}} with the version that saved it, {CUSTOM}."
        yield Finding(UNKNOWN_MODEL, message, hint)
    if flavour.task is not None and (without := _GONE.get(flavour.task.name)) and _release(chosen) >= without:
        message = f"transformers {chosen} has no pipeline for the task {flavour.task.name} any more."
        yield Finding(UNKNOWN_MODEL, message, f"Write mlflow: {{transformers: {pinned}}}, {CUSTOM}.")
    loads = "tokenizer" in dict(flavour.components) and not facts.class_of("AutoTokenizer")
    if loads and facts.tokenizer and chosen == pinned and not knows_tokenizer(facts.tokenizer):
        message = (
            f"transformers {pinned} has no class of tokenizers {facts.tokenizer}, by which the tokenizer was saved."
        )
        hint = (
            "Write mlflow: {transformers: VERSION} with the version that saved it, or, where all is in tokenizer.json, "
            f"tokenizer_class: PreTrainedTokenizerFast in tokenizer_config.json, {CUSTOM}."
        )
        yield Finding(UNKNOWN_MODEL, message, hint)


_GONE: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("text2text-generation", "summarization", "translation"), (5, 0)),
    **dict.fromkeys(("question-answering", "visual-question-answering", "image-to-image"), (5, 24)),
}
"""Tasks that transformers has no pipeline for any more, and the first version that is known to have none.

Source: transformers 5.0.0 and 5.24.0, pipelines/__init__.py.
"""


def _release(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with."""
    found = re.match(r"(\d{1,4})(?:\.(\d{1,4}))?", version)
    return tuple(int(number or 0) for number in found.groups()) if found else ()


_HEADS = frozenset(
    {
        "AutoModelForSequenceClassification", "AutoModelForTokenClassification", "AutoModelForQuestionAnswering",
        "AutoModelForImageClassification", "AutoModelForAudioClassification", "AutoModelForVideoClassification",
    }
)  # fmt: skip
"""Auto classes whose models end in a layer that only training for the task fills."""


def _check_head(flavour: Flavour, facts: ModelFacts) -> Iterator[Finding]:
    """Whether the last layer that the task needs is among the weights, by the class that they were saved as."""
    saved_as, task = next(iter(facts.architectures), ""), flavour.task
    if task is None or flavour.model_class not in _HEADS or not is_model_class(saved_as):
        return
    suited = {one for auto in task.models for one in models_of(auto).get(facts.model_type, ())}
    if suited and saved_as not in suited:
        message = (
            f"config.json was saved as {saved_as}: {min(suited)}, which {task.name} needs, finds no weights for its "
            "last layer, and would answer at random."
        )
        hint = "Write the task that it was trained for, or the revision that was trained for this one."
        yield Finding(UNTRAINED, message, hint, ("tasks", "inference"))


def _check_components(source: SourceFiles, flavour: Flavour, facts: ModelFacts) -> Iterator[Finding]:
    """What the task's pipeline loads beside the model must be there."""
    wanted = {
        "feature_extractor": _PREPROCESSORS[0],
        "image_processor": _PREPROCESSORS[0],
        "processor": _PREPROCESSORS[1],
    }
    for name, _ in flavour.components:
        if name in facts.components:
            continue
        task = flavour.task.name if flavour.task else "the pipeline"
        if name != "tokenizer":
            article = "an" if name.startswith("i") else "a"
            message = f"{task} loads {article} {name.replace('_', ' ')}, and {wanted[name]} describes none."
            hint = f"Add the {wanted[name]} with which the model was trained, {CUSTOM}."
        else:
            slow, fast = find_tokenizer(facts.tokenizer, facts.model_type)
            files = sorted((slow.required or slow.files) if slow else ())
            missing = [file for file in files if file not in source.top] or ["tokenizer.json"]
            known = (slow.name if slow else "") or (fast.name if fast else facts.tokenizer) or "AutoTokenizer"
            message = f"{task} loads a tokenizer, and {known} does not find {some(missing)}."
            hint = f"Add {some(missing)}{' or tokenizer.json' if fast and files else ''} to the source, {CUSTOM}."
        yield Finding(NO_COMPONENT, message, hint)
    own = "AutoTokenizer" in dict(facts.code)
    if "tokenizer" in dict(flavour.components) and "tokenizer" in facts.components and not own:
        yield from _check_slow_tokenizer(source, facts)


def _check_slow_tokenizer(source: SourceFiles, facts: ModelFacts) -> Iterator[Finding]:
    """A tokenizer without a fast class needs its own files, whether tokenizer.json is there or not."""
    slow, fast = find_tokenizer(facts.tokenizer, facts.model_type)
    if (
        slow is not None
        and fast is None
        and not has_tokenizer(_without(source, "tokenizer.json"), facts.tokenizer, facts.model_type)
    ):
        missing = sorted((slow.required or slow.files) - source.top)
        message = f"{slow.name} does not find {some(missing)}, and loads no tokenizer.json."
        yield Finding(NO_COMPONENT, message, f"Add {some(missing)} to the source, {CUSTOM}.")


def _without(source: SourceFiles, path: str) -> SourceFiles:
    return source.below(other for other in source.by_path if other != path)


def _check_folders(source: SourceFiles, weights: frozenset[str]) -> Iterator[Finding]:
    """Weights in subfolders, which `from_pretrained` does not look into unless the index names them."""
    lost = {
        file.path.partition("/")[0]
        for file in source.files
        if "/" in file.path
        and file.path not in weights
        and not _is_copy(file.path)
        and matches_any(PurePosixPath(file.path).name, WEIGHTS)
    }
    if lost:
        message = (
            f"Parts of the model would be lost: MLflow does not load the weights in {some(f'{one}/' for one in lost)}."
        )
        hint = (
            f"Where the model works without them, exclude [{', '.join(f'{one}/*' for one in sorted(lost))}], {CUSTOM}."
        )
        yield Finding(MORE_PARTS, message, hint)


def _is_copy(path: str) -> bool:
    return matches_any(path.partition("/")[0].lower(), _OTHER_RUNTIMES)


def _check_packages(flavour: Flavour, facts: ModelFacts) -> Iterator[Finding]:
    for package in unpinned(flavour):
        hint = f"Write mlflow: {{requirements: [{package}==VERSION]}} with the version that the model works with."
        yield Finding(NO_PACKAGE, f"The model needs the package {package}, and no version of it is known.", hint)
    if not flavour.own_code:
        return
    named = {package_of(line) for line in requirements(flavour)}
    for module in facts.imports:
        package = _DISTRIBUTIONS.get(module, module.replace("_", "-").lower())
        if module not in _COME_ALONG and package not in named:
            hint = f"Write mlflow: {{requirements: [{package}==VERSION]}}."
            yield Finding(NO_PACKAGE, f"The model's code imports {module}, which its environment lacks.", hint)


_COME_ALONG = frozenset(
    {
        "transformers", "torch", "numpy", "tokenizers", "huggingface_hub", "safetensors", "regex", "requests", "tqdm",
        "yaml", "packaging", "filelock", "mlflow", "pandas", "scipy", "sklearn", "pyarrow", "jinja2", "matplotlib",
        "sympy", "networkx", "fsspec", "typing_extensions", "cloudpickle", "pydantic",
    }
)  # fmt: skip
"""Modules of packages that come with MLflow, PyTorch and transformers."""

_DISTRIBUTIONS = {"PIL": "pillow", "cv2": "opencv-python-headless", "sentence_transformers": "sentence-transformers"}


def _dtype(source: SourceFiles, weights: Iterable[str]) -> str:
    """The type of the first tensor of floating point, which transformers follows where config.json names none."""
    for path in sorted(weights):
        if found := floating_type(source.read.get(path, b"")):
            return found
    return ""


def _place(source: SourceFiles, flavour: Flavour, facts: ModelFacts, weights: frozenset[str]) -> Iterator[ArtifactFile]:
    """Every file that is published, at each of its places."""
    components = dict(flavour.components)
    for file in source.files:
        if file.path in weights:
            yield replace(file, path=f"model/{file.path}")
        elif "/" not in file.path and matches_any(file.path, _LICENCE_FILES):  # LICENSE.md is not a card
            yield file
        elif not _stays_behind(file.path):
            places = {f"components/{name}/" for name in components if _belongs(file.path, name, source, facts)}
            if not places or file.path == CONFIG or file.path.endswith(".py"):
                places.add("model/")
            yield from (replace(file, path=f"{place}{file.path}") for place in sorted(places))


def _stays_behind(path: str) -> bool:
    name = PurePosixPath(path).name
    adapter = name.startswith("adapter_") and "/" not in path
    return adapter or matches_any(name, (*WEIGHTS, *INDEXES, *_NOT_PUBLISHED)) or ("/" in path and _is_copy(path))


def _belongs(path: str, component: str, source: SourceFiles, facts: ModelFacts) -> bool:
    """Whether a component loads a file."""
    of_tokenizer = path in tokenizer_files() or path.startswith(f"{TEMPLATES}/")
    own_code = bool(facts.class_of(_AUTO_OF[component]))
    if path.endswith(".py") and "/" not in path:
        # config.json lies beside the component, and names the code of the configuration.
        return own_code or (component == "tokenizer" and bool(facts.code))
    if component == "tokenizer":
        # A tokenizer of its own reads whatever its code says.
        data = own_code and "/" not in path and path not in _OF_PROCESSORS and path != "generation_config.json"
        # AutoTokenizer takes the class from the model_type of config.json where tokenizer_config.json names none.
        return of_tokenizer or path == CONFIG or data
    if component == "processor":
        return of_tokenizer or path in (CONFIG, *_OF_PROCESSORS)
    if path == CONFIG:
        settings = (source.parsed(_PREPROCESSORS[0]) or {}).keys() | (source.parsed(_PREPROCESSORS[1]) or {}).keys()
        return own_code or settings.isdisjoint(
            {"image_processor_type", "feature_extractor_type", "image_processor", "feature_extractor"}
        )
    return path == _PREPROCESSORS[0] or (path == _PREPROCESSORS[1] and _PREPROCESSORS[0] not in source.top)


_AUTO_OF = {
    "tokenizer": "AutoTokenizer",
    "feature_extractor": "AutoFeatureExtractor",
    "image_processor": "AutoImageProcessor",
    "processor": "AutoProcessor",
}
