"""Opens the registry that is meant: an embedded one is started for as long as it is needed."""

from __future__ import annotations

import difflib
import re
import shlex
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azureml_publish import __version__
from azureml_publish.content.sources.azureblob import PUBLIC_ENDPOINT, Blobs
from azureml_publish.content.sources.hub import Hub
from azureml_publish.errors import EmulatorUnavailable, UsageProblem
from azureml_publish.pipeline.run import RunContext
from azureml_publish.project import Project
from azureml_publish.registry import AzureRegistry, Registry
from azureml_publish.registry.cloud import find_cloud
from azureml_publish.registry.credentials import STORAGE_SCOPE, Asker, find_credential, take_early
from azureml_publish.spec import BlobSource, RegistryConfig

if TYPE_CHECKING:
    from azure.core.credentials import AzureSasCredential, TokenCredential

TOOL = f"azureml-publish/{__version__}"


@dataclass(frozen=True, slots=True)
class Opened:
    """A registry that answers, the Hub that goes with it, and how `publish.yaml` describes it.

    `stand_in` is true where that Hub is the emulator's, with its small random weights.
    """

    registry: Registry
    hub: Hub
    config: RegistryConfig
    asker: Asker
    stand_in: bool = False


@contextmanager
def open_registry(run: RunContext, project: Project, name: str | None, *, early: bool = True) -> Iterator[Opened]:
    """The registry of this name, or the project's own where none is named; tokens are taken at once unless not `early`.

    Raises:
        UsageProblem: `publish.yaml` knows no registry of this name.
        NotAuthorised: nobody hands out a token.
        EmulatorUnavailable: the embedded registry cannot start.
    """
    config = find_config(project, name or project.config.registry)
    environ = run.environ
    if config.emulator is None:
        cloud = find_cloud(environ)
        asker = find_credential(environ, cloud.authority)
        if early:
            blobs = any(isinstance(model.spec.source, BlobSource) for model in project.models)
            take_early(asker, (cloud.scope, *((STORAGE_SCOPE,) if blobs else ())))
        registry = AzureRegistry(str(config.name), asker.credential, environ, TOOL)
        yield Opened(registry, Hub(environ.get("HF_ENDPOINT")), config, asker)
        return
    from azureml_publish.emulator import Emulator

    emulator = Emulator(project.root / config.emulator)
    try:
        emulator.start()
    except (OSError, sqlite3.Error) as error:
        hint = "`emulator` in publish.yaml names its folder: one that can be made, or is yours and intact."
        raise EmulatorUnavailable(f"The embedded registry does not start: {error}.", hint=hint) from error
    try:
        served = emulator.environment
        stand_in = "HF_ENDPOINT" not in environ and config.hub == "stand-in"
        hub = Hub(served["HF_ENDPOINT"] if stand_in else environ.get("HF_ENDPOINT"))
        # azure-ai-ml and requests read these from the process.
        environ.update({key: value for key, value in served.items() if key != "HF_ENDPOINT"})
        asker = find_credential(environ)
        registry = AzureRegistry(name or project.config.registry, asker.credential, environ, TOOL)
        yield Opened(registry, hub, config, asker, stand_in)
    finally:
        emulator.stop()


def is_embedded(project: Project, name: str | None) -> bool:
    """Whether a name, or none, means a registry that publish itself serves."""
    try:
        return find_config(project, name or project.config.registry).emulator is not None
    except UsageProblem:
        return False


def find_config(project: Project, name: str) -> RegistryConfig:
    """How `publish.yaml` describes a registry, or what its address says.

    Raises:
        UsageProblem: `publish.yaml` knows no registry of this name.
    """
    address = re.fullmatch(r"azureml://registries/([a-zA-Z0-9][\w-]{2,32})/?", name)
    known = project.config.registries
    if address:
        # A registry that publish.yaml lists is what it says there, however it is called on the command line.
        listed = [config for config in known.values() if config.name == address[1]]
        return max(listed, key=lambda config: config.protected, default=RegistryConfig(name=address[1]))
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, n=1)
    meant = f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(known)}."
    raise UsageProblem(
        f"publish.yaml knows no registry '{name}'.", hint=f"{meant} One that is not listed: azureml://registries/{name}"
    )


def asked_registry(name: str | None) -> str:
    """The option that makes another command ask the registry of this one; empty where none was named."""
    return f" -r {shlex.quote(name)}" if name is not None else ""


def find_blobs(opened: Opened, environ: Mapping[str, str]) -> Blobs:
    """Blob storage as a source: Azure's, or where PUBLISH_BLOB_ENDPOINT says (`{storage}` is the account's name).

    A private container is opened with the signature in AZURE_STORAGE_SAS_TOKEN, which `az storage` reads too; else as
    whoever asks the registry, and where that is the embedded one, whoever would ask Azure.
    """

    def credential() -> TokenCredential | AzureSasCredential:
        if signature := environ.get("AZURE_STORAGE_SAS_TOKEN"):
            from azure.core.credentials import AzureSasCredential

            return AzureSasCredential(signature)
        if opened.config.emulator is None:
            return opened.asker.credential
        azure = {name: value for name, value in environ.items() if name != "AZUREML_CURRENT_CLOUD"}
        return find_credential(azure).credential

    return Blobs(environ.get("PUBLISH_BLOB_ENDPOINT") or PUBLIC_ENDPOINT, credential)
