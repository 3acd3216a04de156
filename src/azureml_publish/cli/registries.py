"""Opens the registry that is meant: an embedded one is started for as long as it is needed."""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azureml_publish import __version__
from azureml_publish.artifacts.azureblob import PUBLIC_ENDPOINT, Blobs
from azureml_publish.artifacts.hub import Hub
from azureml_publish.cli.session import Output
from azureml_publish.errors import EmulatorUnavailable, UsageProblem
from azureml_publish.project import Project
from azureml_publish.registry import AzureRegistry, Registry
from azureml_publish.spec import RegistryConfig

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, AzureSasCredential, TokenCredential

TOOL = f"azureml-publish/{__version__}"


@dataclass(frozen=True, slots=True)
class Opened:
    """A registry that answers, the Hub that goes with it, and how `publish.yaml` describes it.

    `stand_in` is true where that Hub is the emulator's, with its small random weights.
    """

    registry: Registry
    hub: Hub
    config: RegistryConfig
    stand_in: bool = False


@contextmanager
def open_registry(output: Output, project: Project, name: str | None) -> Iterator[Opened]:
    """The registry of this name, or the project's own where none is named.

    Raises:
        UsageProblem: `publish.yaml` knows no registry of this name.
        EmulatorUnavailable: the embedded registry cannot start.
    """
    config = _find(project, name or project.config.registry)
    environ = output.session.environ
    if config.emulator is None:
        registry = AzureRegistry(str(config.name), find_credential(environ), environ, TOOL)
        yield Opened(registry, Hub(environ.get("HF_ENDPOINT")), config)
        return
    from azureml_publish.emulator import Emulator

    emulator = Emulator(project.root / config.emulator)
    try:
        emulator.start()
    except OSError as error:
        raise EmulatorUnavailable(f"The embedded registry does not start: {error}.") from error
    try:
        served = emulator.environment
        stand_in = "HF_ENDPOINT" not in environ and config.hub == "stand-in"
        hub = Hub(served["HF_ENDPOINT"] if stand_in else environ.get("HF_ENDPOINT"))
        # azure-ai-ml and requests read these from the process.
        environ.update({key: value for key, value in served.items() if key != "HF_ENDPOINT"})
        registry = AzureRegistry(name or project.config.registry, _AnyToken(), environ, TOOL)
        yield Opened(registry, hub, config, stand_in)
    finally:
        emulator.stop()


def _find(project: Project, name: str) -> RegistryConfig:
    address = re.fullmatch(r"azureml://registries/([a-zA-Z0-9][\w-]{2,32})/?", name)
    if address:
        return RegistryConfig(name=address[1])
    known = project.config.registries
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, n=1)
    meant = f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(known)}."
    raise UsageProblem(
        f"publish.yaml knows no registry '{name}'.", hint=f"{meant} One that is not listed: azureml://registries/{name}"
    )


def find_credential(environ: Mapping[str, str]) -> TokenCredential:
    """Who asks. An emulator in another process (`publish emulator`) takes anybody; Azure is asked by azure-identity."""
    if environ.get("AZUREML_CURRENT_CLOUD") == "Emulator":
        return _AnyToken()
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()


def find_blobs(environ: Mapping[str, str]) -> Blobs:
    """Blob storage as a source: Azure's, or where PUBLISH_BLOB_ENDPOINT says (`{storage}` is the account's name).

    A private container is opened with the signature in AZURE_STORAGE_SAS_TOKEN, which `az storage` reads too, or else
    as whoever azure-identity finds.
    """

    def credential() -> TokenCredential | AzureSasCredential:
        if signature := environ.get("AZURE_STORAGE_SAS_TOKEN"):
            from azure.core.credentials import AzureSasCredential

            return AzureSasCredential(signature)
        from azure.identity import DefaultAzureCredential

        return DefaultAzureCredential()

    return Blobs(environ.get("PUBLISH_BLOB_ENDPOINT") or PUBLIC_ENDPOINT, credential)


class _AnyToken:
    """A credential for the emulator, which asks for a token and takes any."""

    def get_token(self, *_scopes: str, **_kwargs: Any) -> AccessToken:
        from azure.core.credentials import AccessToken

        return AccessToken("embedded", int(time.time()) + 3600)
