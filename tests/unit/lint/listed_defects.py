"""Lists of defects that people made without a look at the rules, in sound folders and a sound project, as data.

`folders*.json` and `project.json` hold what is sound, `defects-*.json` a kind a line: its name, and each defect as
folder, file, what stands there (`$`: at the end, `^`: at the beginning, null: the whole file) and what is put there;
null for a file that is taken away.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from azureml_publish.api import open_project
from azureml_publish.diagnostics import Diagnostic
from azureml_publish.pipeline.lint_assets import check_folder, lint_assets
from azureml_publish.pipeline.run import RunContext

LISTS = ("first", "across", "of-projects", "third", "fourth", "fifth", "sixth")
"""The second and third of these are of defects across files alone, the others of all kinds."""

DAY = date(2026, 11, 28)
HERE = Path(__file__).parent / "listed"
ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Listed:
    """One defect: its kind, its folder, and the file as it then is."""

    kind: str
    folder: str
    file: str
    text: str | None
    """None where the file is taken away."""


def sound(name: str) -> dict[str, dict[str, str]]:
    """The sound folders of a list, by name; the project as one folder, with the models that the repository has."""
    if name != "of-projects":
        own = HERE / f"folders-{name}.json"
        return dict(json.loads((own if own.exists() else HERE / "folders.json").read_text(encoding="utf-8")))
    project = dict(json.loads((HERE / "project.json").read_text(encoding="utf-8")))
    for path in (ROOT / "publish.yaml", *sorted((ROOT / "models").rglob("*"))):
        if path.is_file():
            project[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
    return {"project": project}


def defects(name: str) -> Iterator[Listed]:
    """The defects of a list, in order."""
    folders = sound(name)
    for kind, *changes in json.loads((HERE / f"defects-{name}.json").read_text(encoding="utf-8")):
        for folder, file, old, new in changes:
            before = folders.get(folder, folders.get("project", {})).get(file, "")
            put = new or ""
            whole = {"$": before + put, "^": put + before, None: new}.get(old, before.replace(old or "", put, 1))
            assert whole != before, (kind, file, old)
            yield Listed(kind, folder, file, whole)


class Finder:
    """Finds what is new where one defect is put into a sound folder."""

    def __init__(self, name: str, scratch: Path) -> None:
        self.folders, self.scratch, self.of_project = sound(name), scratch, name == "of-projects"
        self.known: dict[str, set[tuple[str, str]]] = {}

    def new(self, defect: Listed) -> list[Diagnostic]:
        """The errors and warnings that the folder has with the defect and not without it."""
        if defect.folder not in self.known:
            found = self._found(defect.folder, {})
            found += [] if self.of_project else self._found(defect.folder, {}, whole=True)
            self.known[defect.folder] = {(one.code, one.message) for one in found}
        for whole in (
            False,
            *(() if self.of_project else (True,)),
        ):  # some things show only where a folder is looked at among others
            found = self._found(defect.folder, {defect.file: defect.text}, whole=whole)
            known = self.known[defect.folder]
            if new := [one for one in found if one.severity != "info" and (one.code, one.message) not in known]:
                return new
        return []

    def _found(self, folder: str, changed: Mapping[str, str | None], *, whole: bool = False) -> list[Diagnostic]:
        shutil.rmtree(self.scratch / "here", ignore_errors=True)
        root = self.scratch / "here"
        files = self.folders["project"] if self.of_project else self.folders[folder]
        for file, text in {**files, **changed}.items():
            if text is None:
                continue
            path = root / file if self.of_project else root / folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        if self.of_project:
            models = ("bert-base-cased", "bert-large-cased") if folder.startswith("bert") else (folder,)
            return list(open_project(root, environ={}, today=DAY).lint(*models).found)
        if whole:
            return list(lint_assets(RunContext(root, {}, DAY), (".",), DAY, cache=False, jobs=1).found)
        return list(check_folder(root / folder, root, DAY)[0])


def not_found(name: str, scratch: Path) -> tuple[int, list[Listed]]:
    """How many defects a list has, and those of which nothing is found."""
    finder, every = Finder(name, scratch), list(defects(name))
    return len(every), [defect for defect in every if not finder.new(defect)]
