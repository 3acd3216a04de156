"""Serves a catalogue on loopback, and notifies open pages when something changed."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azureml_publish.errors import PublishError
from azureml_publish.pipeline.live import Look
from azureml_publish.preview.rendering import ASSETS, read_asset
from azureml_publish.preview.site import Page, PlanRequest, Site

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

PORT = 8642
"""The port that is taken where none is named and it is free."""

_START_SECONDS = 20.0
_JOIN_SECONDS = 5.0
_BEAT_SECONDS = 15.0
"""How often a quiet stream says that it is alive."""


class CannotServe(PublishError):
    """The address cannot be listened on."""


class Events:
    """Notifies every open page of a look. Streams live in the server's loop, and looks come from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[asyncio.Queue[str | None], asyncio.AbstractEventLoop] = {}

    def send(self, look: Look) -> None:
        """Notify of a look, from any thread."""
        self._put(_event(look))

    def close(self) -> None:
        """End all streams, from any thread."""
        self._put(None)

    def _put(self, message: str | None) -> None:
        with self._lock:
            for queue, loop in self._listeners.items():
                with contextlib.suppress(RuntimeError):  # its loop has ended
                    loop.call_soon_threadsafe(queue.put_nowait, message)

    async def stream(self, look: Callable[[], Look]) -> AsyncIterator[str]:
        """The events for one page; the first says how things are."""
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        with self._lock:
            self._listeners[queue] = asyncio.get_running_loop()
        try:
            message: str | None = _event(look())
            while message is not None:
                yield message
                try:
                    message = await asyncio.wait_for(queue.get(), _BEAT_SECONDS)
                except TimeoutError:
                    message = ": still here\n\n"
        finally:
            with self._lock:
                del self._listeners[queue]


def _event(look: Look) -> str:
    changed = None if look.changed is None else sorted(look.changed)
    return f"event: look\ndata: {json.dumps({'number': look.number, 'changed': changed})}\n\n"


class _Guard:
    """Answers requests for this server by its own name, and no page of another host.

    A page may let its own name mean 127.0.0.1 (DNS rebinding): then a browser takes the answers for the page's own. An
    address cannot be made to mean another one.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._names = {"localhost", host.lower()}
        if not is_loopback(host):
            self._names.add(socket.gethostname().lower())
        self._addresses_too = not is_loopback(host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from starlette.responses import PlainTextResponse

        if scope["type"] != "http":
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host, origin = headers.get(b"host", ""), headers.get(b"origin")
        if (
            not self._is_own(f"//{host}")
            or _is_from_elsewhere(scope, headers)
            or (origin is not None and origin != f"http://{host}")
        ):
            answer = PlainTextResponse("This page is served to its own address alone.\n", status_code=421)
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_own(self, address: str) -> bool:
        try:
            host = (urlsplit(address).hostname or "").lower()
        except ValueError:
            return False
        return host in self._names or is_loopback(host) or (self._addresses_too and _is_address(host))


def _is_from_elsewhere(scope: Scope, headers: Mapping[bytes, str]) -> bool:
    """Whether a request is from a page of another site, as browsers say: that may link here, but not to a registry."""
    if headers.get(b"sec-fetch-site", "none") in ("none", "same-origin"):
        return False
    leads = headers.get(b"sec-fetch-mode") == "navigate" and headers.get(b"sec-fetch-dest") == "document"
    return not leads or bool(scope["query_string"]) or scope["path"].startswith("/registered/")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a host is this machine's own."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def make_app(site: Site, events: Events, host: str) -> ASGIApp:
    """The pages as an application."""
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse, PlainTextResponse, StreamingResponse
    from starlette.routing import Route

    def answer(page: Page) -> Response:
        return HTMLResponse(
            page.text, page.status, {"Content-Security-Policy": f"{page.policy}; frame-ancestors 'none'"}
        )

    def index(_request: Request) -> Response:
        return answer(site.index())

    def model(request: Request) -> Response:
        return answer(site.model(request.path_params["name"], images="images" in request.query_params))

    def findings(_request: Request) -> Response:
        return answer(site.findings())

    def plan(request: Request) -> Response:
        query = {name: request.query_params.get(name, "").strip() for name in ("registry", "revision", "version")}
        wanted = PlanRequest(query["registry"] or None, query["revision"], query["version"])
        return answer(site.plan(wanted if request.query_params else None))

    def registered(request: Request) -> Response:
        query, given = request.query_params, request.path_params
        registry = query.get("registry") or None
        return answer(site.registered(given["name"], given["version"], registry, images="images" in query))

    def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ASSETS:
            return answer(site.missing())
        return PlainTextResponse(read_asset(name), media_type=ASSETS[name])

    async def stream(_request: Request) -> Response:
        return StreamingResponse(events.stream(lambda: site.live.now), media_type="text/event-stream")

    async def missing(_request: Request, _error: Exception) -> Response:
        return answer(site.missing())

    routes = [
        Route("/", index),
        Route("/models/{name}/", model),
        Route("/findings/", findings),
        Route("/plan/", plan),
        Route("/registered/{name}/{version}/", registered),
        Route("/static/{name}", asset),
        Route("/events", stream),
    ]
    handlers: dict[Any, Any] = {404: missing, 405: missing}
    return _Guard(_Headers(Starlette(routes=routes, exception_handlers=handlers)), host)


class _Headers:
    """Adds what every answer says to browsers: keep nothing, guess nothing, send no referrer."""

    _ALWAYS = (
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
    )

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._ALWAYS]
            await send(message)

        await self._app(scope, receive, with_headers)


class Server:
    """A server in a thread of its own."""

    def __init__(self, site: Site, *, host: str = "127.0.0.1", port: int | None = None) -> None:
        """Take the address; nothing is answered before `start`.

        Raises:
            CannotServe: the address cannot be listened on.
        """
        import uvicorn

        self.events = Events()
        self._socket = _listen(host, port)
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self._socket.getsockname()[1]}/"
        config = uvicorn.Config(
            make_app(site, self.events, host),
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="azureml-publish preview", daemon=True
        )

    @property
    def running(self) -> bool:
        """Whether it was started."""
        return self._thread.ident is not None

    def start(self) -> None:
        """Serve; returns when requests are answered.

        Raises:
            CannotServe: it did not come up.
        """
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise CannotServe("The server did not start.", hint="Choose another port with --port.")
            time.sleep(0.002)

    def stop(self) -> None:
        """End; open pages are notified."""
        self.events.close()
        self._server.should_exit = True
        if self.running:
            self._thread.join(_JOIN_SECONDS)
        self._socket.close()


def _listen(host: str, port: int | None) -> socket.socket:
    """A socket that listens on a port; where none is named on the usual one, or else on any that is free."""
    for number in (PORT, 0) if port is None else (port,):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, number))
            listener.listen(128)
        except OSError as error:
            listener.close()
            if port is None and number:
                continue
            what = error.strerror or str(error)
            hint = "Choose another with --port, or leave it out."
            raise CannotServe(f"{host} port {number} cannot be listened on: {what}.", hint=hint) from error
        return listener
    raise AssertionError  # any port is tried last, and it is bound or refused
