"""How requests reach a registry: azure-core's pipeline over urllib3's connection pools.

azure-core's own transport goes through a `requests.Session`, which works out proxies, certificates, cookies and netrc
anew for each request: about half of the time that a request takes of a processor, and the threads of a run share one.
Here it is decided once a host, and requests is imported only to read the environment and to go through a proxy.
"""

from __future__ import annotations

import ssl
import threading
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import certifi
from azure.core.configuration import ConnectionConfiguration
from azure.core.exceptions import (
    AzureError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline.transport import HttpResponse, HttpTransport
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, PoolManager, Timeout, make_headers
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
        self._connections = connections
        self._defaults = ConnectionConfiguration()
        self._finding = threading.Lock()

    def open(self) -> None:
        """Do nothing: connections are opened when they are needed."""

    def close(self) -> None:
        """Close the connections that are idle."""
        for route in self._routes.values():
            route.pool.close()
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
                retries=0,
                redirect=False,
                assert_same_host=False,
                timeout=Timeout(
                    connect=options.get("connection_timeout", self._defaults.timeout),
                    read=options.get("read_timeout", self._defaults.read_timeout),
                ),
            )
        except (failures.HTTPError, OSError) as error:  # requests' own are among the latter
            raise _translated(error) from error
        return _Response(request, raw)

    def _find_route(self, scheme: str, netloc: str) -> _Route:
        with self._finding:  # threads that come at once share one pool, too
            route = self._routes.get((scheme, netloc))
            if route is None:
                url = f"{scheme}://{netloc}/"
                route = self._routes[scheme, netloc] = _find_route(url, self._network, self._connections)
            return route


def _find_route(url: str, network: Network, connections: int) -> _Route:
    """The way to the host of a URL: through a proxy or not, and whose certificates it believes.

    Certificates are read once, not for each connection: that is some 10 to 30 ms of a processor each.

    Raises:
        UsageProblem: there are no certificates where the environment says.
    """
    proxies, verify = network.settings(url)
    trust: dict[str, Any] = {}
    if url.startswith("https:"):
        context = _trusting(verify if isinstance(verify, str) else certifi.where())
        trust = {"cert_reqs": "CERT_REQUIRED", "ssl_context": context}
    if not proxies:
        return _Route(PoolManager(maxsize=connections).connection_from_url(url, trust), "")
    import requests  # noqa: PLC0415 - see above

    class Adapter(requests.adapters.HTTPAdapter):
        def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> tuple[Any, Any]:
            return super().build_connection_pool_key_attributes(request, verify, cert)[0], trust

    adapter = Adapter(pool_maxsize=connections)
    request = requests.Request("GET", url).prepare()
    pool: Any = adapter.get_connection_with_tls_context(request, verify, proxies=proxies)
    if (requests.utils.select_proxy(url, proxies) or "").startswith("https:"):
        adapter.cert_verify(pool, url, verify, None)  # type: ignore[no-untyped-call]  # the proxy is believed likewise
    # Plain HTTP through a proxy names the whole URL.
    return _Route(pool, adapter.request_url(request, proxies).removesuffix("/"))


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
