"""Serves an application on a port of loopback, from a thread of its own."""

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HOST = "127.0.0.1"
_START_SECONDS = 20.0
_GRACE_SECONDS = 1
"""How long a server that stops lets requests in flight go on."""
_JOIN_SECONDS = 5.0
_TICK_SECONDS = 0.1
"""Of uvicorn's own clock, which dates answers."""
_SMALL_BYTES = 16 * 1024
"""As much as one TLS record holds."""


def bind(port: int, purpose: str) -> socket.socket:
    """A socket that listens on a port of loopback; 0 means any.

    Raises:
        OSError: the port is taken, or not allowed.
    """
    # asyncio turns Nagle's algorithm off only for sockets that name their protocol; else an answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"{purpose} port {port} on {HOST} cannot be used: {error.strerror}") from error
    return listener


class _Together:
    """A connection that sends in one piece what one turn of the event loop writes to it.

    uvicorn writes the head of an answer and its body one after the other. Over TLS that would be two records, two
    packets and two times to wake the client: more work than all the rest of a small answer.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held = bytearray()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if len(data) > _SMALL_BYTES:  # putting it together would take longer
            self._send()
            self._transport.write(data)
            return
        if not self._held:
            asyncio.get_running_loop().call_soon(self._send)
        self._held += data

    def close(self) -> None:
        self._send()
        self._transport.close()

    def abort(self) -> None:
        self._send()
        self._transport.abort()

    def _send(self) -> None:
        if self._held:
            self._transport.write(bytes(self._held))
            self._held.clear()


class _Protocol(H11Protocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.transport = cast("asyncio.Transport", _Together(transport))


class _Server(uvicorn.Server):
    """A server that stops at once when it is idle.

    uvicorn closes a TLS connection by waiting for the other side, and a client that keeps an idle connection in a pool
    never answers. Every command with an embedded registry stops a server: this takes 0.01 s, plain uvicorn 1.15 s.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look at once whether to end, which is otherwise done ten times a second. From any thread."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended meanwhile
                loop.call_soon_threadsafe(self._woken.set)

    async def main_loop(self) -> None:
        """Tick until the end is wanted."""
        self._loop, ticks = asyncio.get_running_loop(), 0
        while not await self.on_tick(ticks):
            ticks += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), _TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drop idle connections, let requests in flight go on for a while, then drop those as well."""
        await self._drop(_is_idle)
        if self.server_state.connections:
            await super().shutdown(sockets)
            await self._drop(lambda _connection: True)
            return
        # Nobody is to be waited for, as uvicorn would for a while.
        for listener in (*self.servers, *(sockets or ())):
            listener.close()

    async def _drop(self, chosen: Callable[[H11Protocol], bool]) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, H11Protocol) and chosen(connection):
                connection.transport.abort()
        for _ in range(3):  # rounds of the event loop until a TLS connection notices that it is closed
            await asyncio.sleep(0)


def _is_idle(connection: H11Protocol) -> bool:
    # The attribute is declared without None but holds it until the first request.
    cycle = cast("RequestResponseCycle | None", connection.cycle)
    return cycle is None or cycle.response_complete


class Listener:
    """One uvicorn server with its own event loop in a thread of its own."""

    def __init__(self, listener: socket.socket, app: ASGIApp, context: ssl.SSLContext | None) -> None:
        config = uvicorn.Config(
            app,
            http=_Protocol,
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            ssl_context_factory=(lambda _config, _default: context) if context is not None else None,
        )
        self._socket = listener
        self._server = _Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="azureml-publish emulator", daemon=True
        )

    def start(self) -> None:
        """Serve; returns at once."""
        self._thread.start()

    def wait(self) -> None:
        """Return when connections are answered.

        Raises:
            OSError: The server did not come up.
        """
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise OSError("the emulator's server did not start")
            time.sleep(0.002)

    def abort(self, scope: Scope) -> None:
        """Reset the connection that a request came over."""
        for connection in list(self._server.server_state.connections):
            if isinstance(connection, H11Protocol) and connection.client == scope["client"]:
                connection.transport.abort()

    def request_stop(self) -> None:
        """Let the server end; returns at once."""
        self._server.should_exit = True
        self._server.wake()

    def join(self) -> None:
        """Wait for the end, for a bounded time."""
        if self._thread.ident is not None:
            self._thread.join(_JOIN_SECONDS)
        self._socket.close()
