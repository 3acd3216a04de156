"""What Azure ML keeps as a source: outputs of jobs, datastores, models of workspaces, versions in registries.

The forms of addresses are those that `az ml model create --path` takes
(https://learn.microsoft.com/azure/machine-learning/how-to-manage-models).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from azureml_publish.assets import ContainerAccess, RegisteredAsset, Workspace
from azureml_publish.content.packaging.tree import MANIFEST_FILE, SIGNATURE_FILE, ArtifactFile, BlobOrigin, ReadOrigin
from azureml_publish.content.sources.azureblob import PUBLIC_ENDPOINT, Blobs
from azureml_publish.content.upload.container import Container
from azureml_publish.errors import NotFound, PublishError, UnexpectedAnswer, UnusableSource
from azureml_publish.network import is_loopback
from azureml_publish.patterns import pattern
from azureml_publish.spec import BlobFolder

if TYPE_CHECKING:
    from azureml_publish.content.sources.azureblob import Credential


class AzureMl(Protocol):
    """Reads jobs, datastores and models of Azure ML, with a credential."""

    def get(self, workspace: Workspace, *path: str) -> Mapping[str, Any]:
        """The properties of a resource of a workspace: `jobs, NAME` or `models, NAME, versions, VERSION`."""

    def secrets(self, workspace: Workspace, datastore: str) -> Mapping[str, Any]:
        """What opens a datastore: `sasToken` or `key`."""

    def version(self, registry: str, model: str, version: int) -> RegisteredAsset | None:
        """A version in a registry."""

    def open_content(self, asset: RegisteredAsset) -> ContainerAccess:
        """The container of a registered version."""

    def close(self) -> None:
        """Close the connections."""


_WORKSPACE = (
    r"subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)/"
    r"(?:providers/Microsoft\.MachineLearningServices/)?workspaces/(?P<workspace>[^/]+)/"
)
_ADDRESS = pattern(
    rf"azureml:/{{0,2}}(?:{_WORKSPACE})?(?:"
    r"registries/(?P<registry>[^/]+)/models/(?P<name>[^/]+)/versions/(?P<number>[0-9]+)"
    r"|datastores/(?P<datastore>[^/]+)/paths/(?P<path>.*)"
    r"|jobs/(?P<job>[^/]+)/outputs/(?P<output>[^/]+)(?:/paths/(?P<below>.*))?/?"
    r"|models/(?P<model>[^/]+)/versions/(?P<version>[^/]+)"
    r"|(?P<short>[^/:@]+):(?P<of>[^/:@]+))",
    re.IGNORECASE,
)
_FORMS = (
    "Write azureml://jobs/JOB/outputs/NAME/paths/PATH, azureml://datastores/NAME/paths/PATH, azureml:NAME:VERSION or "
    "azureml://registries/REGISTRY/models/NAME/versions/VERSION; subscriptions/…/resourcegroups/…/workspaces/…/ may "
    "stand before jobs, datastores and models."
)
_STORAGE = ("core.windows.net", "core.chinacloudapi.cn", "core.usgovcloudapi.net")
"""Where the clouds' storage accounts are: the caller's own token goes nowhere else, whatever a datastore says."""

_ARTIFACTS = "artifacts"
"""The output that holds what a job logged; it lies in the workspace's own datastore for artifacts."""

SIGNED = timedelta(days=1)
"""How long a signature is good for that is made of a datastore's key: as long as an upload may take."""

OF_PUBLISHING = (MANIFEST_FILE, SIGNATURE_FILE)
"""Files of a registered version that tell about the others, and are made anew."""

_MOST_STEPS = 5
"""Addresses that lead to one another: a model to a job's output, that to a datastore."""


