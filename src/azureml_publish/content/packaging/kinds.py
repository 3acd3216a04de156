"""Which kind of packaging a source has, and what becomes of its files: one function a kind."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from types import MappingProxyType

from azureml_publish.assets import ModelType
from azureml_publish.content.packaging import custom, mlflow_folder, mlflow_transformers, triton
from azureml_publish.content.packaging.facts import ModelFacts
from azureml_publish.content.packaging.layout import Layout, Request, check_paths, check_pickles
from azureml_publish.content.packaging.rules import Finding
from azureml_publish.content.packaging.source_files import SourceFiles
from azureml_publish.content.packaging.tree import ArtifactFile

KINDS = MappingProxyType(
    {
        "mlflow_transformers": mlflow_transformers.lay_out,
        "mlflow_folder": mlflow_folder.lay_out,
        "triton": triton.lay_out,
        "custom": custom.lay_out,
    }
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of packaging, and why it is the one."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Package:
    """What becomes of a source: its kind, its files in their places (sorted by path), and what was found.

    Files that are rendered, as MLmodel is, are not among them. Where a finding refuses, nothing is to be published.
    """

    kind: Kind
    files: tuple[ArtifactFile, ...]
    found: tuple[Finding, ...]
    facts: ModelFacts | None = None

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The findings for which the source cannot be published."""
        return tuple(one for one in self.found if one.refuses)


def choose_kind(kind: ModelType, top: Collection[str] | None) -> Kind:
    """How a source is packaged: by the type that its spec says, and the files at its top; None: they are not known."""
    if kind == "triton_model":
        return Kind("triton", "the spec says type: triton_model")
    if kind == "custom_model":
        return Kind("custom", "the spec says type: custom_model")
    if top is None:
        why = "the type is mlflow_model; a source that holds an MLmodel at its top is taken as it is"
        return Kind("mlflow_transformers", why)
    if mlflow_folder.MLMODEL in top:
        return Kind("mlflow_folder", "the type is mlflow_model, and the source holds an MLmodel at its top")
    return Kind("mlflow_transformers", "the type is mlflow_model, and the source holds no MLmodel at its top")


def build_package(request: Request, source: SourceFiles) -> Package:
    """Lay out the files of a source; what refuses it comes with its fix, all of it at once."""
    kind = choose_kind(request.type, source.top)
    layout: Layout = KINDS[kind.name](request, source) if source.files else Layout(())
    files = tuple(sorted(layout.files, key=lambda file: file.path))
    found = layout.found
    if files or not any(one.refuses for one in found):
        found = (*found, *check_pickles(files, allow_pickle=request.allow_pickle), *check_paths(files))
    return Package(kind, files, tuple(dict.fromkeys(found)), layout.facts)
