"""The arguments and the result of every kind of packaging."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from azureml_publish.assets import ModelType
from azureml_publish.content.packaging.facts import ModelFacts
from azureml_publish.content.packaging.rules import PICKLE, UNUSABLE, Finding, some
from azureml_publish.content.packaging.tree import ArtifactFile, path_problem
from azureml_publish.content.sources.selection import find_pickles
from azureml_publish.spec import Mlflow


@dataclass(frozen=True, slots=True)
class Request:
    """What a spec requires: the type, the task (empty where it names none), MLflow's settings, and what it allows."""

    type: ModelType
    task: str
    mlflow: Mlflow
    allow_pickle: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of a source in their places in a version, and the findings; a refusal among them publishes nothing.

    `facts` is what the files say about a checkpoint that MLmodel is made for; None for every other kind.
    """

    files: tuple[ArtifactFile, ...]
    found: tuple[Finding, ...] = ()
    facts: ModelFacts | None = None


def parents_of(path: str) -> Iterator[str]:
    """The folders that a path lies in, the nearest first."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def check_pickles(files: Iterable[ArtifactFile], *, allow_pickle: bool) -> Iterator[Finding]:
    """Pickles among the files that would be published, unless the spec allows them."""
    found = () if allow_pickle else find_pickles(file.path for file in files)
    if found:
        message = f"The source holds pickles, and they run code on the machine that loads them: {some(found)}."
        hint = "Exclude them in `source`, or write `allow_pickle: true` there if you trust where they come from."
        yield Finding(PICKLE, message, hint)


def check_paths(files: Iterable[ArtifactFile]) -> Iterator[Finding]:
    """What no registry can hold: no file, paths that leave the folder, two files for one path, a file in a file."""
    files = tuple(files)
    names = {file.path.lower() for file in files}
    taken: set[str] = set()
    for file in files:
        if problem := path_problem(file.path):
            yield Finding(UNUSABLE, problem, "Rename the file, or exclude it in `source`.")
        elif file.path.lower() in taken:
            hint = "Rename or remove one of them, or exclude it in `source`."
            yield Finding(UNUSABLE, f"Two files claim the path '{file.path}'.", hint)
        elif inside := next((one for one in parents_of(file.path.lower()) if one in names), ""):
            hint = "Rename or remove one of them, or exclude it in `source`."
            yield Finding(UNUSABLE, f"'{inside}' is a file, and the folder of '{file.path}' as well.", hint)
        taken.add(file.path.lower())
    if not taken:
        yield Finding(UNUSABLE, "The source holds no file.", "Correct `source`, or its include and exclude.")
