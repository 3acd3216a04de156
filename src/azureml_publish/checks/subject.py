"""What checks look at, and what a check is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from azureml_publish.assets import RenderedModel
from azureml_publish.diagnostics import Diagnostic, Rule
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
class Check:
    """One rule and how it is checked: model by model, or once for the project."""

    rule: Rule
    model: Callable[[ModelSubject], Iterator[Diagnostic]] | None = None
    project: Callable[[ProjectSubject], Iterator[Diagnostic]] | None = None
