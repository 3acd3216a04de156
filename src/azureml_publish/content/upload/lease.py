"""Access to a registry's container: the signature is renewed before it runs out, or when it is refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import parse_qs, urlsplit

from azureml_publish.assets import ContainerAccess
from azureml_publish.content.failures import require_storage
from azureml_publish.errors import PublishError

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

Renew: TypeAlias = Callable[[], ContainerAccess]

MARGIN = 300.0
"""Seconds before the end of a signature at which it is renewed; at most a quarter of its life."""

MOST_READ = 64 * 1024 * 1024
"""Bytes that azure-storage-blob may fetch with one request: a block at least."""


RENEWALS = 8
"""Attempts to renew a signature until one is for the same storage account."""


class Lease:
    """One container and its client. Thread-safe."""

    def __init__(
        self,
        access: ContainerAccess,
        renew: Renew | None = None,
        *,
        connections: int = 8,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._access = access
        self._renew = renew
        self._connections = connections
        self._clock = clock
        self._lock = threading.Lock()
        self._opened: ContainerClient | None = None
        self._clients: list[ContainerClient] = []
        self._until = _renewal(access, clock())

    @property
    def uri(self) -> str:
        """The container's URI, without a signature."""
        return self._access.uri

    def client(self) -> ContainerClient:
        """A client whose signature does not run out soon.

        Raises:
            PublishError: the registry now gives access to another container.
        """
        with self._lock:
            if self._renew is not None and self._until is not None and self._clock() >= self._until:
                self._take(self._renew)
            if self._opened is None:
                self._opened = self._open()
                self._clients.append(self._opened)
            return self._opened

    def close(self) -> None:
        """Close the connections of every client, once no request is under way."""
        with self._lock:
            for client in self._clients:
                client.close()
            self._clients, self._opened = [], None

    def refused(self, client: ContainerClient) -> bool:
        """Renew the signature of a client that was refused; False where it cannot be renewed."""
        with self._lock:
            if self._opened is not client:
                return True  # another thread renewed it
            if self._renew is None:
                return False
            before = self._access.sas_uri
            self._take(self._renew)
            return self._access.sas_uri != before

    def _take(self, renew: Renew) -> None:
        """Take the next signature for the same container of the same storage account.

        A registry has several accounts, and its answers alternate between them (recorded).
        """
        for _ in range(RENEWALS):
            access = renew()
            if _place(access.uri) == _place(self._access.uri):
                break
        else:
            raise PublishError(
                f"The registry gives access to {access.uri} now, and gave it to {self._access.uri} before.",
                hint="Run again: files go into one container.",
            )
        self._access, self._opened = access, None
        self._until = _renewal(access, self._clock())

    def _open(self) -> ContainerClient:
        from azure.storage.blob import ContainerClient

        return ContainerClient.from_container_url(
            self._access.sas_uri,
            # The environment is read once: reading it for each request takes a fifth of a small file's time.
            transport=self._access.network.transport(self._access.uri, self._connections),
            max_single_get_size=MOST_READ,
            raw_response_hook=require_storage,
            retry_total=0,  # `RetryPolicy` retries, because it knows Retry-After, 429 and Ctrl-C
        )


def _place(uri: str) -> tuple[str | None, int, str]:
    """Account, port and container; the default port may be written or not."""
    parts = urlsplit(uri)
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80), parts.path.strip("/")


def _renewal(access: ContainerAccess, now: float) -> float | None:
    """When to renew a signature, by its end (`se`); None where it names none."""
    named = parse_qs(urlsplit(access.sas_uri).query).get("se")
    if not named:
        return None
    try:
        ends = datetime.fromisoformat(named[0])
    except ValueError:
        return None
    end = (ends if ends.tzinfo else ends.replace(tzinfo=UTC)).timestamp()
    return end - min(MARGIN, max(0.0, end - now) / 4)
