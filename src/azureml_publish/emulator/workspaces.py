"""The few calls of a workspace that a model's source needs: its jobs, datastores and models in Resource Manager.

https://learn.microsoft.com/rest/api/azureml/jobs/get, …/datastores/get, …/datastores/list-secrets and
…/model-versions/get describe them; nobody recorded them.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from azureml_publish.emulator.addresses import ACCOUNT, Addresses
from azureml_publish.emulator.blobs.sas import Signer
from azureml_publish.emulator.blobs.store import BlobStore
from azureml_publish.emulator.registry.records import refused
from azureml_publish.emulator.registry.requests import authorised
from azureml_publish.emulator.routing import Json, Methods
from azureml_publish.emulator.state import DataFolder

_SECONDS = 3600.0
"""How long a signature of a datastore is good for."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_WORKSPACE = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices"
    "/workspaces/{workspace}"
)


def container_of(workspace: str, datastore: str) -> str:
    """The container in which the files of a datastore lie."""
    return re.sub(r"[^a-z0-9]+", "-", f"{workspace}-{datastore}".lower()).strip("-")[:63]


class Workspaces:
    """What jobs and models of workspaces say, as JSON files in the data folder; their files lie in containers."""

    def __init__(self, folder: DataFolder, blobs: BlobStore, signer: Signer, addresses: Addresses) -> None:
        self._folder = folder
        self._blobs = blobs
        self._signer = signer
        self._addresses = addresses

    def add(self, properties: Mapping[str, Any], workspace: str, kind: str, *names: str) -> None:
        """Keep the properties of a job or of a model's version.

        Raises:
            ValueError: a name is not valid in Azure ML.
        """
        for name in (workspace, kind, *names):
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not a name of Azure ML")
        path = self._folder.workspaces.joinpath(workspace, kind, *names[:-1], f"{names[-1]}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(properties), encoding="utf-8")

    def routes(self) -> list[Route]:
        """The calls."""
        return [
            Route(f"{_WORKSPACE}/jobs/{{name}}", Methods(GET=authorised(self._get))),
            Route(f"{_WORKSPACE}/models/{{name}}/versions/{{version}}", Methods(GET=authorised(self._get))),
            Route(f"{_WORKSPACE}/datastores/{{name}}", Methods(GET=authorised(self._datastore))),
            Route(f"{_WORKSPACE}/datastores/{{name}}/listSecrets", Methods(POST=authorised(self._secrets))),
        ]

    async def _get(self, request: Request) -> Response:
        named = request.path_params
        kind = ("models", named["name"], named["version"]) if "version" in named else ("jobs", named["name"])
        names = (named["workspace"], *kind)
        path = self._folder.workspaces.joinpath(*names[:-1], f"{names[-1]}.json")
        if not all(_NAME.fullmatch(name) for name in names) or not path.is_file():
            raise refused(f"There is no {' '.join(names)}.", status=404, code="ResourceNotFound")
        return Json({"name": names[-1], "properties": json.loads(path.read_text(encoding="utf-8"))})

    def _container(self, request: Request) -> str:
        named = request.path_params
        container = container_of(named["workspace"], named["name"])
        if not self._blobs.has_container(container):
            raise refused(f"There is no datastore {named['name']}.", status=404, code="ResourceNotFound")
        return container

    async def _datastore(self, request: Request) -> Response:
        place = urlsplit(self._addresses.http)
        properties = {
            "datastoreType": "AzureBlob",
            "accountName": ACCOUNT,
            "containerName": self._container(request),
            "endpoint": place.netloc,
            "protocol": place.scheme,
            "credentials": {"credentialsType": "Sas"},
        }
        return Json({"name": request.path_params["name"], "properties": properties})

    async def _secrets(self, request: Request) -> Response:
        signature = self._signer.container_sas(self._container(request), "rl", _SECONDS)
        return Json({"secretsType": "Sas", "sasToken": signature})
