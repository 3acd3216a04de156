"""What a registry's answers hold, in the shapes that were recorded. Another shape is a failure of the world."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from azureml_publish.assets import AssetId, AssetRecord, ContainerAccess, RegisteredAsset, prune_map
from azureml_publish.errors import UnexpectedAnswer
from azureml_publish.network import Network
from azureml_publish.registry.failures import name_kind, read_reason, unexpected_answer
from azureml_publish.registry.http import SHAPE_HINT, segment

_ASSET = re.compile(r"azureml://[^\s\"']+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a registry is: its front end and its region's host, without a final slash, and its resource id.

    `fits_sdk` is whether azure-ai-ml, which puts its paths right after the front end's address, finds it.
    """

    front: str
    region: str
    resource: str
    fits_sdk: bool = True


def require_map(answer: Any, key: str, what: str, url: str) -> Mapping[str, Any]:
    """An answer that is a map and has a map under this key.

    Raises:
        UnexpectedAnswer: it is something else.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get(key), dict):
        raise unexpected_answer(url, what, _without(answer, key))
    return answer


def _without(answer: Any, key: str) -> str:
    return "nothing" if answer is None else f"JSON without `{key}`"


def text_at(answer: Any, *path: str, what: str, url: str) -> str:
    """The text at a path of keys of an answer that came from a URL, and is about something.

    Raises:
        UnexpectedAnswer: there is none.
    """
    found = answer
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, str) or not found:
        raise unexpected_answer(url, what, _without(answer, ".".join(path)))
    return found


def place_of(found: Any, registry: str, url: str) -> Place:
    """What discovery says at a URL.

    The host of a region answers what the front end does not; where discovery names none, the front end answers all.
    """

    def text(key: str) -> str:
        return text_at(found, key, what=f"the registry {registry}", url=url)

    address = text("primaryRegionResourceProviderUri")
    front = address.rstrip("/")
    named, region = found.get("registryFqdns"), str(found.get("primaryRegion")).lower()
    hosts = {key.lower(): host for key, host in named.items()} if isinstance(named, dict) else {}
    host = hosts.get(region) or (next(iter(hosts.values())) if len(hosts) == 1 else None)
    uri = host.get("uri") if isinstance(host, dict) else None
    return Place(
        front,
        uri.rstrip("/") if isinstance(uri, str) and uri else front,
        f"/subscriptions/{segment(text('subscriptionId'))}/resourceGroups/{segment(text('resourceGroup'))}"
        f"/providers/Microsoft.MachineLearningServices/registries/{segment(registry)}",
        address == f"{front}/",
    )


def access_of(answer: Any, network: Network, url: str) -> ContainerAccess:
    """The container that an answer to `tempdatarefs`, `startPendingUpload` or `datarefs` at a URL opens."""

    def text(*path: str) -> str:
        return text_at(answer, "blobReferenceForConsumption", *path, what="a container", url=url)

    return ContainerAccess(text("blobUri"), text("credential", "sasUri"), network)


def container_numbers(container: Any) -> tuple[int | None, int]:
    """The latest version and the next one, as a model's container says them; None and 1 where it says none.

    A container of data had `nextVersion: 1` beside a later `latestVersion` (recorded); one of a model was never seen.
    """
    properties = container.get("properties") if isinstance(container, dict) else None
    if not isinstance(properties, dict):
        return None, 1
    latest, following = (_number(properties.get(key)) for key in ("latestVersion", "nextVersion"))
    return latest, following or 1


def newest_first(entries: Iterable[Mapping[str, Any]]) -> list[int]:
    """The numbers of listed versions, the one that was created last first, and else as they came."""
    found = [(_created(one), _number(str(one.get("id", "")).rpartition("/")[2])) for one in entries]
    if all(created for created, _ in found):
        found.sort(key=lambda one: one[0] or _UNKNOWN, reverse=True)
    return list(dict.fromkeys(number for _, number in found if number is not None))


_UNKNOWN = datetime.min.replace(tzinfo=UTC)


def _created(entry: Mapping[str, Any]) -> datetime | None:
    noted = entry.get("systemData")
    try:
        created = datetime.fromisoformat(str(noted.get("createdAt"))) if isinstance(noted, dict) else None
    except ValueError:
        return None
    return created.replace(tzinfo=UTC) if created is not None and created.tzinfo is None else created


def _number(value: Any) -> int | None:
    """The number that a version is, written as we write it: `01` is another version than `1`."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") else None


