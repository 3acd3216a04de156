"""Azure ML registries over REST: reading, updating and uploads; versions are created through azure-ai-ml.

azure-ai-ml could read and update too. Its `get` fetches the cloud's metadata each time, returns no system metadata
and drops fields that it does not know, so that a `create_or_update` of what it read loses them; it always sends
`isArchived: false`, which would bring an archived version back for as long as it takes to archive it again; and it
takes a second or two of a processor to import. The calls are those that it makes itself.

Two hosts answer (recorded in 2024, 2025 and 2026): the registry's front end, which alone is believed about what is
there, and the one of its region, with the model registry API and the long-running operations. That API is optional.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from azureml_publish.assets import (
    AssetId,
    AssetRecord,
    ContainerAccess,
    RegisteredAsset,
    RegistryState,
    Value,
    prune,
    prune_map,
)
from azureml_publish.errors import Conflict, NotAuthorised, NotFound, Overtaken, PublishError, Unreachable
from azureml_publish.registry.answers import (
    Place,
    access_of,
    body_of,
    container_numbers,
    newest_first,
    place_of,
    require_map,
    require_no_page,
    require_unlisted,
    says_absent,
    version_of,
)
from azureml_publish.registry.cloud import Cloud
from azureml_publish.registry.failures import is_tombstone, translated
from azureml_publish.registry.http import NO_SUCH_CALL, pages, pipeline, require_token_host, segment, send
from azureml_publish.registry.read_back import POLLING_INTERVAL
from azureml_publish.registry.sdk import Sdk
from azureml_publish.registry.write_guard import written_values

if TYPE_CHECKING:
    from azure.core import PipelineClient
    from azure.core.credentials import TokenCredential

ARM_API = "2024-04-01"
"""Registry Model Versions of Azure Resource Manager's stable API, the second choice for an upload: its quota is one for
all of a subscription, 25 requests a second
(https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling)."""

DATAPLANE_API = "2021-10-01-dataplanepreview"
"""What azure-ai-ml itself sends to a registry's front end; `tempdatarefs` and `datarefs` have no stable counterpart."""

RESEND_DELAYS = (0.0, 1.6, 3.2)
"""Seconds before a write whose outcome is not known is looked for, and sent again; as long as azure-core waits."""

UNKNOWN_OUTCOMES = frozenset({408, 500, 502, 503, 504})
"""Statuses after which a write may have been carried out."""

MODEL_REGISTRY_API = "2025-04-01"
"""The model registry REST API. One call of it was recorded (PATCH, April 2026); the others are documented."""


NEWEST_FIRST = {"$orderBy": "createdtime desc"}
"""As azure-ai-ml orders a list of versions (recorded)."""

ACTIVE = {"listViewType": "ActiveOnly"}
"""Lists without what is archived, where a registry heeds it; Azure's does not
(https://github.com/Azure/azure-sdk-for-python/issues/48675)."""


