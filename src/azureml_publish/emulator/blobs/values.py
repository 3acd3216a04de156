"""The values that pass between the blob store and its routes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from azureml_publish.emulator.routing import RefusedError


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes on disk: the name of the file and its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Blob:
    """A committed blob. Times are seconds since the epoch."""

    name: str
    size: int
    etag: str
    created: float
    modified: float
    content: Mapping[str, str]
    """`Content-Type` and the other headers that a GET gives back."""
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Conditions:
    """`If-Match` and `If-None-Match` of a write; None where the header is absent."""

    if_match: str | None = None
    if_none_match: str | None = None

    def check(self, etag: str | None) -> None:
        """Compare with a blob's ETag, None if there is no blob.

        Raises:
            RefusedError: 409 if it must not exist and does, 412 for every other mismatch.
        """
        if self.if_none_match == "*" and etag is not None:
            raise RefusedError(409, "BlobAlreadyExists", "The specified blob already exists.")
        missed = self.if_match is not None and (etag is None or self.if_match not in {"*", etag})
        if missed or (self.if_none_match is not None and self.if_none_match == etag):
            raise RefusedError(
                412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."
            )


@dataclass(frozen=True, slots=True)
class Write:
    """What goes beside the bytes when a blob is written."""

    content: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    conditions: Conditions = field(default_factory=Conditions)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a container."""

    blobs: tuple[Blob, ...]
    prefixes: tuple[str, ...]
    next_marker: str
