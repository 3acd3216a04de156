"""What the SKU rules on asset folders share: the lists of each scenario as they are written, and their places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from azureml_publish.assets import SCENARIOS, Scenario
from azureml_publish.diagnostics import Location
from azureml_publish.documents import KeyPath
from azureml_publish.lint.asset_folders import written
from azureml_publish.lint.subject import AssetSubject
from azureml_publish.skus.catalogue import Sku


@dataclass(frozen=True, slots=True)
class WrittenList:
    """One scenario of an asset folder: what is written of its allow-list, recommended sizes and min-SKU spec."""

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

    @property
    def skus(self) -> tuple[Sku, ...]:
        """The sizes of the allow-list that the catalogue knows."""
        found = (self.subject.catalogue.get(name) for name in self.allowed or ())
        return tuple(sku for sku in found if sku is not None)

    def place(self, key: str, index: int | None = None) -> Location:
        """Where a key, or an item of its list, is written."""
        return self.subject.described.where(key if index is None else f"{key}.{index}")

    def key_path(self, key: str) -> KeyPath:
        """Where a canonical key is written in the asset YAML."""
        return written(self.subject.read.document, tuple(key.split(".")))


def written_lists(subject: AssetSubject) -> Iterator[WrittenList]:
    """The scenarios of which anything is written."""
    metadata = subject.described.metadata
    computes, skus = (
        group if isinstance(group := metadata.get(key), Mapping) else {} for key in ("supportedComputes", "SKU")
    )
    for scenario in SCENARIOS:
        least = skus.get(f"{scenario}MinSkuSpec")
        one = WrittenList(
            subject,
            scenario,
            _names(computes.get(f"{scenario}Computes")),
            _names(skus.get(f"{scenario}RecommendedSkus")),
            str(least).strip() if least is not None else None,
        )
        if one.allowed or one.recommended or one.min_spec:
            yield one


def _names(value: object) -> tuple[str, ...] | None:
    return tuple(str(name) for name in value) if isinstance(value, list | tuple) else None


def some(names: list[str]) -> str:
    """The first names of many."""
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