@dataclass(frozen=True, slots=True)
class AzureMlFiles:
    """Lists and reads what Azure ML keeps.

    Attributes:
        service: the client; None where there is no credential.
        workspace: the one that is meant where an address names none.
        credential: opens storage where a datastore has no secret of its own.
        endpoint: address of storage accounts with `{storage}` for the name, where a datastore does not say its own.
    """

    service: AzureMl | None = None
    workspace: Workspace | None = None
    credential: Callable[[], Credential | None] = lambda: None
    endpoint: str = PUBLIC_ENDPOINT
    _opened: list[Blobs | Container] = field(default_factory=list, init=False, repr=False, compare=False)

    def list_files(self, address: str) -> tuple[ArtifactFile, ...]:
        """The files at an address.

        Raises:
            UnusableSource: it is not an address that can be read, or names no workspace and none is known.
            NotFound, NotAuthorised, Unreachable: as the services answer.
        """
        return self._list(address, self.workspace, _MOST_STEPS)

    def close(self) -> None:
        """Close all connections, once no request is under way."""
        for one in self._opened:
            one.close()
        self._opened.clear()
        if self.service is not None:
            self.service.close()

    def _list(self, address: str, workspace: Workspace | None, steps: int) -> tuple[ArtifactFile, ...]:
        found = _ADDRESS.fullmatch(address)
        if found is None or steps == 0:
            raise UnusableSource(f"{address} is not an address that can be read.", hint=_FORMS)
        if self.service is None:
            raise UnusableSource(f"{address} cannot be read without a registry to sign in to.", hint="Name one: -r.")
        if found["registry"]:
            return self._version(self.service, found["registry"], found["name"], int(found["number"]))
        if found["workspace"]:
            workspace = Workspace(found["subscription"], found["group"], found["workspace"])
        if workspace is None:
            hint = (
                "Write azureml://subscriptions/S/resourcegroups/G/workspaces/W/…, or set AZUREML_ARM_SUBSCRIPTION, "
                "AZUREML_ARM_RESOURCEGROUP and AZUREML_ARM_WORKSPACE_NAME; a config.json of the workspace beside "
                "publish.yaml says the same."
            )
            raise UnusableSource(f"{address} names no workspace.", hint=hint)
        if found["datastore"]:
            return self._datastore(self.service, workspace, found["datastore"], found["path"])
        if found["job"]:
            where = self._output(self.service, workspace, found["job"], found["output"], found["below"] or "")
        else:
            model, version = found["model"] or found["short"], found["version"] or found["of"]
            where = str(self.service.get(workspace, "models", model, "versions", version).get("modelUri") or "")
        return self._list(where, workspace, steps - 1)

    def _output(self, service: AzureMl, workspace: Workspace, job: str, output: str, below: str) -> str:
        """The address of an output's files in a datastore."""
        described = service.get(workspace, "jobs", job)
        status, outputs = described.get("status"), described.get("outputs")
        if status not in ("Completed", "Finished"):
            hint = "Wait until it is completed, or name another job."
            raise UnusableSource(f"The job {job} is not completed: it is {status or 'of no known state'}.", hint=hint)
        named = outputs.get(output) if isinstance(outputs, Mapping) else None
        uri = named.get("uri") if isinstance(named, Mapping) else None
        if not isinstance(uri, str) or not uri.startswith("azureml:"):
            if output == _ARTIFACTS:
                return f"azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.{job}/{below}"
            if named is None:
                there = ", ".join(sorted(map(str, outputs))) if isinstance(outputs, Mapping) and outputs else "none"
                hint = f"It has: {there}; {_ARTIFACTS} is what it logged."
                raise NotFound(f"The job {job} has no output {output}.", hint=hint)
            # An output that names no path: https://learn.microsoft.com/azure/machine-learning/how-to-read-write-data-v2
            uri = f"azureml://datastores/workspaceblobstore/paths/azureml/{job}/{output}/"
        return f"{uri.rstrip('/')}/{below}" if below else uri

    def _datastore(self, service: AzureMl, workspace: Workspace, name: str, path: str) -> tuple[ArtifactFile, ...]:
        described = service.get(workspace, "datastores", name)
        kind = described.get("datastoreType")
        container = described.get("containerName") or described.get("filesystem")
        account = described.get("accountName")
        if kind not in ("AzureBlob", "AzureDataLakeGen2"):
            hint = (
                "Copy the files to a blob datastore, or download them, and write source: {local: FOLDER}; for a share "
                f"of Azure Files: azcopy copy 'https://{account or 'ACCOUNT'}.file.core.windows.net/SHARE/PATH' FOLDER."
            )
            raise UnusableSource(f"The datastore {name} is of the type {kind}, which is not read.", hint=hint)
        if not isinstance(container, str) or not isinstance(account, str):
            raise UnexpectedAnswer(f"The datastore {name} names no account and container.", hint="Correct it there.")
        mine = self.credential if described.get("endpoint") in (None, "", *_STORAGE) else lambda: None

        def credential() -> Credential | None:
            return _secret(service, workspace, name, described, container) or mine()

        blobs = Blobs(self._endpoint(described), credential)
        self._opened.append(blobs)
        folder = BlobFolder(storage=account, container=container, path=path.strip("/"))
        return tuple(
            ArtifactFile(
                file.path,
                file.size,
                ReadOrigin(_OfBlobs(blobs, {file.path: file}), file.path),
                sha256=file.sha256,
                etag=file.etag,
            )
            for file in blobs.list_files(folder)
        )

    def _endpoint(self, described: Mapping[str, Any]) -> str:
        """Where the account of a datastore answers; on this machine its name is part of the path."""
        host, scheme = described.get("endpoint"), described.get("protocol") or "https"
        if not isinstance(host, str) or not host or scheme not in ("https", "http"):
            return self.endpoint
        if is_loopback(f"{scheme}://{host}"):
            return f"{scheme}://{host}/{{storage}}"
        return f"https://{{storage}}.blob.{host}" if self.endpoint == PUBLIC_ENDPOINT else self.endpoint

    def _version(self, service: AzureMl, registry: str, model: str, version: int) -> tuple[ArtifactFile, ...]:
        asset = service.version(registry, model, version)
        if asset is None:
            hint = f"`publish list -r azureml://registries/{registry}` says what it holds."
            raise NotFound(f"There is no {model} version {version} in the registry {registry}.", hint=hint)
        access = service.open_content(asset)
        container = Container(access, access.folder_of(asset.path), lambda: service.open_content(asset))
        self._opened.append(container)
        reader = _OfContainer(container)
        stored = {path: file for path, file in container.files().items() if path not in OF_PUBLISHING}
        if not stored:
            raise UnusableSource(f"{asset.id} holds no file.", hint="Name another version.")
        return tuple(
            ArtifactFile(path, file.size, ReadOrigin(reader, path), sha256=file.sha256) for path, file in stored.items()
        )


