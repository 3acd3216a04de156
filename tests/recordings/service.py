"""The service as it was recorded: every answer has the status, headers, keys and nulls of an exchange in `exchanges/`.

It shares no code with the emulator. What nobody recorded is answered in the way that is hardest for a client, and is
named in `Shape`.
"""

from __future__ import annotations

import copy
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from tests.recordings.answers import (
    deleted_answer,
    not_found,
    now,
    on_account,
    reference,
    respelled,
    sign_in,
    user_error,
)
from tests.recordings.blobs import Storage
from tests.recordings.exchange import exchanges
from tests.recordings.proxy import Answer, Request
from tests.recordings.shape import Shape

FRONT = "cert-eastus2.experiments.azureml.net"
REGION = "eastus2.api.azureml.ms"
DISCOVERY = "eastus.api.azureml.ms"
ARM = "management.azure.com"
ELSEWHERE = "registry.example.org"
"""No host of Azure."""
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/test-registries"
REGISTRY = re.compile(
    rf"{SUBSCRIPTION}/providers/Microsoft\.MachineLearningServices/registries/(?P<r>[^/]+)/(?P<path>.+)"
)
VOCABULARY = tuple(exchanges(26)[0].body["properties"]["system_metadata"])
"""The 77 keys of April 2026."""
KNOWN = frozenset(VOCABULARY)


@dataclass
class Version:
    """What is held of a version."""

    properties: dict[str, Any]
    created: str
    modified: str
    reads: int = 0


