"""What a server-side copy may read: blobs and Hub files of this emulator, and nothing beyond it."""

from collections.abc import Sequence
from urllib.parse import parse_qsl, unquote, urlsplit

from azureml_publish.emulator.addresses import Addresses, blob_reference
from azureml_publish.emulator.blobs.sas import Signer
from azureml_publish.emulator.blobs.store import BlobStore
from azureml_publish.emulator.hub.checkpoints import Checkpoints
from azureml_publish.emulator.routing import RefusedError
from azureml_publish.emulator.streaming import Span, UnsatisfiableRangeError, cut, parse_range


def _unreadable(message: str) -> RefusedError:
    return RefusedError(404, "CannotVerifyCopySource", message)


class Sources:
    """Finds the bytes behind an `x-ms-copy-source` URL."""

    def __init__(self, store: BlobStore, signer: Signer, addresses: Addresses, checkpoints: Checkpoints) -> None:
        self._store = store
        self._signer = signer
        self._addresses = addresses
        self._checkpoints = checkpoints

    def blob(self, url: str) -> tuple[str, str] | None:
        """Container and name if the URL is a readable blob, None if it belongs to the Hub.

        Raises:
            RefusedError: The URL leads elsewhere (400), its signature does not allow reading (403), no such blob (404).
        """
        if not self._addresses.is_own(url):
            raise RefusedError(400, "InvalidHeaderValue", "The emulator copies only from itself: x-ms-copy-source.")
        parts = urlsplit(url)
        found = blob_reference(parts._replace(query="").geturl())
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if found is None or ("sig" not in query and not parts.path.startswith("/emulator/")):
            return None
        container, name = found[0], unquote(found[1])
        self._signer.check(container, query, parts.scheme).require("r")
        if self._store.find(container, name) is None:
            raise _unreadable("The specified blob does not exist.")
        return container, name

    async def spans(self, url: str) -> list[Span]:
        """Where the bytes behind a URL lie."""
        inside = self.blob(url)
        if inside is not None:
            return self._store.spans(*inside)
        file = await self._checkpoints.resolve_url(unquote(urlsplit(url).path))
        if file is None:
            raise _unreadable("The copy source is neither a blob nor a file of the Hub.")
        return [Span(file.path, 0, file.size)]

    @staticmethod
    def part(spans: Sequence[Span], wanted: str | None) -> list[Span]:
        """The bytes that `x-ms-source-range` names, all of them without one."""
        size = sum(span.length for span in spans)
        try:
            found = parse_range(wanted, size)
        except UnsatisfiableRangeError as error:
            raise RefusedError(416, "InvalidRange", "The range specified is invalid.") from error
        return list(spans) if found is None else cut(spans, *found)
