"""Azure ML registries: versions are created and listed through azure-ai-ml; REST does what it has no public method for.

Reading and updating a version are REST too, though azure-ai-ml has methods for both. Its `get` asks for the cloud's
metadata each time, hands no system metadata back and drops fields that it does not know, so that a `create_or_update`
of what it read loses them; and it always sends `isArchived: false`, which would bring an archived version back for as
long as it takes to archive it again. The calls are those that it makes itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from azureml_publish.assets import (
    AssetId,
    AssetRecord,
    ContainerAccess,
    RegisteredAsset,
    RegistryState,
    Value,
)
from azureml_publish.errors import Conflict, Overtaken
from azureml_publish.registry.cloud import CLOUDS, PUBLIC, Cloud, process_environment
from azureml_publish.registry.http import CONNECTIONS, pipeline, send, translated

if TYPE_CHECKING:
    from azure.core import PipelineClient
    from azure.core.credentials import TokenCredential

ARM_API = "2024-04-01"
"""Registry Model Versions of Azure Resource Manager's stable API, for an upload. Its quota is one for all of a
subscription, 25 requests a second (https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling),
so that everything else goes to the registry's own endpoint."""

DATAPLANE_API = "2021-10-01-dataplanepreview"
"""What azure-ai-ml itself sends to a registry's own endpoint; `datarefs` has no stable counterpart."""

RESEND_DELAYS = (0.0, 1.6, 3.2)
"""Seconds before a write whose outcome is not known is looked for, and sent again; as long as azure-core waits."""

UNKNOWN_OUTCOMES = frozenset({408, 500, 502, 503, 504})
"""Statuses after which a write may have been carried out."""

MODEL_REGISTRY_API = "2025-04-01"
"""The model registry REST API, which alone hands back system metadata."""


