"""What is known of one model version, for every door that shows it: metadata, files, machines, origins of its card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from azureml_publish.assets import (
    SCENARIOS,
    LayoutName,
    ManifestEntry,
    RegisteredAsset,
    RenderedAsset,
    RenderedModel,
    Scenario,
    Value,
    is_bookkeeping,
)
from azureml_publish.content.lock import usable_lock
from azureml_publish.content.packaging.tree import add_rendered
from azureml_publish.layouts.convert import gather, lay_out
from azureml_publish.layouts.wire import decode
from azureml_publish.lint.engine import ProjectSubject
from azureml_publish.origins import SourceMap
from azureml_publish.pipeline.local_sources import look_into_local
from azureml_publish.project import ModelFolder, Project
from azureml_publish.render import Style, Templates, default_templates, read_sample_links, trace_card
from azureml_publish.skus.catalogue import Catalogue
from azureml_publish.skus.chart import Chart, draw_up
from azureml_publish.skus.compute import resolve_body, resolve_compute
from azureml_publish.skus.query import Selection
from azureml_publish.spec import LocalSource, ProjectConfig
from azureml_publish.spec.lock import SourceLock

if TYPE_CHECKING:
    from azureml_publish.content.upload.container import StoredFile


@dataclass(frozen=True, slots=True)
class Described:
    """A version's metadata, whichever layout it is in.

    Attributes:
        metadata: the canonical form: the names of `system_metadata`, native types.
        tags: what is not metadata.
        properties: likewise, without those of this tool and of the service.
        layouts: all three sections in either layout.
    """

    metadata: Mapping[str, Value]
    tags: Mapping[str, Value]
    properties: Mapping[str, Value]
    layouts: Mapping[LayoutName, Mapping[str, Mapping[str, Value]]]


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a version, as far as they are known without any request.

    Attributes:
        entries: path, bytes and SHA-256 of each; an empty digest is not known.
        lock: what was read from the source, where it is locked.
        digest: the identity of the content, which a plan compares; empty where files would have to be read for it.
        whole: whether these are all files.
    """

    entries: tuple[ManifestEntry, ...]
    lock: SourceLock | None
    digest: str
    whole: bool


def describe_asset(asset: RenderedAsset | RegisteredAsset) -> Described:
    """The metadata of a rendered or registered version, in either layout."""
    gathered = gather(asset.properties, asset.tags, asset.system_metadata)
    properties = {key: value for key, value in gathered.properties.items() if not is_bookkeeping(key)}
    layouts: dict[LayoutName, Mapping[str, Mapping[str, Value]]] = {}
    for name in ("system_metadata", "tags"):
        laid_out = lay_out(gathered.metadata, name)
        layouts[name] = {
            "properties": _structured(laid_out.properties | properties),
            "tags": _structured(laid_out.tags | gathered.tags),
            "system_metadata": laid_out.system_metadata,
        }
    return Described(gathered.metadata, _structured(gathered.tags), _structured(properties), layouts)


def _structured(values: Mapping[str, Value]) -> dict[str, Value]:
    return {key: decode(value) if isinstance(value, str) else value for key, value in values.items()}


def list_files(folder: ModelFolder, rendered: RenderedModel, config: ProjectConfig) -> Files:
    """The files of a model's version: from its lock, else from a local source, else those alone that are rendered."""
    from azureml_publish.content.contents import describe_content  # noqa: PLC0415 - the gallery does without

    lock, _ = usable_lock(folder, config.defaults.mlflow)
    made = tuple(ManifestEntry(one.path, one.size, one.sha256 or "") for one in add_rendered((), rendered.package))
    local = isinstance(folder.spec.source, LocalSource)
    digest = "" if local else describe_content(folder, rendered).digest
    if lock is not None:
        locked = {file.path: ManifestEntry(file.path, file.bytes, file.sha256) for file in lock.files}
        return Files(tuple(sorted(({one.path: one for one in made} | locked).values())), lock, digest, whole=True)
    source = look_into_local(folder, config)[0] if local else None
    held = {one.path: ManifestEntry(one.path, one.size, one.sha256 or "") for one in source.files} if source else {}
    entries = {one.path: one for one in made} | held
    return Files(tuple(sorted(entries.values())), None, digest, whole=bool(held))


def list_stored(stored: Mapping[str, StoredFile]) -> Files:
    """The files of a registered version, as they lie in its storage."""
    entries = (ManifestEntry(path, file.size, file.sha256 or "") for path, file in stored.items())
    return Files(tuple(sorted(entries)), None, "", whole=True)


def chart_of(project: Project, folder: ModelFolder, catalogue: Catalogue, as_of: date) -> Chart:
    """The families of sizes that a model may run on, by scenario."""
    lists = {scenario: found.skus for scenario, found in _selections(project, folder, catalogue, as_of)}
    return draw_up(folder.spec.name, lists, catalogue, as_of)


def first_retirement(project: Project, folder: ModelFolder, catalogue: Catalogue, as_of: date) -> date | None:
    """The day on which the first of a model's sizes retires, past or to come; None where none is announced."""
    days: set[date | None] = {None}
    for _, found in _selections(project, folder, catalogue, as_of):
        key = ("first-retirement", found.names)
        if key not in catalogue.answers:
            retiring = (sku.retirement for sku in found.skus if sku.retirement is not None)
            catalogue.answers[key] = min(retiring, default=None)
        days.add(catalogue.answers[key])
    return min((day for day in days if day is not None), default=None)


def _selections(
    project: Project, folder: ModelFolder, catalogue: Catalogue, as_of: date
) -> Iterator[tuple[Scenario, Selection]]:
    for scenario in SCENARIOS:
        body = getattr(folder.spec.compute, scenario)
        if isinstance(body, str):
            body = project.config.presets.get(body)
        if body is not None:
            yield scenario, resolve_body(catalogue, body, as_of)


def trace_of(subject: ProjectSubject, folder: ModelFolder, layout: LayoutName | None = None) -> SourceMap | None:
    """Where each character of a model's card was written; None where its template fails."""
    project = subject.project
    templates = Templates(project.root, project.templates, default_templates())
    style = Style(project.config, read_sample_links(templates)[0], templates, layout or project.config.layout)
    compute = resolve_compute(folder.spec, subject.presets, subject.catalogue, subject.as_of)
    return trace_card(folder, compute.allow_lists, style)
