"""Prepares an asset folder for the rules: canonical metadata from either layout, and where each key is written."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from typing import Any, get_args

from pydantic import ValidationError

from azureml_publish.asset_folders import NOT_READABLE, AssetFolder, ReadFolder
from azureml_publish.assets import CarriedFile, ModelType, Value
from azureml_publish.diagnostics import Diagnostic, Location
from azureml_publish.documents import MALFORMED, Document, KeyPath, decode, mapping_of, parse_yaml
from azureml_publish.files import MAX_FILE_BYTES, UnusableFile, read_carried
from azureml_publish.layouts.convert import gather
from azureml_publish.layouts.mapping import load_mapping
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.subject import (
    BESIDE_WEIGHTS,
    LICENCE_FILE,
    AssetSubject,
    Described,
    SampleText,
    carried_text,
    front_matter,
)
from azureml_publish.lint.weights.files import WeightFiles
from azureml_publish.patterns import pattern
from azureml_publish.project import unusable_file
from azureml_publish.skus.catalogue import Catalogue
from azureml_publish.spec import PAGE_KEYS, Profile
from azureml_publish.spec.lock import LOCK_FILE, SourceLock

SECTIONS = ("properties", "tags", "system_metadata")
MLMODEL = "MLmodel"


def describe_asset(
    read: ReadFolder, catalogue: Catalogue, as_of: date, profile: Profile = "registry"
) -> tuple[AssetSubject, tuple[Diagnostic, ...]]:
    """The folder as the rules see it, and diagnostics for those of its files that cannot be read."""
    asset, document = read.asset, read.document
    found: list[Diagnostic] = []
    spec: Mapping[str, Any] = asset.spec
    gathered = gather(*(mapping_of(spec.get(section)) for section in SECTIONS))
    carried = {file.path: file for file in asset.carried}
    pages = []
    for key in PAGE_KEYS:
        name = gathered.metadata.get(key)
        if isinstance(name, str) and name in carried:
            shown = f"{asset.shown}/{name}"
            if (text := _text(carried[name], shown, found)) is not None:
                pages.append(Card(text, _place(shown)))
    publishing = mapping_of(mapping_of(asset.model).get("publish"))
    if read.publishing is not None and publishing.get("type") not in get_args(ModelType):
        where = read.publishing.location(("publish", "type"))
        hint = f"Write `publish:` with `type:` {', '.join(get_args(ModelType)[:-1])} or {get_args(ModelType)[-1]}."
        found.append(NOT_READABLE.at(where, "`publish.type` names no kind of model.", hint))
    commit = mapping_of(spec.get("properties")).get("SHA")
    own, home = frozenset(asset.files.values()), _home(carried)
    placed = {path.removeprefix(home): path for path in carried if path not in own}
    origins = {path: carried[place].origin for path, place in placed.items()}
    content = WeightFiles(origins, lambda path, line: Location(f"{asset.shown}/{placed.get(path, path)}", line))
    described = Described(
        asset.folder,
        _as_text(spec.get("name")),
        spec.get("version"),
        _as_text(publishing.get("type")),
        gathered.metadata,
        gathered.tags,
        gathered.properties,
        Card(asset.card, _place(f"{asset.shown}/{asset.files['card']}")),
        _where(document),
        as_of,
        archived=spec.get("isArchived") is True,
        commit=None if commit is None else str(commit),
        mlmodel=_mlmodel(carried.get(home + MLMODEL), f"{asset.shown}/{home}{MLMODEL}", found),
        pages=tuple(pages),
        licences=tuple(_licences(asset)),
        samples=tuple(_samples(asset, home)),
        files=frozenset((*carried, *asset.files.values())),
        origin=_origin(read),
        stated=True,
        config=_json(asset, carried, "config.json", found),
        tokenizer=_json(asset, carried, "tokenizer_config.json", found),
        lock=_lock(carried),
        weights={name: data for name in BESIDE_WEIGHTS if (data := _json(asset, carried, name, found)) is not None},
        variant=mapping_of(spec.get("variantInfo")),
        profile=profile,
        system_keys=frozenset(str(key).partition(".")[0] for key in mapping_of(spec.get("system_metadata"))),
        content=content,
        readme=front_matter(content),
    )
    return AssetSubject(read, described, catalogue, gathered.conflicts), tuple(found)


def _home(carried: Collection[str]) -> str:
    """The subfolder that MLflow wrote, with a final slash; empty where MLmodel is at the top, or there is none."""
    homes = sorted((path.removesuffix(MLMODEL) for path in carried if f"/{path}".endswith(f"/{MLMODEL}")), key=len)
    return homes[0] if homes and all(one.startswith(homes[0]) for one in homes) else ""


def _mlmodel(file: CarriedFile | None, shown: str, found: list[Diagnostic]) -> Document | None:
    text = _text(file, shown, found) if file is not None else None
    mlmodel, wrong = parse_yaml(text, shown) if text is not None else (None, ())
    found.extend(wrong)
    if mlmodel is not None and not isinstance(mlmodel.data, Mapping):
        hint = "Copy the MLmodel that MLflow wrote beside the model's files."
        found.append(NOT_READABLE.at(Location(mlmodel.path), f"{mlmodel.path} is not a mapping.", hint))
        return None
    return mlmodel


def _origin(read: ReadFolder) -> tuple[str, Location] | None:
    """The URI of the model's files, and its location in model.yaml."""
    path = mapping_of(read.asset.model.get("path"))
    if read.publishing is None or not isinstance(folder := path.get("container_path"), str):
        return None
    parts = (path.get("storage_name"), path.get("container_name"), folder.strip("/"))
    return "/".join(str(part) for part in parts), read.publishing.location(("path", "container_path"))


