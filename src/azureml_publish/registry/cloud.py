"""Which cloud: where Azure Resource Manager and registry discovery answer, by the variables that azure-ai-ml reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from azureml_publish.errors import PublishError, Unreachable

PUBLIC = "AzureCloud"


@dataclass(frozen=True, slots=True)
class Cloud:
    """The endpoints of one cloud, without a final slash; `authority` is its own host of Microsoft Entra, if any."""

    arm: str
    discovery: str
    authority: str | None = None

    @property
    def scope(self) -> str:
        """The scope of a token for Azure Resource Manager."""
        return f"{self.arm}/.default"


CLOUDS = {
    PUBLIC: Cloud("https://management.azure.com", "https://eastus.api.azureml.ms"),
    "AzureChinaCloud": Cloud(
        "https://management.chinacloudapi.cn", "https://chinaeast2.api.ml.azure.cn", "login.chinacloudapi.cn"
    ),
    "AzureUSGovernment": Cloud(
        "https://management.usgovcloudapi.net", "https://usgovarizona.api.ml.azure.us", "login.microsoftonline.us"
    ),
}
"""The clouds that azure-ai-ml 1.35 knows by name. Discovery answers in any region for all (Microsoft's REST how-to)."""


def find_cloud(environ: Mapping[str, str]) -> Cloud:
    """The cloud that the environment names: one that azure-ai-ml knows as well, or one of a metadata document.

    `AZUREML_CURRENT_CLOUD` and `ARM_CLOUD_METADATA_URL` choose it, `REGISTRY_DISCOVERY_ENDPOINT_URL` overrides where
    discovery answers; azure-ai-ml reads the same three.

    Raises:
        Unreachable: the metadata document cannot be fetched.
        PublishError: it does not hold the cloud.
    """
    name, url = environ.get("AZUREML_CURRENT_CLOUD"), environ.get("ARM_CLOUD_METADATA_URL")
    discovery = environ.get("REGISTRY_DISCOVERY_ENDPOINT_URL")
    known = CLOUDS.get(name or PUBLIC)
    if known is not None:
        return replace(known, discovery=(discovery or known.discovery).rstrip("/"))
    if not url:
        hint = f"Name one of {', '.join(CLOUDS)}, or say in ARM_CLOUD_METADATA_URL where {name} is described."
        raise PublishError(f"There is no cloud named {name}.", hint=hint)
    for cloud in _fetch(url):
        if cloud.get("name") == name:
            arm = str(cloud["resourceManager"]).rstrip("/")
            return Cloud(arm, (discovery or str(cloud.get("registryDiscovery") or arm)).rstrip("/"))
    raise PublishError(f"{url} knows no cloud named {name}.", hint="Mend AZUREML_CURRENT_CLOUD.")


@lru_cache
def _fetch(url: str) -> tuple[dict[str, Any], ...]:
    """The metadata document, asked for once a process; a failure is not kept."""
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
    return tuple(clouds)
