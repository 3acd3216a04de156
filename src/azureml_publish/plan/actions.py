"""The parts of a plan: differences, an action for each model, and the plan with its digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any

from azureml_publish.assets import RenderedAsset, Value
from azureml_publish.plan.rules import ChangeClass


class ActionKind(StrEnum):
    """What is done about one model."""

    CREATE = "create"
    UPDATE = "update"
    ARCHIVE = "archive"
    """The version is to be hidden from the catalogue, and nothing else differs."""
    RESTORE = "restore"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"


WRITING = (ActionKind.CREATE, ActionKind.UPDATE, ActionKind.ARCHIVE, ActionKind.RESTORE)
"""The kinds that write to a registry."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One difference. `field` is dotted (`tags.license`); None means that there is no value.

    `moved` says in words what differs, where the values are digests: one thing each.
    """

    field: str
    consequence: ChangeClass
    before: Value
    after: Value
    moved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """What is done about one model version.

    `wanted` identifies the rendered model and its content; `reason` may be empty; `hint` says how to resolve a
    conflict; `latest` is the version that the label `latest` resolves to now, None if there is none. `fields` of what
    is created are its attributes.

    `unseen` are dotted keys of desired system metadata that the registry does not return, and `content` where another
    tool registered the version, so that nobody knows of what its files were made. They are no differences.
    """

    model: str
    version: int
    kind: ActionKind
    wanted: str
    reason: str = ""
    fields: tuple[FieldChange, ...] = ()
    hint: str = ""
    latest: int | None = None
    unseen: tuple[str, ...] = ()

    @property
    def latest_after(self) -> int | None:
        """The version that `latest` resolves to after the action: a new version is the latest."""
        return self.version if self.kind is ActionKind.CREATE else self.latest


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done to a registry, sorted by model."""

    registry: str
    actions: tuple[Action, ...]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the registry's name and every action: the same digest is the same plan.

        The attributes of what is created do not count, nor does what moved in a version's content: how much is known of
        them depends on who has looked.
        """
        actions = [replace(one, fields=()) if one.kind is ActionKind.CREATE else one for one in self.actions]
        described = asdict(replace(self, actions=tuple(actions)))
        for action in described["actions"]:
            for change in action["fields"]:
                del change["moved"]
        return _sha256(described)

    @property
    def conflicts(self) -> tuple[Action, ...]:
        """The actions that cannot be carried out."""
        return tuple(action for action in self.actions if action.kind is ActionKind.CONFLICT)

    @property
    def changes(self) -> tuple[Action, ...]:
        """The actions that would write."""
        return tuple(action for action in self.actions if action.kind in WRITING)


@dataclass(frozen=True, slots=True)
class WithoutFolder:
    """A registered model that no folder is about; no plan touches it.

    `renamed_to` is the model that would be created from the same source, empty where there is none.
    """

    model: str
    renamed_to: str = ""


@dataclass(frozen=True, slots=True)
class Desired:
    """The desired state of a version: the rendered asset and the identity of its content's source.

    `manifest` is the digest of the manifest that its files would have, where every one of them is known already.
    `elsewhere` is whether that source is known to be another than the registered version, which it is after an import.
    """

    asset: RenderedAsset
    source_digest: str
    manifest: str = ""
    elsewhere: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over all that would be registered."""
        # Field by field: asdict would copy every list of sizes first.
        asset = {field.name: getattr(self.asset, field.name) for field in fields(self.asset)}
        return _sha256({"asset": asset, "source_digest": self.source_digest})


def _sha256(content: Any) -> str:
    return hashlib.sha256(
        json.dumps(content, sort_keys=True, ensure_ascii=False).encode(errors="surrogatepass")
    ).hexdigest()
