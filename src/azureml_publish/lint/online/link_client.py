"""One address followed: HEAD, then GET without its body, redirects followed by hand and noted."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from azureml_publish.content.upload.retry import read_retry_after
from azureml_publish.lint.online.addresses import Guard, PrivateHostError
from azureml_publish.lint.online.answers import LinkAnswer, LinkState
from azureml_publish.patterns import pattern

if TYPE_CHECKING:
    import requests
    from requests.adapters import HTTPAdapter

TIMEOUT = 10.0
"""Seconds to wait for a connection, and then for an answer."""

HOPS = 10
"""Redirects that are followed."""

WHOLE = 40.0
"""Seconds after which no further request is made for one link."""

_PERMANENT = (301, 308)
_REDIRECTS = (*_PERMANENT, 302, 303, 307)
_NO_NAME = tuple(getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name))
_SIGN_IN = pattern(
    r"(?:^|[/._-])(?:log[-_]?in|sign[-_]?in|sso|oauth2?|authori[sz]e|auth|consent|captcha)(?:$|[/._-])", re.IGNORECASE
)


def _proxies(url: str) -> dict[str, str]:
    """The proxies that the environment has for an address: HTTPS_PROXY and its like, but for NO_PROXY."""
    from requests.utils import get_environ_proxies

    return get_environ_proxies(url)


class RetryLaterError(Exception):
    """A server wants a later request; `seconds` is how long, None where it does not say."""

    def __init__(self, host: str, seconds: float | None) -> None:
        super().__init__(host)
        self.host = host
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class LinkClient:
    """Follows addresses with one set of connections. Takes no cookies, and knows no passwords.

    Attributes:
        guard: which hosts may be contacted.
        agent: what the tool calls itself.
        turn: takes a host's name, and gives what is held during a request.
        proxies: the proxies that go for an address.
        bundle: certificates that are trusted; True: those of certifi.
    """

    guard: Guard
    agent: str
    turn: Callable[[str], Any]
    proxies: Callable[[str], dict[str, str]] = _proxies
    bundle: str | bool = True
    timeout: float = TIMEOUT
    _sessions: tuple[requests.Session, requests.Session] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Open what connects directly, and what connects by a proxy."""
        from requests.adapters import HTTPAdapter

        object.__setattr__(self, "_sessions", (_session(_pinning(self.guard)), _session(HTTPAdapter())))

    def close(self) -> None:
        """End the connections that are kept open."""
        for session in self._sessions:
            session.close()

    def follow(self, url: str) -> LinkAnswer:
        """What comes of following an address.

        Raises:
            RetryLaterError: a server wants a later request.
        """
        import requests
        import urllib3  # noqa: PLC0415 - as slow to import as requests, which brings it

        trail = [url]
        try:
            return self._follow(trail)
        except (
            PrivateHostError,
            requests.exceptions.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
            ValueError,
        ) as error:
            failed = self._failed(error)
        if len(trail) == 1:
            return failed
        by_way = f"leads to {urlsplit(trail[-1]).hostname}, which "
        outcome = failed.outcome if failed.state is LinkState.PRIVATE else by_way + failed.outcome
        return LinkAnswer(failed.state, outcome)

    def _failed(self, error: Exception) -> LinkAnswer:
        """What a failure says of a link; `heard` where it proves that there is a network."""
        from requests import exceptions

        state, outcome, heard = LinkState.UNREACHABLE, "does not answer: the connection fails", False
        match error:
            case PrivateHostError():
                state, outcome = LinkState.PRIVATE, f"leads to {error}"
            case socket.gaierror(errno=number) if number in _NO_NAME:
                state, outcome = LinkState.BROKEN, "is at a host that does not exist"
            case socket.gaierror():
                outcome = "is at a host that cannot be looked up"
            case exceptions.SSLError():
                outcome, heard = "has a certificate that is not trusted", True
            case exceptions.Timeout():
                outcome = f"does not answer within {self.timeout:g} seconds"
            case ValueError():  # of requests: InvalidURL and its like; of Python: a name that cannot be written
                outcome = "leads to what is not an address"
        return LinkAnswer(state, outcome, heard=heard)

    def _follow(self, trail: list[str]) -> LinkAnswer:
        """Follow the first address of a trail, which grows by each redirect."""
        from requests.utils import requote_uri

        began, moved, lasting = time.monotonic(), "", True
        for _ in range(HOPS + 1):
            status, target = self._status(trail[-1])
            if target is None:
                return _judge(status, trail[0], trail[-1], moved)
            at = requote_uri(urljoin(trail[-1], target))
            trail.append(at)
            if urlsplit(at).scheme not in ("http", "https"):
                return LinkAnswer(LinkState.UNREACHABLE, "leads to what is not a web page")
            lasting = lasting and status in _PERMANENT
            moved = at if lasting else moved
            if time.monotonic() - began > WHOLE:
                return LinkAnswer(LinkState.UNREACHABLE, f"does not lead anywhere within {WHOLE:g} seconds")
        return LinkAnswer(LinkState.UNREACHABLE, f"leads through more than {HOPS} redirects")

    def _status(self, url: str) -> tuple[int, str | None]:
        """The status of an address, and where it redirects. Many servers know no HEAD, so only GET can say no."""
        import requests

        try:
            status, target = self._request("HEAD", url)
        except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            if isinstance(error, requests.exceptions.SSLError | requests.exceptions.ConnectTimeout):
                raise
            status, target = 405, None
        return (status, target) if status < 400 else self._request("GET", url)

    def _request(self, method: str, url: str) -> tuple[int, str | None]:
        from requests.utils import select_proxy

        host = urlsplit(url).hostname or ""
        proxies = self.proxies(url)
        if proxied := bool(select_proxy(url, proxies)):
            self.guard.check_name(host)
        headers = {"User-Agent": self.agent, "Accept": "text/html,*/*;q=0.8", "Accept-Encoding": "identity"}
        with (
            self.turn(host),
            self._sessions[proxied].request(
                method,
                url,
                headers=headers,
                proxies=proxies,
                verify=self.bundle,
                timeout=self.timeout,
                allow_redirects=False,
                stream=True,  # the body stays where it is
            ) as response,
        ):
            status, after = response.status_code, response.headers.get("Retry-After")
            if status == 429 or (status == 503 and after):
                raise RetryLaterError(host, read_retry_after(response.headers, time.time()))
            return status, _location(response.headers) if status in _REDIRECTS else None


