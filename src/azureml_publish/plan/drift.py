"""What differs in a registry from the folders, and which side changed. Pure.

A plan says what would be done to the registry. Drift says what somebody else did to the registry. Both see the same
differences; the last applied plan shows which side changed.
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
    """Which side of a difference changed since the last applied plan."""

    REGISTRY = "registry"
    FOLDER = "folder"
    """The folder changed and was not applied yet: no drift."""
    BOTH = "both"
    UNKNOWN = "unknown"
    """There is no applied plan to compare with."""


class DriftStatus(StrEnum):
    """The state of a model's version in the registry."""

    SAME = "same"
    DIFFERS = "differs"
    NOT_APPLIED = "not-applied"
    """The differences are changes of the folder that were not applied yet."""
    MISSING = "missing"
    """It does not exist and its number cannot be used: deleted or skipped."""


@dataclass(frozen=True, slots=True)
class DriftedField:
    """One difference. `before` is the folder's value, `after` the registry's; None: there is no value.

    `consequence` is the class of change that applying the folder's value would be.
    """

    field: str
    consequence: ChangeClass
    before: Value
    after: Value
    side: Side

    @property
    def counts(self) -> bool:
        """Whether it is drift: neither a change to be applied, nor a property that apply cannot remove."""
        return self.side in (Side.REGISTRY, Side.BOTH) or (
            self.side is Side.UNKNOWN and self.consequence is not ChangeClass.KEPT
        )


@dataclass(frozen=True, slots=True)
class ModelDrift:
    """One model folder compared with the registry. `newer` are registered versions above the folder's, latest first."""

    model: str
    version: int
    status: DriftStatus
    fields: tuple[DriftedField, ...] = ()
    asset: RegisteredAsset | None = None
    newer: tuple[RegisteredAsset, ...] = ()

    @property
    def drifted(self) -> bool:
        """Whether the registry has something that the folder does not."""
        return self.status in (DriftStatus.DIFFERS, DriftStatus.MISSING) or bool(self.newer)


@dataclass(frozen=True, slots=True)
class Drift:
    """A registry compared with a project. `strangers` are the latest versions of models without a folder."""

    registry: str
    models: tuple[ModelDrift, ...]
    strangers: tuple[RegisteredAsset, ...] = ()

    @property
    def found(self) -> bool:
        """Whether there is any drift."""
        return any(model.drifted for model in self.models) or bool(self.strangers)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The state of one version after an applied plan: digests by field."""

    version: int
    left: Mapping[str, str]


def baselines(saved: SavedPlan) -> dict[str, Baseline]:
    """The state after a saved plan, by model, for the actions that could be carried out."""
    return {action.model: _baseline(action) for action in saved.actions if action.action is not ActionKind.CONFLICT}


def _baseline(action: SavedAction) -> Baseline:
    kept = {field: digest for field, digest in action.registered.items() if field.startswith("properties.")}
    return Baseline(action.version, kept | action.rendered)


def find_drift(
    wanted: Desired, state: RegistryState, newer: tuple[RegisteredAsset, ...], baseline: Baseline | None
) -> ModelDrift:
    """Compare a model folder with its state in a registry.

    Args:
        newer: the registered versions above the folder's.
        baseline: the state after the last applied plan, if one is known.
    """
    name, version = wanted.asset.name, wanted.asset.version
    known = baseline if baseline is not None and baseline.version == version else None
    if state.asset is None:
        gone = version < state.next_version or known is not None  # not every registry tells of deleted numbers
        return ModelDrift(name, version, DriftStatus.MISSING if gone else DriftStatus.NOT_APPLIED, newer=newer)
    folder_digests, held = wanted_digests(wanted), state_digests(state)
    fields = tuple(
        # A plan's `before` is the registry's value: here the two are swapped.
        DriftedField(one.field, one.consequence, one.after, one.before, _side(one.field, folder_digests, held, known))
        for one in plan_model(wanted, state).fields
    )
    status = DriftStatus.SAME
    if any(field.counts for field in fields):
        status = DriftStatus.DIFFERS
    elif any(field.side is Side.FOLDER for field in fields):
        status = DriftStatus.NOT_APPLIED
    return ModelDrift(name, version, status, fields, state.asset, newer)


def _side(field: str, folder_digests: Mapping[str, str], held: Mapping[str, str], baseline: Baseline | None) -> Side:
    if baseline is None:
        return Side.UNKNOWN
    left, folder, registry = baseline.left.get(field), folder_digests.get(field), held.get(field)
    if registry == left:
        # A property that the folder no longer has stays in the registry: nobody changed it.
        return Side.UNKNOWN if folder is None and field.startswith("properties.") else Side.FOLDER
    return Side.REGISTRY if folder == left else Side.BOTH
