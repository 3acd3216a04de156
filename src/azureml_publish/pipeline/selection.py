"""Which models are meant by name, glob, file or folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from azureml_publish.errors import NotFound, UsageProblem
from azureml_publish.project import CONFIG_FILE, ModelFolder, Project, select_models

_NAMES = "Name a model, a glob over names, or a file of a model folder."


def name_models(given: Iterable[str], directory: Path, root: Path) -> tuple[str, ...]:
    """Patterns over the names of models; () where an argument means all of them.

    Args:
        given: names and globs; files and folders, of which one in a model folder means that model, and the project's
            shared ones mean all.
        directory: the folder that paths are relative to.
        root: the project.

    Raises:
        UsageProblem: a file or folder is not in the project.
        NotFound: there is no such file or folder, or no model is made of it.
    """
    patterns = []
    for one in given:
        path = _path_of(one, directory)
        if path is None:
            patterns.append(one)
            continue
        if not path.is_relative_to(root):
            raise UsageProblem(f"{one} is not in the project {root}.", hint="Name a model, or a file of one.")
        parts = path.relative_to(root).parts
        if len(parts) > 1 and parts[0] == "models" and not (len(parts) == 2 and path.is_file()):
            patterns.append(parts[1])
        elif path.is_dir() or _is_shared(parts):
            return ()
        elif path.exists():
            raise NotFound(f"{one} belongs to no model.", hint=_NAMES)
        else:
            raise NotFound(f"There is no {one}.", hint=_NAMES)
    return tuple(dict.fromkeys(patterns))


def _is_shared(parts: tuple[str, ...]) -> bool:
    """Whether many models are made of a file of the project."""
    from azureml_publish.render.samples import FILE as SAMPLE_LINKS  # noqa: PLC0415 - verbs that render nothing start
    from azureml_publish.skus.overlay import OVERLAY_FILE  # noqa: PLC0415 - without both

    return parts[0] == "templates" or parts in ((CONFIG_FILE,), (OVERLAY_FILE,), (SAMPLE_LINKS,))


def choose_models(given: Iterable[str], directory: Path, project: Project) -> tuple[ModelFolder, ...]:
    """The model folders that arguments mean; none means all.

    Raises:
        UsageProblem, NotFound: see `name_models`, or nothing matches a pattern.
    """
    return select_models(project, name_models(given, directory, project.root))


def _path_of(given: str, directory: Path) -> Path | None:
    """The file or folder that an argument is; None where it is a name or a glob of names."""
    path = directory / given
    if not path.exists() and Path(given).exists():  # pre-commit names files from the top of the repository on
        path = Path(given)
    is_path = re.search(r"[/\\]", given) or given in (".", "..") or path.is_file()
    return path.resolve() if is_path or (given == "models" and path.is_dir()) else None
