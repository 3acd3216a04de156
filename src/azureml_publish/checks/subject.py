"""What checks look at, and what a check is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from azureml_publish.assets import RenderedModel, Value
from azureml_publish.checks.markdown import Card
from azureml_publish.diagnostics import Diagnostic, Location, Rule
from azureml_publish.layouts import gather
from azureml_publish.project import ModelFolder, Project
from azureml_publish.skus.catalogue import Catalogue
from azureml_publish.skus.compute import ResolvedCompute
from azureml_publish.skus.query import Selection


@dataclass(frozen=True, slots=True)
class ProjectSubject:
    """A project as the checks see it, as of a day."""

    project: Project
    catalogue: Catalogue
    presets: Mapping[str, Selection]
    as_of: date


@dataclass(frozen=True, slots=True)
class ModelSubject:
    """One model folder as the checks see it; `rendered` is None where rendering failed, which is told elsewhere."""

    project: ProjectSubject
    folder: ModelFolder
    compute: ResolvedCompute
    rendered: RenderedModel | None


@dataclass(frozen=True, slots=True)
class Described:
    """A model version as its metadata and card describe it, whether a model folder or an asset folder says so.

    Attributes:
        folder: the folder's own name.
        metadata: the canonical form, whatever the layout: that of `system_metadata` with native types.
        tags: what is no metadata, structured.
        properties: likewise.
        where: the place of a canonical key (`license`, `trainingData.0`), or of the nearest one above it.
    """

    folder: str
    name: str
    version: Value
    type: str
    metadata: Mapping[str, Value]
    tags: Mapping[str, Value]
    properties: Mapping[str, Value]
    card: Card
    where: Callable[[str], Location]


def describe(model: ModelSubject, rendered: RenderedModel) -> Described:
    """A model folder as its rendered asset describes it; metadata is placed in `model.yaml` where its key is there."""
    asset, document = rendered.asset, model.folder.document
    gathered = gather(asset.properties, asset.tags, asset.system_metadata)

    def where(key: str) -> Location:
        return document.location(tuple(int(part) if part.isdigit() else part for part in key.split(".")))

    card = Card(asset.description, lambda line, column: _in_source(model, asset.description, line, column))
    return Described(
        model.folder.folder,
        asset.name,
        asset.version,
        asset.type,
        gathered.metadata,
        gathered.tags,
        gathered.properties,
        card,
        where,
    )


def _in_source(model: ModelSubject, card: str, line: int, column: int) -> Location:
    """The line in the model's own template; the line of the rendered card where a template made it."""
    row = card.split("\n")[line - 1]
    for number, text in enumerate(model.folder.card.splitlines(), 1):
        if row.strip() and text.strip() == row.strip():
            indent = len(text) - len(text.lstrip()) - (len(row) - len(row.lstrip()))
            return Location(model.folder.card_path, number, max(1, column + indent))
    return Location(f"build/{model.folder.folder}/description.md", line, column)


@dataclass(frozen=True, slots=True)
class Check:
    """One rule and how it is checked.

    `model` looks at a model folder's own spec, `project` at `publish.yaml`; `described` at a model wherever it is
    described, asset folders that nobody imported included, and `catalogue` at all of those together.
    """

    rule: Rule
    model: Callable[[ModelSubject], Iterator[Diagnostic]] | None = None
    project: Callable[[ProjectSubject], Iterator[Diagnostic]] | None = None
    described: Callable[[Described], Iterator[Diagnostic]] | None = None
    catalogue: Callable[[Sequence[Described]], Iterator[Diagnostic]] | None = None
