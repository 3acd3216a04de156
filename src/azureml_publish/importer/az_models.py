"""Plain model YAML of `az ml model create -f` as an asset folder that can be imported.

The keys are those of https://azuremlschemas.azureedge.net/latest/model.schema.json; older files say `local_path` or
`model_uri` for `path`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from azureml_publish.asset_folders import AssetFolder, ReadFolder
from azureml_publish.diagnostics import Diagnostic, Location
from azureml_publish.documents import Document, mapping_of, parse_yaml, with_value
from azureml_publish.importer.rules import ImportRules
from azureml_publish.layouts.wire import encode
from azureml_publish.render import SCHEMA
from azureml_publish.spec.model import SEMANTIC_VERSION
from azureml_publish.spec.reading import INVALID_VALUE, MISSING_KEY

PATHS = ("path", "local_path", "model_uri", "asset_path")
KNOWN = frozenset(
    {"$schema", "name", "version", "description", "tags", "properties", "type", "flavors", "stage", *PATHS}
)
VERBATIM = ("flavors", "stage")
"""Keys that a model folder has no key for: they stay as they are in the asset YAML."""

_BLOB = re.compile(
    r"https?://(?P<storage>[a-z0-9]{3,24})\.(?:blob|dfs)\.(?!fabric\.)[\w.]+(?::443)?/"
    r"(?P<container>[^/?]+)/?(?P<path>[^?]*)"
)
_HADOOP = re.compile(r"(?:wasbs?|abfss?)://(?P<container>[^@/]+)@(?P<storage>[a-z0-9]{3,24})\.[\w.]+/?(?P<path>.*)")


def read_az_model(
    path: Path, document: Document, models: Path, free: Callable[[str], int], found: list[Diagnostic]
) -> tuple[ReadFolder, Mapping[str, Any]] | None:
    """One plain model YAML; None, with diagnostics, where it cannot be imported.

    Args:
        path: the file, which relative paths in it start from.
        models: the project's folder of models, which relative paths in a spec start from.
        free: the next free version of a model, for a file that states no whole number.
        found: takes what is wrong, and what is left out.

    Returns:
        the file as an asset folder; and the keys of the spec for what such a folder cannot say.
    """
    before = len(found)
    data = _as_text(document)
    name, kind = data.get("name"), data.get("type", "custom_model")
    kind = kind.lower() if isinstance(kind, str) else kind  # as az ml reads it
    if not isinstance(name, str) or not name:
        found.append(MISSING_KEY.at(document.location(("name",)), "The key 'name' is missing.", "Add 'name: …'."))
    key = next((one for one in PATHS if isinstance(data.get(one), str)), None)
    other = next((one for one in PATHS if data.get(one) is not None), None)
    if key is None and other is not None:
        hint = "Write the path or address in one line: a folder or file, or azureml://, https://, runs:/, models:/."
        found.append(INVALID_VALUE.at(document.location((other,)), f"'{other}' is not text.", hint))
    elif key is None:
        hint = "Add 'path: …': the model's folder or file, or its address."
        found.append(MISSING_KEY.at(document.location(("path",)), "The key 'path' is missing.", hint))
    if len(found) > before or key is None:
        return None
    text = str(data[key])
    source = None if "${{" in text else find_source(text, path.parent, models / str(name))
    if source is None:
        found.append(INVALID_VALUE.at(document.location((key,)), *_no_source(key, text)))
        return None
    found.extend(_left_out(document, data))
    version, tags = _version(document, data, free, found)
    spec: dict[str, Any] = {"$schema": SCHEMA, "name": name, "path": "./"}
    spec |= {
        section: dict(data[section]) for section in ("tags", "properties") if isinstance(data.get(section), Mapping)
    }
    if tags:
        spec["tags"] = {**spec.get("tags", {}), **tags}
    spec |= {one: data[one] for one in VERBATIM if one in data}
    spec["version"] = version
    folder, _, file = document.path.rpartition("/")
    files = {"spec": file, "asset": "", "model": file, "card": file}
    asset = AssetFolder(
        str(name), None, folder or ".", spec, {},
        {"publish": {"type": kind}}, files, "", lines=document.text.count("\n") + 1, strings=True,
    )  # fmt: skip
    head: dict[str, Any] = {"source": source}
    if isinstance(data.get("description"), str) and data["description"].strip():
        head["description"] = data["description"]
    if isinstance(data.get("version"), str) and re.fullmatch(SEMANTIC_VERSION, data["version"]):
        head["semver"] = data["version"]
    return ReadFolder(asset, document), head


def _no_source(key: str, text: str) -> tuple[str, str]:
    """Why a path is not a source, and what to do."""
    if "${{" in text:
        hint = "Write where the files are once the job is done: azureml://jobs/JOB/outputs/NAME/paths/."
        return f"'{key}' is an expression that only a pipeline of Azure ML fills in.", hint
    if hub := re.match(r"https?://(?:huggingface\.co|hf\.co)/([\w.-]+/[\w.-]+)", text):
        return f"'{key}' is a repository of the Hub.", f"`publish init {hub[1]}` begins a model folder from it."
    message = f"'{key}' is an address that no source can be: {urlsplit(text).scheme}."
    return message, "Copy the files to a blob container or a folder, and write its address as path."


def _as_text(document: Document) -> dict[str, Any]:
    """The data, with numbers in tags, properties and the version as they are spelled: the service keeps text there."""
    data: Any = document.data if isinstance(document.data, dict) else {}
    for key_path, text in document.spellings.items():
        if key_path[0] in ("tags", "properties", "version"):
            data = with_value(data, key_path, text)
    for section in ("tags", "properties"):
        if isinstance(data.get(section), dict):
            data = {**data, section: {key: encode(value) for key, value in data[section].items()}}
    return dict(data)


def find_source(path: str, folder: Path, model: Path) -> dict[str, Any] | None:
    """The source that a path means; None where there is none for it.

    Args:
        path: what `path` says: a folder or file of this machine, or an address.
        folder: where the file lies that says so.
        model: the model folder, which a local source starts from.
    """
    if path.startswith("azureml:"):
        return {"azureml": path}
    if re.match(r"(runs|models|mlflow-artifacts):/", path):
        return {"mlflow": path}
    if place := _BLOB.match(path) or _HADOOP.match(path):
        return {"azureblob": {one: unquote(text).rstrip("/") for one, text in place.groupdict().items() if text}}
    if path.startswith("file:"):
        path = unquote(urlsplit(path).path)
    elif re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", path):
        return None
    elif "/" not in path:
        path = path.replace("\\", "/")  # as Windows writes it
    drive = re.match(r"[A-Za-z]:/", path)
    local = Path(path if drive else os.path.normpath(folder / path))
    if drive or Path(path).is_absolute():
        return {"local": str(local)}
    return {"local": Path(os.path.relpath(local, model)).as_posix()}


def _version(
    document: Document, data: Mapping[str, Any], free: Callable[[str], int], found: list[Diagnostic]
) -> tuple[int, dict[str, str]]:
    """The version, and the tag that keeps the text of one that is not a whole number."""
    stated = data.get("version")
    if isinstance(stated, int) and not isinstance(stated, bool):
        return stated, {}
    text = encode(stated).strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text), {}
    number = free(str(data["name"]))
    if text in ("", "auto"):
        return number, {}
    semantic = re.fullmatch(SEMANTIC_VERSION, text)
    key = "semver" if semantic else "version"
    message = f"A registry's version is a whole number: '{text}' becomes version {number}, and the tag {key} keeps it."
    hint = "Write another free number into model.yaml if you want one; `publish bump` finds the next."
    found.append(ImportRules.VERSION.at(document.location(("version",)), message, hint))
    return number, {} if semantic else {key: text}


def _left_out(document: Document, data: Mapping[str, Any]) -> Iterator[Diagnostic]:
    for key in ("tags", "properties"):
        if data.get(key) is not None and not isinstance(data[key], Mapping):
            hint = f"Write {key}: {{KEY: VALUE}}."
            message = f"'{key}' was left out: it is not a mapping."
            yield ImportRules.LEFT_OUT.at(document.location((key,)), message, hint)
    for key in data:
        if key not in KNOWN:
            hint = "Write it where a key of model.yaml can say it, or as a tag."
            yield ImportRules.LEFT_OUT.at(document.location((key,)), f"'{key}' was left out: no asset has it.", hint)


def parse_az_model(path: Path, shown: str, text: str, found: list[Diagnostic]) -> Document | None:
    """A plain model YAML, parsed; None, with diagnostics, where it is not one."""
    document, wrong = parse_yaml(text, shown)
    found.extend(wrong)
    if document is not None and not isinstance(document.data, dict):
        hint = "Write `name:`, `path:` and what else there is to say."
        found.append(INVALID_VALUE.at(Location(shown), f"{path.name} is not a mapping.", hint))
        return None
    schema = mapping_of(document.data).get("$schema") if document is not None else None
    other = re.search(r"/(\w+)\.schema\.json$", schema) if isinstance(schema, str) else None
    if document is not None and other and other[1].lower() != "model":
        message = f"{path.name} describes a {other[1]} of Azure ML, not a model."
        hint = "Name a file with $schema …/model.schema.json, as `az ml model create -f` takes it."
        found.append(INVALID_VALUE.at(document.location(("$schema",)), message, hint))
        return None
    return document
