"""Rules on misspelt keys of an asset folder, repeated values, and the kind of asset."""

from __future__ import annotations

import difflib
import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from azureml_publish.asset_folders import NOT_READABLE
from azureml_publish.diagnostics import Severity
from azureml_publish.documents import Document, KeyPath
from azureml_publish.layouts.mapping import load_mapping
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.check import Findings, finds, rule
from azureml_publish.lint.rules.vocabularies import vocabulary
from azureml_publish.lint.subject import AssetSubject, Described, ModelSubject
from azureml_publish.spec import FinetuneDefaults

_SPEC_KEYS = (
    *("$schema", "name", "version", "type", "path", "description", "tags", "properties", "stage", "flavors"),
    *("datasets", "system_metadata", "isArchived", "variantInfo", "intellectualProperty"),
    *("defaultDeploymentTemplate", "intellectual_property", "default_deployment_template"),
    *("allowed_deployment_templates", "job_name"),
)
"""Source: https://azuremlschemas.azureedge.net/latest/model.schema.json, and the keys of published asset folders."""
_ENTRY_KEYS = ("name", "version", "type", "spec", "extra_config", "categories", "release_notes", "test")
_PUBLISHING_KEYS: Mapping[str, tuple[str, ...]] = {
    "": ("path", "publish", "deploy", "extra"),
    "path": ("type", "container_name", "container_path", "storage_name", "uri", "branch", "local_path", "commit_hash"),
    "publish": ("type", "description", "flavors", "model_asset_path"),
}
"""Source of both tables: azureml-assets 1.17.8, `AssetConfig`, `ModelConfig`."""


@rule("SPEC039", "key-misspelled", Severity.WARNING, "A key is misspelled, so nothing reads it.")
def key_misspelled(subject: AssetSubject) -> Findings:
    """A misspelt key of the spec, its tags and properties, asset.yaml or model.yaml."""
    asset, read = subject.read.asset, subject.read
    for document, key_path, data, known in (
        (read.document, (), asset.spec, _SPEC_KEYS),
        (read.document, ("tags",), asset.spec.get("tags"), _mapped("tags")),
        (read.document, ("properties",), asset.spec.get("properties"), _mapped("properties")),
        (read.document, ("tags", _DEFAULTS), _below(asset.spec.get("tags") or {}, _DEFAULTS), _DEFAULT_KEYS),
        (read.entry, (), asset.asset, _ENTRY_KEYS),
        *(
            (read.publishing, tuple(key.split()), _below(asset.model, key), keys)
            for key, keys in _PUBLISHING_KEYS.items()
        ),
    ):
        for key, meant in _almost(data, known) if document is not None else ():
            yield from _misspelled(document, (*key_path, key), meant)


@key_misspelled.also
def _tag_misspelled(model: ModelSubject) -> Findings:
    """Misspelt tags and properties of a model folder. A team's own keys may have any other name."""
    extra = model.folder.spec.extra
    for key_path, held, section in (
        (("tags",), model.folder.spec.tags, "tags"),
        (("extra", "tags"), extra.tags if extra is not None else {}, "tags"),
        (("extra", "properties"), extra.properties if extra is not None else {}, "properties"),
    ):
        for key, meant in _almost(held, _mapped(section)):
            if key.removesuffix("s") == meant.removesuffix("s"):
                continue  # `authors`, `dataset`: words of their own
            yield from _misspelled(model.folder.document, (*key_path, key), meant)


def _misspelled(document: Document | None, key_path: KeyPath, meant: str) -> Findings:
    if document is not None:
        message = f"Nothing reads the key '{short(str(key_path[-1]))}'; the known one is '{meant}'."
        yield key_misspelled.at(document.location(key_path), message, f"Write {meant}.")


def _below(data: object, key: str) -> object:
    return data.get(key) if key and isinstance(data, Mapping) else data


_DEFAULTS = "model_specific_defaults"
_DEFAULT_KEYS = tuple(FinetuneDefaults.model_fields)


def _almost(data: object, known: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Unknown keys, each with the known one that it is close to."""
    names = tuple(known)
    if not isinstance(data, Mapping):
        return
    for key in data:
        if not isinstance(key, str) or key in names:
            continue
        same = next((name for name in names if _plain(name) == _plain(key)), "")
        close = difflib.get_close_matches(key, names, n=1, cutoff=0.87) if len(key) > 4 and len(key) < 100 else []
        meant = same or (close[0] if close else "")
        if meant and meant not in data:
            yield key, meant


def _plain(key: str) -> str:
    return re.sub(r"[^a-z]", "", key.lower()).replace("licence", "license")


@functools.cache
def _mapped(section: str) -> tuple[str, ...]:
    """The tags or properties of the layout before 2026, and those that published folders use."""
    rows = (row for rows in load_mapping().values() for row in rows)
    return tuple(dict.fromkeys((*(row.key for row in rows if row.section == section), *vocabulary(section))))


@rule("SPEC038", "value-twice", Severity.WARNING, "A list in the metadata repeats a value.")
def value_twice(model: Described) -> Findings:
    """Repeated languages, tasks, data sets, keywords and the like. SKU002 checks lists of sizes."""
    for key, values in _lists("", model.metadata):
        texts = Counter(value.strip().lower() for value in values if isinstance(value, str))
        for text, count in texts.items():
            if count > 1:
                again = [
                    at for at, value in enumerate(values) if isinstance(value, str) and value.strip().lower() == text
                ]
                yield value_twice.at(
                    model.where(f"{key}.{again[1]}"), f"{key} names '{short(text)}' {count} times.", "Name it once."
                )


def _lists(prefix: str, data: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, ...] | list[Any]]]:
    for key, value in data.items():
        if key in ("SKU", "supportedComputes"):
            continue
        if isinstance(value, Mapping):
            yield from _lists(f"{prefix}{key}.", value)
        elif isinstance(value, list | tuple):
            yield f"{prefix}{key}", value


@finds(NOT_READABLE)
def entry_not_readable(subject: AssetSubject) -> Findings:
    """Another kind of asset in asset.yaml or the spec's schema, and categories that are not a list."""
    entry, data = subject.read.entry, subject.read.asset.asset
    kind = data.get("type")
    if entry is not None and kind is not None and kind != "model":
        yield entry_not_readable.at(
            entry.location(("type",)), f"asset.yaml says type: {short(str(kind))}.", "Write type: model."
        )
    categories = data.get("categories")
    if entry is not None and categories is not None and not isinstance(categories, list | tuple):
        where = entry.location(("categories",))
        hint = f"Write a list: categories: [{short(str(categories))}]."
        yield entry_not_readable.at(where, "`categories` is not a list.", hint)
    schema = subject.read.asset.spec.get("$schema")
    found = re.search(r"/(\w+)\.schema\.json", schema) if isinstance(schema, str) else None
    if found and found[1].lower() != "model":
        message = f"The schema is for a {short(found[1])}, not for a model."
        hint = "Write $schema: https://azuremlschemas.azureedge.net/latest/model.schema.json."
        yield entry_not_readable.at(subject.place(("$schema",)), message, hint)
