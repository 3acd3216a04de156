"""The control plane: cloud metadata, discovery, the management front end and the calls of Azure Resource Manager."""

import itertools
import time
from collections.abc import Iterable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from azureml_publish.emulator.addresses import Addresses
from azureml_publish.emulator.blobs.sas import Signer
from azureml_publish.emulator.quirks import Switches
from azureml_publish.emulator.registry import wire
from azureml_publish.emulator.registry.answers import answer
from azureml_publish.emulator.registry.content import Content, identity_of
from azureml_publish.emulator.registry.metadata import check_metadata
from azureml_publish.emulator.registry.model_registry_api import model_registry_routes
from azureml_publish.emulator.registry.models import ModelStore
from azureml_publish.emulator.registry.operations import Operations
from azureml_publish.emulator.registry.paging import newest_first, paged, view_of
from azureml_publish.emulator.registry.records import archived_of, properties_of, read_submission
from azureml_publish.emulator.registry.requests import authorised, body_of, permissions, registry_of
from azureml_publish.emulator.routing import Json, Methods, NotServedError, not_served

_REGISTRY = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices"
    "/registries/{registry}"
)
_FRONT_END = f"/mferp/managementfrontend{_REGISTRY}"
_VERSION = "/models/{name}/versions/{version}"


def registry_service(
    models: ModelStore,
    signer: Signer,
    addresses: Addresses,
    quirks: Switches,
    cloud: str,
    *,
    workspaces: Iterable[Route] = (),
) -> ASGIApp:
    """The application of the HTTPS port; `workspaces` are the calls of Resource Manager that are not the registry's."""

    async def metadata(_request: Request) -> Response:
        return Json(wire.render_cloud(cloud, addresses))

    async def discovery(request: Request) -> Response:
        registry_of(request)
        return answer(wire.render_discovery(request.path_params["registry"], addresses, quirks.now))

    operations = Operations(models, addresses, quirks)
    content = Content(models, signer, addresses, quirks, operations)
    front = _FrontEnd(models, addresses, quirks, operations)
    pending = Methods(POST=authorised(content.start_pending_upload, writes=True))
    version = Methods(GET=authorised(front.get_version), PUT=authorised(front.put_version, writes=True))
    container = Methods(GET=authorised(front.get_container), PUT=authorised(front.put_container, writes=True))
    upload = Methods(PUT=authorised(content.temporary_reference, writes=True))
    routes = [
        Route("/metadata/endpoints", Methods(GET=metadata)),
        Route("/registrymanagement/v1.0/registries/{registry}/discovery", Methods(GET=authorised(discovery))),
        Route(f"{_FRONT_END}/models", Methods(GET=authorised(front.list_containers))),
        Route(f"{_FRONT_END}/models/{{name}}", container),
        Route(f"{_FRONT_END}/models/{{name}}/versions", Methods(GET=authorised(front.list_versions))),
        Route(f"{_FRONT_END}{_VERSION}", version),
        Route(f"{_FRONT_END}/tempdatarefs/{{name}}/versions/{{version}}", upload),
        Route(f"{_FRONT_END}/datarefs/{{name}}/versions/{{version}}", Methods(POST=authorised(content.data_reference))),
        Route(f"{_FRONT_END}/import", Methods(POST=authorised(content.start_import, writes=True))),
        Route(f"{_FRONT_END}/operations/{{operation}}", Methods(GET=authorised(operations.status))),
        Route(f"{_FRONT_END}/operationresults/{{operation}}", Methods(GET=authorised(operations.result))),
        # These two azure-mgmt-machinelearningservices makes on the resource manager, which is the same host here.
        Route(f"{_REGISTRY}/models/{{name}}", Methods(GET=authorised(front.get_container))),
        Route(f"{_REGISTRY}{_VERSION}/startPendingUpload", pending),
        Route(f"{_REGISTRY}/providers/Microsoft.Authorization/permissions", Methods(GET=authorised(permissions))),
        Route(f"{_FRONT_END}{_VERSION}/startPendingUpload", pending),
        Route("/assetstore/v1.0/operations/{operation}", Methods(GET=authorised(operations.asset))),
        *model_registry_routes(models, addresses, quirks, operations),
        *workspaces,
    ]
    return _Hosts(Router(routes=routes, default=not_served, redirect_slashes=False), quirks)