def _licences(asset: AssetFolder) -> Iterator[Card]:
    for file in asset.carried:
        if LICENCE_FILE.fullmatch(file.path) and (text := carried_text(file)) is not None:
            yield Card(text, _place(f"{asset.shown}/{file.path}"))


_SAMPLE = pattern(r"(?:samples?/)?(?:sample[_-]|serving_)?(input|output)(?:_example)?\.json")


def _samples(asset: AssetFolder, home: str) -> Iterator[SampleText]:
    """Samples beside card or MLmodel: `samples/input.json`, `sample_output.json`, MLflow's `input_example.json`."""
    for file in asset.carried:
        if (match := _SAMPLE.fullmatch(file.path.removeprefix(home))) and (text := carried_text(file)) is not None:
            yield SampleText(match[1], text, _place(f"{asset.shown}/{file.path}"))


def _json(
    asset: AssetFolder, carried: Mapping[str, CarriedFile], name: str, found: list[Diagnostic]
) -> Mapping[str, Value] | None:
    """A JSON file of the weights in the folder or below, the one nearest to the top; diagnostics for malformed ones."""
    for path, file in sorted(carried.items(), key=lambda item: item[0].count("/")):
        if path.rpartition("/")[2] == name and (text := carried_text(file)) is not None:
            try:
                data = json.loads(text)
            except (ValueError, RecursionError) as error:
                line, column = (error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else (1, 1)
                where = Location(f"{asset.shown}/{path}", line, column)
                pointer = text.startswith("version https://git-lfs")
                what = "a pointer of Git LFS in the place of JSON" if pointer else "not JSON"
                message = f"{path} is {what}, so nothing can load it."
                found.append(MALFORMED.at(where, message, "Copy the file from where the weights are."))
                continue
            if isinstance(data, dict):
                return data
    return None


def _lock(carried: Mapping[str, CarriedFile]) -> SourceLock | None:
    text = carried_text(carried[LOCK_FILE]) if LOCK_FILE in carried else None
    try:
        return SourceLock.model_validate_json(text) if text is not None else None
    except ValidationError:
        return None


def _place(path: str) -> Callable[[int, int], Location]:
    return lambda line, column: Location(path, line, column)


def _as_text(value: object) -> str:
    return "" if value is None else str(value)


def _text(file: CarriedFile, shown: str, found: list[Diagnostic]) -> str | None:
    """The text of a file; None, with a diagnostic, where it is too large or not UTF-8."""
    try:
        raw = read_carried(file, limit=MAX_FILE_BYTES)
    except UnusableFile as error:
        found.append(unusable_file(shown, error))
        return None
    text, wrong = decode(raw, shown)
    found.extend(wrong)
    return None if wrong else text


def _where(document: Document) -> Callable[[str], Location]:
    """Finds where a canonical key is written, in either layout; where it is not written, the nearest key above it."""

    def where(key: str) -> Location:
        first, _, rest = key.partition(".")
        if first in ("tags", "properties"):
            return document.location((first, rest) if (first, rest) in document.spans else (first, *rest.split(".")))
        parts: KeyPath = tuple(int(part) if part.isdecimal() else part for part in key.split("."))
        if parts in document.spans:
            return document.location(parts)
        return document.location(written(document, parts))

    return where


def written(document: Document, path: KeyPath) -> KeyPath:
    """The path in an asset YAML of either layout for a canonical path such as `("tasks", "inferenceTasks", 0)`."""
    native = ("system_metadata", *path)
    for length in range(len(path), 0, -1):
        if native[: length + 1] in document.spans:
            return native
        for old in _old_places().get(path[:length], ()):
            if old in document.spans:
                return (*old, *path[length:])
    return native if native[:1] in document.spans else path


@functools.cache
def _old_places() -> Mapping[KeyPath, tuple[KeyPath, ...]]:
    return {path: tuple((rule.section, rule.key) for rule in rules) for path, rules in load_mapping().items()}
