"""Workspaces and other registries as sources: what Resource Manager says of jobs, datastores and models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from azureml_publish.assets import ContainerAccess, RegisteredAsset, Workspace
from azureml_publish.registry.azure import AzureRegistry
from azureml_publish.registry.failures import translated, unexpected_answer
from azureml_publish.registry.http import pipeline, segment, send

if TYPE_CHECKING:
    from azure.core import PipelineClient
    from azure.core.credentials import TokenCredential

    from azureml_publish.registry.cloud import Cloud

API = "2024-04-01"
"""Of `jobs/get`, `datastores/get`, `datastores/list-secrets` and `model-versions/get`
(https://learn.microsoft.com/rest/api/azureml/operation-groups)."""


class AzureWorkspaces:
    """Reads workspaces of a cloud, and versions in registries."""

    def __init__(self, credential: Callable[[], TokenCredential], cloud: Callable[[], Cloud], user_agent: str) -> None:
        self._credential = credential
        self._find_cloud = cloud
        self._user_agent = user_agent
        self._registries: dict[str, AzureRegistry] = {}

    def get(self, workspace: Workspace, *path: str) -> Mapping[str, Any]:
        """The properties of a resource of a workspace."""
        return self._send("GET", workspace, *path)

    def secrets(self, workspace: Workspace, datastore: str) -> Mapping[str, Any]:
        """What opens a datastore."""
        return self._send("POST", workspace, "datastores", datastore, "listSecrets")

    def version(self, registry: str, model: str, version: int) -> RegisteredAsset | None:
        """A version in a registry."""
        return self._registry(registry).find(model, version)

    def open_content(self, asset: RegisteredAsset) -> ContainerAccess:
        """The container of a registered version."""
        return self._registry(asset.id.registry).open_content(asset)

    def close(self) -> None:
        """Close the connections."""
        for one in self._registries.values():
            one.close()
        if "_rest" in self.__dict__:
            self._rest.close()

    def _registry(self, name: str) -> AzureRegistry:
        if name not in self._registries:
            self._registries[name] = AzureRegistry(name, self._credential(), self._cloud, self._user_agent)
        return self._registries[name]

    def _send(self, method: str, workspace: Workspace, *path: str) -> Mapping[str, Any]:
        what = " ".join(path)
        with translated(f"the workspace {workspace.name}", what):
            url = (
                f"{self._cloud.arm}/subscriptions/{segment(workspace.subscription)}/resourceGroups/"
                f"{segment(workspace.group)}/providers/Microsoft.MachineLearningServices/workspaces/"
                f"{segment(workspace.name)}/{'/'.join(segment(one) for one in path)}"
            )
            answer = send(self._rest, method, url, params={"api-version": API})
        found = answer.get("properties") if isinstance(answer, dict) and method == "GET" else answer
        if not isinstance(found, dict):
            raise unexpected_answer(url, what, "JSON of another shape")
        return found

    @cached_property
    def _cloud(self) -> Cloud:
        return self._find_cloud()

    @cached_property
    def _rest(self) -> PipelineClient[Any, Any]:
        return pipeline(self._credential(), self._cloud, self._user_agent)
