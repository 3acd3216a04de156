"""Which cloud: where Azure Resource Manager and registry discovery answer, by the variables that azure-ai-ml reads."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from azureml_publish.errors import PublishError, UnexpectedAnswer, Unreachable
from azureml_publish.network import BY_ENVIRONMENT, Network, is_loopback, unreachable_because
from azureml_publish.registry.failures import name_kind

PUBLIC = "AzureCloud"


@dataclass(frozen=True, slots=True)
class Cloud:
    """One cloud: its endpoints, without a final slash, and the way to them.

    Attributes:
        authority: its own host of Microsoft Entra, if any.
        name: what azure-ai-ml calls it.
        metadata_url: where it is described; None for a cloud that azure-ai-ml knows by name.
        token_hosts: further hosts that may have its token; with a point before them all below them.
        network: how its hosts are reached. One on this machine, as the emulator is, is reached directly.
    """

    arm: str
    discovery: str
    authority: str | None = None
    name: str = PUBLIC
    metadata_url: str | None = None
    network: Network = BY_ENVIRONMENT
    token_hosts: tuple[str, ...] = ()

    def owns(self, url: str) -> bool:
        """Whether a host belongs to the cloud, and so may have its token: by name, or as a part of its domains."""
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        named = {urlsplit(one).hostname for one in (self.arm, self.discovery, self.metadata_url) if one}
        if parts.scheme != "https" or "\\" in url or not host:
            return False
        return host in named or any(
            host == one or (one.startswith(".") and host.endswith(one))
            for one in (*self.token_hosts, *_DOMAINS.get(self.name, ()))
        )

    @property
    def scope(self) -> str:
        """The scope of a token for Azure Resource Manager."""
        return f"{self.arm}/.default"


_DOMAINS = {
    PUBLIC: (".azureml.ms", ".azureml.net"),
    "AzureChinaCloud": (".ml.azure.cn",),
    "AzureUSGovernment": (".ml.azure.us",),
}
"""Where the registries of a cloud answer, as discovery was seen to name them."""

CLOUDS = {
    PUBLIC: Cloud("https://management.azure.com", "https://eastus.api.azureml.ms"),
    "AzureChinaCloud": Cloud(
        "https://management.chinacloudapi.cn",
        "https://chinaeast2.api.ml.azure.cn",
        "login.chinacloudapi.cn",
        "AzureChinaCloud",
    ),
    "AzureUSGovernment": Cloud(
        "https://management.usgovcloudapi.net",
        "https://usgovarizona.api.ml.azure.us",
        "login.microsoftonline.us",
        "AzureUSGovernment",
    ),
}
"""The clouds that azure-ai-ml 1.35 knows by name. Discovery answers in any region for all (Microsoft's REST how-to)."""


def find_cloud(environ: Mapping[str, str]) -> Cloud:
    """The cloud that the environment names: one that azure-ai-ml knows as well, or one of a metadata document.

    PUBLISH_TOKEN_HOSTS names further hosts that may have its token.

    `AZUREML_CURRENT_CLOUD` and `ARM_CLOUD_METADATA_URL` choose it, `REGISTRY_DISCOVERY_ENDPOINT_URL` overrides where
    discovery answers; azure-ai-ml reads the same three. Of a cloud on this machine `REQUESTS_CA_BUNDLE` (else
    `CURL_CA_BUNDLE`) names the certificates.

    Raises:
        Unreachable: the metadata document cannot be fetched.
        UnexpectedAnswer: something else is there.
        PublishError: it does not hold the cloud.
    """
    name, url = environ.get("AZUREML_CURRENT_CLOUD"), environ.get("ARM_CLOUD_METADATA_URL")
    discovery = environ.get("REGISTRY_DISCOVERY_ENDPOINT_URL")
    hosts = tuple(environ.get("PUBLISH_TOKEN_HOSTS", "").lower().replace(",", " ").split())
    known = CLOUDS.get(name or PUBLIC)
    if known is not None:
        return replace(known, discovery=(discovery or known.discovery).rstrip("/"), token_hosts=hosts)
    if not url:
        hint = f"Name one of {', '.join(CLOUDS)}, or say in ARM_CLOUD_METADATA_URL where {name} is described."
        raise PublishError(f"There is no cloud named {name}.", hint=hint)
    certificates = environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE")
    network = BY_ENVIRONMENT
    if is_loopback(url):  # one on this machine may answer under every name of it
        network = Network(direct=True, certificates=certificates)
        hosts = (*hosts, "localhost", "127.0.0.1", "::1")
    for cloud in _fetch(url, network):
        if cloud.get("name") == name:
            arm = cloud.get("resourceManager")
            if not isinstance(arm, str) or not arm:
                raise _unexpected(url, f"JSON without `resourceManager` for {name}")
            arm = arm.rstrip("/")
            discovery = (discovery or str(cloud.get("registryDiscovery") or arm)).rstrip("/")
            return Cloud(arm, discovery, name=str(name), metadata_url=url, network=network, token_hosts=hosts)
    raise PublishError(f"{url} knows no cloud named {name}.", hint="Correct AZUREML_CURRENT_CLOUD.")


_PROCESS = threading.Lock()

_READ_BY_AZURE_AI_ML = ("AZUREML_CURRENT_CLOUD", "ARM_CLOUD_METADATA_URL", "REGISTRY_DISCOVERY_ENDPOINT_URL")


@contextmanager
def process_environment(cloud: Cloud) -> Iterator[None]:
    """Let the environment of the process name a cloud, for as long as an MLClient is made, and put it back.

    azure-ai-ml takes a cloud's endpoints from nowhere else, reads them as a client is made, and writes there itself.
    What comes before a client is made for a cloud on this machine goes there directly. One thread at a time.
    """
    values = (cloud.name, cloud.metadata_url, f"{cloud.discovery}/")
    wanted: dict[str, str | None] = dict(zip(_READ_BY_AZURE_AI_ML, values, strict=True))
    if cloud.network.direct:
        host = urlsplit(cloud.arm).hostname
        wanted |= {"NO_PROXY": host, "no_proxy": host, "REQUESTS_CA_BUNDLE": cloud.network.certificates}
    with _PROCESS:
        before = {name: os.environ.get(name) for name in wanted}
        try:
            _put(wanted)
            yield
        finally:
            _put(before)


def _put(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@lru_cache
def _fetch(url: str, network: Network) -> tuple[dict[str, Any], ...]:
    """The metadata document, fetched once a process; a failure is not kept."""
    from azure.core import PipelineClient
    from azure.core.exceptions import AzureError
    from azure.core.pipeline import Pipeline
    from azure.core.pipeline.policies import RedirectPolicy
    from azure.core.rest import HttpRequest

    from azureml_publish.registry.transport import PooledTransport

    steps: list[Any] = [RedirectPolicy()]
    try:
        with PipelineClient(base_url="", pipeline=Pipeline(PooledTransport(1, network), steps)) as client:
            response: Any = client.send_request(HttpRequest("GET", url), connection_timeout=30, read_timeout=30)
            response.raise_for_status()
    except AzureError as error:
        why = unreachable_because(error, url)
        raise Unreachable(
            f"The cloud metadata at {url} cannot be fetched: {why}.", hint="Check the network and the proxy."
        ) from error
    try:
        clouds = json.loads(response.body())
    except ValueError as error:
        raise _unexpected(url, name_kind(response.headers, response.body())) from error
    if not isinstance(clouds, list) or not all(isinstance(one, dict) for one in clouds):
        raise _unexpected(url, "JSON that is not a list of clouds")
    return tuple(clouds)


def _unexpected(url: str, came: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(
        f"{urlsplit(url).netloc} answers with something else than the metadata of clouds: {came}.",
        hint="Check ARM_CLOUD_METADATA_URL, and whether a proxy or a sign-in page answers in its place.",
    )
