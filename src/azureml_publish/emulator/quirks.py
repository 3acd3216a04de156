"""How the emulator can differ from a plain registry: quirks of the real service, and requests that fail.

Nothing here is random. One description serves Python, the control routes, the file of
`publish emulator --faults` and its JSON Schema.

Some rules of the service have no switch: content, type and properties of a version do not change, a deleted version
leaves a tombstone, an upload for an existing version is answered 409, and lists come in pages. Every registry has
them, so nothing should be tested against one without.
"""

import re
import threading
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt

Service = Literal["registry", "blobs", "hub"]


def _regular_expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"a regular expression is wanted ({error})") from error
    return text


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Quirks(_Settings):
    """Quirks of the service; what is left out is off."""

    stale_reads: Annotated[
        StrictInt,
        Field(
            ge=0,
            le=1000,
            description="After a write, this many GETs of that version still answer with the state before it: 404 "
            "after a create. Lists and names are up to date.",
        ),
    ] = 0
    ignore_archive: Annotated[
        StrictBool, Field(description="isArchived is accepted and has no effect, on a version and on a name.")
    ] = False
    front_ignores_archive: Annotated[
        StrictBool,
        Field(
            description="isArchived has no effect in a PUT, which is all that azure-ai-ml has; a PATCH of the model "
            "registry API does archive."
        ),
    ] = False
    bare_name_lists: Annotated[
        StrictBool,
        Field(
            description="A list of names returns them with their latest versions, empty tags and properties, and "
            "the date 0001-01-01."
        ),
    ] = False
    ignore_top: Annotated[StrictBool, Field(description="$top is ignored: a list returns all versions.")] = False
    ignore_list_view: Annotated[
        StrictBool, Field(description="listViewType is ignored: lists contain archived versions too.")
    ] = False
    page_size: Annotated[StrictInt, Field(ge=1, le=1000, description="Most entries on one page of a list.")] = 100
    two_hosts: Annotated[
        StrictBool,
        Field(
            description="Operations and the model registry API are served on another host than the front end: the one "
            "that registryFqdns names."
        ),
    ] = False
    put_polls: Annotated[
        StrictInt | None,
        Field(
            ge=0,
            le=1000,
            description="A write of a version is answered 202 with a Location, which answers 202 this many times and "
            "then 200 with the asset's id. Until then at most this many GETs answer with the state before it. "
            "If left out: 200 or 201 at once, with the version.",
        ),
    ] = None
    async_operation_header: Annotated[
        StrictBool, Field(description="Such a 202 has Azure-AsyncOperation, too, as documents promise.")
    ] = False
    failed_operations: Annotated[
        StrictBool,
        Field(description="Such an operation ends with 200 and the status Failed, and nothing is written."),
    ] = False
    front_metadata: Annotated[
        StrictBool, Field(description="A GET of a version returns system_metadata, as since April 2026.")
    ] = False
    closed_metadata: Annotated[
        StrictBool,
        Field(description="It holds the 77 keys of April 2026, null where unset, and no other key that was written."),
    ] = False
    nested_nulls: Annotated[
        StrictBool,
        Field(description="Nested objects in it hold all of their keys: null where unset, and a blank for dates."),
    ] = False
    typed_metadata: Annotated[
        StrictBool,
        Field(
            description="A PUT is refused whose system metadata has a value of another JSON type than its key, or "
            "outside a set that the service validates."
        ),
    ] = False
    replace_metadata: Annotated[
        StrictBool, Field(description="A PUT replaces system metadata as a whole; if off, key by key.")
    ] = False
    own_properties: Annotated[
        StrictBool,
        Field(description="A new version has the property modelManifestPathOrUri, and loses aotManifest."),
    ] = False
    unchecked_properties: Annotated[
        StrictBool, Field(description="A PUT that changes a property is not refused; the new value replaces the old.")
    ] = False
    alternate_accounts: Annotated[
        StrictBool, Field(description="URIs of content name one of two storage accounts and the other in turn.")
    ] = False
    invalid_container: Annotated[
        StrictBool,
        Field(description="An update that sends the registered modelUri is answered 400, Invalid containerUri."),
    ] = False
    api_not_found: Annotated[
        StrictBool,
        Field(description="The model registry API answers 404 for every version, and names an asset of its own."),
    ] = False
    folder_markers: Annotated[
        StrictBool,
        Field(description="Lists of blobs hold an empty blob for each folder, as of a hierarchical namespace."),
    ] = False
    throttle_every: Annotated[
        StrictInt | None,
        Field(ge=2, le=1_000_000, description="Of this many requests to the registry, the last is answered 429."),
    ] = None
    retry_after_seconds: Annotated[
        StrictInt, Field(ge=0, le=3600, description="The value of Retry-After in that answer.")
    ] = 1
    latency_seconds: Annotated[
        StrictFloat, Field(ge=0, le=60, description="Every request to registry, blobs and Hub waits this long first.")
    ] = 0.0
    sas_seconds: Annotated[
        StrictFloat | None,
        Field(
            ge=1,
            le=604_800,
            description="Lifetime of the SAS signatures that the registry issues, rounded up to a whole second. "
            "If left out: eight hours.",
        ),
    ] = None
    sas_requests: Annotated[
        StrictInt | None,
        Field(
            ge=1,
            le=1_000_000,
            description="How many requests to the blobs each signature is good for; the next is answered as expired.",
        ),
    ] = None

    def changed(self, **values: object) -> "Quirks":
        """A copy with some values changed.

        Raises:
            ValueError: There is no quirk of that name, or it cannot have that value.
        """
        return Quirks.model_validate({**self.model_dump(), **values})


