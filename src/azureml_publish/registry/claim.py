"""Keeps two runs apart that write to one version, in the registry's own terms."""

from __future__ import annotations

from dataclasses import dataclass

from azureml_publish.assets import APPLY_PROPERTY, RegisteredAsset, write_number


@dataclass(frozen=True, slots=True)
class Claim:
    """A run's word on a version, which a registry takes from one run only: see `APPLY_PROPERTY`."""

    number: int
    apply: str

    @property
    def key(self) -> str:
        """The property's name."""
        return f"{APPLY_PROPERTY}.{self.number}"

    @property
    def property(self) -> dict[str, str]:
        """The property, to be written along with what it is a word on."""
        return {self.key: self.apply}

    def is_held(self, registered: RegisteredAsset) -> bool:
        """Whether the registry took it."""
        return registered.properties.get(self.key) == self.apply

    def is_lost(self, registered: RegisteredAsset) -> bool:
        """Whether it took another's, or another wrote later."""
        held = registered.properties.get(self.key)
        return held not in (None, self.apply) or write_number(registered.properties) > self.number
