"""What MLmodel says by itself: when and by what it was written, and for which task and languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from azureml_publish.content.packaging.transformers_facts import find_task, loaders_of, stated
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.names.languages import meant_language
from azureml_publish.lint.names.variants import variant_of
from azureml_publish.patterns import pattern

KeyedMessage = tuple[tuple[str, ...], str]
"""The path of a key, and what is wrong there."""

_IDENTIFIER = pattern(r"(?:m-)?[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_FIRST = {
    (1, 0): 201906, (1, 20): 202108, (2, 0): 202211, (2, 3): 202304, (2, 5): 202307, (2, 8): 202310, (2, 10): 202401,
    (2, 13): 202405, (2, 15): 202407, (2, 17): 202410, (2, 19): 202412, (2, 21): 202503, (3, 0): 202506,
}  # fmt: skip
"""Year and month in which versions of MLflow came out (https://mlflow.org/releases)."""


def logging_mistakes(data: Mapping[str, Any], as_of: date) -> Iterator[KeyedMessage]:
    """Marks and days that MLflow does not write: of another form, before its version came out, or yet to come."""
    for key in ("model_uuid", "model_id"):
        mark = data.get(key)
        if isinstance(mark, str) and not _IDENTIFIER.fullmatch(mark):
            yield (key,), f"{key} is {short(mark)}; MLflow writes 32 digits from 0 to f."
    written = data.get("utc_time_created")
    created = _day(written)
    if written is not None and created is None:
        yield ("utc_time_created",), f"utc_time_created is {short(str(written))}, which is no day."
    elif created is not None and (created - as_of).days > _A_YEAR:
        yield ("utc_time_created",), f"MLmodel was written in {created.year}, which is yet to come."
    match = re.match(r"(\d+)\.(\d+)", str(data.get("mlflow_version") or ""))
    since = max((one for one in _FIRST if match and one <= (int(match[1]), int(match[2]))), default=None)
    if created is not None and since is not None and created.year * 100 + created.month < _FIRST[since] - 1:
        when, version = f"{_FIRST[since] % 100:02}/{_FIRST[since] // 100}", data["mlflow_version"]
        yield ("utc_time_created",), f"MLmodel was written on {created}; mlflow {version} is of {when} or later."


_A_YEAR = 365


def _day(written: object) -> date | None:
    try:
        return date.fromisoformat(str(written)[:10])
    except ValueError:
        return None


def class_differences(data: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[KeyedMessage]:
    """An Auto class of Azure ML's flavours that serves another task than theirs, or does not load the weights."""
    listed = config.get("architectures")
    names = [one for one in listed if isinstance(one, str)] if isinstance(listed, list | tuple) else []
    for name in ("hftransformersv2", "hftransformers"):
        flavour = _flavours(data).get(name)
        auto = flavour.get("hf_pretrained_class") if isinstance(flavour, Mapping) else None
        if not isinstance(flavour, Mapping) or auto not in stated()["models"] or auto == "AutoModel":
            continue
        path = ("flavors", name, "hf_pretrained_class")
        task = find_task(str(flavour.get("task_type") or ""))
        if task is not None and task.models and auto not in task.models:
            yield path, f"{auto} is no class for {flavour['task_type']}, which {task.models[0]} is for."
        elif names and loaders_of(names[0]) and auto not in loaders_of(names[0]):
            yield path, f"{auto} does not load {names[0]} of config.json."


_TRANSLATES = pattern(r"translation_(\w\w)_to_(\w\w)")


def pairs_logged(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each key with a task of translation, and its pair of languages: `en-de`."""
    places = [("flavors", name, key) for name in _flavours(data) for key in ("task", "task_type")]
    for path in (*places, ("metadata", "base_model_task")):
        value: Any = data
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, str) and (match := _TRANSLATES.fullmatch(value)):
            yield path, f"{match[1]}-{match[2]}"


def pair_of_name(*names: str) -> str:
    """The pair of languages that the first of the names with one ends with; empty where none does."""
    return next((min(pair) for name in names if (pair := variant_of(name).stated.get("pair"))), "")


def pair_differences(tokenizer: Mapping[str, Any], pair: str) -> Iterator[tuple[str, str]]:
    """A language of a tokenizer that is none of the pair of a model that translates."""
    source, _, target = pair.partition("-")
    for keys, wanted in ((("source_lang", "src_lang"), source), (("target_lang", "tgt_lang"), target)):
        for key in keys if pair else ():
            given = tokenizer.get(key)
            meant = meant_language(given.partition("_")[0]) if isinstance(given, str) and given else ""
            if meant and meant != wanted:
                yield key, f"{key} is {short(str(given))}, and the model translates {source} to {target}."


def _flavours(data: Mapping[str, Any]) -> Mapping[str, Any]:
    found = data.get("flavors")
    return found if isinstance(found, Mapping) else {}
