"""Registry records and errors in the JSON of Azure Resource Manager."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response
from starlette.types import Scope

from azureml_publish.emulator.addresses import Addresses
from azureml_publish.emulator.registry.models import own_blob
from azureml_publish.emulator.registry.records import Container, Record
from azureml_publish.emulator.routing import Json, status_and_code

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
RESOURCE_GROUP = "emulator"
REGION = "local"
_FORMATS = {"custom_model": "CUSTOM", "mlflow_model": "MLFLOW", "triton_model": "TRITON", "presets_model": "PRESETS"}


def render_error(error: Exception, scope: Scope) -> Response:
    """Any failure as an ARM error envelope."""
    status, code, message, headers = status_and_code(error)
    del scope
    return Json({"error": {"code": code, "message": message}}, status, headers)


def timestamp(seconds: float) -> str:
    """A time since the epoch in RFC 3339 with microseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def _system_data(created: float, modified: float) -> dict[str, str]:
    return {
        "createdAt": timestamp(created),
        "createdBy": "emulator",
        "createdByType": "User",
        "lastModifiedAt": timestamp(modified),
        "lastModifiedBy": "emulator",
        "lastModifiedByType": "User",
    }


def model_uri(record: Record, addresses: Addresses) -> str:
    """Where the content can be reached now."""
    own = own_blob(record.fields.model_uri)
    return addresses.model_uri(*own) if own is not None else record.fields.model_uri


def render_version(record: Record, addresses: Addresses) -> dict[str, Any]:
    """A version for the management front end.

    `flavors` is always there because azure-ai-ml 1.35.2 fails on a version without it. System metadata is not: this API
    takes it but does not hand it back.
    """
    fields = record.fields
    return {
        "id": record.asset_id,
        "name": record.version,
        "type": "Microsoft.MachineLearningServices/registries/models/versions",
        "properties": {
            **fields.extra,
            "description": fields.description,
            "tags": dict(fields.tags),
            "properties": dict(fields.properties),
            "isArchived": record.archived,
            "isAnonymous": fields.is_anonymous,
            "flavors": dict(fields.flavors),
            "modelType": fields.model_type,
            "modelUri": model_uri(record, addresses),
            "stage": fields.stage,
            "jobName": fields.job_name,
            "provisioningState": "Succeeded",
        },
        "systemData": _system_data(record.created, record.modified),
    }


def render_container(container: Container) -> dict[str, Any]:
    """All versions of a name for the management front end."""
    return {
        "id": f"azureml://registries/{container.registry}/models/{container.name}",
        "name": container.name,
        "type": "Microsoft.MachineLearningServices/registries/models",
        "properties": {
            "description": container.fields.get("description"),
            "tags": container.fields.get("tags") or {},
            "properties": container.fields.get("properties") or {},
            "isArchived": container.archived,
            "latestVersion": container.latest,
            "nextVersion": container.next_version,
            "provisioningState": "Succeeded",
        },
        "systemData": _system_data(container.created, container.modified),
    }


def render_model(record: Record, addresses: Addresses) -> dict[str, Any]:
    """A version for the model registry API, with its system metadata in native types."""
    fields = record.fields
    return {
        "id": f"{record.name}:{record.version}",
        "assetId": record.asset_id,
        "name": record.name,
        "version": record.version,
        "description": fields.description,
        "kvTags": dict(fields.tags),
        "properties": dict(fields.properties),
        "systemMetadata": dict(fields.system_metadata),
        "isArchived": record.archived,
        "isAnonymous": fields.is_anonymous,
        "isRegistered": True,
        "modelFormat": _FORMATS[fields.model_type],
        "modelType": fields.model_type,
        "flavors": dict(fields.flavors),
        "stage": fields.stage,
        "url": model_uri(record, addresses),
        "createdTime": timestamp(record.created),
        "modifiedTime": timestamp(record.modified),
    }


def render_blob_reference(addresses: Addresses, container: str, path: str, sas: str) -> dict[str, Any]:
    """Access to a container, for an upload or a download.

    Args:
        addresses: Where the emulator is.
        container: The container that the signature is for.
        path: The content inside it, empty for the container.
        sas: The signature, a query string.
    """
    url = addresses.container(container)
    account = (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{RESOURCE_GROUP}"
        "/providers/Microsoft.Storage/storageAccounts/emulator"
    )
    return {
        "blobUri": f"{url}/{path}" if path else url,
        "storageAccountArmId": account,
        "credential": {"credentialType": "SAS", "sasUri": f"{url}?{sas}"},
    }


def render_cloud(cloud: str, addresses: Addresses) -> list[Mapping[str, Any]]:
    """The metadata document: one cloud, whose resource manager is the control plane.

    `portal` is made up, but needs its dots: azure-ai-ml derives a domain from what follows the second.
    """
    return [
        {
            "name": cloud,
            "portal": "https://portal.azureml-publish.emulator.invalid",
            "resourceManager": addresses.https,
            "authentication": {
                "loginEndpoint": "https://login.azureml-publish.emulator.invalid",
                "audiences": [addresses.https],
                "tenant": "common",
                "identityProvider": "AAD",
            },
            "suffixes": {"storage": "azureml-publish.emulator.invalid"},
        }
    ]