class AzureRegistry:
    """One Azure ML registry (or the emulator, which speaks the same)."""

    def __init__(
        self,
        name: str,
        credential: TokenCredential,
        cloud: Cloud,
        user_agent: str,
        sleep: Callable[[float], None] = time.sleep,
        *,
        dropped: frozenset[str] = frozenset(),
        deleted: Mapping[str, int] | None = None,
        polling: float = POLLING_INTERVAL,
        waits: Callable[[float, int | None], None] = lambda _seconds, _status: None,
    ) -> None:
        """Prepare to reach a registry, of which something may be known.

        `dropped` are keys of the system metadata that it does not hand back, `deleted` the highest number of each name
        that is known to be a deleted version's; `polling` is how many seconds azure-ai-ml waits between two looks;
        `waits` as in `pipeline`.
        """
        self._name = name
        self._credential = credential
        self._cloud = cloud
        self._user_agent = user_agent
        self._sleep = sleep
        self._waits = waits
        self._dropped = dropped
        self._starting = threading.Lock()
        self._found: Place | None = None
        self._sdk = Sdk(name, credential, cloud, polling)
        self._model_registry_answers = True
        self._deleted = dict(deleted or {})
        self._rest_of: dict[tuple[str, int], Mapping[str, Any]] = {}
        """What else the service returned of the versions that were read; an update sends it back unchanged."""

    @property
    def name(self) -> str:
        """The registry's name in asset URIs."""
        return self._name

    def state(self, model: str, version: int) -> RegistryState:
        """See `Registry.state`."""
        with translated(self._name, f"model {model}"):
            # Numbers first: a version that is registered in between is then there, not missing.
            latest, following = self._numbers(model)
            asset = self._get(model, version)  # it may say that the version was deleted
            return RegistryState.of(asset, latest, max(following, self._deleted.get(model, 0) + 1))

    def numbers(self, model: str, *, deleted: bool = True) -> tuple[int | None, int]:
        """See `Registry.numbers`."""
        with translated(self._name, f"model {model}"):
            return self._numbers(model, deleted=deleted)

    def find(self, model: str, version: int) -> RegisteredAsset | None:
        """See `Registry.find`."""
        with translated(self._name, f"model {model} version {version}"):
            return self._get(model, version)

    def models(self) -> tuple[str, ...]:
        """See `Registry.models`."""
        with translated(self._name, "the list of models"):
            return tuple(sorted({str(one["name"]) for one in self._list("models", ACTIVE) if one.get("name")}))

    def versions(self, model: str) -> tuple[int, ...]:
        """See `Registry.versions`."""
        with translated(self._name, f"the versions of {model}"):
            return tuple(self._known(model)[0])

    def start_upload(self, model: str, version: int) -> ContainerAccess:
        """See `Registry.start_upload`."""
        with translated(self._name, f"an upload of {model} version {version}"):
            body = {
                "assetId": str(AssetId(self._name, model, version)),
                "temporaryDataReferenceType": "TemporaryBlobReference",
            }
            try:
                with translated(self._name, f"an upload of {model} version {version}"):
                    answer = self._front("PUT", f"tempdatarefs/{segment(model)}/versions/{version}", body)
                    return access_of(answer, self._cloud.network, self._place.front)
            except (Conflict, NotAuthorised, Unreachable):
                raise
            except PublishError as refused:
                try:
                    return self._start_pending_upload(model, version)
                except NotFound:
                    raise refused from None

    def _start_pending_upload(self, model: str, version: int) -> ContainerAccess:
        """The documented call of Azure Resource Manager, whose answer nobody recorded."""
        url = f"{self._cloud.arm}{self._place.resource}/models/{segment(model)}/versions/{version}/startPendingUpload"
        with translated(self._name, f"an upload of {model} version {version}"):
            body = {"pendingUploadType": "TemporaryBlobReference"}
            answer = self._send("POST", url, ARM_API, body)
            return access_of(answer, self._cloud.network, url)

    def open_content(self, asset: RegisteredAsset) -> ContainerAccess:
        """See `Registry.open_content`."""
        if not asset.path:
            raise PublishError(
                f"The registry {self._name} does not say where the files of {asset.id.name} version "
                f"{asset.id.version} are.",
                hint="Its `modelUri` is empty; the tool that registered it may know more.",
            )
        with translated(self._name, f"the files of {asset.id.name} version {asset.id.version}"):
            body = {"assetId": str(asset.id), "blobUri": asset.path}
            answer = self._front("POST", f"datarefs/{segment(asset.id.name)}/versions/{asset.id.version}", body)
            access = access_of(answer, self._cloud.network, self._place.front)
            # The URI is the content's, not the container's, where the content lies in a folder.
            return replace(access, uri=access.sas_uri.partition("?")[0])

    def create(self, record: AssetRecord, path: str) -> None:
        """See `Registry.create`."""
        with translated(self._name, f"model {record.name} version {record.version}"):
            # azure-ai-ml would take an existing version for one to update.
            if self._look(record.name, record.version) is not None:
                raise Conflict(f"{record.name} version {record.version} was registered meanwhile.", hint="Plan again.")
            if not (self._place.fits_sdk and self._sdk.create(record, path)):
                self._put(None, record, body_of(record, path))

    def update(
        self, registered: RegisteredAsset, record: AssetRecord, changed: Mapping[str, Value], *, archived: bool
    ) -> None:
        """See `Registry.update`."""
        with translated(self._name, f"model {record.name} version {record.version}"):
            key = (record.name, record.version)
            if key not in self._rest_of and self._get(*key) is None:
                raise Overtaken(f"{record.name} version {record.version} is not there.", hint="Plan again.")
            body = {
                **self._rest_of[key],
                "description": record.description,
                "tags": dict(record.tags),
                "properties": {**registered.properties, **record.properties},
                "isArchived": archived,
            }
            # Whole, because a registry may replace it; and null for what goes, for one that takes it key by key.
            metadata = prune_map(record.system_metadata)
            gone = {name: None for name, value in changed.items() if name not in metadata and value is None}
            if metadata or gone or registered.shown_keys is not None:
                body["system_metadata"] = {**metadata, **gone}
            self._put(registered, record, body)

    def replace_metadata(self, record: AssetRecord) -> None:
        """See `Registry.replace_metadata`."""
        with translated(self._name, f"model {record.name} version {record.version}"):
            url = f"{self._model_url(record.name, record.version)}/systemMetadata"
            body = prune_map(record.system_metadata)
            self._send("PUT", url, MODEL_REGISTRY_API, body)

    def set_archived(self, asset: AssetId, *, archived: bool) -> None:
        """See `Registry.set_archived`."""
        with translated(self._name, f"model {asset.name} version {asset.version}"):
            body = [{"op": "replace", "path": "/isArchived", "value": archived}]
            self._send("PATCH", self._model_url(asset.name, asset.version), MODEL_REGISTRY_API, body)

    def _put(self, registered: RegisteredAsset | None, record: AssetRecord, body: Mapping[str, Any]) -> None:
        """Write a version, new or registered, and where the answer is lost look before sending it again.

        A registry would take it twice, and the second one might land on what another run wrote since.
        """
        from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError

        path = f"models/{segment(record.name)}/versions/{record.version}"
        for delay in (*RESEND_DELAYS, None):
            try:
                self._front("PUT", path, {"properties": body}, resend=False)
            except (HttpResponseError, ServiceRequestError, ServiceResponseError) as error:
                unknown = not isinstance(error, HttpResponseError) or error.status_code in UNKNOWN_OUTCOMES
                if delay is None or not unknown:
                    raise
                self._sleep(delay)
            else:
                return
            there = self._get(record.name, record.version)
            if there is not None and (registered is None or written_values(there) != written_values(registered)):
                return  # it was carried out, or another run wrote: reading back decides

    def _get(self, model: str, version: int) -> RegisteredAsset | None:
        found = self._look(model, version)
        if found is None:
            return None
        properties = found["properties"]
        shown = properties.get("system_metadata")
        native: Mapping[str, Any] = {}
        if not isinstance(shown, dict) or not isinstance(properties.get("isArchived"), bool):
            native = self._read_model_registry(model, version)
        self._rest_of[model, version] = {
            key: value
            for key, value in properties.items()
            if key not in _NOT_KEPT and (value == {} or prune(value) is not None)
        }
        held = version_of(found, native, AssetId(self._name, model, version), self._place.front)
        return replace(held, dropped=self._dropped) if self._dropped else held

    def _look(self, model: str, version: int) -> Any:
        """A version as the front end holds it; None where it is not there."""
        from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

        try:
            found = self._front("GET", f"models/{segment(model)}/versions/{version}")
        except HttpResponseError as error:
            if is_tombstone(error):
                self._deleted[model] = max(version, self._deleted.get(model, 0))
            elif not isinstance(error, ResourceNotFoundError):
                raise
            elif not says_absent(error, asset := AssetId(self._name, model, version)):
                require_unlisted(error, asset, self._versions(model))
            return None
        return require_map(found, "properties", f"model {model} version {version}", self._place.front)

    def _numbers(self, model: str, *, deleted: bool = True) -> tuple[int | None, int]:
        listed = None if deleted else self._versions(model)
        following = 1
        if not listed:
            listed, following = self._known(model)
        highest = max(*listed, self._deleted.get(model, 0), 0)
        return (listed[0] if listed else None), max(highest + 1, following)

    def _known(self, model: str) -> tuple[list[int], int]:
        """The versions of a name, the one that came last first, and a number that no version had: by all that is known.

        The list of versions says what is there, and a model's container may know deleted numbers as well; neither need
        be there, and either may lag behind. So a version that the container names counts where it is there.
        """
        listed = self._versions(model) or []
        latest, following = container_numbers(self._optional(f"models/{segment(model)}"))
        if latest is not None and latest not in listed:
            if self._look(model, latest) is not None:
                listed = [latest, *listed]
            following = max(following, latest + 1)
        return listed, following

    def _versions(self, model: str) -> list[int] | None:
        """The numbers of a name's versions, the one that came last first; None where there is no list.

        Versions that are not numbers are not ours.
        """
        if (entries := self._optional(f"models/{segment(model)}/versions", NEWEST_FIRST)) is None:
            return None
        return newest_first(entries)

    def _optional(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The answer of a call that a registry may lack, or None; a list where the call has parameters."""
        from azure.core.exceptions import HttpResponseError

        try:
            return self._front("GET", path) if params is None else self._list(path, params)
        except HttpResponseError as error:
            if error.status_code not in NO_SUCH_CALL:
                raise
            require_no_page(error, path)
            return None

    def _list(self, path: str, params: Mapping[str, str]) -> list[Mapping[str, Any]]:
        return list(pages(self._rest, self._front_url(path), {"api-version": DATAPLANE_API, **params}))

    def _read_model_registry(self, model: str, version: int) -> Mapping[str, Any]:
        """A version as the model registry API holds it; nothing where that does not answer, whatever the reason."""
        from azure.core.exceptions import AzureError, HttpResponseError

        if not self._model_registry_answers:
            return {}
        try:
            url = self._model_url(model, version)
            found = self._send("GET", url, MODEL_REGISTRY_API)
        except HttpResponseError as error:
            if error.status_code in UNKNOWN_OUTCOMES:
                self._model_registry_answers = False  # it was sent again several times by now
            return {}
        except (AzureError, PublishError):
            self._model_registry_answers = False  # one that cannot be reached is waited for once
            return {}
        return found if isinstance(found, dict) else {}

    def _front(self, method: str, path: str, body: Any = None, *, resend: bool = True) -> Any:
        return self._send(method, self._front_url(path), DATAPLANE_API, body, resend=resend)

    def _send(self, method: str, url: str, api: str, body: Any = None, *, resend: bool = True) -> Any:
        params = {"api-version": api}
        return send(self._rest, method, url, params=params, body=body, resend=resend, sleep=self._sleep)

    def _front_url(self, path: str) -> str:
        return f"{self._place.front}/mferp/managementfrontend{self._place.resource}/{path}"

    def _model_url(self, model: str, version: int) -> str:
        return f"{self._place.region}/modelregistry/v1.0{self._place.resource}/models/{segment(model)}:{version}"

    def close(self) -> None:
        """Close the connections that are idle."""
        if "_rest" in self.__dict__:
            self._rest.close()

    @cached_property
    def _rest(self) -> PipelineClient[Any, Any]:
        return pipeline(self._credential, self._cloud, self._user_agent, waits=self._waits)

    @property
    def _place(self) -> Place:
        """The registry's hosts, from discovery; requested once."""
        with self._starting:
            if self._found is None:
                url = f"{self._cloud.discovery}/registrymanagement/v1.0/registries/{segment(self._name)}/discovery"
                # Translated here already: no such registry is something else than no such model in it.
                with translated(self._name, "the registry"):
                    found = self._send("GET", url, "v1.0")
                place = place_of(found, self._name, url)
                for host in (place.front, place.region):
                    require_token_host(self._cloud, host)
                self._found = place
            return self._found


_NOT_KEPT = frozenset({"description", "tags", "properties", "system_metadata", "isArchived", "provisioningState"})
"""What an update says anew, or the service alone."""