PLAIN = Quirks()
RECORDED = Quirks(
    front_ignores_archive=True,
    bare_name_lists=True,
    ignore_list_view=True,
    ignore_top=True,
    two_hosts=True,
    put_polls=1,
    front_metadata=True,
    closed_metadata=True,
    typed_metadata=True,
    replace_metadata=True,
    own_properties=True,
    alternate_accounts=True,
)
"""The service as it was last recorded, in April 2026; `docs/emulator.md` says what is only documented or assumed."""

SHAPES = {"plain": PLAIN, "recorded": RECORDED}


class Fault(_Settings):
    """Requests that fail, and how. What is left out applies to every request, and changes nothing."""

    service: Annotated[
        Service | None, Field(description="Only requests to this service; to all of them if left out.")
    ] = None
    method: Annotated[str | None, Field(description="Only requests with this method, such as PUT.")] = None
    path: Annotated[
        str,
        AfterValidator(_regular_expression),
        Field(description="Only requests in whose decoded path, with ?query, this regular expression is found."),
    ] = ""
    after: Annotated[StrictInt, Field(ge=0, description="How many matching requests pass first.")] = 0
    times: Annotated[
        StrictInt | None, Field(ge=1, description="How many matching requests then fail; all if left out.")
    ] = None
    status: Annotated[
        StrictInt | None,
        Field(
            ge=200,
            le=599,
            description="Answer with this HTTP status, in the service's error format, instead of doing the work.",
        ),
    ] = None
    headers: Annotated[
        dict[str, str], Field(description="Added to the answer, with or without a status: Retry-After for example.")
    ] = Field(default_factory=dict)
    delay_seconds: Annotated[
        StrictFloat, Field(ge=0, description="Wait this long first, or until the rule is removed.")
    ] = 0.0
    corrupt: Annotated[
        StrictBool,
        Field(description="Flip one bit: in the answer to a GET, in the request's body for any other method."),
    ] = False
    truncate_after: Annotated[
        StrictInt | None, Field(ge=0, description="Let this many bytes of that body through, then cut the connection.")
    ] = None

    def matches(self, service: str, method: str, path: str) -> bool:
        """Whether the rule is about a request."""
        return (
            self.service in {None, service}
            and (self.method is None or self.method.upper() == method)
            and re.search(self.path, path) is not None
        )


class EmulatorFaults(_Settings):
    """How an emulator behaves from its start."""

    quirks: Quirks = Quirks()
    faults: tuple[Fault, ...] = ()


class Switches:
    """The quirks in force, which are `now`. Safe from any thread."""

    def __init__(self, quirks: Quirks) -> None:
        """Start with these; `reset` returns to them."""
        self._lock = threading.Lock()
        self._first = quirks
        self.now = quirks

    def change(self, **values: object) -> Quirks:
        """Change some and leave the others.

        Raises:
            ValueError: As `Quirks.changed`.
        """
        with self._lock:
            self.now = self.now.changed(**values)
            return self.now

    def off(self) -> None:
        """Turn all of them off."""
        self.now = Quirks()

    def reset(self) -> None:
        """Return to those of the start."""
        self.now = self._first
