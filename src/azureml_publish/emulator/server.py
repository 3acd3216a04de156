"""The emulator as a whole: two ports, two threads, one data folder."""

import asyncio
import contextlib
import datetime as dt
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import uvicorn
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from azureml_publish.emulator import certificates
from azureml_publish.emulator.addresses import ACCOUNT, Addresses
from azureml_publish.emulator.blobs.routes import blob_service
from azureml_publish.emulator.blobs.sas import Signer
from azureml_publish.emulator.blobs.store import BlobStore
from azureml_publish.emulator.control import control_routes
from azureml_publish.emulator.faults import Fault, FaultInjection, Faults, Service
from azureml_publish.emulator.hub.adding import add_repository, repositories_below
from azureml_publish.emulator.hub.checkpoints import Checkpoints
from azureml_publish.emulator.hub.routes import hub_service
from azureml_publish.emulator.manners import Manners, Switches
from azureml_publish.emulator.pace import Latency, Throttle
from azureml_publish.emulator.registry.models import ModelStore
from azureml_publish.emulator.registry.routes import registry_service
from azureml_publish.emulator.registry.wire import render_error
from azureml_publish.emulator.routing import Guard, RefusedError, Render, not_served
from azureml_publish.emulator.state import Database, DataFolder
from azureml_publish.emulator.tidying import tidy

CLOUD = "Emulator"
"""Name of the cloud in the metadata document, for `AZUREML_CURRENT_CLOUD`."""

_HOST = "127.0.0.1"
_START_SECONDS = 20.0
_GRACE_SECONDS = 1
"""How long `stop` lets requests in flight go on."""
_JOIN_SECONDS = 5.0


def _bind(port: int, purpose: str) -> socket.socket:
    # asyncio turns Nagle's algorithm off only for sockets that name their protocol; else an answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"{purpose} port {port} on {_HOST} cannot be used: {error.strerror}") from error
    return listener


class _Server(uvicorn.Server):
    """A server that ends at once where nothing is going on.

    uvicorn closes a connection politely, which over TLS means to wait for the other side; a client that keeps an idle
    connection in a pool never answers.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drop idle connections, let requests in flight go on for a while, then drop those as well."""
        await self._drop(_is_idle)
        await super().shutdown(sockets)
        await self._drop(lambda _connection: True)

    async def _drop(self, chosen: Callable[[H11Protocol], bool]) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, H11Protocol) and chosen(connection):
                connection.transport.abort()
        await asyncio.sleep(0)  # the event loop tells each connection of its end in its next round


def _is_idle(connection: H11Protocol) -> bool:
    # The attribute is declared without None but holds it until the first request.
    cycle = cast("RequestResponseCycle | None", connection.cycle)
    return cycle is None or cycle.response_complete


