"""Finds `publish.yaml` and reads the model folders of a project into values."""

from __future__ import annotations

import codecs
import difflib
import fnmatch
import json
import os
import re
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from azureml_publish import files
from azureml_publish.assets import CarriedFile
from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.documents import Document, decode, mapping_of, parse_yaml
from azureml_publish.documents.strict_json import parse_json
from azureml_publish.errors import ExitCode, NotFound, PublishError, UsageProblem
from azureml_publish.files import UnusableFile, read_file, resolve_inside
from azureml_publish.spec import FinetuneDefaults, Metadata, Mlflow, ModelSpec, ProjectConfig, read_spec

CONFIG_FILE = files.CONFIG_FILE
SPEC_FILE = "model.yaml"
CARD_FILE, FINISHED_CARD = "card.md.j2", "card.md"
"""The second is a finished card instead of a template; it is used unchanged."""
PLAIN_CARD = '{% extends "card.md.j2" %}\n'
"""The card of a model that has a `description` and no card file: just what the template makes."""
CARRIED_FOLDER = "files"
"""Folder in a model folder whose files are copied unchanged into the asset folder."""
SAMPLES_FOLDER = "samples"
SAMPLES = ("input", "output")

MISSING_FILE = Rule("SPEC015", "referenced-file-missing", Severity.ERROR, "A file that the model needs is missing.")
DUPLICATE_NAME = Rule("SPEC030", "duplicate-model-name", Severity.ERROR, "Two model folders have one name.")
BROKEN_SAMPLE = Rule("SMPL001", "sample-invalid-json", Severity.ERROR, "A sample is not JSON.")

