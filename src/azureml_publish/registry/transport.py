"""How requests reach a registry: azure-core's pipeline over urllib3's connection pools.

azure-core's own transport goes through a `requests.Session`, which works out proxies, certificates, cookies and netrc
anew for each request: about half of the time that a request takes of a processor, and the threads of a run share one.
Here requests decides once a host.
"""

from __future__ import annotations

import ssl
import threading
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import certifi
import requests
from azure.core.configuration import ConnectionConfiguration
from azure.core.exceptions import (
    AzureError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline.transport import HttpResponse, HttpTransport
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Timeout, make_headers
from urllib3 import exceptions as failures
from urllib3.util.ssl_ import create_urllib3_context

from azureml_publish.errors import UsageProblem
from azureml_publish.network import BY_ENVIRONMENT, Network
from azureml_publish.registry.credentials import odd_token

_ALWAYS = make_headers(keep_alive=True, accept_encoding=True)


class _Route(NamedTuple):
    """The way to one host: its pool of connections, and what a request line begins with before the path."""

    pool: HTTPConnectionPool
    prefix: str


class PooledTransport(HttpTransport[Any, Any]):
    """Sends requests as azure-core's transport does, and raises the same kinds of errors; follows no redirect.

    The environment (`HTTPS_PROXY` and its like, `NO_PROXY`, `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`) is read at the
    first request to a host, by the rules of requests, unless the network is a direct one. Cookies are left out, and so
    is netrc, because its password would take the place of the token.
    """

    def __init__(self, connections: int, network: Network = BY_ENVIRONMENT) -> None:
        """Prepare to keep that number of open connections to one host, and to reach hosts as a network says."""
        self._routes: dict[tuple[str, str], _Route] = {}
        self._network = network
        self._adapter = _Adapter(pool_maxsize=connections)
        self._defaults = ConnectionConfiguration()
        self._finding = threading.Lock()

    def open(self) -> None:
        """Do nothing: connections are opened when they are needed."""

    def close(self) -> None:
        """Close the connections that are idle."""
        self._adapter.close()
        self._routes.clear()

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def send(self, request: Any, **options: Any) -> HttpResponse:
        """Send a request and read its answer.

        Raises:
            ServiceRequestError: it did not reach the service, which knows nothing of it.
            ServiceResponseError: it may have; what came back was not a whole answer.
            UsageProblem: there are no certificates where the environment says.
            NotAuthorised: the token holds a character that cannot be sent.
        """
        if not request.headers.get("Authorization", "").isascii():
            raise odd_token("the credential")
        parts = urlsplit(request.url)
        body = request.body
        try:
            route = self._routes.get((parts.scheme, parts.netloc)) or self._find_route(parts.scheme, parts.netloc)
            raw = route.pool.urlopen(
                request.method,
                f"{route.prefix}{parts.path or '/'}{'?' if parts.query else ''}{parts.query}",
                body=body.encode() if isinstance(body, str) else body,
                headers={**_ALWAYS, **request.headers},
                retries=self._adapter.max_retries,
                redirect=False,
                assert_same_host=False,
                timeout=Timeout(
                    connect=options.get("connection_timeout", self._defaults.timeout),
                    read=options.get("read_timeout", self._defaults.read_timeout),
                ),
            )
        except (failures.HTTPError, requests.RequestException, OSError) as error:
            raise _translated(error) from error
        return _Response(request, raw)

    def _find_route(self, scheme: str, netloc: str) -> _Route:
        with self._finding:  # threads that come at once share one pool, too
            route = self._routes.get((scheme, netloc))
            if route is None:
                route = self._routes[scheme, netloc] = self._adapter.find_route(f"{scheme}://{netloc}/", self._network)
            return route


class _Adapter(HTTPAdapter):
    """requests' own way from a URL to a pool of connections; but certificates are read once, not for each connection.

    That is some 10 to 30 ms of a processor each.
    """

    def find_route(self, url: str, network: Network) -> _Route:
        """The pool for the host of a URL: through a proxy or not, and whose certificates it believes.

        Raises:
            UsageProblem: there are no certificates where the environment says.
        """
        request = requests.Request("GET", url).prepare()
        proxies, verify = network.settings(url)
        pool = cast("HTTPConnectionPool", self.get_connection_with_tls_context(request, verify, proxies=proxies))
        if (select_proxy(url, proxies) or "").startswith("https:"):
            self.cert_verify(pool, url, verify, None)  # type: ignore[no-untyped-call]  # the proxy is believed likewise
        # Plain HTTP through a proxy names the whole URL.
        return _Route(pool, self.request_url(request, proxies).removesuffix("/"))

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """Host and port, and one context for all connections in place of the path that each would read."""
        host, settings = super().build_connection_pool_key_attributes(request, verify, cert)
        if host["scheme"] != "https":
            return host, {}
        return host, {
            "cert_reqs": settings["cert_reqs"],
            "ssl_context": _trusting(verify if isinstance(verify, str) else certifi.where()),
        }


def _trusting(path: str) -> ssl.SSLContext:
    context = create_urllib3_context()
    try:
        context.load_verify_locations(**{"capath" if Path(path).is_dir() else "cafile": path})
    except OSError as error:
        hint = "Correct REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE: a file of certificates in PEM, or a folder of such."
        raise UsageProblem(f"No certificates can be read at {path}: {error}.", hint=hint) from error
    return context


class _Response(HttpResponse):
    """An answer that was read to its end."""

    def __init__(self, request: Any, raw: BaseHTTPResponse) -> None:
        super().__init__(request, raw)
        self.status_code = raw.status
        self.headers = raw.headers
        self.reason = raw.reason
        self.content_type = raw.headers.get("content-type")

    def body(self) -> bytes:
        """The whole of it, unpacked where it came packed."""
        data: bytes = self.internal_response.data
        return data


def _translated(error: Exception) -> AzureError:
    """azure-core's error for one of urllib3, so that its policies know what may be tried again."""
    reason = error.reason if isinstance(error, failures.MaxRetryError) else error
    if isinstance(reason, failures.ConnectTimeoutError) and not isinstance(reason, failures.NewConnectionError):
        return ServiceRequestTimeoutError(error, error=error)
    if isinstance(reason, failures.ReadTimeoutError):
        return ServiceResponseTimeoutError(error, error=error)
    if isinstance(reason, failures.ProtocolError | failures.DecodeError):
        return ServiceResponseError(error, error=error)
    return ServiceRequestError(error, error=error)
