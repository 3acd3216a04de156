"""How hosts are reached: as the environment says, or directly. What runs on this machine never goes through a proxy."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import requests
    from azure.core.pipeline.transport import RequestsTransport


def is_loopback(url: str | None) -> bool:
    """Whether a URL's host is this machine, by its address or the name `localhost`."""
    host = urlsplit(url or "").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")  # https://www.rfc-editor.org/rfc/rfc6761


def unreachable_because(error: BaseException, url: str = "") -> str:
    """Why a host cannot be reached, as the operating system says it, and the proxy in between, if there is one.

    HTTP clients wrap that reason several times, each in a way of its own. Where none is found, it is the error's type.
    """
    words = next((found for found in map(_system_words, _wrapped_in(error)) if found), type(error).__name__)
    proxy = _proxy_before(url)
    return f"{words}, through the proxy {proxy}" if proxy else words


def _wrapped_in(error: BaseException) -> Iterator[BaseException]:
    """An error, and all that it was made from."""
    left, seen = [error], set[int]()
    while left:
        one = left.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = (one.__cause__, getattr(one, "inner_exception", None), getattr(one, "reason", None), *one.args)
        left += [each for each in (*inner, one.__context__) if isinstance(each, BaseException)]


def _system_words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    words = error.strerror if isinstance(error, OSError) and error.errno is not None else None
    return words[:1].lower() + words[1:] if words else ""


def _proxy_before(url: str) -> str:
    """The address of the proxy that the environment puts before a URL, without name and password; empty: none."""
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - 50 ms, for a failure alone

    parts = urlsplit(url)
    if not parts.hostname or is_loopback(url) or proxy_bypass(parts.hostname):
        return ""
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all") or ""
    scheme, found, rest = proxy.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if found else proxy.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Network:
    """The way to the hosts of one cloud.

    Attributes:
        direct: whether proxies and certificates of the environment do not count.
        certificates: path of the certificates in PEM that a direct host is believed by; None means certifi's.
    """

    direct: bool = False
    certificates: str | None = None

    def settings(self, url: str) -> tuple[dict[str, str], str | bool]:
        """The proxies to a URL by scheme, and whose certificates it is believed by, in the form of requests."""
        if self.direct:
            return {}, self.certificates or True
        import requests

        found = requests.Session().merge_environment_settings(url, {}, None, None, None)
        return dict(found["proxies"]), True if found["verify"] is None else found["verify"]

    def session(self, url: str, connections: int = 8) -> requests.Session:
        """A session for the host of a URL, which reads the environment now, and not for each request."""
        import requests
        from requests.adapters import HTTPAdapter

        session = requests.Session()
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(pool_maxsize=connections, max_retries=0))
        proxies, session.verify = self.settings(url)
        session.proxies.update(proxies)
        session.trust_env = False
        return session

    def transport(self, url: str, connections: int = 8) -> RequestsTransport:
        """Such a session as azure-core's clients take it."""
        from azure.core.pipeline.transport import RequestsTransport

        session = self.session(url, connections)
        return RequestsTransport(session=session, session_owner=True, connection_verify=session.verify)


BY_ENVIRONMENT = Network()
"""Through the proxies of the environment, and with its certificates."""
