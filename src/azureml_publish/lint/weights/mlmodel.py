"""MLmodel by itself: when and by which version it was written, its flavours, and their tasks and languages."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from azureml_publish.content.packaging.transformers_facts import (
    CATALOGUE_TASKS,
    find_task,
    is_model_class,
    loaders_of,
    stated,
)
from azureml_publish.documents import found_at, mapping_of
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.typing_errors import mistyped
from azureml_publish.lint.names.languages import meant_language
from azureml_publish.lint.names.variants import variant_of
from azureml_publish.lint.weights.configuration import classes_of
from azureml_publish.patterns import pattern

KeyedMessage = tuple[tuple[str, ...], str]
"""The path of a key, and a message about it."""

_IDENTIFIER = pattern(r"(?:m-)?[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_FIRST = {
    (1, 0): 201906, (1, 20): 202108, (2, 0): 202211, (2, 3): 202304, (2, 5): 202307, (2, 8): 202310, (2, 10): 202401,
    (2, 13): 202405, (2, 15): 202407, (2, 17): 202410, (2, 19): 202412, (2, 21): 202503, (3, 0): 202506,
}  # fmt: skip
"""When versions of MLflow were released, as YYYYMM (https://mlflow.org/releases)."""


def logging_mistakes(data: Mapping[str, Any], as_of: date) -> Iterator[KeyedMessage]:
    """Ids and dates that MLflow cannot have written: malformed, before its version was released, or in the future."""
    for key in ("model_uuid", "model_id"):
        mark = data.get(key)
        if isinstance(mark, str) and not _IDENTIFIER.fullmatch(mark):
            yield (key,), f"{key} is {short(mark)}; MLflow writes 32 hexadecimal digits."
    written = data.get("utc_time_created")
    created = _day(written)
    if written is not None and created is None:
        yield ("utc_time_created",), f"utc_time_created is {short(str(written))}, which is not a date."
    elif created is not None and (created - as_of).days > _A_MONTH:
        yield ("utc_time_created",), f"MLmodel was written on {created}, which is in the future."
    match = re.match(r"(\d+)\.(\d+)", str(data.get("mlflow_version") or ""))
    since = max((one for one in _FIRST if match and one <= (int(match[1]), int(match[2]))), default=None)
    if created is not None and since is not None and created.year * 100 + created.month < _FIRST[since] - 1:
        when, version = f"{_FIRST[since] % 100:02}/{_FIRST[since] // 100}", data["mlflow_version"]
        yield (
            ("utc_time_created",),
            f"MLmodel was written on {created}; mlflow {version} was released in {when} or later.",
        )


_A_MONTH = 31
"""Days of tolerance: clocks may be wrong, and `as_of` may be a little earlier than today."""


def _day(written: object) -> date | None:
    try:
        return date.fromisoformat(str(written)[:10])
    except ValueError:
        return None


_LOADERS = (
    *("sklearn", "lightgbm", "xgboost", "catboost", "pytorch", "tensorflow", "keras", "transformers", "pyfunc"),
    *("sentence_transformers", "onnx", "spark", "statsmodels", "prophet", "spacy", "langchain", "diviner", "h2o"),
    *("pmdarima", "fastai", "openai", "paddle", "johnsnowlabs", "llama_index", "promptflow", "dspy"),
    *("pyspark", "gluon"),
)
"""Modules of MLflow that load models (https://mlflow.org/docs/latest/api_reference/python_api/index.html)."""


def flavour_mistakes(data: Mapping[str, Any], paths: frozenset[str], config_at: str) -> Iterator[KeyedMessage]:
    """Misspelt words in a flavour, and files or folders of it that are not there under that name."""
    for name, flavour in _flavours(data).items():
        for key, value in flavour.items() if isinstance(flavour, Mapping) else ():
            message = ""
            if isinstance(value, str):
                message = _word(name, key, value) or _file(key, value, paths, config_at)
            elif key == "components" and isinstance(value, list):
                message = _components(value, paths)
            if message:
                yield ("flavors", name, key), message
    yield from _apart(_flavours(data))
    orient = mapping_of(data.get("saved_input_example_info")).get("pandas_orient")
    if isinstance(orient, str) and orient not in _ORIENTS:
        yield ("saved_input_example_info", "pandas_orient"), f"pandas has no orient {short(orient)}."


_HELD_IN = ("pickled_model", "model_data", "model_binary", "data")


def _apart(flavours: Mapping[str, Any]) -> Iterator[KeyedMessage]:
    """A model file or code folder that python_function names otherwise than the only other flavour does."""
    python = flavours.get("python_function")
    others = [(name, one) for name, one in flavours.items() if name != "python_function" and isinstance(one, Mapping)]
    if not isinstance(python, Mapping) or len(others) != 1:
        return
    name, flavour = others[0]
    loaded = [str(python[key]) for key in ("model_path", "model_binary", "data") if isinstance(python.get(key), str)]
    held = [(key, str(flavour[key])) for key in _HELD_IN if isinstance(flavour.get(key), str)]
    if len(loaded) == len(held) == 1 and _plain(loaded[0]) != _plain(held[0][1]):
        message = f"{held[0][0]} is {short(held[0][1])}, and python_function loads {short(loaded[0])}."
        yield ("flavors", name, held[0][0]), message
    code, own = python.get("code"), flavour.get("code")
    if isinstance(code, str) and isinstance(own, str) and _plain(code) != _plain(own):
        yield ("flavors", name, "code"), f"code is {short(own)}, and python_function has {short(code)}."


def _plain(path: str) -> str:
    return path.strip("./")


def _word(flavour: str, key: str, value: str) -> str:
    """A loader, task or format that is almost a known one, or a class from another library than the flavour's."""
    if key == "loader_module" and value.startswith("mlflow."):
        module = value.split(".")[1]
        close = difflib.get_close_matches(module, _LOADERS, 1, 0.7) if module not in _LOADERS else []
        return f"MLflow has no module mlflow.{module}; it has mlflow.{close[0]}." if close else ""
    if key in ("task", "task_type") and find_task(value) is None:
        close = difflib.get_close_matches(value, [*stated()["tasks"], *CATALOGUE_TASKS], 1, 0.86)
        return f"Nothing serves the task {short(value)}; {close[0]} was meant." if close else ""
    known = _WORDS.get(key, (value,))
    if value not in known and (close := difflib.get_close_matches(value, known, 1, 0.6)):
        return f"{key} is {short(value)}, which MLflow does not know; it has {close[0]}."
    top = value.partition(".")[0] if key == "model_class" else flavour
    return (
        f"model_class is {short(value)}, which is not a class of the flavour {flavour}."
        if top != flavour and {top, flavour} <= _LIBRARIES
        else ""
    )


def _file(key: str, value: str, paths: frozenset[str], config_at: str) -> str:
    """A file or folder that is missing, while another of the same kind is there."""
    inside = value.strip("/") + "/"
    if key not in _OF_FILES or inside == "/" or any(f"{one}/".startswith(inside) for one in paths):
        return ""
    ending = f".{value.rpartition('.')[2]}" if "." in value else ""
    alike = [one for one in paths if ending and "/" not in one and one.endswith(ending)]
    if not ending and "/" in config_at:
        alike = [config_at.partition("/")[0]]
    return f"{key} is {short(value)}, which is missing beside {min(alike)}." if alike else ""


def _components(listed: list[Any], paths: frozenset[str]) -> str:
    there = {one.split("/")[1] for one in paths if one.startswith("components/")}
    lacking = [str(one) for one in listed if str(one) not in there]
    return f"components names {lacking[0]}, which is missing beside {min(there)}." if there and lacking else ""


_ORIENTS = ("split", "records", "index", "columns", "values", "table")
_LIBRARIES = frozenset({"sklearn", "lightgbm", "xgboost", "catboost"})
_WORDS = {"serialization_format": ("cloudpickle", "pickle", "skops"), "framework": ("pt", "tf", "flax", "jax")}
_OF_FILES = ("data", "model_binary", "model_data", "model_path", "pickled_model", "python_model")


def class_differences(data: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[KeyedMessage]:
    """An Auto class of Azure ML's flavours that does not fit their task or the weights."""
    names = classes_of(config)
    for name in ("hftransformersv2", "hftransformers"):
        flavour = mapping_of(_flavours(data).get(name))
        auto = flavour.get("hf_pretrained_class")
        path = ("flavors", name, "hf_pretrained_class")
        if isinstance(auto, str) and not is_model_class(auto) and names and mistyped(auto, names[0]):
            yield path, f"transformers has no class {short(auto)}; config.json has {names[0]}."
        if auto not in stated()["models"] or auto == "AutoModel":
            continue
        task = find_task(str(flavour.get("task_type") or ""))
        if task is not None and task.models and auto not in task.models:
            yield path, f"{auto} is not a class for {flavour['task_type']}; {task.models[0]} is."
        elif names and loaders_of(names[0]) and auto not in loaders_of(names[0]):
            yield path, f"{auto} does not load {names[0]} of config.json."


def base_task_differences(data: Mapping[str, Any]) -> Iterator[KeyedMessage]:
    """A base model's task in the metadata that needs other classes than the flavour's own task."""
    base = mapping_of(data.get("metadata")).get("base_model_task")
    for name, key in (("transformers", "task"), ("hftransformersv2", "task_type"), ("hftransformers", "task_type")):
        task = mapping_of(_flavours(data).get(name)).get(key)
        one, other = find_task(str(base)), find_task(str(task))
        if one is not None and other is not None and not {*one.models} & {*other.models}:
            yield ("metadata", "base_model_task"), f"base_model_task is {base}, the flavour's task {task}."


_TRANSLATES = pattern(r"translation_(\w\w)_to_(\w\w)")


def pairs_logged(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each key whose value is a translation task, with its pair of languages: `en-de`."""
    places = [("flavors", name, key) for name in _flavours(data) for key in ("task", "task_type")]
    for path in (*places, ("metadata", "base_model_task")):
        value = found_at(data, path)
        if isinstance(value, str) and (match := _TRANSLATES.fullmatch(value)):
            yield path, f"{match[1]}-{match[2]}"


def pair_of_name(*names: str) -> str:
    """The pair of languages at the end of the first name that has one; empty where none has."""
    return next((min(pair) for name in names if (pair := variant_of(name).stated.get("pair"))), "")


def pair_differences(tokenizer: Mapping[str, Any], pair: str) -> Iterator[tuple[str, str]]:
    """A source or target language of a tokenizer that is not that of the model's pair."""
    source, _, target = pair.partition("-")
    for keys, wanted in ((("source_lang", "src_lang"), source), (("target_lang", "tgt_lang"), target)):
        for key in keys if pair else ():
            given = tokenizer.get(key)
            meant = meant_language(given.partition("_")[0]) if isinstance(given, str) and given else ""
            if meant and meant != wanted:
                yield key, f"{key} is {short(str(given))}, and the model translates {source} to {target}."


def _flavours(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping_of(data.get("flavors"))