def _origin(file: ArtifactFile) -> BlobOrigin:
    assert isinstance(file.origin, BlobOrigin)  # noqa: S101 - only files of blob storage are listed for it
    return file.origin


def _secret(
    service: AzureMl, workspace: Workspace, name: str, described: Mapping[str, Any], container: str
) -> Credential | None:
    """The datastore's own secret, if it has one that the caller may read; of a key, a signature for the container."""
    from azure.core.credentials import AzureSasCredential
    from azure.storage.blob import ContainerSasPermissions, generate_container_sas

    kept = described.get("credentials")
    kind = kept.get("credentialsType") if isinstance(kept, Mapping) else None
    if kind not in ("Sas", "AccountKey"):
        return None
    try:
        secrets = service.secrets(workspace, name)
    except PublishError:
        return None  # who may not read it may still be let in by a role
    signature, key = secrets.get("sasToken"), secrets.get("key")
    if isinstance(key, str) and key:
        ends = datetime.now(UTC) + SIGNED
        allowed = ContainerSasPermissions(read=True, list=True)
        account = str(described.get("accountName"))
        signature = generate_container_sas(account, container, key, permission=allowed, expiry=ends)
    return AzureSasCredential(signature.lstrip("?")) if isinstance(signature, str) and signature else None


@dataclass(frozen=True, slots=True, repr=False)
class _OfBlobs:
    """Reads files of one account, with the credential that goes with it."""

    blobs: Blobs
    files: Mapping[str, ArtifactFile]

    def read(self, path: str, start: int, length: int) -> Iterator[bytes]:
        file = self.files[path]
        return self.blobs.read(_origin(file), start, length, file.etag)

    def copy_source(self, path: str) -> tuple[str, str | None] | None:
        return self.blobs.copy_source(_origin(self.files[path]))


@dataclass(frozen=True, slots=True, repr=False)
class _OfContainer:
    """Reads files of a registered version."""

    container: Container

    def read(self, path: str, start: int, length: int) -> Iterator[bytes]:
        yield self.container.read_part(path, start, length) if length else b""

    def copy_source(self, path: str) -> tuple[str, str | None] | None:
        return self.container.address(path), None
