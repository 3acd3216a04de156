"""The control plane: cloud metadata, discovery, the management front end and the calls of Azure Resource Manager."""

import json
import re
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from azureml_publish.emulator.addresses import Addresses, blob_reference
from azureml_publish.emulator.blobs.sas import Signer
from azureml_publish.emulator.quirks import Switches
from azureml_publish.emulator.registry import wire
from azureml_publish.emulator.registry.model_registry_api import dataplane_routes
from azureml_publish.emulator.registry.models import ModelStore, own_blob
from azureml_publish.emulator.registry.paging import newest_first, paged, view_of
from azureml_publish.emulator.registry.records import REGISTRY_NAME, read_submission, refused
from azureml_publish.emulator.routing import Handler, Json, Methods, RefusedError, not_served

_FRONT_END = "/mferp/managementfrontend"
_REGISTRY = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices"
    "/registries/{registry}"
)
_ASSET_ID = re.compile(r"azureml://registries/([^/]+)/models/([^/]+)/versions/([^/]+)")
_UPLOAD_SECONDS = 24 * 3600.0
_DOWNLOAD_SECONDS = 3600.0
_POLL_MILLISECONDS = "50"
"""Sent as `x-ms-retry-after-ms`: without it azure-core waits 30 s between two polls."""


async def body_of(request: Request) -> Any:
    """The JSON body of a request; 400 if it is none."""
    try:
        return json.loads(await request.body())
    except ValueError as error:
        raise refused(f"The body is not JSON: {error}") from error


def registry_of(request: Request) -> str:
    """The registry that a path names; 404 for a name that no registry can have. Every other name is one."""
    name = str(request.path_params["registry"])
    if not REGISTRY_NAME.fullmatch(name):
        raise refused(f"There is no registry {name!r}.", status=404, code="RegistryNotFound")
    return name


