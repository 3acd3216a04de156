"""What reads the sources of models: as the environment, the workspace and an opened registry say."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from azureml_publish.assets import Workspace
from azureml_publish.content.sources.azureblob import PUBLIC_ENDPOINT, Blobs
from azureml_publish.content.sources.azureml import AzureMlFiles
from azureml_publish.content.sources.git import Clones
from azureml_publish.content.sources.mlflow import MlflowFiles
from azureml_publish.content.sources.readers import Readers
from azureml_publish.files import CONFIG_FILE, UnusableFile, read_file
from azureml_publish.pipeline.registries import Opened, public_hub
from azureml_publish.pipeline.run import RunContext
from azureml_publish.registry.cloud import find_cloud
from azureml_publish.registry.workspaces import AzureWorkspaces
from azureml_publish.version import TOOL

if TYPE_CHECKING:
    from azure.core.credentials import AzureSasCredential, TokenCredential


def find_readers(opened: Opened | None, run: RunContext) -> Readers:
    """What reads sources: the Hub that goes with a registry, and storage as `find_blobs` says. None: none is opened."""

    def credential() -> TokenCredential:
        return opened.identity.credential if opened is not None else _own_credential(run)

    blobs, hub = find_blobs(opened, run), opened.hub if opened is not None else public_hub(run)
    cloud = opened.cloud if opened is not None else None
    service = AzureWorkspaces(credential, lambda: cloud or find_cloud(run.environ), TOOL)
    azureml = AzureMlFiles(service, find_workspace(run), blobs.credential, blobs.endpoint)
    return Readers(hub, blobs, Clones(run.environ), azureml=azureml, mlflow=MlflowFiles(run.environ))


def _own_credential(run: RunContext) -> TokenCredential:
    """Who signs in to Azure where no registry of Azure is opened."""
    return run.find_credential(run.environ, find_cloud(run.environ).authority).credential


def find_workspace(run: RunContext) -> Workspace | None:
    """The workspace that is meant where an address names none.

    It is that of the variables that Azure ML sets for its jobs, else of the nearest `config.json` that the portal hands
    out, as `MLClient.from_config` finds it
    (https://learn.microsoft.com/azure/machine-learning/how-to-configure-environment#local-and-dsvm-only-create-a-workspace-configuration-file).
    """
    named = [run.environ.get(f"AZUREML_ARM_{key}") for key in ("SUBSCRIPTION", "RESOURCEGROUP", "WORKSPACE_NAME")]
    if all(named):
        return Workspace(*(str(one) for one in named))
    for folder in (run.directory.absolute(), *run.directory.absolute().parents):
        for path in (folder / ".azureml" / "config.json", folder / "config.json"):
            with suppress(UnusableFile, ValueError, KeyError, TypeError, RecursionError):
                kept = json.loads(read_file(path, None, limit=65536))
                return Workspace(kept["subscription_id"], kept["resource_group"], kept["workspace_name"])
        if (folder / CONFIG_FILE).exists():
            break
    return None


def find_blobs(opened: Opened | None, run: RunContext) -> Blobs:
    """Blob storage as a source: Azure's, or where PUBLISH_BLOB_ENDPOINT says (`{storage}` is the account's name).

    A private container is opened with the signature in AZURE_STORAGE_SAS_TOKEN, which `az storage` reads too; else as
    the identity of the registry, and for the embedded one that of Azure.
    """

    def credential() -> TokenCredential | AzureSasCredential:
        if signature := run.environ.get("AZURE_STORAGE_SAS_TOKEN"):
            from azure.core.credentials import AzureSasCredential

            return AzureSasCredential(signature)
        if opened is not None and opened.config.emulator is None:
            return opened.identity.credential
        return _own_credential(run)

    return Blobs(run.environ.get("PUBLISH_BLOB_ENDPOINT") or PUBLIC_ENDPOINT, credential)