class _Listener:
    """One uvicorn server with its own event loop in a thread of its own."""

    def __init__(self, listener: socket.socket, app: ASGIApp, context: ssl.SSLContext | None) -> None:
        config = uvicorn.Config(
            app,
            http="h11",
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
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

    def ask_to_stop(self) -> None:
        """Let the server end; returns at once."""
        self._server.should_exit = True

    def join(self) -> None:
        """Wait for the end, for a bounded time."""
        if self._thread.ident is not None:
            self._thread.join(_JOIN_SECONDS)
        self._socket.close()


class _Split:
    """Chooses the service for a path by its first segment."""

    def __init__(self, first: dict[str, ASGIApp], rest: ASGIApp) -> None:
        self._first = first
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        segment = scope["path"].split("/", 2)[1] if scope["path"].startswith("/") else ""
        await self._first.get(segment, self._rest)(scope, receive, send)


class Emulator:
    """A registry, its blobs and a Hub on loopback, with their state in one folder.

    Attributes:
        faults: Switches that make chosen requests fail.
    """

    def __init__(
        self,
        data: Path,
        *,
        port: int = 0,
        http_port: int = 0,
        hub_weights: int | None = None,
        manners: Manners | None = None,
        faults: Iterable[Fault] = (),
    ) -> None:
        """Prepare; nothing is touched before `start`.

        Args:
            data: Folder of all state, created where it is missing.
            port: TCP port of the HTTPS control plane, 0 for a free one.
            http_port: TCP port of the plain HTTP for blobs and Hub, 0 for a free one.
            hub_weights: Size in bytes of each stand-in checkpoint's `model.safetensors`, None for its natural size of
                one or two MiB.
            manners: The manners of the service that it is to have, none if left out.
            faults: Rules that are in force from the start.
        """
        self.faults = Faults(faults)
        self._switches = Switches(manners or Manners())
        self._folder = DataFolder(data.absolute())
        self._ports = (port, http_port)
        self._hub_weights = hub_weights
        self._addresses: Addresses | None = None
        self._signer: Signer | None = None
        self._blobs: BlobStore | None = None
        self._models: ModelStore | None = None
        self._database: Database | None = None
        self._listeners: list[_Listener] = []

    def start(self) -> None:
        """Serve in background threads; returns when both ports answer.

        Raises:
            OSError: A port is taken, or the data folder cannot be used.
            RuntimeError: It is already running.
        """
        if self._listeners:
            raise RuntimeError("the emulator is already running")
        with contextlib.ExitStack() as undo:
            https = _bind(self._ports[0], "HTTPS")
            undo.callback(https.close)
            http = _bind(self._ports[1], "HTTP")
            undo.callback(http.close)
            self._folder.create()
            now = dt.datetime.now(dt.UTC)
            ca = certificates.authority(self._folder.secrets, now)
            certificates.write_bundle(ca, self._bundle)
            self._database = Database(self._folder.database)
            undo.callback(self._database.close)
            self._addresses = Addresses(
                f"https://{_HOST}:{https.getsockname()[1]}", f"http://{_HOST}:{http.getsockname()[1]}"
            )
            self._listeners = self._listen(https, http, certificates.server_context(ca, now), self._database)
            undo.callback(self.stop)
            for listener in self._listeners:
                listener.start()
            for listener in self._listeners:
                listener.wait()
            undo.pop_all()

    def _listen(
        self, https: socket.socket, http: socket.socket, context: ssl.SSLContext, database: Database
    ) -> list[_Listener]:
        addresses = self._running()
        self._signer = Signer.from_folder(self._folder.secrets)
        self._blobs = BlobStore(database, self._folder)
        tidy(database, self._folder, self._blobs)
        self._models = models = ModelStore(database, self._blobs, self._switches)
        checkpoints = Checkpoints(self._folder, database, self._hub_weights)
        blobs, render_blob = blob_service(self._blobs, self._signer, addresses, checkpoints)
        registry = registry_service(models, self._signer, addresses, self._switches, CLOUD)
        hub, render_hub = hub_service(checkpoints)

        def guarded(app: ASGIApp, service: Service, render: Render) -> ASGIApp:
            def failure(status: int, scope: Scope) -> Response:
                return render(RefusedError(status, "InjectedFault", "A fault was asked for"), scope)

            served: ASGIApp = FaultInjection(Guard(app, render), self.faults, service, failure, self._abort)
            if service == "registry":
                served = Throttle(served, self._switches, _too_many)
            return Latency(served, self._switches)

        def control(routes: list[Route]) -> ASGIApp:
            return Guard(Router(routes=routes, default=not_served, redirect_slashes=False), render_error)

        plain_blobs = guarded(blobs, "blobs", render_blob)
        switches = control(control_routes(self.reset, self.faults, self._switches))
        secure_switches = control(control_routes(self.reset, None, None))
        plain = _Split(
            {ACCOUNT: plain_blobs, "reset": switches, "faults": switches, "manners": switches},
            guarded(hub, "hub", render_hub),
        )
        secure = _SecurePort(guarded(registry, "registry", render_error), plain_blobs, secure_switches, self._blobs)
        return [_Listener(https, secure, context), _Listener(http, plain, None)]

    def stop(self) -> None:
        """End within a few seconds. Safe to call again, and before `start`."""
        for listener in self._listeners:
            listener.ask_to_stop()
        for listener in self._listeners:
            listener.join()
        self._listeners = []
        if self._database is not None:
            self._database.close()
        self._addresses = self._signer = self._blobs = self._models = self._database = None

    def reset(self) -> None:
        """Forget every version and blob; faults and manners are again those of the start.

        Checkpoints and keys stay: they are not state but what was put in.
        """
        if self._blobs is None or self._models is None:
            raise RuntimeError("the emulator is not running")
        self._blobs.empty()
        self._models.refresh()
        self.faults.reset()
        self._switches.reset()

    def container(self, name: str, *, permissions: str = "racwdl", lifetime_seconds: float = 3600.0) -> str:
        """A SAS URL of a container, which is created where it is missing.

        Args:
            name: Its name, by Azure's rules: 3 to 63 lower-case letters, digits and single hyphens.
            permissions: Letters of `racwdl`.
            lifetime_seconds: Until the SAS expires; negative for one that has.
        """
        addresses = self._running()
        if self._signer is None or self._blobs is None:
            raise RuntimeError("the emulator is not running")
        self._blobs.create_container(name)
        return f"{addresses.container(name)}?{self._signer.container_sas(name, permissions, lifetime_seconds)}"

    def add_repository(self, repository: str, folder: Path) -> str:
        """Serve a copy of a folder as a repository of the Hub, at one commit and at `main`.

        It stays in the data folder, over `reset` and a restart. The same files always give the same commit.

        Args:
            repository: `organisation/name`.
            folder: What the repository holds, at any depth.

        Returns:
            The commit, 40 hex digits.

        Raises:
            ValueError: The name is no repository's, or the folder holds no file.
            OSError: The folder cannot be read or copied.
        """
        self._running()
        return add_repository(self._folder, repository, folder)

    def add_repositories(self, folder: Path) -> dict[str, str]:
        """`add_repository` for each `{organisation}/{name}/` of a folder; the commits by repository.

        Raises:
            ValueError, OSError: As `add_repository`; also where there is no such folder.
        """
        return {name: self.add_repository(name, path) for name, path in repositories_below(folder).items()}

    def _abort(self, scope: Scope) -> None:
        for listener in self._listeners:
            listener.abort(scope)

    def _running(self) -> Addresses:
        if self._addresses is None:
            raise RuntimeError("the emulator is not running")
        return self._addresses

    @property
    def _bundle(self) -> Path:
        return self._folder.root / "ca-bundle.pem"

    @property
    def manners(self) -> Manners:
        """The manners in force; assign others at any time."""
        return self._switches.now

    @manners.setter
    def manners(self, manners: Manners) -> None:
        self._switches.now = manners

    @property
    def url(self) -> str:
        """Base URL of the HTTPS control plane, without a slash at its end."""
        return self._running().https

    @property
    def http_url(self) -> str:
        """Base URL of blobs and Hub, without a slash at its end."""
        return self._running().http

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that turn an unmodified client to this emulator."""
        return {
            "AZUREML_CURRENT_CLOUD": CLOUD,
            "ARM_CLOUD_METADATA_URL": f"{self.url}/metadata/endpoints?api-version=2022-09-01",
            "REGISTRY_DISCOVERY_ENDPOINT_URL": f"{self.url}/",
            "REQUESTS_CA_BUNDLE": str(self._bundle),
            "HF_ENDPOINT": self.http_url,
        }

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _too_many(scope: Scope, seconds: int) -> Response:
    message = f"Too many requests. Try again in {seconds} s."
    return render_error(RefusedError(429, "TooManyRequests", message, {"Retry-After": str(seconds)}), scope)


class _SecurePort:
    """The HTTPS port: control plane, and blobs at the URLs that model records give."""

    def __init__(self, registry: ASGIApp, blobs: ASGIApp, switches: ASGIApp, store: BlobStore) -> None:
        self._registry = registry
        self._blobs = blobs
        self._switches = switches
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        segment = scope["path"].split("/", 2)[1] if scope["path"].startswith("/") else ""
        if segment == "reset":
            await self._switches(scope, receive, send)
        elif segment == ACCOUNT:
            await self._blobs(scope, receive, send)
        elif b"sig=" in scope["query_string"] and self._store.has_container(segment):
            await self._blobs({**scope, "path": f"/{ACCOUNT}{scope['path']}"}, receive, send)
        else:
            await self._registry(scope, receive, send)
