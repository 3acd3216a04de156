"""What the gallery shows of each model: one tile, from the spec and from what was found so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from azureml_publish.diagnostics import Diagnostic
from azureml_publish.pipeline.describe import first_retirement
from azureml_publish.pipeline.live import Look
from azureml_publish.project import ModelFolder


@dataclass(frozen=True, slots=True)
class State:
    """What checking found: `kind` is pending, error, warning, info or clean; `text` says it in words."""

    kind: str
    text: str


BEING_CHECKED = State("pending", "Being checked")


@dataclass(frozen=True, slots=True)
class Tile:
    """One model of the gallery; empty where nothing is written.

    Attributes:
        folder: the model folder.
        name: the asset's name.
        title: the name that the catalogue shows.
        retires: the first day on which the model itself goes, as it is written.
        sizes_go: the first day on which one of its machine sizes goes.
        problem: what is wrong first, where the folder cannot be read.
    """

    folder: str
    name: str
    title: str
    state: State
    version: int | None = None
    type: str = ""
    task: str = ""
    tasks: tuple[str, ...] = ()
    license: str = ""
    languages: tuple[str, ...] = ()
    summary: str = ""
    archived: bool = False
    retires: str = ""
    sizes_go: date | None = None
    problem: str = ""

    @property
    def words(self) -> str:
        """What a search looks through."""
        named = (self.folder, self.name, self.title, self.license, self.type, self.summary)
        return " ".join((*named, *self.tasks, *self.languages)).lower()


@dataclass(frozen=True, slots=True)
class Gallery:
    """All tiles, and the values that they can be filtered by, each with its number."""

    tiles: tuple[Tile, ...]
    filters: Mapping[str, tuple[tuple[str, int], ...]]
    pending: int


def make_gallery(look: Look) -> Gallery:
    """The gallery of a project; models that cannot be read have a tile as well."""
    findings = look.findings()
    tiles = [_tile(look, folder, findings.get(folder.folder, ())) for folder in look.loaded.folders]
    there = {tile.folder for tile in tiles}
    broken = look.loaded.subject.project.unreadable if look.loaded.subject is not None else ()
    unread = (name for name in broken if name not in there and name in findings)
    tiles += [Tile(name, name, name, state_of(findings[name]), problem=findings[name][0].message) for name in unread]
    tiles.sort(key=lambda tile: tile.folder)
    filters = {
        "task": _counted(task for tile in tiles for task in tile.tasks),
        "type": _counted(tile.type for tile in tiles),
        "licence": _counted(tile.license for tile in tiles),
        "language": _counted(language for tile in tiles for language in tile.languages),
        "state": _counted(tile.state.kind for tile in tiles),
    }
    return Gallery(tuple(tiles), filters, sum(tile.state.kind == "pending" for tile in tiles))


def state_of(found: Iterable[Diagnostic]) -> State:
    """What findings amount to, in words."""
    counts = Counter(str(one.severity) for one in found)
    words = {"error": "error", "warning": "warning", "info": "note"}
    parts = [f"{counts[kind]} {word}{'s' * (counts[kind] != 1)}" for kind, word in words.items() if counts[kind]]
    kind = next((kind for kind in words if counts[kind]), "clean")
    return State(kind, ", ".join(parts) or "No findings")


def _tile(look: Look, folder: ModelFolder, found: tuple[Diagnostic, ...]) -> Tile:
    spec = folder.spec
    pending = look.report(folder) is None
    metadata = spec.metadata
    return Tile(
        folder=folder.folder,
        name=spec.name,
        title=metadata.display_name or spec.name,
        state=BEING_CHECKED if pending else state_of(found),
        version=spec.version,
        type=spec.type,
        task=spec.tasks.inference,
        tasks=tuple(task for task in dict.fromkeys((spec.tasks.inference, *spec.tasks.finetune)) if task),
        license=spec.license or "",
        languages=spec.languages,
        summary=metadata.summary or "",
        archived=spec.archived is True,
        retires=_first_day(folder),
        sizes_go=_sizes_go(look, folder),
    )


def _first_day(folder: ModelFolder) -> str:
    deprecation = folder.spec.metadata.deprecation
    days = (deprecation.inference_retirement_date, deprecation.finetune_retirement_date) if deprecation else ()
    return min((day[:10] for day in days if day), default="")


def _sizes_go(look: Look, folder: ModelFolder) -> date | None:
    subject = look.loaded.subject
    if subject is None:
        return None
    return first_retirement(subject.project, folder, subject.catalogue, subject.as_of)


def _counted(values: Iterable[str]) -> tuple[tuple[str, int], ...]:
    counts = Counter(value for value in values if value)
    return tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0])))
