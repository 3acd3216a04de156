"""Which cloud: where Azure Resource Manager and registry discovery answer, by the variables that azure-ai-ml reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azureml_publish.errors import PublishError, Unreachable

PUBLIC_ARM = "https://management.azure.com"
PUBLIC_DISCOVERY = "https://eastus.api.azureml.ms"
"""From Microsoft's REST how-to for registries: discovery answers in any region for all."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """The endpoints of one cloud, without a final slash; `scope` is what a token is asked for."""

    arm: str
    discovery: str

    @property
    def scope(self) -> str:
        """The scope of a token for Azure Resource Manager."""
        return f"{self.arm}/.default"


def find_cloud(environ: Mapping[str, str]) -> Cloud:
    """The cloud that the environment names: the public one, or one of a metadata document.

    `AZUREML_CURRENT_CLOUD` and `ARM_CLOUD_METADATA_URL` choose it, `REGISTRY_DISCOVERY_ENDPOINT_URL` overrides where
    discovery answers; azure-ai-ml reads the same three.

    Raises:
        Unreachable: the metadata document cannot be fetched.
        PublishError: it does not hold the cloud.
    """
    name, url = environ.get("AZUREML_CURRENT_CLOUD"), environ.get("ARM_CLOUD_METADATA_URL")
    discovery = environ.get("REGISTRY_DISCOVERY_ENDPOINT_URL")
    if not name or not url:
        return Cloud(PUBLIC_ARM, (discovery or PUBLIC_DISCOVERY).rstrip("/"))
    for cloud in _fetch(url):
        if cloud.get("name") == name:
            arm = str(cloud["resourceManager"]).rstrip("/")
            return Cloud(arm, (discovery or str(cloud.get("registryDiscovery") or arm)).rstrip("/"))
    raise PublishError(f"{url} knows no cloud named {name}.", hint="Mend AZUREML_CURRENT_CLOUD.")


def _fetch(url: str) -> list[dict[str, Any]]:
    import requests  # azure-core's own transport

    try:
        response = requests.get(url, timeout=30)
        response.raise_for_status()
        clouds: list[dict[str, Any]] = response.json()
    except requests.RequestException as error:
        what = type(error).__name__
        raise Unreachable(
            f"The cloud metadata at {url} cannot be fetched ({what}).", hint="Check the network."
        ) from error
    return clouds
