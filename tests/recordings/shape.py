"""What differed between recordings, and what nobody recorded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Shape:
    """What differed between recordings, and what nobody recorded."""

    hands_metadata_back: bool = True
    """2026 (recording 26); False is 2025 (recording 12)."""
    model_registry: bool = False
    """Whether the model registry API finds what is there; it did not always (recording 32)."""
    has_container: bool = True
    """Whether a model's container answers; the only one recorded is of data (recording 19)."""
    counts: bool = False
    """Whether that container counts: its latest version, and a next one beyond what was deleted."""
    lists: bool = True
    """Whether the versions of a name are listed; else 404, and the container alone tells."""
    stale_lists: int = 0
    """How many lists of a name still lack a new version after it was registered."""
    page: int = 0
    """How many entries come on a page, with `nextLink`; 0 for all. Not recorded."""
    links: str = "absolute"
    """What leads to the next page: a `nextLink` that is `absolute` or `relative`, else a `token` or `skip`."""
    lends: str = "tempdatarefs"
    """Which call lends a container for an upload: `tempdatarefs`, or `arm` where that is 404 (recording 33)."""
    other_api: int = 404
    """How a PATCH of the model registry API is refused where it is: 404 (recording 32), 405 or 501; 200 is a page."""
    ends: str = "location"
    """How a write ends: `location` as recorded; `azure-async` and `body` as documented elsewhere.

    With `null` it ends at once and without a body, with `lost` its operation is 404, and with `relative` the host is
    left out of its address.
    """
    absence: str = "said"
    """How a version that is not there is 404: `said` by the service, or `empty`, as a gateway may have it.

    With `deleted` the service says of a deleted one that it was.
    """
    ends_in_slash: bool = True
    """Whether discovery writes the front end's address with a slash at its end, as recorded."""
    plain_headers: bool = False
    """No header beyond HTTP's own."""
    leads_elsewhere: bool = False
    """Whether discovery names a host that is none of the cloud's from the second time on: azure-ai-ml asks again."""
    region: str = ""
    """How discovery names the region's host: `missing`, `null`, `empty`, or `respelled`: in capitals, among others."""
    fills_keys: bool = True
    """Whether keys that are not set come as null, as recorded; else they are left out."""
    drops: frozenset[str] = frozenset()
    """Further keys of the system metadata that are taken and not handed back."""
    fails_operations: bool = False
    """Operations end with 200 and `"status": "Failed"`, as another client of the service knows them."""
    refused: str = ""
    """`discovery` or `write`: no role, as recorded in 22 and 23."""

    @property
    def sees_metadata(self) -> bool:
        """Whether either API hands system metadata back."""
        return self.hands_metadata_back or self.model_registry
