"""Where the emulator can be reached now, and which blob a URL of it means.

Ports change with every start, so nothing absolute is ever stored: a blob is `container/path` inside, and becomes a URL
only in an answer.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

ACCOUNT = "emulator"
"""Name of the one storage account, the first segment of a path-style blob URL."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost"})


@dataclass(frozen=True, slots=True)
class Addresses:
    """Base URLs without a trailing slash."""

    https: str
    """Control plane."""
    http: str
    """Blobs and Hub."""

    @property
    def region(self) -> str:
        """The host of the services of a region: the same port by another name, so that clients meet two hosts."""
        return _second(self.https)

    def container(self, name: str, *, second: bool = False) -> str:
        """Path-style URL of a container, the form that SAS answers carry.

        The service spreads a registry over several storage accounts. Here they are the two names of loopback.
        """
        return f"{_second(self.http) if second else self.http}/{ACCOUNT}/{name}"

    def model_uri(self, container: str, path: str, *, second: bool = False) -> str:
        """URL of content as a version record gives it.

        It is HTTPS and leaves the account out because `azure-ai-ml` (`STORAGE_URI_REGEX` in 1.35.2) takes a registry's
        model URI apart as `https://host/container/path` when it downloads.
        """
        return f"{_second(self.https) if second else self.https}/{container}/{path}".rstrip("/")

    def is_own(self, url: str) -> bool:
        """Whether a URL leads to this running emulator."""
        parts = urlsplit(url)
        host = f"{parts.scheme}://{parts.netloc}".replace("://localhost", "://127.0.0.1")
        return host in {self.https, self.http}


def is_second(url: str) -> bool:
    """Whether a URL names the second host."""
    return urlsplit(url).hostname == "localhost"


def _second(base: str) -> str:
    return base.replace("://127.0.0.1", "://localhost")


def blob_reference(url: str) -> tuple[str, str] | None:
    """Take a loopback URL in either blob form apart.

    Args:
        url: `http(s)://127.0.0.1:port/emulator/container/path` or `https://127.0.0.1:port/container/path`. The port is
            not looked at: a client may send back what it read before a restart.

    Returns:
        Container and path without slashes at its ends, not percent-decoded; None for any other URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or parts.hostname not in _LOOPBACK:
        return None
    path = parts.path.lstrip("/")
    if parts.fragment:
        path = f"{path}#{parts.fragment}"
    if path.startswith(f"{ACCOUNT}/"):
        path = path[len(ACCOUNT) + 1 :]
    container, _, rest = path.partition("/")
    return (container, rest.strip("/")) if container else None
