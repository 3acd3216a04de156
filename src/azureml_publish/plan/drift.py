"""What a registry holds that the folders do not say, and which side moved. Pure.

A plan looks from the folders to the registry: what would be done. Drift looks the other way: what somebody did to the
registry behind the folders. Both see the same differences; a plan that was carried out is what tells the sides apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from azureml_publish.assets import RegisteredAsset, RegistryState, Value
from azureml_publish.plan.actions import ActionKind, Desired
from azureml_publish.plan.diff import plan_model
from azureml_publish.plan.fields import state_digests, wanted_digests
from azureml_publish.plan.rules import ChangeClass
from azureml_publish.plan.saved import SavedAction, SavedPlan


class Side(StrEnum):
    """Which side of a difference moved since the last plan that was applied."""

    REGISTRY = "registry"
    FOLDER = "folder"
    """The folder says something new that was not applied yet: no drift."""
    BOTH = "both"
    UNKNOWN = "unknown"
    """There is no plan to tell by."""


class DriftStatus(StrEnum):
    """How a model's version stands in the registry."""

    SAME = "same"
    DIFFERS = "differs"
    NOT_APPLIED = "not-applied"
    """What differs is what the folder says and nobody applied yet."""
    MISSING = "missing"
    """It is not there, and its number is used up: deleted, or stepped over."""


@dataclass(frozen=True, slots=True)
class DriftedField:
    """One difference. `before` is what the folder says, `after` what the registry holds; None: nothing is there.

    `consequence` is what it would mean to apply the folder's value.
    """

    field: str
    consequence: ChangeClass
    before: Value
    after: Value
    side: Side

    @property
    def counts(self) -> bool:
        """Whether it is drift: not what waits to be applied, nor a property that no apply could take away."""
        return self.side in (Side.REGISTRY, Side.BOTH) or (
            self.side is Side.UNKNOWN and self.consequence is not ChangeClass.KEPT
        )


@dataclass(frozen=True, slots=True)
class ModelDrift:
    """One model folder against the registry. `newer` are registered versions above the folder's, latest first."""

    model: str
    version: int
    standing: DriftStatus
    fields: tuple[DriftedField, ...] = ()
    asset: RegisteredAsset | None = None
    newer: tuple[RegisteredAsset, ...] = ()

    @property
    def drifted(self) -> bool:
        """Whether the registry holds what the folder does not account for."""
        return self.standing in (DriftStatus.DIFFERS, DriftStatus.MISSING) or bool(self.newer)


@dataclass(frozen=True, slots=True)
class Drift:
    """A registry against a project. `strangers` are the latest versions of models that no folder is about."""

    registry: str
    models: tuple[ModelDrift, ...]
    strangers: tuple[RegisteredAsset, ...] = ()

    @property
    def found(self) -> bool:
        """Whether there is any drift."""
        return any(model.drifted for model in self.models) or bool(self.strangers)


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a plan that was applied left of one version: digests by field."""

    version: int
    left: Mapping[str, str]


def baselines(saved: SavedPlan) -> dict[str, Baseline]:
    """By model what a saved plan left, as far as it could be carried out."""
    return {action.model: _baseline(action) for action in saved.actions if action.action is not ActionKind.CONFLICT}


def _baseline(action: SavedAction) -> Baseline:
    kept = {field: digest for field, digest in action.registered.items() if field.startswith("properties.")}
    return Baseline(action.version, kept | action.rendered)


def find_drift(
    wanted: Desired, state: RegistryState, newer: tuple[RegisteredAsset, ...], baseline: Baseline | None
) -> ModelDrift:
    """Hold a model folder against what a registry says of it.

    Args:
        wanted: what the folder asks for.
        state: what the registry holds.
        newer: the registered versions above the folder's.
        baseline: what the last applied plan left, where one is known.
    """
    name, version = wanted.asset.name, wanted.asset.version
    if state.asset is None:
        taken = version < state.next_version
        return ModelDrift(name, version, DriftStatus.MISSING if taken else DriftStatus.NOT_APPLIED, newer=newer)
    asked, held = wanted_digests(wanted), state_digests(state)
    known = baseline if baseline is not None and baseline.version == version else None
    fields = tuple(
        # A plan's `before` is the registry's value: seen from the other side the two change places.
        DriftedField(one.field, one.consequence, one.after, one.before, _side(one.field, asked, held, known))
        for one in plan_model(wanted, state).fields
    )
    standing = DriftStatus.SAME
    if any(field.counts for field in fields):
        standing = DriftStatus.DIFFERS
    elif any(field.side is Side.FOLDER for field in fields):
        standing = DriftStatus.NOT_APPLIED
    return ModelDrift(name, version, standing, fields, state.asset, newer)


def _side(field: str, asked: Mapping[str, str], held: Mapping[str, str], baseline: Baseline | None) -> Side:
    if baseline is None:
        return Side.UNKNOWN
    left, folder, registry = baseline.left.get(field), asked.get(field), held.get(field)
    if registry == left:
        # A property that the folder gave up stays as it is: nobody did anything.
        return Side.UNKNOWN if folder is None and field.startswith("properties.") else Side.FOLDER
    return Side.REGISTRY if folder == left else Side.BOTH
