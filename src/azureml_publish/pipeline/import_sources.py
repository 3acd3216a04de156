"""What can be imported: asset folders on disk, and what is registered as if it were such folders."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from azureml_publish.asset_folders import (
    CARD,
    AssetFolder,
    FoundModels,
    ReadFolder,
    find_models,
    nothing_found,
    read_asset_folder,
)
from azureml_publish.assets import MANIFEST_PROPERTY, RegisteredAsset, is_bookkeeping
from azureml_publish.content.manifest import parse_manifest
from azureml_publish.content.packaging.mlflow_model import settings_of
from azureml_publish.content.packaging.rules import some
from azureml_publish.content.packaging.tree import MANIFEST_FILE
from azureml_publish.diagnostics import Diagnostic
from azureml_publish.documents import dump_yaml, parse_yaml, plain
from azureml_publish.errors import NotFound, PublishError
from azureml_publish.importer.az_models import parse_az_model, read_az_model
from azureml_publish.importer.draft import HUB, Draft, draft_spec, find_layout
from azureml_publish.layouts.wire import decode
from azureml_publish.pipeline.references import find_registered, open_files
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.plan.fields import with_unseen
from azureml_publish.project import Project, read_text, shown_path
from azureml_publish.registry.protocol import Registry
from azureml_publish.render import SCHEMA
from azureml_publish.spec.source import CHOOSING

JOBS = 8
"""Registered versions that are read at a time, each with some of its files."""


def find_assets(run: RunContext, places: Sequence[str], found: list[Diagnostic]) -> FoundModels:
    """The models at some places; a place without any asset is reported.

    Raises:
        NotFound: a place is neither a folder nor a file; nothing was read then.
    """
    paths = [run.directory / place for place in places]
    for path, place in zip(paths, places, strict=True):
        if not path.exists():
            raise NotFound(f"There is no folder {place}.", hint="Name an asset folder, or a folder of them.")
    there = [find_models(path.resolve()) for path in paths]
    for path, one in zip(paths, there, strict=True):
        if not one.folders and not one.files and not one.others:
            found.append(nothing_found(run.directory, path.resolve()))
    folders = dict.fromkeys(folder for one in there for folder in one.folders)
    files = dict.fromkeys(file for one in there for file in one.files)
    return FoundModels(tuple(folders), tuple(files), sum(one.others for one in there))


def read_assets(run: RunContext, folders: Iterable[Path], found: list[Diagnostic]) -> Iterator[tuple[Path, ReadFolder]]:
    """Asset folders, each with its path, as far as they can be read."""
    for path in folders:
        read = read_asset_folder(path, run.directory, found)
        if read is not None:
            yield path, read


def read_models(
    run: RunContext, places: Sequence[str], models: Path, project: Project | None, found: list[Diagnostic]
) -> tuple[list[Draft], int, int]:
    """The asset folders and plain model YAML at some places as drafts; how many there are, and how many other assets.

    A file that states no whole number as version gets the next free one of the project's own registry; in a new
    project every number is free.

    Raises:
        NotFound: as `find_assets`.
    """
    there = find_assets(run, places, found)
    folders = (read_asset_folder(path, run.directory, found) for path in there.folders)
    drafts = [draft for read in folders if read is not None and (draft := draft_spec(read, found))]
    with ExitStack() as stack:

        @cache
        def registry() -> Registry | None:
            return stack.enter_context(open_registry(run, project, None)).registry if project else None

        def free(name: str) -> int:
            opened = registry()
            return opened.state(name, 1).next_version if opened else 1

        plain = (_draft_file(path, run, models, free, found) for path in there.files)
        drafts += [draft for draft in plain if draft is not None]
    return drafts, len(there.folders) + len(there.files), there.others


def _draft_file(
    path: Path, run: RunContext, models: Path, free: Callable[[str], int], found: list[Diagnostic]
) -> Draft | None:
    shown = shown_path(run.directory, path)
    text = read_text(path, path.parent, shown, found)
    document = None if text is None else parse_az_model(path, shown, text, found)
    read = read_az_model(path, document, models, free, found) if document is not None else None
    draft = draft_spec(read[0], found) if read is not None else None
    return replace(draft, head={**draft.head, **read[1]}) if read is not None and draft is not None else None


def read_registered(
    run: RunContext, project: Project, registry: str, references: Sequence[str], found: list[Diagnostic]
) -> tuple[list[Draft], list[str], dict[str, frozenset[str]]]:
    """Registered versions (`NAME`, `NAME:VERSION` or URIs; none means the latest of every model) as drafts.

    What the registry does not hand back, and models without a version that can be read, come with them in sentences;
    and the files, by the folder of their model, of each version whose manifest says of no pattern that chose them.

    Raises:
        NotFound: there is no such model or version.
    """
    drafts, bare, without = [], [], []
    listed: dict[str, frozenset[str]] = {}
    with open_registry(run, project, registry) as opened:

        def look(reference: str) -> tuple[RegisteredAsset, _Noted, dict[str, Any]] | None:
            try:
                asset = find_registered(opened.registry, reference, registry)
            except NotFound:
                if references:
                    raise
                without.append(reference)
                return None
            noted = _noted(asset, opened.registry)
            return asset, noted, _mlflow(asset, opened.registry, project) if "huggingface" in noted.source else {}

        with ThreadPoolExecutor(JOBS, thread_name_prefix="import") as pool:
            looked = list(pool.map(look, references or opened.registry.models()))
    for asset, noted, settings in filter(None, looked):
        if asset.shown_keys is None:
            bare.append(asset.id.name)
        source = _source(asset, noted.source)
        spec = _spec(asset, source, project)
        shown = str(asset.id)
        document, _ = parse_yaml(dump_yaml(spec), shown)
        if document is None:
            raise PublishError(f"{shown} holds values that no YAML can hold.")
        model = {"path": source, "publish": {"description": CARD, "type": asset.type}}
        files = {"spec": "", "asset": "", "model": "", "card": ""}
        lines = document.text.count("\n") + 1
        folder = AssetFolder(
            asset.id.name, None, shown, spec, {}, model, files, asset.description, lines=lines, strings=True
        )
        if draft := draft_spec(ReadFolder(folder, document), found):
            patterns = {key: noted.source[key] for key in CHOOSING if key in noted.source}
            if not patterns and noted.files:
                listed[draft.asset.folder] = noted.files
            chosen = draft.head["source"] | patterns
            drafts.append(replace(draft, head={**draft.head, "source": chosen, **settings}))
    notes = []
    if bare:
        notes.append(
            f"The registry {opened.registry.name} does not hand back system metadata, so what it holds of {some(bare)} "
            "is not here: write licence, tasks and the like by hand."
        )
    if without:
        notes.append(f"No version that is a whole number is listed of {some(without)}: not imported.")
    return drafts, notes, listed


def _mlflow(asset: RegisteredAsset, registry: Registry, project: Project) -> dict[str, Any]:
    """How MLflow loads the registered files, as far as task and project do not say the same."""
    flavors, _ = parse_yaml(_file(asset, registry, "MLmodel"), "MLmodel")
    mlmodel = flavors.data if flavors is not None and isinstance(flavors.data, dict) else {}
    try:
        loader, own = mlmodel["flavors"]["python_function"], mlmodel["flavors"]["transformers"]
        loading = {
            "model_class": own["pipeline_model_type"],
            "tokenizer_class": own["tokenizer_type"],
            "pipeline_class": own["instance_type"],
            "task": own["task"],
            "mlflow": mlmodel["mlflow_version"],
            "transformers": own["transformers_version"],
            "python": loader["python_version"],
        }
        follows = settings_of(str(own["task"]), project.config.defaults.mlflow)
    except (KeyError, TypeError):
        return {}
    if torch := re.search(r"^torch==(\S+)$", _file(asset, registry, "requirements.txt"), re.MULTILINE):
        loading["torch"] = torch[1]
    usual = follows.model_dump()
    special = {key: value for key, value in loading.items() if isinstance(value, str) and value != usual.get(key)}
    return {"mlflow": special} if special else {}


def _file(asset: RegisteredAsset, registry: Registry, name: str) -> str:
    """A small text file of a registered version; nothing where it is not there."""
    opened = open_files(registry, asset)
    try:
        with opened as container:
            return b"".join(container.read(name)).decode()
    except (PublishError, ValueError):
        return ""


def _spec(asset: RegisteredAsset, source: Mapping[str, Any], project: Project) -> dict[str, Any]:
    """The asset YAML that would have made this version.

    What no registry shows counts as what a folder has without saying so: from the project's defaults and the source.
    """
    properties = {key: decode(text) for key, text in asset.properties.items() if not is_bookkeeping(key)}
    tags = {key: decode(text) for key, text in asset.tags.items()}
    metadata = dict(asset.system_metadata)
    if find_layout(properties, tags, metadata) == "system_metadata":
        inherited = plain(project.config.defaults.metadata.model_dump(by_alias=True, exclude_none=True))
        hub = HUB.fullmatch(str(source.get("uri", "")))
        metadata = with_unseen(inherited | ({"huggingFaceModelId": hub[1]} if hub else {}), asset)
    sections = {"properties": properties, "tags": tags, "system_metadata": metadata}
    return {
        "$schema": SCHEMA,
        "name": asset.id.name,
        "path": "./",
        **({"isArchived": True} if asset.archived else {}),
        **{name: section for name, section in sections.items() if section},
        "version": asset.id.version,
    }


def _source(asset: RegisteredAsset, noted: Mapping[str, Any]) -> dict[str, Any]:
    """Where the files came from, as the manifest beside them says; else the registered version itself."""
    if isinstance(repository := noted.get("huggingface"), str):
        return {"type": "git", "uri": f"https://huggingface.co/{repository}", "branch": noted.get("revision")}
    if isinstance(blob := noted.get("azureblob"), dict):
        names = {"storage": "storage_name", "container": "container_name", "path": "container_path"}
        return {"type": "azureblob"} | {names[key]: value for key, value in blob.items() if key in names}
    if isinstance(git := noted.get("git"), dict):
        return {"type": "git", **git}
    if isinstance(folder := noted.get("local"), str):
        return {"type": "local", "uri": folder}
    if isinstance(address := noted.get("mlflow"), str):
        return {"type": "mlflow", "uri": address}
    # A registry's storage is open to the signatures of its service alone: the version is what can be read.
    return {"type": "azureml", "uri": noted.get("azureml") or str(asset.id)}


@dataclass(frozen=True, slots=True)
class _Noted:
    """What the manifest of a version says: the source, and the paths of the files."""

    source: Mapping[str, Any] = field(default_factory=dict)
    files: frozenset[str] = frozenset()


def _noted(asset: RegisteredAsset, registry: Registry) -> _Noted:
    if MANIFEST_PROPERTY not in asset.properties:
        return _Noted()
    text = _file(asset, registry, MANIFEST_FILE)
    try:
        manifest = json.loads(text)
        files = frozenset(one.path for one in parse_manifest(text.encode()))
    except (ValueError, KeyError, TypeError):
        return _Noted()
    source = manifest.get("source")
    return _Noted(source if isinstance(source, dict) else {}, files)