MOST_NAMES = 12
"""How many names are listed when none is similar to the given one."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample of a model: `samples/input.json` or `samples/output.json`."""

    name: str
    path: str
    text: str
    data: Any


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """One model folder, read.

    Attributes:
        folder: the folder's own name.
        path: the folder on disk.
        card: the source of its card template; `card_path` is its path in messages.
        finished: whether the card is finished text instead of a template.
        carried: files that are copied unchanged into the asset folder.
    """

    folder: str
    path: Path
    spec: ModelSpec
    document: Document
    card_path: str
    card: str
    samples: tuple[Sample, ...] = ()
    finished: bool = False
    carried: tuple[CarriedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Project:
    """A project: its configuration and its model folders.

    Attributes:
        root: its folder.
        config: what `publish.yaml` says, and `document` with the places of it.
        models: the model folders that could be read.
        unreadable: the names of those that could not.
        unread: the names of those that nobody wanted to read.
    """

    root: Path
    config: ProjectConfig
    document: Document
    models: tuple[ModelFolder, ...]
    unreadable: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def templates(self) -> Path:
        """Folder of the project's own templates; it may be missing."""
        return self.root / "templates"


class UnsoundProject(PublishError):
    """The selected models or the project have errors.

    Attributes:
        found: the errors; warnings are left to `publish lint`.
        models: how many models were checked.
    """

    exit_code = ExitCode.FINDINGS

    def __init__(self, found: tuple[Diagnostic, ...], models: int) -> None:
        super().__init__("The model folders have errors.", hint="`publish lint` shows them.")
        self.found = found
        self.models = models


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` that holds `publish.yaml`.

    Raises:
        UsageProblem: there is none.
    """
    for folder in (start, *start.parents):
        if (folder / CONFIG_FILE).is_file():
            return folder
    for folder in (start, *start.parents):
        if other := _misnamed(CONFIG_FILE, _names_in(folder)):
            raise UsageProblem(
                f"{folder / other} is not read: a project's file is called {CONFIG_FILE}.",
                hint=f"Rename it: git mv {other} {CONFIG_FILE}",
            )
    raise UsageProblem(
        f"No {CONFIG_FILE} in {start} or any folder above it.",
        hint="Begin one: `publish init ORG/NAME`, `publish init FOLDER`, or `publish import DIR` for asset folders. "
        "`publish lint --assets DIR` checks those without a project. One that is elsewhere: `publish -C DIR`.",
    )


ReadFolder: TypeAlias = Callable[[Path, Path], tuple["ModelFolder | None", tuple[Diagnostic, ...]]]
"""Reads a model folder of a project: the folder, or None where it has an error, and every mistake in it."""


def read_folder(root: Path, path: Path) -> tuple[ModelFolder | None, tuple[Diagnostic, ...]]:
    """Read one model folder; see `ReadFolder`."""
    found: list[Diagnostic] = []
    model = _read_model(root, path, found)
    broken = any(mistake.severity is Severity.ERROR for mistake in found)
    return None if broken else model, tuple(found)


def load_project(
    root: Path, read: ReadFolder = read_folder, meant: Callable[[Path], bool] | None = None, *, with_models: bool = True
) -> tuple[Project | None, tuple[Diagnostic, ...]]:
    """Read a project.

    Args:
        meant: whether a model folder is wanted. Of thousands of others, those are read as well that have the name of
            one that is. [default: all are]
        with_models: whether there is a need of any of them.

    Returns:
        the project, or None if `publish.yaml` itself cannot be used; and every mistake. A model folder with a mistake
        in its spec is not in `models` but in `unreadable`.
    """
    found: list[Diagnostic] = []
    document = _read_document(root, root / CONFIG_FILE, found)
    config = None
    if document is not None:
        for shared in (Metadata, FinetuneDefaults, Mlflow):
            shared.model_rebuild()  # once for what holds them: the project's defaults and every model
        config, mistakes = read_spec(document, ProjectConfig)
        found.extend(mistakes)
    if document is None or config is None:
        return None, tuple(found)
    unreadable: list[str] = []
    paths = tuple(_model_folders(root, root / "models", unreadable, found)) if with_models else ()
    results = {path: read(root, path) for path in paths if meant is None or meant(path)}
    if len(results) < len(paths):
        wanted = {None, *(model.spec.name for model, _ in results.values() if model is not None)}
        results |= {path: read(root, path) for path in paths if path not in results and written_name(path) in wanted}
    models: list[ModelFolder] = []
    for path, (model, mistakes) in ((path, results[path]) for path in paths if path in results):
        found.extend(mistakes)
        if model is None:
            unreadable.append(path.name)
        else:
            models.append(model)
    if (root / "templates").is_dir():
        _is_inside(root, root / "templates", found)
    found.extend(same_names((model.spec.name, model.document.location(("name",))) for model in models))
    unread = tuple(path.name for path in paths if path not in results)
    return Project(root, config, document, tuple(models), tuple(unreadable), unread), tuple(found)


_NAME = re.compile(
    rb"""^name[ \t]*:[ \t]+(["']?)([A-Za-z0-9][\w.-]*)\1[ \t]*(?:[ \t]#.*)?\r?$""", re.ASCII | re.MULTILINE
)
_ANY_NAME = re.compile(rb"""^(?:name\b|["'{?%])""", re.MULTILINE)


def written_name(path: Path) -> str | None:
    """The model's name in a folder, where its spec says it plainly; None where only reading it all can tell."""
    raw = files.peek(f"{path}{os.sep}{SPEC_FILE}")
    found = _NAME.search(raw) if raw is not None else None
    if raw is None or found is None or len(_ANY_NAME.findall(raw)) > 1:
        return None
    return found[2].decode()


def select_models(project: Project, patterns: Iterable[str]) -> tuple[ModelFolder, ...]:
    """The models that match any of the patterns (globs over folder or asset name); all if there are no patterns.

    Raises:
        NotFound: a pattern matches no model.
    """
    wanted = tuple(patterns)
    if not wanted:
        return project.models
    chosen: dict[str, ModelFolder] = {}
    for pattern in wanted:
        matches = [m for m in project.models if any(fnmatch.fnmatchcase(n, pattern) for n in (m.folder, m.spec.name))]
        if not matches and not fnmatch.filter(project.unreadable, pattern):
            names = sorted([*(model.folder for model in project.models), *project.unreadable, *project.unread])
            close = difflib.get_close_matches(pattern, names, n=3, cutoff=0.5)
            more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
            there = f"There are: {', '.join(names[:MOST_NAMES]) or 'none'}{more}."
            hint = f"Did you mean {' or '.join(close)}?" if close else there
            raise NotFound(f"No model folder matches '{pattern}'.", hint=hint)
        chosen.update((match.folder, match) for match in matches)
    return tuple(chosen[folder] for folder in sorted(chosen))


def _misnamed(name: str, names: Iterable[str]) -> str:
    """A name in a folder that was meant as the given one: `.yml` for `.yaml`, or other capitals; empty if none is."""
    meant = {name, name.replace(".yaml", ".yml")}
    return "" if name in names else next((one for one in sorted(names) if one.lower() in meant), "")


def _model_folders(root: Path, folder: Path, unreadable: list[str], found: list[Diagnostic]) -> Iterable[Path]:
    """The folders of models, sorted; those that a link leads out of the project are reported and left out."""
    if not folder.is_dir() or not _is_inside(root, folder, found):
        return
    with os.scandir(folder) as entries:
        links = {entry: entry.is_symlink() for entry in entries if entry.name[0] != "."}
        # A link that leads nowhere is meant as a folder, and is reported.
        names = {one.name: link for one, link in links.items() if (not Path(one).is_file() if link else one.is_dir())}
    for name, is_link in sorted(names.items()):
        # What lies in a folder of the project is in the project, unless it is a link; few of thousands are.
        if not (is_link or files.is_private(name)) or _is_inside(root, folder / name, found):
            yield folder / name
        else:
            unreadable.append(name)


def _is_inside(root: Path, path: Path, found: list[Diagnostic]) -> bool:
    try:
        resolve_inside(path, root)
    except UnusableFile as error:
        found.append(unusable_file(shown_path(root, path), error))
        return False
    return True


def unusable_file(shown: str, error: UnusableFile) -> Diagnostic:
    """What is reported of a file that cannot be read; `shown` is its path as the user knows it."""
    also = {SPEC_FILE: " What is no model belongs elsewhere.", CARD_FILE: f" Or `description:` in {SPEC_FILE}."}
    hint = f"Create {shown}.{also.get(Path(shown).name, '')}" if error.missing else error.hint
    return MISSING_FILE.at(Location(shown), f"{shown} {error.reason}.", hint)


def _read_model(root: Path, path: Path, found: list[Diagnostic]) -> ModelFolder | None:
    names = _names_in(path)
    if other := _misnamed(SPEC_FILE, names):
        shown = shown_path(root, path)
        message = f"{shown}/{other} is not read: a model's file is called {SPEC_FILE}."
        hint = f"Rename it: git mv {shown}/{other} {shown}/{SPEC_FILE}"
        found.append(MISSING_FILE.at(Location(f"{shown}/{other}"), message, hint))
        return None
    document = _read_document(root, path / SPEC_FILE, found)
    if document is None:
        return None
    spec, mistakes = read_spec(document, ModelSpec)
    found.extend(mistakes)
    finished = FINISHED_CARD in names and CARD_FILE not in names
    own = path / (FINISHED_CARD if finished else CARD_FILE)
    card: str | None = PLAIN_CARD
    if not mapping_of(document.data).get("description") or own.name in names:
        card = read_text(own, root, shown_path(root, own), found, whole=finished)
    else:
        own = path / SPEC_FILE
    sampled = SAMPLES if SAMPLES_FOLDER in names else ()
    samples = tuple(sample for name in sampled if (sample := _read_sample(root, path, name, found)))
    if spec is None or card is None:
        return None
    carried = _carried(root, path / CARRIED_FOLDER, found) if CARRIED_FOLDER in names else ()
    return ModelFolder(path.name, path, spec, document, shown_path(root, own), card, samples, finished, carried)


def _names_in(folder: Path) -> frozenset[str]:
    """The names in a folder, read once: few of a catalogue's thousands of folders have all optional files."""
    try:
        return frozenset(os.listdir(folder))  # noqa: PTH208 - names are wanted, not paths
    except OSError:
        return frozenset()


def _carried(root: Path, folder: Path, found: list[Diagnostic]) -> tuple[CarriedFile, ...]:
    """The files below a folder; links in it are not followed."""
    if not folder.is_dir() or not _is_inside(root, folder, found):
        return ()
    carried = []
    for path in sorted(folder.rglob("*")):
        kept = os.lstat(path)
        if not stat.S_ISREG(kept.st_mode):
            continue
        shown = shown_path(root, path)
        if kept.st_size > files.MAX_CARRIED_BYTES:
            message = f"{shown} is larger than {files.MAX_CARRIED_BYTES // 2**20} MiB."
            found.append(MISSING_FILE.at(Location(shown), message, "Keep it small; weights have a source."))
        elif any(files.is_private(part) for part in path.relative_to(folder).parts):
            message = f"{shown} would be a part of git's own folder, or of the state of runs."
            found.append(MISSING_FILE.at(Location(shown), message, "Give the folder another name."))
        else:
            carried.append(CarriedFile(path.relative_to(folder).as_posix(), path))
    return tuple(carried)


def _read_sample(root: Path, folder: Path, name: str, found: list[Diagnostic]) -> Sample | None:
    path = folder / SAMPLES_FOLDER / f"{name}.json"
    if not os.path.lexists(path):
        return None
    shown = shown_path(root, path)
    text = read_text(path, root, shown, found)
    if text is None:
        return None
    try:
        data = parse_json(text)
    except json.JSONDecodeError as error:
        where = Location(shown, error.lineno, error.colno)
        found.append(
            BROKEN_SAMPLE.at(where, f"The sample is not JSON: {error.msg}.", "Correct the JSON here or just before.")
        )
        return None
    except ValueError as error:
        where = Location(shown)
        found.append(BROKEN_SAMPLE.at(where, f"The sample cannot be used: {error}.", "Write plain JSON values."))
        return None
    return Sample(name, shown, text, data)


def _read_document(root: Path, path: Path, found: list[Diagnostic]) -> Document | None:
    shown = shown_path(root, path)
    text = read_text(path, root, shown, found)
    if text is None:
        return None
    document, mistakes = parse_yaml(text, shown)
    found.extend(mistakes)
    return document


def read_optional(root: Path, name: str) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """The text of a file of the project that need not be there; None where it is not, or cannot be read."""
    found: list[Diagnostic] = []
    text = read_text(root / name, root, shown_path(root, root / name), found) if os.path.lexists(root / name) else None
    return text, tuple(found)


def read_text(path: Path, root: Path, shown: str, found: list[Diagnostic], *, whole: bool = False) -> str | None:
    """A file's text; None if it cannot be read. A byte order mark is dropped unless the text is wanted whole."""
    try:
        raw = read_file(path, root)
    except UnusableFile as error:
        found.append(unusable_file(shown, error))
        return None
    text, mistakes = decode(raw, shown)
    found.extend(mistakes)
    if whole and raw.startswith(codecs.BOM_UTF8):
        text = "\ufeff" + text
    return None if mistakes else text


def same_names(named: Iterable[tuple[str, Location]]) -> Iterable[Diagnostic]:
    """A finding for each model that has the name of one before it, but for capitals, with the place of its name."""
    first: dict[str, tuple[str, Location]] = {}
    for name, where in named:
        known, other = first.setdefault(name.lower(), (name, where))
        if other is not where:
            why = "a registry holds one model of a name" if name == known else "their folders are one on many machines"
            message = f"'{name}' is also the name of {other.path}{'' if name == known else ', but for capitals'}."
            yield DUPLICATE_NAME.at(where, message, f"Give one of the two another name; {why}.")


def shown_path(root: Path, path: Path) -> str:
    """A path as the user knows it: relative to the project, `/` between parts."""
    below = f"{root}{os.sep}"
    if str(path).startswith(below):
        return str(path)[len(below) :].replace(os.sep, "/")
    return Path(os.path.relpath(path, root)).as_posix()
