"""The file of `publish emulator --faults`: manners of the service, and requests that are to fail.

The emulator shares no code with the client side, so its `Manners` and `Fault` say the same once more.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictFloat, StrictInt

from azureml_publish.spec.reading import Written


def _regular_expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"a regular expression is wanted ({error})") from error
    return text


class MannersSpec(Written):
    """Odd manners of the service; what is left out is off."""

    stale_reads: Annotated[
        StrictInt, Field(ge=0, le=1000, description="After a write so many GETs still answer what was before it.")
    ] = 0
    ignore_archive: Annotated[StrictBool, Field(description="isArchived has no effect.")] = False
    empty_list_tags: Annotated[StrictBool, Field(description="Lists hand back empty tags.")] = False
    ignore_list_view: Annotated[StrictBool, Field(description="Lists hold archived versions too.")] = False
    page_size: Annotated[StrictInt, Field(ge=1, le=1000, description="Entries of a page at most.")] = 100
    put_polls: Annotated[
        StrictInt | None,
        Field(ge=0, le=1000, description="A PUT is answered 202 and is in progress for so many polls."),
    ] = None
    throttle_every: Annotated[
        StrictInt | None, Field(ge=2, le=1_000_000, description="Each so-manieth request is answered 429.")
    ] = None
    retry_after_seconds: Annotated[StrictInt, Field(ge=0, le=3600, description="What Retry-After says then.")] = 1
    latency_seconds: Annotated[StrictFloat, Field(ge=0, le=60, description="Every request waits so long first.")] = 0.0
    sas_seconds: Annotated[
        StrictFloat | None,
        Field(ge=1, le=604_800, description="How long the signatures are good that the registry lends."),
    ] = None
    sas_requests: Annotated[
        StrictInt | None, Field(ge=1, le=1_000_000, description="How many requests each of them is good for.")
    ] = None


class FaultSpec(Written):
    """Requests that are to fail, and how. What is left out applies to every request, and changes nothing."""

    service: Annotated[
        Literal["registry", "blobs", "hub"] | None, Field(description="Requests of this service; all if left out.")
    ] = None
    method: Annotated[str | None, Field(description="Requests with this method, such as PUT.")] = None
    path: Annotated[
        str,
        AfterValidator(_regular_expression),
        Field(description="Requests in whose path and query this regular expression is found."),
    ] = ""
    after: Annotated[StrictInt, Field(ge=0, description="How many of them pass first.")] = 0
    times: Annotated[StrictInt | None, Field(ge=1, description="How many are then hit; all if left out.")] = None
    status: Annotated[
        StrictInt | None, Field(ge=200, le=599, description="Answer this HTTP status instead of doing the work.")
    ] = None
    headers: Annotated[dict[str, str], Field(description="Added to the answer.")] = Field(default_factory=dict)
    delay_seconds: Annotated[StrictFloat, Field(ge=0, description="Wait so long first.")] = 0.0
    corrupt: Annotated[
        StrictBool, Field(description="Flip one bit: of the answer to a GET, else of the request's body.")
    ] = False
    truncate_after: Annotated[
        StrictInt | None, Field(ge=0, description="Let so many bytes of that body through, then cut the connection.")
    ] = None


class EmulatorFaults(Written):
    """How an emulator is to misbehave from its start."""

    manners: MannersSpec = MannersSpec()
    faults: tuple[FaultSpec, ...] = ()
