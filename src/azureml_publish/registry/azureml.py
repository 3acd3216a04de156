"""Azure ML registries through azure-ai-ml, and through documented REST calls where it has no public method."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from azureml_publish.assets import (
    AssetId,
    AssetRecord,
    ContainerAccess,
    RegisteredAsset,
    RegistryState,
    Value,
)
from azureml_publish.errors import Conflict
from azureml_publish.registry.cloud import Cloud, find_cloud
from azureml_publish.registry.rest import pipeline, send, translated

if TYPE_CHECKING:
    from azure.core import PipelineClient
    from azure.core.credentials import TokenCredential

ARM_API = "2024-04-01"
"""Registry Model Containers and Registry Model Versions of Azure Resource Manager's stable API."""

DATAPLANE_API = "2021-10-01-dataplanepreview"
"""What azure-ai-ml itself sends to a registry's own endpoint; `datarefs` has no stable counterpart."""

MODEL_REGISTRY_API = "2025-04-01"
"""The model registry REST API, which alone hands back system metadata."""


class AzureRegistry:
    """One Azure ML registry (or the emulator, which speaks the same).

    azure-ai-ml reads the variables that name a cloud from the process, so `environ` must say the same as `os.environ`.
    """

    def __init__(self, name: str, credential: TokenCredential, environ: Mapping[str, str], user_agent: str) -> None:
        self._name = name
        self._credential = credential
        self._environ = environ
        self._user_agent = user_agent
        self._starting = threading.Lock()
        self._opened: Any = None

    @property
    def name(self) -> str:
        """The registry's name in asset URIs."""
        return self._name

    def state(self, model: str, version: int) -> RegistryState:
        """See `Registry.state`."""
        from azure.core.exceptions import ResourceNotFoundError

        with translated(self._name, f"model {model}"):
            try:
                container = self._arm("GET", f"models/{model}")["properties"]
            except ResourceNotFoundError:
                return RegistryState()
            latest = int(container["latestVersion"]) if container.get("latestVersion") else None
            following = int(container.get("nextVersion") or (latest or 0) + 1)
            return RegistryState(self._get(model, version), latest, following)

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

    def lend_container(self, model: str, version: int) -> ContainerAccess:
        """See `Registry.lend_container`."""
        with translated(self._name, f"an upload of {model} version {version}"):
            lent = self._arm(
                "POST",
                f"models/{model}/versions/{version}/startPendingUpload",
                {"pendingUploadType": "TemporaryBlobReference"},
            )["blobReferenceForConsumption"]
            return ContainerAccess(lent["blobUri"], lent["credential"]["sasUri"])

    def open_content(self, asset: RegisteredAsset) -> ContainerAccess:
        """See `Registry.open_content`."""
        with translated(self._name, f"the files of {asset.id.name} version {asset.id.version}"):
            lent = send(
                self._rest,
                "POST",
                f"{self._registry_url('mferp/managementfrontend')}/datarefs/{asset.id.name}/versions/{asset.id.version}",
                params={"api-version": DATAPLANE_API},
                body={"assetId": str(asset.id), "blobUri": asset.path},
            )["blobReferenceForConsumption"]
            sas_uri = str(lent["credential"]["sasUri"])
            return ContainerAccess(sas_uri.partition("?")[0], sas_uri)

    def create(self, record: AssetRecord, path: str) -> None:
        """See `Registry.create`."""
        from azure.ai.ml.entities import Model
        from azure.core.exceptions import ResourceNotFoundError

        with translated(self._name, f"model {record.name} version {record.version}"):
            # azure-ai-ml would take an existing version for one to update.
            if self._get(record.name, record.version) is not None:
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
                self._client.models.create_or_update(model)
            except ResourceNotFoundError as error:
                # azure-ai-ml reads the version after its write, and a registry may not show it for a while.
                if getattr(getattr(error.response, "request", None), "method", None) != "GET":
                    raise

    def update(self, registered: RegisteredAsset, record: AssetRecord, changed: Mapping[str, Value]) -> None:
        """See `Registry.update`."""
        with translated(self._name, f"model {record.name} version {record.version}"):
            model = self._client.models.get(record.name, version=str(record.version))
            tags, properties = dict(record.tags), dict(registered.properties) | dict(record.properties)
            if (model.description, dict(model.tags or {}), dict(model.properties or {})) != (
                record.description,
                tags,
                properties,
            ):
                model.description, model.tags, model.properties = record.description, tags, properties
                self._client.models.create_or_update(model)
                if registered.archived:  # azure-ai-ml always sends isArchived: false
                    self._patch(record, [{"op": "replace", "path": "/isArchived", "value": True}])
            self._update_metadata(record, changed)

    def set_archived(self, asset: AssetId, *, archived: bool) -> None:
        """See `Registry.set_archived`."""
        with translated(self._name, f"model {asset.name} version {asset.version}"):
            self._patch(asset, [{"op": "replace", "path": "/isArchived", "value": archived}])

    def _update_metadata(self, record: AssetRecord, changed: Mapping[str, Value]) -> None:
        if any(value is None for value in changed.values()):  # the API can replace a key, but not take one away
            url = f"{self._model_url(record.name, record.version)}/systemMetadata"
            send(self._rest, "PUT", url, params={"api-version": MODEL_REGISTRY_API}, body=dict(record.system_metadata))
        elif changed:
            self._patch(
                record,
                [{"op": "replace", "path": f"/systemMetadata/{key}", "value": value} for key, value in changed.items()],
            )

    def _patch(self, record: AssetRecord | AssetId, operations: list[dict[str, Any]]) -> None:
        send(
            self._rest,
            "PATCH",
            self._model_url(record.name, record.version),
            params={"api-version": MODEL_REGISTRY_API},
            body=operations,
            content_type="application/json-patch+json",
        )

    def _get(self, model: str, version: int) -> RegisteredAsset | None:
        from azure.core.exceptions import ResourceNotFoundError

        try:
            found = self._client.models.get(model, version=str(version))
            # Just after a create or a delete one of the two APIs may know the version and the other not.
            url = self._model_url(model, version)
            native = send(self._rest, "GET", url, params={"api-version": MODEL_REGISTRY_API}) or {}
        except ResourceNotFoundError:
            return None
        return RegisteredAsset(
            id=AssetId(self._name, model, version),
            type=str(found.type),
            description=found.description or "",
            tags=dict(found.tags or {}),
            properties=dict(found.properties or {}),
            system_metadata=dict(native.get("systemMetadata") or {}),
            path=str(found.path),
            archived=bool(native.get("isArchived")),
            **_system_data(found.creation_context),
        )

    def _arm(self, method: str, path: str, body: Any = None) -> Any:
        url = (
            f"{self._cloud.arm}/subscriptions/{self._client.subscription_id}/resourceGroups/"
            f"{self._client.resource_group_name}/providers/Microsoft.MachineLearningServices/registries/{self._name}"
        )
        return send(self._rest, method, f"{url}/{path}", params={"api-version": ARM_API}, body=body)

    def _model_url(self, model: str, version: int) -> str:
        return f"{self._registry_url('modelregistry/v1.0')}/models/{model}:{version}"

    def _registry_url(self, service: str) -> str:
        return (
            f"{self._base}/{service}/subscriptions/{self._client.subscription_id}/resourceGroups/"
            f"{self._client.resource_group_name}/providers/Microsoft.MachineLearningServices/registries/{self._name}"
        )

    @cached_property
    def _cloud(self) -> Cloud:
        return find_cloud(self._environ)

    @cached_property
    def _rest(self) -> PipelineClient[Any, Any]:
        return pipeline(self._credential, self._cloud.scope, self._user_agent)

    @cached_property
    def _base(self) -> str:
        """The registry's own endpoint, from discovery."""
        url = f"{self._cloud.discovery}/registrymanagement/v1.0/registries/{self._name}/discovery"
        with translated(self._name, "the registry"):
            found = send(self._rest, "GET", url, params={"api-version": "v1.0"})
        return str(found["primaryRegionResourceProviderUri"]).rstrip("/")

    @property
    def _client(self) -> Any:
        """azure-ai-ml's client, made once; it asks discovery for the registry as it starts."""
        with self._starting:
            if self._opened is None:
                from azure.ai.ml import MLClient

                # Translated here already: no such registry is something else than no such model in it.
                with translated(self._name, "the registry"):
                    self._opened = MLClient(
                        self._credential, registry_name=self._name, show_progress=False, enable_telemetry=False
                    )
            return self._opened


def _system_data(held: Any) -> dict[str, str]:
    """Who made a version and who changed it last, and when, as far as the registry tells."""
    found = {
        "created_at": getattr(held, "created_at", None),
        "created_by": getattr(held, "created_by", None),
        "modified_at": getattr(held, "last_modified_at", None),
        "modified_by": getattr(held, "last_modified_by", None),
    }
    return {key: value.isoformat() if isinstance(value, datetime) else str(value or "") for key, value in found.items()}