def _location(headers: Mapping[str, str]) -> str | None:
    """Where a redirect leads. Servers write UTF-8 there, which comes as Latin-1."""
    target = headers.get("Location")
    try:
        return target and target.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return target


def _judge(status: int, url: str, at: str, moved: str) -> LinkAnswer:
    """What the status at the end of the redirects says of the address at their beginning."""
    by_way = f"leads to {urlsplit(at).hostname}, which answers {status}" if at != url else f"answers {status}"
    if status in (404, 410):
        return LinkAnswer(LinkState.BROKEN, by_way)
    if status in _REDIRECTS or status >= 500 or status < 200:
        return LinkAnswer(LinkState.UNREACHABLE, by_way)
    if status >= 400:
        return LinkAnswer(LinkState.UNREACHABLE, f"{by_way} to programs")
    if moved and (urlsplit(moved).query != urlsplit(url).query or _SIGN_IN.search(urlsplit(moved).path)):
        moved = ""  # a signature, a session or the way to a form: nothing to write into a card
    return LinkAnswer(LinkState.FINE, by_way, moved)


def _pinning(guard: Guard) -> HTTPAdapter:
    """Connects to the very address that the guard let through, under the name in the address."""
    from requests.adapters import HTTPAdapter

    class Pinned(HTTPAdapter):
        def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
            host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
            name, secure = str(host["host"]), host["scheme"] == "https"
            address = guard.address_of(name, host["port"] or (443 if secure else 80))
            request.headers["Host"] = urlsplit(str(request.url)).netloc
            named = {"server_hostname": name} if secure and name.strip("[]") != address else {}
            return {**host, "host": f"[{address}]" if ":" in address else address}, {**pool, **named}

    return Pinned(pool_connections=64, pool_maxsize=2)


def _session(adapter: HTTPAdapter) -> requests.Session:
    import http.cookiejar  # noqa: PLC0415 - slow to import as well

    import requests

    class Plain(requests.Session):
        def get_redirect_target(self, resp: Any) -> None:
            """Redirects are followed by hand; requests stumbles over what is not UTF-8 there."""

    session = Plain()
    session.trust_env = False  # a linked host gets no password of ~/.netrc
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter)
    return session