@dataclass
class Service:
    """One registry, in memory."""

    shape: Shape = field(default_factory=Shape)
    storage: Storage = field(default_factory=Storage)
    versions: dict[tuple[str, str], Version] = field(default_factory=dict)
    writes: list[Request] = field(default_factory=list)
    deleted: set[tuple[str, str]] = field(default_factory=set)
    clock: Callable[[], float] = time.monotonic
    takes: float = 0.0
    """Seconds from a write's arrival until it took effect, by the clock."""
    came: Callable[[Request], None] = lambda _request: None
    """Hears of each request before it is answered."""
    _now: float = 0.0
    _begun: dict[str, float] = field(default_factory=dict)
    _operations: dict[str, list[Answer]] = field(default_factory=dict)
    _lent: int = 0
    _discoveries: int = 0
    _listed_without: dict[str, int] = field(default_factory=dict)

    def answer(self, request: Request) -> Answer:
        self._now = self.clock()
        self.came(request)
        answer = self._answer(request)
        if not self.shape.plain_headers:
            return answer
        kept = {key: value for key, value in answer.headers.items() if not key.lower().startswith(("x-", "mise-"))}
        return replace(answer, headers=kept) if "blob" not in request.host else answer

    def delete(self, name: str, version: str) -> None:
        """As somebody deletes a version in the portal: its number is never free again."""
        del self.versions[name, version]
        self.deleted.add((name, version))

    def _answer(self, request: Request) -> Answer:  # noqa: PLR0911 - one a host
        if request.host.endswith(".blob.core.windows.net"):
            return self.storage.answer(request)
        if request.host == "login.microsoftonline.com":
            return sign_in(request)
        if not request.headers.get("authorization", "").startswith("Bearer "):
            return Answer(401, {"error": {"code": "UserError", "message": "No token."}})
        if request.host == DISCOVERY and request.path.endswith("/discovery"):
            return self._discovery()
        if request.host == REGION and request.path.startswith("/assetstore/"):
            waiting = self._operations.get(request.path, [user_error(404, "No such operation.")])
            under_way = self.clock() < self._begun.get(request.path, 0.0) + self.takes
            return waiting.pop(0) if len(waiting) > 1 and not under_way else waiting[0]
        at = REGISTRY.search(request.path)
        if at is not None and request.host == FRONT and request.path.startswith("/mferp/managementfrontend/"):
            return self._front(request, at["r"], at["path"])
        if at is not None and request.host == REGION and request.path.startswith("/modelregistry/v1.0/"):
            return self._model_registry(request, at["path"])
        if at is not None and request.host == ARM and request.path.endswith("/startPendingUpload"):
            return self._start_pending_upload(at["r"], at["path"])
        return Answer(404, {"error": {"code": "UserError", "message": f"{request.host} has no {request.path}"}})

    def _discovery(self) -> Answer:
        recorded = exchanges(22 if self.shape.refused == "discovery" else 8)[0]
        body = copy.deepcopy(recorded.body)
        self._discoveries += 1
        if self.shape.leads_elsewhere and self._discoveries > 1:
            body["primaryRegionResourceProviderUri"] = f"https://{ELSEWHERE}/"
        if not self.shape.ends_in_slash:
            body["primaryRegionResourceProviderUri"] = f"https://{FRONT}"
        match self.shape.region:
            case "respelled":
                body["primaryRegion"] = body["primaryRegion"].upper()
                body["registryFqdns"] = {"westus": {"uri": f"https://{ELSEWHERE}"}, **body["registryFqdns"]}
            case "missing":
                del body["registryFqdns"]
            case "null":
                body |= {"registryFqdns": None, "primaryRegion": None, "regions": None}
            case "empty":
                body |= {"registryFqdns": {}, "primaryRegion": "", "regions": []}
        return Answer(recorded.status, body)

    def _front(self, request: Request, registry: str, path: str) -> Answer:  # noqa: PLR0911 - one a call
        parts = path.split("/")
        match request.method, parts:
            case "GET", ["models"]:
                return self._paged(request, self._containers(registry))
            case "GET", ["models", name]:
                return self._container(registry, name)
            case "GET", ["models", name, "versions"] if self.shape.lists:
                return self._paged(request, self._listed(registry, name))
            case "GET", ["models", name, "versions", version]:
                return self._version(registry, name, version)
            case "PUT", ["models", name, "versions", version]:
                return self._put(request, registry, name, version)
            case "PUT", ["tempdatarefs", name, "versions", version] if self.shape.lends == "tempdatarefs":
                return self._lend(registry, name, version)
            case "POST", ["datarefs", _, "versions", _]:
                return self._open(request)
        return Answer(404, {"error": {"code": "UserError", "message": f"No route {path}."}})

    # What is there

    def _containers(self, registry: str) -> list[dict[str, Any]]:
        return [
            {
                "id": f"azureml://registries/{registry}/models/{name}",
                "name": name,
                "type": "models",
                "properties": {
                    "description": "",
                    "tags": {},
                    "properties": {},
                    "isArchived": False,
                    "latestVersion": self._numbers(name)[0],
                },
                "systemData": {"lastModifiedAt": "0001-01-01T00:00:00+00:00"},
            }
            for name in sorted({name for name, _ in self.versions})
        ]

    def _container(self, registry: str, name: str) -> Answer:
        if not self.shape.has_container or not self._numbers(name):
            return not_found(f"Model container with name: {name} not found.")
        body = copy.deepcopy(exchanges(19)[0].body)  # of data: `nextVersion` stays 1 whatever there is
        body |= {"id": f"azureml://registries/{registry}/models/{name}", "name": name, "type": "models"}
        body["properties"]["latestVersion"] = self._numbers(name)[0]
        if self.shape.counts:
            ever = [int(one) for held, one in {*self.versions, *self.deleted} if held == name]
            body["properties"]["nextVersion"] = str(max(ever) + 1)
        return Answer(200, body)

    def _paged(self, request: Request, entries: list[dict[str, Any]]) -> Answer:
        size = self.shape.page
        if not size:
            return Answer(200, {"value": entries})
        token = {"token": "continuationToken", "skip": "$skipToken"}.get(self.shape.links, "$skip")
        first = int(request.query.get(token.lower(), 0))
        body: dict[str, Any] = {"value": entries[first : first + size], "nextLink": None}
        if first + size < len(entries):
            path = f"{request.path}?api-version={request.query['api-version']}&$skip={first + size}"
            match self.shape.links:
                case "token" | "skip":
                    body[token] = str(first + size)
                case "relative":
                    body["nextLink"] = path
                case _:
                    body["nextLink"] = f"https://{request.host}:443{path}"
        return Answer(200, body)

    def _numbers(self, name: str) -> list[str]:
        """The versions of a name, newest first."""
        return [version for held, version in reversed(self.versions) if held == name]

    def _listed(self, registry: str, name: str) -> list[dict[str, Any]]:
        """All of them whatever `$top` says, without system metadata, and modified when they were asked for."""
        found = []
        numbers = self._numbers(name)
        if self._listed_without.get(name, 0) > 0:
            self._listed_without[name] -= 1
            numbers = numbers[1:]
        for version in numbers:
            body = self._shown(registry, name, version)
            body["properties"].pop("system_metadata", None)
            body["systemData"]["lastModifiedAt"] = now()
            found.append(body)
        return found

    def _version(self, registry: str, name: str, version: str) -> Answer:
        if (name, version) not in self.versions and self.shape.absence == "empty":
            return Answer(404)
        if (name, version) in self.deleted and self.shape.absence == "deleted":
            return deleted_answer(404, f"azureml://registries/{registry}/models/{name}/versions/{version}")
        if (name, version) not in self.versions:
            return not_found(f"Model version with name: {name} and version: {version} not found.")
        return Answer(200, self._shown(registry, name, version))

    def _shown(self, registry: str, name: str, version: str) -> dict[str, Any]:
        held = self.versions[name, version]
        held.reads += 1
        recorded: dict[str, Any] = copy.deepcopy(exchanges(26 if self.shape.hands_metadata_back else 12)[0].body)
        properties = {**dict.fromkeys(recorded["properties"]), **copy.deepcopy(held.properties)}
        properties.pop("defaultDeploymentTemplate", None)
        metadata = properties.pop("system_metadata", None) or {}
        if self.shape.hands_metadata_back:
            shown = {key: respelled(metadata.get(key)) for key in VOCABULARY if key not in self.shape.drops}
            properties["system_metadata"] = (
                shown if self.shape.fills_keys else {key: metadata[key] for key in shown if key in metadata}
            )
        properties["modelUri"] = properties["modelUri"] and on_account(properties["modelUri"], held.reads % 2)
        asset = f"azureml://registries/{registry.lower()}/models/{name}/versions/{version}"
        recorded |= {"id": asset, "name": name, "properties": properties}
        recorded["systemData"] |= {"createdAt": held.created, "lastModifiedAt": held.modified}
        return recorded

    # Writing

    def _put(self, request: Request, registry: str, name: str, version: str) -> Answer:
        if self.shape.refused == "write":
            recorded = exchanges(23)[0]
            return Answer(recorded.status, recorded.body)
        self.writes.append(request)
        sent = request.json["properties"]
        if (name, version) in self.deleted:
            return deleted_answer(400, f"azureml://registries/{registry}/models/{name}/versions/{version}")
        old = self.versions.get((name, version))
        container = urlsplit(str(sent.get("modelUri"))).path.strip("/").partition("/")[0]
        if not self.storage.containers.get(container):
            recorded = exchanges(30)[0]
            error = {**recorded.body["error"], "message": f"Invalid containerUri {sent.get('modelUri')}"}
            return Answer(recorded.status, {"error": error})
        metadata = {key: value for key, value in (sent.get("system_metadata") or {}).items() if key in KNOWN}
        kept = {key: value for key, value in sent["properties"].items() if key != "aotManifest"}
        own = {"modelManifestPathOrUri": f"/{container}/manifest.base.json"}
        held = {
            **sent,
            "properties": {**own, **(old.properties["properties"] if old else {}), **kept},
            "system_metadata": metadata,
            "flavors": sent.get("flavors") or {},
        }
        if not self.shape.fails_operations:
            self.versions[name, version] = Version(held, old.created if old else now(), now())
            if old is None:
                self._listed_without[name] = self.shape.stale_lists
        # The service's `lastModifiedAt` of a new version can lie before its `createdAt`.
        return self._begin(f"azureml://registries/{registry.lower()}/models/{name}/versions/{version}")

    def _begin(self, asset: str) -> Answer:
        accepted, waiting, done = exchanges(11)
        last = Answer(done.status, {"assetId": asset})
        if self.shape.fails_operations:
            last = Answer(200, {"status": "Failed", "error": {"code": "ModelRegistryError", "message": "No luck."}})
        path = f"/assetstore/v1.0/operations/{uuid.uuid4().hex}"
        self._operations[path] = [Answer(waiting.status), last]
        self._begun[path] = self._now
        headers = {key: value for key, value in accepted.headers.items() if key != "Content-Length"}
        assert "Azure-AsyncOperation" not in headers
        where = f"https://{REGION}{path}"
        match self.shape.ends:
            case "azure-async":
                state = "Failed" if self.shape.fails_operations else "Succeeded"
                self._operations[path] = [Answer(200, {"status": "InProgress"}), Answer(200, {"status": state})]
                return Answer(201, self.ended(asset), {"Azure-AsyncOperation": where, "Retry-After": "0"})
            case "body":
                return Answer(202, {"location": where, "operationResult": None})
            case "null":
                return Answer(200, b"null")
            case "relative":
                where = path
            case "lost":
                del self._operations[path]
        return Answer(accepted.status, b"null", {**headers, "Location": where})

    def ended(self, asset: str) -> Any:
        """What a write answers that does not leave the end to an operation."""
        registry, name, version = asset.split("/")[3], asset.split("/")[5], asset.split("/")[7]
        return self._shown(registry, name, version) if (name, version) in self.versions else None

    # Content

    def _lend(self, registry: str, name: str, version: str) -> Answer:
        if self.shape.refused == "write":
            recorded = exchanges(23)[0]
            return Answer(recorded.status, recorded.body)
        if (name, version) in self.versions:
            recorded = exchanges(28)[0]
            return Answer(recorded.status, recorded.body)
        self._lent += 1
        container = f"{registry.lower()[:10]}-{uuid.uuid5(uuid.NAMESPACE_URL, f'{name}/{version}')}"
        body = copy.deepcopy(exchanges(10)[0].body)
        return Answer(200, reference(body, container, self._lent % 2, "rcwl"))

    def _start_pending_upload(self, registry: str, path: str) -> Answer:
        """The documented call (recording 34); the id and the type are those of the specification's example."""
        _, name, _, version, _ = path.split("/")
        lent = self._lend(registry, name, version)
        if lent.status != 200:
            return lent
        reference = lent.body["blobReferenceForConsumption"]
        body = copy.deepcopy(exchanges(34)[0].body)
        return Answer(200, {**body, "blobReferenceForConsumption": reference, "pendingUploadId": uuid.uuid4().hex})

    def _open(self, request: Request) -> Answer:
        uri = urlsplit(request.json["blobUri"])
        container, _, path = uri.path.strip("/").partition("/")
        if not self.storage.containers.get(container):
            return user_error(400, f"Invalid containerUri {request.json['blobUri']}")
        body = copy.deepcopy(exchanges(6)[0].body)
        return Answer(200, reference(body, container, int(str(uri.hostname)[5]), "rl", path))

    # The other API

    def _model_registry(self, request: Request, path: str) -> Answer:
        name, _, version = path.removeprefix("models/").partition("/")[0].rpartition(":")
        held = self.versions.get((name, version))
        if held is None or not self.shape.model_registry:
            recorded = exchanges(32)[0]
            return Answer(recorded.status, recorded.body)
        if request.method == "PATCH" and self.shape.other_api == 200:
            return Answer(200, b"<html>Sign in</html>", {"Content-Type": "text/html"})
        if request.method == "PATCH" and self.shape.other_api != 404:
            return Answer(self.shape.other_api, {"error": {"code": "UserError", "message": "Not supported."}})
        match request.method:
            case "GET":
                metadata = held.properties["system_metadata"]
                return Answer(
                    200,
                    {
                        "name": name,
                        "version": version,
                        "systemMetadata": metadata,
                        "isArchived": held.properties["isArchived"],
                    },
                )
            case "PATCH":
                (operation,) = request.json
                held.properties[operation["path"].removeprefix("/")] = operation["value"]
                begun = self._begin(f"azureml://registries/testfeed/models/{name}/versions/{version}")
                body = {"location": begun.headers["Location"], "operationResult": None}
                return Answer(exchanges(31)[0].status, body, {"location": begun.headers["Location"]})
        return Answer(404, exchanges(32)[0].body)
