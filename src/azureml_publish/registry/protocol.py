"""What plan, apply and the verbs need of a registry; small, so that another one can be put in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from azureml_publish.assets import AssetId, AssetRecord, ContainerAccess, RegisteredAsset, RegistryState, Value


class Registry(Protocol):
    """One registry.

    Every method may raise `NotAuthorised` (no credential, or refused), `Unreachable`, `NotFound` (no such registry)
    and `PublishError` (any other answer that is not understood).
    """

    @property
    def name(self) -> str:
        """The registry's name in asset URIs."""

    def state(self, model: str, version: int) -> RegistryState:
        """What the registry holds under a name and version, and how far the name's numbers have gone."""

    def find(self, model: str, version: int) -> RegisteredAsset | None:
        """What the registry holds under a name and version, and nothing about other numbers: in fewer requests."""

    def numbers(self, model: str, *, deleted: bool = True) -> tuple[int | None, int]:
        """How far a name's numbers have gone: the latest version, and the next one that is free; (None, 1) for none.

        Without `deleted` the next one may be a deleted version's: in fewer requests, where only the latest is wanted.
        """

    def models(self) -> tuple[str, ...]:
        """The names of all models, sorted."""

    def versions(self, model: str) -> tuple[int, ...]:
        """The numbers of a model's versions, the one that came last first; none where there is no such model."""

    def start_upload(self, model: str, version: int) -> ContainerAccess:
        """A container to bring a new version's files into. The same one again until the version is registered.

        Raises:
            Conflict: the version exists.
        """

    def open_content(self, asset: RegisteredAsset) -> ContainerAccess:
        """Read access to the container that holds a registered version's files."""

    def create(self, record: AssetRecord, path: str) -> None:
        """Register a version whose files lie at `path`.

        Raises:
            Conflict: the version exists or existed.
        """

    def update(
        self, registered: RegisteredAsset, record: AssetRecord, changed: Mapping[str, Value], *, archived: bool
    ) -> None:
        """Bring a registered version to the record, and archive or restore it: all of it in one request, or nothing.

        `changed` are the keys of the system metadata that differ, with their new value; None takes a key away.
        A registry may heed no more of the request than description, tags and properties: look whether it reads back.

        Raises:
            Overtaken: it is not there.
            Conflict: the registry refuses, as it does for a changed property.
        """

    def replace_metadata(self, record: AssetRecord) -> None:
        """Bring the system metadata alone to the record's, for a registry that did not heed it in an update."""

    def set_archived(self, asset: AssetId, *, archived: bool) -> None:
        """Archive a registered version, or restore it. A registry may ignore it: look whether it reads back."""
