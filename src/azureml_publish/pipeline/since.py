"""Which models a change concerns: those whose own files changed, or something that they are made of."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from azureml_publish.documents import parse_yaml
from azureml_publish.errors import NotFound, UsageProblem
from azureml_publish.files import peek
from azureml_publish.git import Changes, GitFailed, GitShallow, changes_since
from azureml_publish.pipeline.run import RunContext
from azureml_publish.project import CONFIG_FILE, SPEC_FILE, ModelFolder, Project, load_project, read_optional
from azureml_publish.render import Templates, default_templates
from azureml_publish.render.samples import FILE as SAMPLE_LINKS
from azureml_publish.skus.overlay import OVERLAY_FILE
from azureml_publish.spec import LocalSource

_WHOLE = (
    "In CI, check out the whole history: fetch-depth: 0 for actions/checkout, fetchDepth: 0 for Azure Pipelines, "
    "GIT_DEPTH: 0 for GitLab; `git fetch --unshallow` elsewhere."
)
_EVERY_MODEL = ("asset.yaml.j2", "model.yaml.j2", "spec.yaml.j2")
_MLFLOW = ("MLmodel.j2", "conda.yaml.j2", "python_env.yaml.j2", "requirements.txt.j2")
"""Templates of files that a model has beside its card."""


def touched_since(run: RunContext, root: Path, revision: str) -> frozenset[str]:
    """The model folders that a change concerns, whether it was committed or not.

    The change is what differs from the commit at which this branch left the revision. A preset concerns the models
    that name it, a default those that inherit it, a template or sample link those whose files are made of it, and a
    local source its model; any other key of `publish.yaml` concerns all.

    Raises:
        NotFound: git knows no such commit.
        UsageProblem: the project is in no repository, or git is not installed.
    """
    try:
        changes = changes_since(root, run.environ, revision)
    except GitShallow as error:
        raise NotFound(f"--since {revision}: {error.message}.", hint=_WHOLE) from None
    except GitFailed as error:
        raise UsageProblem(f"--since {revision}: {error.message}.", hint="It works in a git repository only.") from None
    if changes is None:
        raise NotFound(
            f"git knows no commit {revision} here.",
            hint=_WHOLE,
        )
    return touched_by(run, root, changes)


def touched_by(run: RunContext, root: Path, changes: Changes) -> frozenset[str]:
    """The model folders that changes of git concern, as `touched_since` has it."""
    root = root.resolve()
    paths = [changes.top / one for one in changes.paths]
    inside = {path.relative_to(root).as_posix() for path in paths if path.is_relative_to(root)}
    outside = {path for path in paths if not path.is_relative_to(root)}
    # A path of git is a file, or a submodule as a whole: a model folder, or one that holds folders of ours.
    own = {parts[1] for one in inside if len(parts := one.split("/")) > 1 and parts[0] == "models"}
    if not outside and all(one.startswith("models/") for one in inside):
        return frozenset(own)
    shared = any(one in (CONFIG_FILE, OVERLAY_FILE, "models") or one.split("/")[0] == "templates" for one in inside)
    project, _ = load_project(root, meant=None if shared else _may_be_local)
    if project is None:
        return frozenset(own)
    if not inside.isdisjoint({"models", "templates"}):
        return frozenset(own | {folder.folder for folder in project.models})
    changed = _Shared(project, inside, outside, lambda path: changes.before(root / path, run.environ))
    return frozenset(own | {folder.folder for folder in project.models if changed.concerns(folder)})


def _may_be_local(path: Path) -> bool:
    """Whether a model may have a local source, which any file in or around the project can belong to."""
    raw = peek(f"{path}{os.sep}{SPEC_FILE}")
    return raw is None or b"local" in raw or b"\\" in raw


@dataclass(frozen=True)
class _Shared:
    """Changed files that are not one model's own; `before` has the text of a file of the project as it was."""

    project: Project
    inside: set[str]
    outside: set[Path]
    before: Callable[[str], str | None]

    def concerns(self, folder: ModelFolder) -> bool:
        """Whether a model is made of one of them."""
        return self._by_config(folder) or self._by_templates(folder) or self._by_sources(folder)

    def _by_config(self, folder: ModelFolder) -> bool:
        spec = folder.spec
        named = spec.compute.model_dump(exclude_none=True)
        inherits = {
            "finetune": bool(spec.tasks.finetune),
            "mlflow": spec.type == "mlflow_model",
            "categories": spec.categories is None,
        }
        overlaid = OVERLAY_FILE in self.inside and bool(named)
        return overlaid or any(
            below in named.values() if key == "presets" else key != "defaults" or inherits.get(below, True)
            for key, below in self._keys
        )

    @cached_property
    def _keys(self) -> tuple[tuple[str, str], ...]:
        """The keys of `publish.yaml` that differ, with the key below of presets and defaults."""
        if CONFIG_FILE not in self.inside:
            return ()
        before, now = _parsed(self.before(CONFIG_FILE)), _parsed(self.project.document.text)
        if before is None or now is None:
            return (("", ""),)
        return tuple(_differing(before, now, deep=("presets", "defaults")))

    def _by_templates(self, folder: ModelFolder) -> bool:
        changed = {one.removeprefix("templates/") for one in self.inside if one.startswith("templates/")}
        if not changed:
            return False
        if SAMPLE_LINKS in changed and self._by_links(folder):
            return True
        made = _EVERY_MODEL + (_MLFLOW if folder.spec.type == "mlflow_model" else ())
        used = {*made, *self._behind(folder.card if not folder.finished else "")}
        for name in made:
            used |= self._behind(f"{{% include {name!r} %}}")
        return not changed.isdisjoint(used)

    def _behind(self, source: str) -> set[str]:
        """The names of the templates that a template is made with."""
        folders = (self.project.templates, default_templates())
        found = self._templates.behind(source)
        return {
            path.relative_to(folder).as_posix() for path in found for folder in folders if path.is_relative_to(folder)
        }

    @cached_property
    def _templates(self) -> Templates:
        return Templates(self.project.root, self.project.templates, default_templates())

    def _by_links(self, folder: ModelFolder) -> bool:
        tasks = {folder.spec.tasks.inference, *folder.spec.tasks.finetune}
        return self._links is None or not tasks.isdisjoint(self._links)

    @cached_property
    def _links(self) -> frozenset[str] | None:
        """The tasks whose sample links differ; None where that is not known."""
        path = f"templates/{SAMPLE_LINKS}"
        before, now = _parsed(self.before(path)), _parsed(read_optional(self.project.root, path)[0])
        if before is None or now is None:
            return None
        return frozenset(task for _, task in _differing(before, now, deep=(*before, *now)))

    def _by_sources(self, folder: ModelFolder) -> bool:
        source = folder.spec.source
        if not isinstance(source, LocalSource):
            return False
        place = (folder.path / source.local).resolve()
        changed = (*self.outside, *(self.project.root / one for one in self.inside))
        return any(path.is_relative_to(place) or place.is_relative_to(path) for path in changed)


def _differing(before: Mapping[str, Any], now: Mapping[str, Any], deep: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The keys whose values differ, with the key below of the maps that `deep` names; else with nothing."""
    for key in sorted({*before, *now}):
        old, new = before.get(key) or {}, now.get(key) or {}
        if before.get(key) == now.get(key):
            continue
        if key in deep and isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from ((key, below) for below, _ in _differing(old, new, deep=()))
        else:
            yield key, ""


def _parsed(text: str | None) -> Mapping[str, Any] | None:
    """A file's data; None where it was not there, or cannot be read."""
    document, _ = parse_yaml(text, CONFIG_FILE) if text is not None else (None, ())
    data = document.data or {} if document is not None else None
    return data if isinstance(data, Mapping) else None