def authorised(handler: Handler) -> Handler:
    """Require a bearer token. Any but `denied` will do: the emulator knows no identities."""

    async def checked(request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise RefusedError(
                401,
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing or has no bearer token.",
                {"WWW-Authenticate": 'Bearer realm="emulator"'},
            )
        if token.strip() == "denied":
            raise RefusedError(403, "AuthorizationFailed", "The token does not allow this action.")
        return await handler(request)

    return checked


def registry_service(models: ModelStore, signer: Signer, addresses: Addresses, quirks: Switches, cloud: str) -> ASGIApp:
    """The application of the HTTPS port."""

    async def metadata(_request: Request) -> Response:
        return Json(wire.render_cloud(cloud, addresses))

    async def discovery(request: Request) -> Response:
        name = registry_of(request)
        return Json(
            {
                "registryName": name,
                "primaryRegion": wire.REGION,
                "regions": [wire.REGION],
                "primaryRegionResourceProviderUri": f"{addresses.https}/",
                "subscriptionId": wire.SUBSCRIPTION,
                "resourceGroup": wire.RESOURCE_GROUP,
                "workspaceName": None,
                "tenantId": "00000000-0000-0000-0000-000000000000",
                "registryFqdns": {wire.REGION: {"uri": addresses.https}},
            }
        )

    front = _FrontEnd(models, signer, addresses, quirks)
    pending = Methods(POST=authorised(front.start_pending_upload))
    base = f"{_FRONT_END}{_REGISTRY}"
    version = "/models/{name}/versions/{version}"
    routes = [
        Route("/metadata/endpoints", Methods(GET=metadata)),
        Route("/registrymanagement/v1.0/registries/{registry}/discovery", Methods(GET=authorised(discovery))),
        Route(f"{base}/models", Methods(GET=authorised(front.list_containers))),
        Route(
            f"{base}/models/{{name}}",
            Methods(GET=authorised(front.get_container), PUT=authorised(front.put_container)),
        ),
        Route(f"{base}/models/{{name}}/versions", Methods(GET=authorised(front.list_versions))),
        Route(f"{base}{version}", Methods(GET=authorised(front.get_version), PUT=authorised(front.put_version))),
        Route(
            f"{base}/tempdatarefs/{{name}}/versions/{{version}}",
            Methods(PUT=authorised(front.temporary_reference)),
        ),
        Route(f"{base}/datarefs/{{name}}/versions/{{version}}", Methods(POST=authorised(front.data_reference))),
        Route(f"{base}/import", Methods(POST=authorised(front.start_import))),
        Route(f"{base}/operations/{{operation}}", Methods(GET=authorised(front.operation_status))),
        Route(f"{base}/operationresults/{{operation}}", Methods(GET=authorised(front.operation_result))),
        # These two azure-mgmt-machinelearningservices makes on the resource manager, which is the same host here.
        Route(f"{_REGISTRY}/models/{{name}}", Methods(GET=authorised(front.get_container))),
        Route(f"{_REGISTRY}{version}/startPendingUpload", pending),
        Route(f"{_REGISTRY}/providers/Microsoft.Authorization/permissions", Methods(GET=authorised(permissions))),
        Route(f"{base}{version}/startPendingUpload", pending),
        *dataplane_routes(models, addresses, quirks, authorised=authorised, registry_of=registry_of, body_of=body_of),
    ]
    return Router(routes=routes, default=not_served, redirect_slashes=False)


async def permissions(request: Request) -> Response:
    """What the caller may do: all that the role AzureML Registry User allows; with the token `reader`, only to read."""
    registry_of(request)
    token = request.headers["authorization"].partition(" ")[2].strip()
    last = "read" if token == "reader" else "*"  # noqa: S105 - a made-up name of the emulator, no secret
    actions = [f"Microsoft.MachineLearningServices/registries/{what}" for what in ("read", f"assets/{last}")]
    return Json({"value": [{"actions": actions, "notActions": []}]})


class _FrontEnd:
    """The handlers of the management front end."""

    def __init__(self, models: ModelStore, signer: Signer, addresses: Addresses, quirks: Switches) -> None:
        self._models = models
        self._signer = signer
        self._addresses = addresses
        self._quirks = quirks

    def _sas(self, container: str, permissions: str, seconds: float) -> str:
        quirks = self._quirks.now
        seconds = seconds if quirks.sas_seconds is None else quirks.sas_seconds
        return self._signer.container_sas(container, permissions, seconds, quirks.sas_requests)

    @staticmethod
    def _identity(request: Request) -> tuple[str, str, str]:
        return registry_of(request), request.path_params["name"], request.path_params["version"]

    # Versions and containers

    async def get_version(self, request: Request) -> Response:
        record = self._models.show(*self._identity(request))
        return Json(wire.render_version(record, self._addresses))

    async def put_version(self, request: Request) -> Response:
        sent = read_submission(await body_of(request))
        quirks = self._quirks.now
        if quirks.ignore_archive:
            sent = replace(sent, archived=None)
        record, created, operation = self._models.put(*self._identity(request), sent, polls=quirks.put_polls)
        if operation is not None:
            return Response(status_code=202, headers=self._polling(request, operation))
        return Json(wire.render_version(record, self._addresses), 201 if created else 200)

    async def list_versions(self, request: Request) -> Response:
        registry, name, quirks = registry_of(request), request.path_params["name"], self._quirks.now
        view = view_of(request, quirks)
        newest = newest_first(request)
        return paged(
            request,
            self._addresses,
            quirks,
            lambda offset, limit: self._models.versions(
                registry, name, view, newest_first=newest, offset=offset, limit=limit
            ),
            lambda record: wire.render_version(record, self._addresses),
        )

    async def get_container(self, request: Request) -> Response:
        container = self._models.container(registry_of(request), request.path_params["name"])
        return Json(wire.render_container(container))

    async def put_container(self, request: Request) -> Response:
        body = await body_of(request)
        properties = body.get("properties") if isinstance(body, dict) else None
        if not isinstance(properties, dict):
            raise refused("The body is an object with 'properties'.")
        archived = properties.get("isArchived")
        if archived is not None and not isinstance(archived, bool):
            raise refused("isArchived is true or false.")
        if self._quirks.now.ignore_archive:
            archived = None
        fields = {key: properties[key] for key in ("description", "tags", "properties") if properties.get(key)}
        container = self._models.put_container(
            registry_of(request), request.path_params["name"], fields, archived=archived
        )
        return Json(wire.render_container(container))

    async def list_containers(self, request: Request) -> Response:
        registry, quirks = registry_of(request), self._quirks.now
        view = view_of(request, quirks)
        return paged(
            request,
            self._addresses,
            quirks,
            lambda offset, limit: self._models.containers(registry, view, offset=offset, limit=limit),
            wire.render_container,
        )

    # Content

    def _upload_reference(self, identity: tuple[str, str, str]) -> dict[str, Any]:
        container = self._models.upload_container(*identity)
        sas = self._sas(container, "racwl", _UPLOAD_SECONDS)
        return wire.render_blob_reference(self._addresses, container, "", sas)

    async def temporary_reference(self, request: Request) -> Response:
        identity = self._identity(request)
        body = await body_of(request)
        expected = "azureml://registries/{}/models/{}/versions/{}".format(*identity)
        if not isinstance(body, dict) or body.get("assetId") != expected:
            raise refused(f"assetId is {expected}.")
        return Json({"blobReferenceForConsumption": self._upload_reference(identity)})

    async def start_pending_upload(self, request: Request) -> Response:
        identity = self._identity(request)
        kind = "TemporaryBlobReference"
        body = await body_of(request)
        if not isinstance(body, dict) or body.get("pendingUploadType", kind) != kind:
            raise refused(f"pendingUploadType is {kind}.")
        reference = self._upload_reference(identity)
        identifier = body.get("pendingUploadId") or blob_reference(reference["blobUri"])
        if isinstance(identifier, tuple):
            identifier = identifier[0].removeprefix("assets-")
        return Json(
            {"pendingUploadId": identifier, "pendingUploadType": kind, "blobReferenceForConsumption": reference}
        )

    async def data_reference(self, request: Request) -> Response:
        record = self._models.get(*self._identity(request))
        content = own_blob(record.fields.model_uri)
        if content is None:
            raise refused(f"The content of {record.name}:{record.version} is not in the storage of the registry.")
        body = await body_of(request)
        wanted = blob_reference(str(body.get("blobUri", ""))) if isinstance(body, dict) else None
        if wanted is None or wanted[0] != content[0]:
            raise refused(f"blobUri does not belong to {record.name}:{record.version}.")
        sas = self._sas(content[0], "rl", _DOWNLOAD_SECONDS)
        return Json({"blobReferenceForConsumption": wire.render_blob_reference(self._addresses, *content, sas)})

    # Import

    async def start_import(self, request: Request) -> Response:
        registry = registry_of(request)
        body = await body_of(request)
        properties = body.get("properties") if isinstance(body, dict) else None
        if not isinstance(properties, dict):
            raise refused("The body is an object with 'properties'.")
        source = _ASSET_ID.fullmatch(str(properties.get("sourceAssetId", "")))
        if source is None:
            raise refused(
                "sourceAssetId is the id of a model version in a registry: azureml://registries/R/models/N/versions/V"
            )
        origin = (source.group(1), source.group(2), source.group(3))
        name = str(properties.get("destinationName") or origin[1])
        version = str(properties.get("destinationVersion") or origin[2])
        operation = self._models.copy(origin, (registry, name, version))
        return Response(status_code=202, headers=self._polling(request, operation))

    def _polling(self, request: Request, operation: str) -> dict[str, str]:
        base = f"{self._addresses.https}{_FRONT_END}{_REGISTRY.format(**request.path_params)}"
        query = f"api-version={request.query_params.get('api-version', '')}"
        return {
            "Azure-AsyncOperation": f"{base}/operations/{operation}?{query}",
            "Location": f"{base}/operationresults/{operation}?{query}",
            "x-ms-retry-after-ms": _POLL_MILLISECONDS,
        }

    async def operation_status(self, request: Request) -> Response:
        operation = request.path_params["operation"]
        finished = self._models.poll(operation)
        body = {"id": request.url.path, "name": operation, "status": "Succeeded" if finished else "InProgress"}
        return Json(body, headers={} if finished else {"x-ms-retry-after-ms": _POLL_MILLISECONDS})

    async def operation_result(self, request: Request) -> Response:
        operation = request.path_params["operation"]
        if self._models.poll(operation):
            return Response(status_code=200)
        return Response(status_code=202, headers=self._polling(request, operation))
