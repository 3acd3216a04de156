"""The exchanges with Azure's service that were recorded, and their comparison with the emulator's answers."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import yaml

from tests.conftest import ControlPlane

EXCHANGES = {
    int(path.name[:2]): yaml.load(path.read_text(), yaml.CSafeLoader).get("exchanges", [])
    for path in sorted((Path(__file__).parents[1] / "recordings" / "exchanges").glob("*.yaml"))
}
ADDED_SINCE = {
    "system_metadata",
    "defaultDeploymentTemplate",
    "allowedDeploymentTemplates",
    "intellectualPropertyPublisher",
    "isTradeRestricted",
    "lastModifiedBy",
    "lastModifiedByType",
    "severity",
    "details",
    "messageFormat",
    "messageParameters",
    "referenceCode",
    "detailsUri",
    "target",
    "innerError",
    "debugInfo",
    "additionalInfo",
    "RequestId",
    "operation",
    "request",
}
"""Keys that a recording may lack: the service got them later, or the recording was trimmed."""
MAPS = {"tags", "properties.properties", "flavors"}
"""Where keys are the user's and not the service's."""
HEADERS = {"content-type", "location", "x-ms-async-operation-timeout", "x-ms-error-code"}
ELSEWHERE = {16, 17, 18, 19, 20, 21, 25}
"""Data assets, environments, code and the registry itself: the emulator serves models."""


def differences(recorded: Any, answered: Any, where: str = "") -> list[str]:
    """Where an answer has other keys or JSON types than a recording."""
    if where == "registryFqdns":
        recorded, answered = list(recorded.values()), list(answered.values())
    if isinstance(recorded, dict) and isinstance(answered, dict):
        if any(where == name or where.endswith(f".{name}") for name in MAPS):
            return [f"{where}.{key} is no string" for key, each in answered.items() if where == "tags" and each is None]
        found = [
            f"{where}.{key} is missing" for key in recorded if key not in answered and key not in {"...", "wasbsUri"}
        ]
        if "..." not in recorded:
            found += [f"{where}.{key} is added" for key in answered if key not in recorded and key not in ADDED_SINCE]
        for key in recorded.keys() & answered.keys():
            found += differences(recorded[key], answered[key], f"{where}.{key}".lstrip("."))
        return found
    if isinstance(recorded, list) and isinstance(answered, list):
        if bool(recorded) != bool(answered):
            return [f"{where} has {len(answered)} entries"]
        return differences(recorded[0], answered[0], f"{where}[]") if recorded else []
    if type(recorded) is not type(answered):
        return [f"{where} is {type(answered).__name__}, not {type(recorded).__name__}"]
    return []


class Replay:
    """Sends recorded requests, with the hosts and storage of the emulator in them."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        asked = plane.call("GET", f"{plane.emulator.url}/registrymanagement/v1.0/registries/testFeed/discovery")
        found = asked.json()
        self.front = found["primaryRegionResourceProviderUri"].rstrip("/")
        self.region = found["registryFqdns"][found["primaryRegion"]]["uri"]
        self.content = ""

    def url(self, recorded: str) -> str:
        if recorded.startswith("<front end>/"):
            scope = recorded.removeprefix("<front end>")
            return f"{self.front}/mferp/managementfrontend{scope}"
        path = recorded.partition("://")[2].partition("/")[2] if "://" in recorded else recorded.partition("/")[2]
        if recorded.startswith("<arm>"):
            path = f"subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/{path}"
        host = self.region if ".api.azureml" in recorded.partition("/")[0] + recorded[:60] else self.front
        return f"{host}/{path.replace('<r>', 'testFeed').replace('<registry>', 'testFeed')}"

    def send(self, exchange: dict[str, Any], **changes: str) -> requests.Response:
        request = exchange["request"]
        url, body = self.url(request["url"]), request.get("body")
        for old, new in changes.items():
            url = url.replace(f"<{old}>", new)
        if isinstance(body, dict) and "modelUri" in body.get("properties", {}):
            body = {"properties": {**body["properties"], "modelUri": self.content}}
            body["properties"].pop("...", None)
        if isinstance(body, dict) and "blobUri" in body:
            body = {**body, "blobUri": self.content}
        return self.plane.call(request["method"], url, json=body)

    def registered(self, url: str) -> None:
        """Make sure that the version of a URL is there."""
        registry, name, version = identity(url)
        self.content = self.plane.upload(name, version, registry, path="lightgbm_mlflow_model/MLmodel")
        template = {"assetId": f"azureml://registries/{registry}/deploymentTemplates/vllm/versions/1"}
        sent = {"modelUri": self.content, "modelType": "mlflow_model", "description": "d", "flavors": {}}
        sent |= {"defaultDeploymentTemplate": template}
        assert self.plane.put(name, version, sent, registry).status_code == 202
        self.plane.call("GET", f"{self.plane.base(registry)}/models/{name}/versions/{version}")  # the one stale read


def identity(url: str) -> tuple[str, str, str]:
    """Registry, name and version of a recorded URL."""
    path = urlsplit(url).path
    registry = re.search("/registries/([^/?]+)", path)
    model = re.search("(?:models|tempdatarefs|datarefs)/([^/:]+)(?:/versions/|:)([^/?]+)", path)
    assert registry, url
    assert model, url
    return registry[1], model[1], model[2]


def conforms(exchange: dict[str, Any], answer: requests.Response) -> None:
    """Hold an answer against the recorded one."""
    recorded = exchange["response"]
    assert answer.status_code == recorded["status"], answer.text
    for name, value in (recorded.get("headers") or {}).items():
        if name.lower() == "location":
            location = urlsplit(answer.headers["Location"])
            assert location.hostname != urlsplit(answer.url).hostname or "modelregistry" in answer.url
            assert re.fullmatch("/assetstore/v1.0/operations/[A-Za-z0-9_-]{43}", location.path)
        elif answer.content == b"" and name.lower() == "content-type":
            continue  # there in 2025, gone in 2026
        elif name.lower() in HEADERS or (name == "Content-Length" and value in {"0", "4"}):
            assert answer.headers[name] == value
    for name in recorded.get("absent") or ():
        assert name not in answer.headers
    if "text" in recorded:
        assert answer.text == recorded["text"]
    if isinstance(recorded.get("body"), dict):
        assert differences(recorded["body"], answer.json()) == []


def first(number: int) -> dict[str, Any]:
    found: dict[str, Any] = EXCHANGES[number][0]
    return found
