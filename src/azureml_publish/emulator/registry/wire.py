"""Registry records in the JSON of the services: what was recorded of it, key for key, null for null."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from azureml_publish.emulator.addresses import Addresses
from azureml_publish.emulator.quirks import Quirks
from azureml_publish.emulator.registry.metadata import shown_metadata, with_nested_nulls
from azureml_publish.emulator.registry.models import own_blob
from azureml_publish.emulator.registry.records import Container, Record

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
RESOURCE_GROUP = "emulator"
REGION = "local"
_FORMATS = {"custom_model": "CUSTOM", "mlflow_model": "MLFLOW", "triton_model": "TRITON", "presets_model": "PRESETS"}
_CREATION_SECONDS = 0.7
"""How long before its creation a new version was modified, by the service's own account."""
_NO_DATE = "0001-01-01T00:00:00+00:00"


def timestamp(seconds: float) -> str:
    """A time since the epoch as the service writes it: up to seven digits of a second, without zeros at the end."""
    whole, ticks = divmod(round(seconds * 10**7), 10**7)
    fraction = f".{ticks:07}".rstrip("0").rstrip(".")
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}{fraction}+00:00"


def _system_data(created: float, modified: float) -> dict[str, str]:
    return {
        "createdAt": timestamp(created),
        "createdBy": "emulator",
        "createdByType": "User",
        "lastModifiedAt": timestamp(modified - _CREATION_SECONDS if modified == created else modified),
        "lastModifiedBy": "emulator",
        "lastModifiedByType": "User",
    }


def model_uri(record: Record, addresses: Addresses, *, second: bool = False) -> str:
    """Where the content can be reached now; `second` names the other of the two accounts."""
    own = own_blob(record.fields.model_uri)
    return addresses.model_uri(*own, second=second) if own is not None else record.fields.model_uri


def render_version(record: Record, addresses: Addresses, quirks: Quirks, *, second: bool = False) -> dict[str, Any]:
    """A version for the management front end.

    `flavors` is always there because azure-ai-ml 1.35.2 fails on a version without it.
    """
    fields = record.fields
    properties = {
        "description": fields.description,
        "tags": dict(fields.tags),
        "properties": dict(fields.properties),
        "isArchived": record.archived,
        "isAnonymous": fields.is_anonymous,
        "flavors": dict(fields.flavors),
        "modelType": fields.model_type,
        "modelUri": model_uri(record, addresses, second=second),
        "originAssetId": None,
        "jobName": fields.job_name,
        "intellectualProperty": None,
        "defaultDeploymentTemplate": {"assetId": None},
        "allowedDeploymentTemplates": [],
        **fields.extra,
    }
    if quirks.front_metadata:
        shown = shown_metadata(fields.system_metadata, closed=quirks.closed_metadata)
        properties["system_metadata"] = with_nested_nulls(shown) if quirks.nested_nulls else shown
    return {
        "id": record.asset_id,
        "name": record.name,
        "type": "models",
        "properties": properties,
        "systemData": _system_data(record.created, record.modified),
    }


def render_version_entry(record: Record, addresses: Addresses, quirks: Quirks, now: float) -> dict[str, Any]:
    """A version in a list: without system metadata and templates, and modified at the time of the request."""
    shown = render_version(record, addresses, quirks)
    properties = {key: value for key, value in shown["properties"].items() if key != "system_metadata"}
    properties |= {"defaultDeploymentTemplate": {"assetId": None}, "allowedDeploymentTemplates": None}
    return {**shown, "properties": properties, "systemData": _system_data(record.created, now)}


def render_container(container: Container) -> dict[str, Any]:
    """All versions of a name for the management front end. Recorded of data only, not of models."""
    system_data = _system_data(container.created, container.modified)
    return {
        "id": f"azureml://registries/{container.registry}/models/{container.name}",
        "name": container.name,
        "type": "models",
        "properties": {
            "description": container.fields.get("description"),
            "tags": container.fields.get("tags"),
            "properties": container.fields.get("properties"),
            "isArchived": container.archived,
            "latestVersion": container.latest,
            "nextVersion": container.next_version,
        },
        "systemData": {key: value for key, value in system_data.items() if not key.startswith("lastModifiedBy")},
    }


def render_container_entry(container: Container, quirks: Quirks) -> dict[str, Any]:
    """A name in a list of names."""
    shown = render_container(container)
    if not quirks.bare_name_lists:
        return shown
    properties = {**shown["properties"], "description": "", "tags": {}, "properties": {}}
    return {**shown, "properties": properties, "systemData": {**shown["systemData"], "lastModifiedAt": _NO_DATE}}


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


def render_blob_reference(
    addresses: Addresses, container: str, path: str, sas: str, *, second: bool = False
) -> dict[str, Any]:
    """Access to a container, for an upload or a download.

    Args:
        container: The container that the signature is for.
        path: The content inside it, empty for the container.
        sas: The signature, a query string.
        second: Name the other of the two accounts.
    """
    url = addresses.container(container, second=second)
    account = (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{RESOURCE_GROUP}"
        f"/providers/Microsoft.Storage/storageAccounts/emulator{2 if second else ''}"
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


def render_discovery(name: str, addresses: Addresses, quirks: Quirks) -> dict[str, Any]:
    """Where a registry is: its front end, and the host of the other services in its region."""
    return {
        "registryId": SUBSCRIPTION,
        "registryName": name,
        "tenantId": SUBSCRIPTION,
        "primaryRegion": REGION,
        "regions": [REGION],
        "subscriptionId": SUBSCRIPTION,
        "resourceGroup": RESOURCE_GROUP,
        "workspaceName": None,
        "primaryRegionResourceProviderUri": f"{addresses.https}/",
        "registryFqdns": {REGION: {"uri": addresses.region if quirks.two_hosts else addresses.https}},
        "intellectualPropertyPublisher": None,
        "isTradeRestricted": False,
    }