class _Hosts:
    """Serves each of the services on its own host, if that is a quirk in force."""

    def __init__(self, app: ASGIApp, quirks: Switches) -> None:
        self._app = app
        self._quirks = quirks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._quirks.now.two_hosts:
            host = dict(scope["headers"]).get(b"host", b"").rpartition(b":")[0]
            service = scope["path"].split("/", 2)[1]
            if service == "mferp" and host == b"localhost":
                raise NotServedError(scope)
            if service in {"modelregistry", "assetstore"} and host != b"localhost":
                raise NotServedError(scope)
        await self._app(scope, receive, send)


class _FrontEnd:
    """The handlers of the management front end for versions and names."""

    def __init__(self, models: ModelStore, addresses: Addresses, quirks: Switches, operations: Operations) -> None:
        self._models = models
        self._addresses = addresses
        self._quirks = quirks
        self._operations = operations
        self._turn = itertools.cycle((True, False))

    async def get_version(self, request: Request) -> Response:
        record, quirks = self._models.show(*identity_of(request)), self._quirks.now
        second = quirks.alternate_accounts and next(self._turn)
        return answer(wire.render_version(record, self._addresses, quirks, second=second))

    async def put_version(self, request: Request) -> Response:
        sent, identity, quirks = read_submission(await body_of(request)), identity_of(request), self._quirks.now
        if quirks.ignore_archive or quirks.front_ignores_archive:
            sent = replace(sent, archived=None)
        if quirks.typed_metadata:
            check_metadata(sent.fields.system_metadata)
        if quirks.failed_operations:
            registry, name, version = identity
            asset = f"azureml://registries/{registry}/models/{name}/versions/{version}"
            return self._operations.recorded(request, self._models.fail(asset, quirks.put_polls or 0), body=False)
        record, created, operation = self._models.put(*identity, sent, polls=quirks.put_polls)
        if operation is not None:
            return self._operations.recorded(request, operation, body=False)
        body = wire.render_version(record, self._addresses, quirks)
        body["properties"]["provisioningState"] = "Succeeded"  # as ARM has it for what is done at once
        return answer(body, 201 if created else 200)

    async def list_versions(self, request: Request) -> Response:
        registry, name, quirks = registry_of(request), request.path_params["name"], self._quirks.now
        view = view_of(request, quirks)
        newest = newest_first(request)
        now = time.time()
        return paged(
            request,
            self._addresses.https,
            quirks,
            lambda offset, limit: self._models.versions(
                registry, name, view, newest_first=newest, offset=offset, limit=limit
            ),
            lambda record: wire.render_version_entry(record, self._addresses, quirks, now),
        )

    async def get_container(self, request: Request) -> Response:
        container = self._models.container(registry_of(request), request.path_params["name"])
        return answer(wire.render_container(container))

    async def put_container(self, request: Request) -> Response:
        properties = properties_of(await body_of(request))
        archived = archived_of(properties)
        if self._quirks.now.ignore_archive or self._quirks.now.front_ignores_archive:
            archived = None
        fields = {key: properties[key] for key in ("description", "tags", "properties") if properties.get(key)}
        container = self._models.put_container(
            registry_of(request), request.path_params["name"], fields, archived=archived
        )
        return answer(wire.render_container(container))

    async def list_containers(self, request: Request) -> Response:
        registry, quirks = registry_of(request), self._quirks.now
        view = view_of(request, quirks)
        return paged(
            request,
            self._addresses.https,
            quirks,
            lambda offset, limit: self._models.containers(registry, view, offset=offset, limit=limit),
            lambda container: wire.render_container_entry(container, quirks),
        )