class AzureRegistry:
    """One Azure ML registry (or the emulator, which speaks the same)."""

    def __init__(self, name: str, credential: TokenCredential, cloud: Cloud, user_agent: str) -> None:
        self._name = name
        self._credential = credential
        self._cloud = cloud
        self._user_agent = user_agent
        self._starting = threading.Lock()
        self._sdk: Any = None
        self._found: _Place | None = None
        self._rest_of: dict[tuple[str, int], Mapping[str, Any]] = {}
        """What else the service said of the versions that were read; it goes back with an update as it came."""

    @property
    def name(self) -> str:
        """The registry's name in asset URIs."""
        return self._name

    def state(self, model: str, version: int) -> RegistryState:
        """See `Registry.state`."""
        with translated(self._name, f"model {model}"):
            numbers = self._numbers(model)
            return RegistryState() if numbers is None else RegistryState(self._get(model, version), *numbers)

    def numbers(self, model: str) -> tuple[int | None, int]:
        """See `Registry.numbers`."""
        with translated(self._name, f"model {model}"):
            return self._numbers(model) or (None, 1)

    def find(self, model: str, version: int) -> RegisteredAsset | None:
        """See `Registry.find`."""
        with translated(self._name, f"model {model} version {version}"):
            return self._get(model, version)

    def models(self) -> tuple[str, ...]:
        """See `Registry.models`."""
        with translated(self._name, "the list of models"):
            return tuple(sorted(str(model.name) for model in self._client.models.list()))

    def versions(self, model: str) -> tuple[int, ...]:
        """See `Registry.versions`."""
        from azure.core.exceptions import ResourceNotFoundError

        with translated(self._name, f"the versions of {model}"):
            try:
                numbers = [int(found.version) for found in self._client.models.list(name=model)]
            except ResourceNotFoundError:
                return ()
            return tuple(sorted(numbers, reverse=True))

    def start_upload(self, model: str, version: int) -> ContainerAccess:
        """See `Registry.start_upload`."""
        with translated(self._name, f"an upload of {model} version {version}"):
            place = self._place
            lent = send(
                self._rest,
                "POST",
                f"{self._cloud.arm}{place.resource}/models/{model}/versions/{version}/startPendingUpload",
                params={"api-version": ARM_API},
                body={"pendingUploadType": "TemporaryBlobReference"},
            )["blobReferenceForConsumption"]
            return ContainerAccess(lent["blobUri"], lent["credential"]["sasUri"], self._cloud.network)

    def open_content(self, asset: RegisteredAsset) -> ContainerAccess:
        """See `Registry.open_content`."""
        with translated(self._name, f"the files of {asset.id.name} version {asset.id.version}"):
            body = {"assetId": str(asset.id), "blobUri": asset.path}
            where = f"datarefs/{asset.id.name}/versions/{asset.id.version}"
            lent = self._front("POST", where, body)["blobReferenceForConsumption"]
            sas_uri = str(lent["credential"]["sasUri"])
            return ContainerAccess(sas_uri.partition("?")[0], sas_uri, self._cloud.network)

    def create(self, record: AssetRecord, path: str) -> None:
        """See `Registry.create`."""
        from azure.core.exceptions import ResourceNotFoundError

        with translated(self._name, f"model {record.name} version {record.version}"):
            client = self._client
            from azure.ai.ml.entities import Model

            # azure-ai-ml would take an existing version for one to update.
            if self._look(f"models/{record.name}/versions/{record.version}") is not None:
                raise Conflict(f"{record.name} version {record.version} was registered meanwhile.", hint="Plan again.")
            model = Model(
                name=record.name,
                version=str(record.version),
                type=record.type,
                path=path,
                description=record.description,
                tags=dict(record.tags),
                properties=dict(record.properties),
                system_metadata=dict(record.system_metadata) or None,
            )
            try:
                client.models.create_or_update(model)
            except ResourceNotFoundError as error:
                # azure-ai-ml reads the version after its write, and a registry may not show it for a while.
                if getattr(getattr(error.response, "request", None), "method", None) != "GET":
                    raise

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
            if changed:
                # Whole, and null for what goes: right for a registry that replaces it, and for one that merges it.
                gone = {name: None for name, value in changed.items() if value is None}
                body["system_metadata"] = {**record.system_metadata, **gone}
            self._put(registered, record, body)

    def replace_metadata(self, record: AssetRecord) -> None:
        """See `Registry.replace_metadata`."""
        with translated(self._name, f"model {record.name} version {record.version}"):
            url = f"{self._model_url(record.name, record.version)}/systemMetadata"
            send(self._rest, "PUT", url, params={"api-version": MODEL_REGISTRY_API}, body=dict(record.system_metadata))

    def set_archived(self, asset: AssetId, *, archived: bool) -> None:
        """See `Registry.set_archived`."""
        with translated(self._name, f"model {asset.name} version {asset.version}"):
            send(
                self._rest,
                "PATCH",
                self._model_url(asset.name, asset.version),
                params={"api-version": MODEL_REGISTRY_API},
                body=[{"op": "replace", "path": "/isArchived", "value": archived}],
                content_type="application/json-patch+json",
            )

    def _put(self, registered: RegisteredAsset, record: AssetRecord, body: Mapping[str, Any]) -> None:
        """Write a version, and where the answer is lost look before sending it again.

        A registry would take it twice, and the second one might land on what another run wrote since.
        """
        from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError

        new = record.properties.items() - registered.properties.items()
        for delay in (*RESEND_DELAYS, None):
            try:
                path = f"models/{record.name}/versions/{record.version}"
                self._front("PUT", path, {"properties": body}, resend=False)
            except (HttpResponseError, ServiceRequestError, ServiceResponseError) as error:
                unknown = not isinstance(error, HttpResponseError) or error.status_code in UNKNOWN_OUTCOMES
                if delay is None or not unknown:
                    raise
                time.sleep(delay)
            else:
                return
            there = self._get(record.name, record.version)
            if new and there is not None and new <= there.properties.items():
                return

    def _get(self, model: str, version: int) -> RegisteredAsset | None:
        found = self._look(f"models/{model}/versions/{version}")
        if found is None:
            return None
        # Just after a create or a delete one of the two APIs may know the version and the other not.
        native = self._look_natively(model, version)
        if native is None:
            return None
        held = found["properties"]
        self._rest_of[model, version] = {key: value for key, value in held.items() if key not in _NOT_KEPT}
        noted = found.get("systemData") or {}
        return RegisteredAsset(
            id=AssetId(self._name, model, version),
            type=str(held.get("modelType")),
            description=held.get("description") or "",
            tags=dict(held.get("tags") or {}),
            properties=dict(held.get("properties") or {}),
            system_metadata=dict(native.get("systemMetadata") or {}),
            path=str(held.get("modelUri")),
            archived=bool(native.get("isArchived")),
            created_at=str(noted.get("createdAt") or ""),
            created_by=str(noted.get("createdBy") or ""),
            modified_at=str(noted.get("lastModifiedAt") or ""),
            modified_by=str(noted.get("lastModifiedBy") or ""),
        )

    def _numbers(self, model: str) -> tuple[int | None, int] | None:
        container = self._look(f"models/{model}")
        if container is None:
            return None
        said = container["properties"]
        latest = int(said["latestVersion"]) if said.get("latestVersion") else None
        return latest, int(said.get("nextVersion") or (latest or 0) + 1)

    def _look(self, path: str) -> Any:
        """What the registry's own endpoint holds at a path; None where there is nothing."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            return self._front("GET", path)
        except ResourceNotFoundError:
            return None

    def _look_natively(self, model: str, version: int) -> Any:
        """A version as the model registry API holds it; None where there is none."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            url = self._model_url(model, version)
            return send(self._rest, "GET", url, params={"api-version": MODEL_REGISTRY_API}) or {}
        except ResourceNotFoundError:
            return None

    def _front(self, method: str, path: str, body: Any = None, *, resend: bool = True) -> Any:
        place = self._place
        url = f"{place.base}/mferp/managementfrontend{place.resource}/{path}"
        return send(self._rest, method, url, params={"api-version": DATAPLANE_API}, body=body, resend=resend)

    def _model_url(self, model: str, version: int) -> str:
        return f"{self._place.base}/modelregistry/v1.0{self._place.resource}/models/{model}:{version}"

    @cached_property
    def _rest(self) -> PipelineClient[Any, Any]:
        return pipeline(self._credential, self._cloud, self._user_agent)

    @property
    def _place(self) -> _Place:
        """Where the registry is, from discovery; asked once."""
        with self._starting:
            if self._found is None:
                url = f"{self._cloud.discovery}/registrymanagement/v1.0/registries/{self._name}/discovery"
                # Translated here already: no such registry is something else than no such model in it.
                with translated(self._name, "the registry"):
                    found = send(self._rest, "GET", url, params={"api-version": "v1.0"})
                self._found = _Place(
                    str(found["primaryRegionResourceProviderUri"]).rstrip("/"),
                    f"/subscriptions/{found['subscriptionId']}/resourceGroups/{found['resourceGroup']}"
                    f"/providers/Microsoft.MachineLearningServices/registries/{self._name}",
                )
            return self._found

    @property
    def _client(self) -> Any:
        """azure-ai-ml's client, made once; it asks discovery for the registry as it starts."""
        with self._starting:
            if self._sdk is None:
                with process_environment(CLOUDS[PUBLIC]):  # it looks for a cloud as it is imported; this one it knows
                    from azure.ai.ml import MLClient

                # What is beyond its own parameters it hands on to azure-core's clients, whose transport this is.
                direct = self._cloud.network.direct
                way = {"transport": self._cloud.network.transport(self._cloud.arm, CONNECTIONS)} if direct else {}
                with translated(self._name, "the registry"), process_environment(self._cloud):
                    self._sdk = MLClient(
                        self._credential, registry_name=self._name, show_progress=False, enable_telemetry=False, **way
                    )
            return self._sdk


class _Place(NamedTuple):
    """A registry's own endpoint, without a final slash, and its resource id."""

    base: str
    resource: str


_NOT_KEPT = frozenset({"description", "tags", "properties", "provisioningState"})
"""What an update says anew, or the service alone."""
