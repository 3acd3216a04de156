"""The front end's calls about content: signatures for upload and download, and copies from another registry."""

import itertools
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from azureml_publish.emulator.addresses import Addresses, blob_reference, is_second
from azureml_publish.emulator.blobs.sas import Signer
from azureml_publish.emulator.quirks import Switches
from azureml_publish.emulator.registry import wire
from azureml_publish.emulator.registry.answers import answer
from azureml_publish.emulator.registry.models import ModelStore, own_blob
from azureml_publish.emulator.registry.operations import Operations
from azureml_publish.emulator.registry.records import properties_of, refused
from azureml_publish.emulator.registry.requests import body_of, registry_of

_ASSET_ID = re.compile(r"azureml://registries/([^/]+)/models/([^/]+)/versions/([^/]+)")
_SAS_SECONDS = 8 * 3600.0
"""Recorded of uploads and downloads."""


class Content:
    """The handlers."""

    def __init__(
        self, models: ModelStore, signer: Signer, addresses: Addresses, quirks: Switches, operations: Operations
    ) -> None:
        """Serve the content of the versions in a store."""
        self._models = models
        self._signer = signer
        self._addresses = addresses
        self._quirks = quirks
        self._operations = operations
        self._turn = itertools.cycle((False, True))

    def _sas(self, container: str, permissions: str) -> str:
        quirks = self._quirks.now
        seconds = _SAS_SECONDS if quirks.sas_seconds is None else quirks.sas_seconds
        return self._signer.container_sas(container, permissions, seconds, quirks.sas_requests)

    def _upload_reference(self, identity: tuple[str, str, str]) -> dict[str, Any]:
        container = self._models.upload_container(*identity)
        second = self._quirks.now.alternate_accounts and next(self._turn)
        return wire.render_blob_reference(self._addresses, container, "", self._sas(container, "rcwl"), second=second)

    async def temporary_reference(self, request: Request) -> Response:
        """A signature for an upload; a second one is for the same container."""
        registry, name, version = identity = identity_of(request)
        body = await body_of(request)
        sent = _ASSET_ID.fullmatch(str(body.get("assetId"))) if isinstance(body, dict) else None
        if sent is None or (sent[1].lower(), sent[2], sent[3]) != identity:
            raise refused(f"assetId is azureml://registries/{registry}/models/{name}/versions/{version}.")
        reference = self._upload_reference(identity)
        return answer(
            {
                "blobReferenceForConsumption": reference,
                "imageReferenceForConsumption": None,
                "temporaryDataReferenceId": _container_id(reference["blobUri"]),
                "temporaryDataReferenceType": None,
            }
        )

    async def start_pending_upload(self, request: Request) -> Response:
        """The same by the stable API, as its specification has it."""
        identity = identity_of(request)
        kind = "TemporaryBlobReference"
        body = await body_of(request)
        if not isinstance(body, dict) or body.get("pendingUploadType", kind) != kind:
            raise refused(f"pendingUploadType is {kind}.")
        reference = self._upload_reference(identity)
        identifier = body.get("pendingUploadId") or _container_id(reference["blobUri"])
        return answer(
            {"pendingUploadId": identifier, "pendingUploadType": kind, "blobReferenceForConsumption": reference}
        )

    async def data_reference(self, request: Request) -> Response:
        """A signature for a download; it names the storage account of the request."""
        record = self._models.get(*identity_of(request))
        content = own_blob(record.fields.model_uri)
        if content is None:
            raise refused(f"The content of {record.name}:{record.version} is not in the storage of the registry.")
        body = await body_of(request)
        uri = str(body.get("blobUri", "")) if isinstance(body, dict) else ""
        wanted = blob_reference(uri)
        if wanted is None or wanted[0] != content[0]:
            raise refused(f"blobUri does not belong to {record.name}:{record.version}.")
        sas = self._sas(content[0], "rl")
        reference = wire.render_blob_reference(self._addresses, *content, sas, second=is_second(uri))
        return answer({"blobReferenceForConsumption": reference})

    async def start_import(self, request: Request) -> Response:
        """Copy a version of another registry with its content; documented, not recorded."""
        registry = registry_of(request)
        properties = properties_of(await body_of(request))
        source = _ASSET_ID.fullmatch(str(properties.get("sourceAssetId", "")))
        if source is None:
            raise refused(
                "sourceAssetId is the id of a model version in a registry: azureml://registries/R/models/N/versions/V"
            )
        origin = (source[1].lower(), source[2], source[3])
        name = str(properties.get("destinationName") or origin[1])
        version = str(properties.get("destinationVersion") or origin[2])
        operation = self._models.copy(origin, (registry, name, version))
        return self._operations.documented(request, operation)


def identity_of(request: Request) -> tuple[str, str, str]:
    """Registry, name and version of a path."""
    return registry_of(request), request.path_params["name"], request.path_params["version"]


def _container_id(uri: str) -> str:
    found = blob_reference(uri)
    return found[0][-36:] if found is not None else ""
