"""An Azure blob folder as a source: what it holds, and its bytes as a stream; read by anybody, or with a credential."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from azureml_publish.content.failures import Service, require_storage, storage_failures
from azureml_publish.content.packaging.tree import ArtifactFile, BlobOrigin
from azureml_publish.content.upload.container import SHA256_KEY, is_folder
from azureml_publish.content.upload.lease import MOST_READ
from azureml_publish.content.upload.retry import RetryPolicy
from azureml_publish.errors import NotAuthorised, NotFound, UnusableSource
from azureml_publish.network import Network, is_loopback
from azureml_publish.spec import BlobFolder

if TYPE_CHECKING:
    from azure.core.credentials import AzureSasCredential, TokenCredential
    from azure.storage.blob import ContainerClient

    Credential: TypeAlias = "TokenCredential | AzureSasCredential"

PUBLIC_ENDPOINT = "https://{storage}.blob.core.windows.net"

STORAGE_SCOPE = "https://storage.azure.com/.default"

_STORAGE = Service(
    "The storage",
    access="Log in (`az login`) with the role Storage Blob Data Reader there, or set AZURE_STORAGE_SAS_TOKEN.",
    check="Correct `source.azureblob` in the spec.",
    network="Check the account's name and the network.",
    refusals=frozenset({401, 403, 409}),  # 409: the account allows no public access
)

MOST_CONNECTIONS = 64
"""Open connections that are kept to one account: as many as `--connections` allows."""


@dataclass(frozen=True, slots=True)
class Blobs:
    """Blob storage: the address of an account (`{storage}` stands for its name), and the credential if one is needed.

    Every request is made without a credential first, as public containers want it; `credential` is called once a
    container refuses that.
    """

    endpoint: str = PUBLIC_ENDPOINT
    credential: Callable[[], Credential | None] = lambda: None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    _opening: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False, compare=False)
    _opened: dict[tuple[str, str, bool], ContainerClient] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _found: list[Credential | None] = field(default_factory=list, init=False, repr=False, compare=False)

    def list_files(self, folder: BlobFolder) -> tuple[ArtifactFile, ...]:
        """The files below a folder, with their sizes.

        Raises:
            NotFound: there is no such account, container or folder.
            NotAuthorised: the container is not public, and no credential opens it.
            Unreachable: the storage does not answer.
        """

        def list_files() -> tuple[ArtifactFile, ...]:
            try:
                with self._failures(folder):
                    return self._list(folder, with_credential=False)
            except (NotAuthorised, NotFound):  # a private container looks like a missing one to somebody unknown
                with self._failures(folder):
                    if self._credential() is None:
                        raise
            with self._failures(folder):
                return self._list(folder, with_credential=True)

        return self.retry.attempt(list_files, retryable=lambda error: error.status is not None)

    def read(self, origin: BlobOrigin, start: int, length: int, etag: str | None = None) -> Iterator[bytes]:
        """Bytes of a file, from one request, as long as the file has this ETag.

        Raises:
            NotFound, NotAuthorised, Unreachable: as the storage answers.
            ContentMismatch: the file has changed.
        """
        from azure.core import MatchConditions

        folder = BlobFolder(storage=origin.storage, container=origin.container, path=origin.name)
        if length == 0:
            return
        # A listing gives it without the quotes that If-Match wants.
        quoted = f'"{etag.strip(chr(34))}"' if etag else ""
        same: dict[str, Any] = {"etag": quoted, "match_condition": MatchConditions.IfNotModified} if etag else {}
        with self._failures(folder):
            container = self._open(folder, with_credential=origin.with_credential)
            yield from container.download_blob(origin.name, start, length, max_concurrency=1, **same).chunks()

    def close(self) -> None:
        """Close all connections, once no request is under way."""
        with self._opening:
            for client in self._opened.values():
                client.close()
            self._opened.clear()

    def copy_source(self, origin: BlobOrigin) -> tuple[str, str | None]:
        """The address at which another storage service may read a file, and the `Authorization` to show there."""
        from azure.core.credentials import AzureSasCredential

        folder = BlobFolder(storage=origin.storage, container=origin.container, path=origin.name)
        with self._failures(folder):
            url = self._open(folder, with_credential=origin.with_credential).get_blob_client(origin.name).url
            credential = self._credential() if origin.with_credential else None
            if credential is None:
                return url, None
            if isinstance(credential, AzureSasCredential):
                return f"{url}?{credential.signature.lstrip('?')}", None
            return url, f"Bearer {credential.get_token(STORAGE_SCOPE).token}"

    def _list(self, folder: BlobFolder, *, with_credential: bool) -> tuple[ArtifactFile, ...]:
        top = folder.path.strip("/")
        client = self._open(folder, with_credential=with_credential)
        below = client.list_blobs(name_starts_with=f"{top}/" if top else None, include=["metadata"])
        blobs = [blob for blob in below if blob.name != f"{top}/" and not is_folder(blob)]
        if not blobs and top:  # the path may be that of one file, which comes before all that its name begins
            first = next(iter(client.list_blobs(name_starts_with=top, include=["metadata"])), None)
            blobs = [first] if first is not None and first.name == top else []
        if not blobs:
            where = f"{folder.storage}/{folder.container}/{top}"
            raise UnusableSource(f"There is no file below {where}.", hint="Correct the path in `source`.")
        single = blobs[0].name == top
        files: list[ArtifactFile] = []
        for blob in blobs:
            name = str(blob.name)
            origin = BlobOrigin(folder.storage, folder.container, name, with_credential=with_credential)
            path = name.rpartition("/")[2] if single else name.removeprefix(f"{top}/" if top else "")
            noted = (blob.metadata or {}).get(SHA256_KEY)
            etag = str(blob.etag) if blob.etag else None
            files.append(ArtifactFile(path, int(blob.size), origin, sha256=noted, etag=etag))
        return tuple(files)

    def _open(self, folder: BlobFolder, *, with_credential: bool) -> ContainerClient:
        from azure.storage.blob import ContainerClient

        key = (folder.storage, folder.container, with_credential)
        with self._opening:
            if key not in self._opened:
                address = self.endpoint.format(storage=folder.storage)
                self._opened[key] = ContainerClient(
                    address,
                    folder.container,
                    credential=self._credential() if with_credential else None,
                    transport=Network(direct=is_loopback(address)).transport(address, MOST_CONNECTIONS),
                    retry_total=0,  # `RetryPolicy` retries
                    max_single_get_size=MOST_READ,
                    raw_response_hook=require_storage,
                )
            return self._opened[key]

    def _credential(self) -> Credential | None:
        """The credential, found once."""
        if not self._found:
            self._found.append(self.credential())
        return self._found[0]

    def _failures(self, folder: BlobFolder) -> AbstractContextManager[None]:
        where = f"{self.endpoint.format(storage=folder.storage)}/{folder.container}/{folder.path}"
        return storage_failures(_STORAGE, where)
