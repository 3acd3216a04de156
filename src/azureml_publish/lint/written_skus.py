"""Lists of sizes as they are written, with locations: in projects, model folders and asset folders."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from azureml_publish.assets import SCENARIOS, Scenario
from azureml_publish.diagnostics import Diagnostic, Fix, Location
from azureml_publish.documents import Document, KeyPath
from azureml_publish.lint.asset_folders import written
from azureml_publish.lint.check import Check, Findings
from azureml_publish.lint.subject import AssetSubject, ModelSubject, ProjectSubject
from azureml_publish.lint.yaml_fixes import without_items
from azureml_publish.skus.catalogue import Sku
from azureml_publish.skus.compute import ComputeProblem, preset_problems
from azureml_publish.skus.lists import ListUse, own_lists
from azureml_publish.skus.query import ProblemKind


@dataclass(frozen=True)
class WrittenList:
    """One scenario of an asset folder: its allow-list, recommended sizes and min-SKU spec as they are written."""

    subject: AssetSubject
    scenario: Scenario
    allowed: tuple[str, ...] | None
    recommended: tuple[str, ...] | None
    min_spec: str | None

    @property
    def allowed_key(self) -> str:
        """Canonical key of the allow-list."""
        return f"supportedComputes.{self.scenario}Computes"

    @property
    def recommended_key(self) -> str:
        """Canonical key of the recommended sizes."""
        return f"SKU.{self.scenario}RecommendedSkus"

    @property
    def min_spec_key(self) -> str:
        """Canonical key of the min-SKU spec."""
        return f"SKU.{self.scenario}MinSkuSpec"

    @functools.cached_property
    def skus(self) -> tuple[Sku, ...]:
        """The sizes of the allow-list that the catalogue knows."""
        found = (self.subject.catalogue.get(name) for name in self.allowed or ())
        return tuple(sku for sku in found if sku is not None)

    def place(self, key: str, index: int | None = None) -> Location:
        """The location of a key, or of an item in its list."""
        return self.subject.described.where(key if index is None else f"{key}.{index}")

    def key_path(self, key: str) -> KeyPath:
        """Where a canonical key is written in the asset YAML."""
        return written(self.subject.read.document, tuple(key.split(".")))


@functools.lru_cache(maxsize=2)
def written_lists(subject: AssetSubject) -> tuple[WrittenList, ...]:
    """The scenarios for which anything is written."""
    metadata = subject.described.metadata
    computes, skus = (
        group if isinstance(group := metadata.get(key), Mapping) else {} for key in ("supportedComputes", "SKU")
    )
    every = (
        WrittenList(
            subject,
            scenario,
            _names(computes.get(f"{scenario}Computes")),
            _names(skus.get(f"{scenario}RecommendedSkus")),
            str(least).strip() if (least := skus.get(f"{scenario}MinSkuSpec")) is not None else None,
        )
        for scenario in SCENARIOS
    )
    return tuple(one for one in every if one.allowed or one.recommended or one.min_spec)


def _names(value: object) -> tuple[str, ...] | None:
    return tuple(str(name) for name in value) if isinstance(value, list | tuple) else None


def some(names: list[str]) -> str:
    """The first names of a list, as a message gives them."""
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def allow_lists(subject: ModelSubject | ProjectSubject) -> Iterator[tuple[ListUse, Document]]:
    """The presets of a project, or a model's own lists, each with the document that it is written in."""
    if isinstance(subject, ModelSubject):
        yield from ((use, subject.folder.document) for use in own_lists(subject.folder))
        return
    document = subject.project.document
    for name, body in subject.project.config.presets.items():
        yield ListUse(document.path, ("presets", name), name, body, ()), document


def project_of(subject: ModelSubject | ProjectSubject) -> ProjectSubject:
    """The project of a subject, with presets, catalogue and day."""
    return subject.project if isinstance(subject, ModelSubject) else subject


def list_problems(check: Check, subject: ModelSubject | ProjectSubject, *kinds: ProblemKind) -> Findings:
    """Problems of some kinds in presets or a model's own lists, each at the word that causes it."""
    if isinstance(subject, ModelSubject):
        problems, document = subject.compute.problems, subject.folder.document
    else:
        problems, document = tuple(preset_problems(subject.presets)), subject.project.document
    for found in problems:
        if found.problem.kind in kinds:
            yield _report(check, document, found)


def _report(check: Check, document: Document, found: ComputeProblem) -> Diagnostic:
    message = found.problem.message
    second = found.problem.kind == "duplicate"
    where = document.location_of(found.problem.word, below=found.key_path, last=second)
    fix = _without_second(document, found) if second else None
    return check.at(where, f"{message[:1].upper()}{message[1:]}.", found.problem.hint, fix=fix)


def _without_second(document: Document, found: ComputeProblem) -> Fix | None:
    """The fix that removes the second of two equal items of a list."""
    places = document.places_of(found.problem.word, below=found.key_path)
    if len(places) < 2 or places[-1][:-1] != places[0][:-1]:
        return None
    return without_items(document, places[-1][:-1], [int(places[-1][-1])])
