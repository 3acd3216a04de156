"""Rules on MLmodel: whether MLflow can load it, and whether its parts and its environment fit together."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from azureml_publish.content.packaging.rules import BROKEN_MLMODEL
from azureml_publish.content.packaging.transformers_facts import (
    find_task,
    is_model_class,
    loaders_of,
    stated,
    type_of_name,
    types_of,
)
from azureml_publish.diagnostics import Location, Severity
from azureml_publish.documents import MALFORMED, Document, mapping_of, parse_yaml
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.samples import signature
from azureml_publish.lint.check import Findings, finds, rule
from azureml_publish.lint.names.models import hub_id
from azureml_publish.lint.subject import AssetSubject, Described
from azureml_publish.lint.weights.configuration import classes_of
from azureml_publish.lint.weights.environments import (
    ENVIRONMENT,
    OWN_PACKAGES,
    environment_mistakes,
    imports_missing,
    is_environment,
    too_old,
    two_environments,
    version_differences,
)
from azureml_publish.lint.weights.files import WeightFiles
from azureml_publish.lint.weights.generation import GENERIC_TOKENIZERS
from azureml_publish.lint.weights.mlmodel import (
    base_task_differences,
    class_differences,
    flavour_mistakes,
    logging_mistakes,
    pair_of_name,
    pairs_logged,
)
from azureml_publish.lint.weights.settings import flavour_differences

_TYPES = frozenset(
    (
        *("boolean", "integer", "long", "float", "double", "string", "binary", "datetime"),
        *("object", "array", "map", "tensor", "any"),
    )
)
"""Source: MLflow, Model Signatures, supported data types (https://mlflow.org/docs/latest/ml/model/signatures/)."""


@finds(BROKEN_MLMODEL)
def mlmodel_broken(subject: AssetSubject) -> Findings:
    """An MLmodel that MLflow cannot load: without flavours or loader, or with an unreadable signature."""
    document = subject.described.mlmodel
    if document is None or not isinstance(document.data, Mapping):
        return
    found = document.data.get("flavors")
    if not isinstance(found, Mapping) or not found:
        where, hint = document.location(("flavors",)), "Copy the MLmodel that MLflow wrote beside the model's files."
        yield mlmodel_broken.at(where, "MLmodel names no flavours, so nothing can load the model.", hint)
        return
    python = mapping_of(found.get("python_function"))
    if isinstance(found.get("python_function"), Mapping) and not python.get("loader_module"):
        where = document.location(("flavors", "python_function"))
        message = "python_function names no loader_module, so MLflow does not know what loads the model."
        yield mlmodel_broken.at(where, message, "Write loader_module: mlflow.transformers, or that of its flavour.")
    for side in ("inputs", "outputs", "params"):
        listed = mapping_of(document.data.get("signature")).get(side)
        if isinstance(listed, str) and (wrong := _signature_mistake(listed)):
            where = document.location(("signature", side))
            yield mlmodel_broken.at(where, f"The signature's {side} {wrong}.", "Copy the signature that MLflow wrote.")
    yield from _environment_files(subject, document, python.get("env"))
    yield from _example(subject, document)


def installed(content: WeightFiles) -> Mapping[str, str]:
    """The environment files beside the weights: their texts by path."""
    return {path: content.text(path) for path in content.places if is_environment(path)}


def _environment_files(subject: AssetSubject, document: Document, named: object) -> Findings:
    """Environment files that are not YAML, or that MLmodel names and that are missing while others are there."""
    content = subject.described.content
    present = [name for name in ENVIRONMENT if name in content.places]
    for name in present:
        text = content.text(name) if name.endswith(".yaml") else ""
        wrong = parse_yaml(text, content.at(name).path)[1] if "<<<<<<<" not in text else ()
        for one in wrong:
            if one.code == MALFORMED.code:
                message = f"MLflow cannot read {name}: {one.message}"
                yield mlmodel_broken.at(one.location, message, "Copy the file that MLflow wrote beside this MLmodel.")
    for found in environment_mistakes(installed(content)):
        where = content.shown(found.path, found.line)
        severity = None if found.breaks else Severity.WARNING  # a Docker image may contain it
        yield mlmodel_broken.at(where, found.message, found.hint, severity=severity)
    named = {"conda": named} if isinstance(named, str) and present else named if len(present) > 1 else None
    for key, name in mapping_of(named).items():
        # MLflow falls back to conda.yaml
        read = key == "conda" or (key == "virtualenv" and "conda.yaml" not in content.places)
        if isinstance(name, str) and name not in content.places and read:
            yield mlmodel_broken.at(
                document.location(("flavors", "python_function", "env", key)),
                f"MLmodel takes its environment from {short(name)}, which is missing beside {present[0]}.",
                "Name the file that is there, or copy the one that MLflow wrote.",
            )


def _example(subject: AssetSubject, document: Document) -> Findings:
    """An example file that MLmodel names and that is missing while another is there."""
    carried = subject.described.content.places
    named = mapping_of(subject.described.logged.get("saved_input_example_info")).get("artifact_path")
    others = [name for name in carried if re.fullmatch(r"[\w-]*example[\w-]*\.json", name)]
    if isinstance(named, str) and named not in carried and others:
        yield mlmodel_broken.at(
            document.location(("saved_input_example_info", "artifact_path")),
            f"MLmodel keeps its example in {short(named)}, which is missing beside {others[0]}.",
            "Name the file that is there, or copy the one that MLflow wrote.",
            severity=Severity.WARNING,  # the model can be loaded without it
        )


def _signature_mistake(text: str) -> str:
    try:
        columns = json.loads(text)
    except (ValueError, RecursionError):
        return "are not JSON"
    if not isinstance(columns, list):
        return "are not a list"
    types = (column.get("type") for column in columns if isinstance(column, Mapping))
    unknown = next((kind for kind in types if isinstance(kind, str) and kind not in _TYPES), None)
    return f"have the type '{short(unknown)}', which MLflow does not know" if unknown is not None else ""


@rule("MATCH012", "mlmodel-contradicts-itself", Severity.WARNING, "Parts of MLmodel describe different models.")
def mlmodel_contradicts_itself(model: Described) -> Findings:
    """A class, pipeline or tokenizer in the transformers flavour that does not fit its task.

    Source: transformers' own tables of what loads which class (`transformers.json`). Classes that they do not contain
    are not judged.
    """
    if model.mlmodel is None:
        return
    yield from _by_itself(model, model.mlmodel)
    yield from _environment(model)
    flavour = model.flavour("transformers")
    if not flavour:
        return
    for key, message in (*_contradictions(flavour), *_beside_the_weights(model, flavour)):
        hint = "Copy the MLmodel that MLflow wrote beside this model's files."
        yield mlmodel_contradicts_itself.at(_place(model.mlmodel, key), message, hint)
    yield from _of_its_name(model, model.mlmodel, flavour)


def _beside_the_weights(model: Described, flavour: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys that contradict the settings beside the weights, with messages."""
    classes, loaded = classes_of(model.settings), str(flavour.get("pipeline_model_type") or "")
    if classes and is_model_class(loaded) and not any(_kind(loaded) == _kind(name) for name in classes):
        yield "pipeline_model_type", f"MLmodel loads the weights as {loaded}, and config.json has {classes[0]}."
    yield from flavour_differences(flavour, model.settings, model.weights.get("preprocessor_config.json", {}))
    own = (model.tokenizer or {}).get("tokenizer_class")
    pair = [str(one).removesuffix("Fast") for one in (flavour.get("tokenizer_type"), own)]
    known = stated()["tokenizer_of"].values() if own is not None and pair[0] != pair[1] else ()
    names = {name.removesuffix("Fast") for each in known for name in each if name}
    if names and (names - GENERIC_TOKENIZERS).issuperset(pair):
        message = f"MLmodel's tokenizer is {flavour['tokenizer_type']}, and tokenizer_config.json has {own}."
        yield "tokenizer_type", message


def _by_itself(model: Described, document: Document) -> Findings:
    """Dates, ids, classes and languages in MLmodel itself."""
    data = model.logged
    if not data:
        return
    found = [*logging_mistakes(data, model.as_of), *class_differences(data, model.settings)]
    config_at = min((one for one in model.content.places if one.endswith("/config.json")), key=len, default="")
    found += flavour_mistakes(data, frozenset(model.content.places), config_at)
    for name, flavour in model.flavours.items():
        version = flavour.get("transformers_version") if isinstance(flavour, Mapping) else None
        if version and (message := too_old(version, model.settings)):
            found.append((("flavors", name, "transformers_version"), message))
    found += base_task_differences(data)
    logged = [*pairs_logged(data)]
    pair = pair_of_name(model.name, hub_id(model)) or (logged[0][1] if logged else "")
    found += [(path, f"The task is for {one}, and the model for {pair}.") for path, one in logged if one != pair]
    for path, message in found:
        yield mlmodel_contradicts_itself.at(document.location(path), message, "Copy the MLmodel that MLflow wrote.")


def _of_its_name(model: Described, document: Document, flavour: Mapping[str, Any]) -> Findings:
    """A class or tokenizer of another model type than the one that the model's name begins with."""
    loaded = str(flavour.get("pipeline_model_type") or "")
    named = type_of_name(hub_id(model).rpartition("/")[2] or model.name)
    kinds = types_of(loaded) if named else frozenset()
    apart = not any(one.startswith(named) or named.startswith(one) or "encoder-decoder" in one for one in kinds)
    if kinds and named in _OF_ONE_CLASS and apart:
        message = f"{loaded} is a class of {min(kinds, key=len)}, and by its name the model is of the type {named}."
        hint = "Write the class that the weights' config.json names."
        yield mlmodel_contradicts_itself.at(_place(document, "pipeline_model_type"), message, hint)
    tokenizer = str(flavour.get("tokenizer_type") or "").removesuffix("Fast")
    if named in ("bert", "distilbert") and tokenizer in _OF_OTHER_WORDS:
        message = f"{flavour['tokenizer_type']} has another vocabulary than models of the type {named}."
        hint = "Write the class that tokenizer_config.json names."
        yield mlmodel_contradicts_itself.at(_place(document, "tokenizer_type"), message, hint)


_OF_ONE_CLASS = (
    *("albert", "bart", "bert", "camembert", "deberta", "distilbert", "electra", "gpt2", "mpnet", "mt5", "roberta"),
    *("t5", "whisper", "xlm-roberta"),
)
"""Model types that are named by the first word of a name. Families such as Granite have several model types."""

_OF_OTHER_WORDS = ("RobertaTokenizer", "XLMRobertaTokenizer", "GPT2Tokenizer", "T5Tokenizer", "LlamaTokenizer")


def _environment(subject: Described) -> Findings:
    """Versions and the loader in MLmodel, against the environment files beside it."""
    document = subject.mlmodel
    if document is None or not subject.logged:
        return
    texts = installed(subject.content)
    code = {path: subject.content.text(path) for path in subject.content.places if path.endswith(".py")}
    alone = (two_environments(texts), imports_missing(texts, code) if texts else "")
    found = ((("flavors", "python_function", "env"), message) for message in alone if message)
    for key_path, message in (*version_differences(subject.logged, texts), *found):
        hint = "Copy the files of the environment that MLflow wrote beside this MLmodel."
        yield mlmodel_contradicts_itself.at(document.location(key_path), message, hint)
    yield from _by_column(subject)
    loader = str(subject.flavour("python_function").get("loader_module") or "")
    if (named := loader.removeprefix("mlflow.")) in OWN_PACKAGES and named not in subject.flavours:
        yield mlmodel_contradicts_itself.at(
            document.location(("flavors", "python_function", "loader_module")),
            f"{loader} loads the flavour {named}, which MLmodel does not have.",
            f"Write mlflow.{next((one for one in subject.flavours if one != 'python_function'), named)}.",
        )


def _by_column(subject: Described) -> Findings:
    """A file with a value for each column of the signature, except for one that is misspelt."""
    names = [one.name for one in signature(subject.mlmodel) or () if one.name]
    for path in subject.content.places if len(names) > 2 else ():
        held = subject.content.settings(path) if path.endswith(".json") else {}
        lacking = [name for name in names if name not in held]
        near = difflib.get_close_matches(lacking[0], held.keys() - {*names}, 1, 0.6) if len(lacking) == 1 else []
        if near:
            message = f"{path} has '{short(near[0])}', and MLmodel's signature '{lacking[0]}'."
            hint = "Write the same name in both."
            yield mlmodel_contradicts_itself.at(subject.content.at(path, near[0]), message, hint)


def _kind(name: str) -> str:
    """The model type in the name of a class: `Roberta` in `RobertaForMaskedLM`."""
    return re.split(r"For[A-Z]|Model|LMHead|MT", name, maxsplit=1)[0]


def _place(document: Document, key: str) -> Location:
    return document.location(("flavors", "transformers", key))


def _contradictions(flavour: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The key that contradicts the others, and the message."""
    task, pipeline, name, tokenizer = (
        value if isinstance(value := flavour.get(key), str) else ""
        for key in ("task", "instance_type", "pipeline_model_type", "tokenizer_type")
    )
    found = find_task(task) if task else None
    loaders = loaders_of(name)
    if found is not None and is_model_class(name) and not loaders & {*found.models, "AutoModel"}:
        yield "pipeline_model_type", f"{name} is not a class of models for {task}."
    every = stated()["tasks"].values() if found is not None and pipeline else ()
    served = {each["pipeline"]: {*each["models"]} for each in every}
    if found is not None and pipeline in served and pipeline != found.pipeline:
        yield "instance_type", f"{pipeline} does not serve {task}."
    close = difflib.get_close_matches(pipeline, served, 1, 0.85) if pipeline not in served else []
    if close and not pipeline.endswith(close[0]):  # a team's own pipeline may have a similar name
        yield "instance_type", f"transformers has no {short(pipeline)}; {close[0]} was meant."
    own = {auto for auto in loaders if auto not in _ANY}
    types = [kind for kind, pair in stated()["tokenizer_of"].items() if tokenizer in pair] if own else []
    theirs = {
        auto for auto, kinds in stated()["models"].items() if auto not in _ANY and any(one in kinds for one in types)
    }
    if own and types and not own & theirs:
        yield "tokenizer_type", f"{tokenizer} does not belong to {name}."


_ANY = frozenset({"AutoModel", "AutoModelForPreTraining"})
"""Classes that load almost every model and say nothing of its type."""
