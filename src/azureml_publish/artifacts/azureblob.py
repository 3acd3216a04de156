"""An Azure blob folder as a source: what it holds, and its bytes as a stream; read by anybody, or with a credential."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azureml_publish.artifacts.tree import ArtifactFile, BlobOrigin
from azureml_publish.errors import NotAuthorised, NotFound, Unreachable, UnusableSource
from azureml_publish.spec import BlobFolder

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.storage.blob import ContainerClient

PUBLIC_ENDPOINT = "https://{storage}.blob.core.windows.net"


def _no_credential() -> TokenCredential | None:
    return None


@dataclass(frozen=True, slots=True)
class Blobs:
    """Blob storage: the address of an account (`{storage}` stands for its name), and who asks where nobody may.

    Every request is made without a credential first, as public containers want it; `credential` is called once a
    container refuses that.
    """

    endpoint: str = PUBLIC_ENDPOINT
    credential: Callable[[], TokenCredential | None] = _no_credential

    def list_files(self, folder: BlobFolder) -> tuple[ArtifactFile, ...]:
        """The files below a folder, with their sizes.

        Raises:
            NotFound: there is no such account, container or folder.
            NotAuthorised: the container is not public, and no credential opens it.
            Unreachable: the storage does not answer.
        """
        from azure.core.exceptions import HttpResponseError

        try:
            return self._list(folder, None)
        except HttpResponseError as error:
            # A private container looks like a missing one to somebody unknown.
            credential = self.credential() if error.status_code in (401, 403, 404, 409) else None
            if credential is None:
                with self._translated(folder):
                    raise
        with self._translated(folder):
            return self._list(folder, credential)

    def read_file(self, origin: BlobOrigin) -> Iterator[bytes]:
        """The bytes of a file; azure-storage-blob takes a broken connection up again.

        Raises:
            NotFound, NotAuthorised, Unreachable: as the storage answers.
        """
        folder = BlobFolder(storage=origin.storage, container=origin.container, path=origin.name)
        credential = self.credential() if origin.asks else None
        with self._translated(folder), self._open(folder, credential) as container:
            yield from container.download_blob(origin.name).chunks()

    def _list(self, folder: BlobFolder, credential: TokenCredential | None) -> tuple[ArtifactFile, ...]:
        top = folder.path.strip("/")
        prefix = f"{top}/" if top else ""
        files: list[ArtifactFile] = []
        with self._open(folder, credential) as container:
            for blob in container.list_blobs(name_starts_with=prefix or None):
                name = str(blob.name)
                if name == prefix or (blob.size == 0 and _is_folder(blob)):
                    continue
                origin = BlobOrigin(folder.storage, folder.container, name, asks=credential is not None)
                files.append(ArtifactFile(name.removeprefix(prefix), int(blob.size), origin))
        if not files:
            where = f"{folder.storage}/{folder.container}/{top}"
            raise UnusableSource(f"There is no file below {where}.", hint="Mend `source.azureblob.path` in the spec.")
        return tuple(files)

    def _open(self, folder: BlobFolder, credential: TokenCredential | None) -> ContainerClient:
        from azure.storage.blob import ContainerClient

        return ContainerClient(self.endpoint.format(storage=folder.storage), folder.container, credential=credential)

    @contextmanager
    def _translated(self, folder: BlobFolder) -> Iterator[None]:
        from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

        where = f"{self.endpoint.format(storage=folder.storage)}/{folder.container}/{folder.path}"
        try:
            yield
        except HttpResponseError as error:
            if isinstance(error, ClientAuthenticationError) or error.status_code in (401, 403, 409):
                hint = "Log in (`az login`) as somebody with the role Storage Blob Data Reader there."
                raise NotAuthorised(f"The storage does not open {where} to you.", hint=hint) from error
            if error.status_code == 404:
                raise NotFound(f"There is no {where}.", hint="Mend `source.azureblob` in the spec.") from error
            raise Unreachable(f"The storage answers {error.status_code} for {where}.", hint="Try again.") from error
        except AzureError as error:
            raise Unreachable(f"The storage cannot be reached for {where}.", hint="Check name and network.") from error


def _is_folder(blob: Any) -> bool:
    """Whether a blob only marks a folder, as storage with a hierarchical namespace lists them."""
    return (getattr(blob, "metadata", None) or {}).get("hdi_isfolder") == "true"
