"""How hosts are reached: as the environment says, or directly. What runs on this machine never goes through a proxy."""

from __future__ import annotations

import ipaddress
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