def body_of(record: AssetRecord, path: str) -> dict[str, Any]:
    """A new version whose files lie at `path`, as azure-ai-ml sends it (recorded)."""
    metadata = prune_map(record.system_metadata)
    return {
        "description": record.description,
        "tags": dict(record.tags),
        "properties": dict(record.properties),
        "isAnonymous": False,
        "isArchived": False,
        "modelType": record.type,
        "modelUri": path,
        **({"system_metadata": metadata} if metadata else {}),
    }


def says_absent(error: Any, asset: AssetId) -> bool:
    """Whether a 404 says by itself that this version is not there: it gives a reason, and names no other asset.

    One that names another was recorded: the service had followed a reference of the version. An empty one, or a page,
    may be anybody's.
    """
    reason = read_reason(error.response.body())
    if reason is None:
        return False
    named = [found.rstrip(".,;:)").lower() for found in _ASSET.findall(reason.message)]
    return not named or str(asset).lower() in named


def require_unlisted(error: Any, asset: AssetId, listed: Collection[int] | None) -> None:
    """See that the list of versions, if there is one, lacks what a 404 that says nothing by itself is about.

    Raises:
        UnexpectedAnswer: it has it, or there is none.
    """
    if listed is not None and asset.version not in listed:
        return
    body = error.response.body()
    if reason := read_reason(body):
        raise UnexpectedAnswer(f"The answer about {asset} is about another asset: {reason}", hint=SHAPE_HINT) from error
    came = f"{name_kind(error.response.headers, body)}, with status 404"
    raise unexpected_answer(error.response.request.url, str(asset), came) from error


def require_no_page(error: Any, what: str) -> None:
    """Check that an HTTP error is the service's own or empty: a proxy's page says nothing about a registry.

    Raises:
        UnexpectedAnswer: it is a page, or other text.
    """
    body = error.response.body()
    if body.strip() and read_reason(body) is None:
        came = f"{name_kind(error.response.headers, body)}, with status {error.status_code}"
        raise unexpected_answer(error.response.request.url, what, came) from error


def version_of(found: Any, native: Mapping[str, Any], asset: AssetId, url: str) -> RegisteredAsset:
    """A version from what the front end says at a URL, and what it leaves out from the model registry API.

    Raises:
        UnexpectedAnswer: the front end says something else.
    """
    what = f"model {asset.name} version {asset.version}"
    held: Mapping[str, Any] = require_map(found, "properties", what, url)["properties"]
    metadata = held.get("system_metadata")
    if not isinstance(metadata, dict):
        metadata = native.get("systemMetadata")
    archived = held.get("isArchived")
    noted = found.get("systemData")
    times = noted if isinstance(noted, dict) else {}
    shown = metadata if isinstance(metadata, dict) else None
    return RegisteredAsset(
        id=asset,
        type=str(held.get("modelType") or "custom_model"),
        description=str(held.get("description") or ""),
        tags=_texts(held.get("tags")),
        properties=_texts(held.get("properties")),
        system_metadata=prune_map(shown or {}),
        path=_uri(held.get("modelUri"), what, url),
        archived=bool(archived if isinstance(archived, bool) else native.get("isArchived")),
        created_at=str(times.get("createdAt") or ""),
        created_by=str(times.get("createdBy") or ""),
        modified_at=str(times.get("lastModifiedAt") or ""),
        modified_by=str(times.get("lastModifiedBy") or ""),
        shown_keys=None if shown is None else _shown_keys(shown),
    )


def _uri(value: Any, what: str, url: str) -> str:
    """Where the files are; empty where the registry does not say it, which hides nothing else of the version.

    Raises:
        UnexpectedAnswer: it is no text.
    """
    if not isinstance(value, str | None):
        raise unexpected_answer(url, what, "JSON whose `modelUri` is no text")
    return value or ""


def _texts(values: Any) -> dict[str, str]:
    """Tags or properties; anything but a map counts as empty."""
    return (
        {str(key): str(value) for key, value in values.items() if value is not None} if isinstance(values, dict) else {}
    )


def _shown_keys(metadata: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """The keys of each map that comes whole: only one in which unset keys are null shows all that it could hold."""
    found: dict[str, frozenset[str]] = {}

    def look(values: Mapping[str, Any], path: str) -> None:
        if None in values.values():
            found[path] = frozenset(values)
        for key, value in values.items():
            if isinstance(value, dict):
                look(value, f"{path}.{key}" if path else key)

    look(metadata, "")
    return found
