"""The emulator as a whole: two ports, two threads, one data folder."""

import contextlib
import datetime as dt
import ipaddress
import secrets
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from azureml_publish.emulator import tls
from azureml_publish.emulator.addresses import ACCOUNT, Addresses
from azureml_publish.emulator.blobs.sas import Signer
from azureml_publish.emulator.blobs.store import BlobStore
from azureml_publish.emulator.cleanup import clean_up
from azureml_publish.emulator.control import control_routes
from azureml_publish.emulator.faults import FaultInjection, Faults
from azureml_publish.emulator.hub.adding import add_repository, repositories_below
from azureml_publish.emulator.listening import HOST, Listener, bind
from azureml_publish.emulator.quirks import RECORDED, Fault, Quirks, Service, Switches
from azureml_publish.emulator.registry.answers import render_error
from azureml_publish.emulator.registry.models import ModelStore
from azureml_publish.emulator.registry.routes import registry_service
from azureml_publish.emulator.routing import ErrorAnswers, RefusedError, Render, not_served
from azureml_publish.emulator.state import Database, DataFolder
from azureml_publish.emulator.throttling import Latency, Throttle
from azureml_publish.emulator.workspaces import Workspaces, container_of

CLOUD = "Emulator"
"""Name of the cloud in the metadata document, for `AZUREML_CURRENT_CLOUD`."""


class _Loopback:
    """Serves what was sent to loopback by name, and no web page of another host.

    A page may let its own name mean 127.0.0.1 (DNS rebinding); then a browser takes the answers for the page's own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        origin = headers.get(b"origin")
        if _is_loopback(f"//{headers.get(b'host', '')}") and (origin is None or _is_loopback(origin)):
            await self._app(scope, receive, send)
        else:
            await Response("This is for loopback alone.\n", status_code=421)(scope, receive, send)


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Split:
    """Chooses the service for a path by its first segment; with `signed` a container's, where a signature is sent."""

    def __init__(self, first: dict[str, ASGIApp], rest: ASGIApp, signed: BlobStore | None = None) -> None:
        self._first = first
        self._rest = rest
        self._signed = signed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        segment = scope["path"].split("/", 2)[1] if scope["path"].startswith("/") else ""
        app = self._first.get(segment)
        if app is None and self._signed and b"sig=" in scope["query_string"] and self._signed.has_container(segment):
            app, scope = self._first[ACCOUNT], {**scope, "path": f"/{ACCOUNT}{scope['path']}"}
        await (app or self._rest)(scope, receive, send)


class _Later:
    """Applications that are made, and what they take imported, when the first request for one of them comes."""

    def __init__(self, make: Callable[[], tuple[ASGIApp, ...]]) -> None:
        self._make = make
        self._made: tuple[ASGIApp, ...] = ()
        self._making = threading.Lock()  # each port has a thread of its own

    def app(self, number: int) -> ASGIApp:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            with self._making:
                self._made = self._made or self._make()
            await self._made[number](scope, receive, send)

        return call


class Emulator:
    """A registry, its blobs and a Hub on loopback, with their state in one folder.

    Attributes:
        faults: Switches that make chosen requests fail.
        secret: The bearer token for `/reset`, `/faults` and `/quirks`; each emulator has another.
    """

    def __init__(
        self,
        data: Path,
        *,
        port: int = 0,
        http_port: int = 0,
        hub_weights: int | None = None,
        quirks: Quirks = RECORDED,
        faults: Iterable[Fault] = (),
    ) -> None:
        """Prepare; nothing is touched before `start`.

        Args:
            data: Folder of all state, created where it is missing.
            port: TCP port of the HTTPS control plane, 0 for a free one.
            http_port: TCP port of the plain HTTP for blobs and Hub, 0 for a free one.
            hub_weights: Size in bytes of each stand-in checkpoint's `model.safetensors`, None for its natural size of
                one or two MiB.
            quirks: The quirks of the service that it is to have; those that were recorded if left out.
            faults: Rules that are in force from the start.
        """
        self.faults = Faults(faults)
        self.secret = secrets.token_urlsafe(24)
        self._switches = Switches(quirks)
        self._folder = DataFolder(data.absolute())
        self._ports = (port, http_port)
        self._hub_weights = hub_weights
        self._addresses: Addresses | None = None
        self._signer: Signer | None = None
        self._blobs: BlobStore | None = None
        self._models: ModelStore | None = None
        self._workspaces: Workspaces | None = None
        self._database: Database | None = None
        self._listeners: list[Listener] = []

    def start(self) -> None:
        """Serve in background threads; returns when both ports answer.

        Raises:
            OSError: A port is taken, or the data folder cannot be used.
            RuntimeError: It is already running.
        """
        if self._listeners:
            raise RuntimeError("the emulator is already running")
        with contextlib.ExitStack() as undo:
            https = bind(self._ports[0], "HTTPS")
            undo.callback(https.close)
            http = bind(self._ports[1], "HTTP")
            undo.callback(http.close)
            self._folder.create()
            context = tls.prepare(self._folder.secrets, self._authority, dt.datetime.now(dt.UTC))
            self._database = Database(self._folder.database)
            undo.callback(self._database.close)
            self._addresses = Addresses(
                f"https://{HOST}:{https.getsockname()[1]}", f"http://{HOST}:{http.getsockname()[1]}"
            )
            self._listeners = self._listen(https, http, context, self._database)
            undo.callback(self.stop)
            for listener in self._listeners:
                listener.start()
            for listener in self._listeners:
                listener.wait()
            undo.pop_all()

    def _listen(
        self, https: socket.socket, http: socket.socket, context: ssl.SSLContext, database: Database
    ) -> list[Listener]:
        addresses = self._running()
        self._signer = signer = Signer.from_folder(self._folder.secrets)
        self._blobs = store = BlobStore(database, self._folder)
        clean_up(database, self._folder, store)
        self._models = models = ModelStore(database, store, self._switches)
        self._workspaces = Workspaces(self._folder, store, signer, addresses)
        routes = self._workspaces.routes()
        registry = registry_service(models, signer, addresses, self._switches, CLOUD, workspaces=routes)

        def guarded(app: ASGIApp, service: Service, render: Render) -> ASGIApp:
            def failure(status: int, scope: Scope) -> Response:
                return render(RefusedError(status, "InjectedFault", "This fault was configured"), scope)

            served: ASGIApp = FaultInjection(ErrorAnswers(app, render), self.faults, service, failure, self._abort)
            if service == "registry":
                served = Throttle(served, self._switches, _too_many)
            return Latency(served, self._switches)

        def control(routes: list[Route]) -> ASGIApp:
            return ErrorAnswers(Router(routes=routes, default=not_served, redirect_slashes=False), render_error)

        def files() -> tuple[ASGIApp, ASGIApp]:
            # A registry that is only read does without them.
            from azureml_publish.emulator.blobs.routes import blob_service  # noqa: PLC0415
            from azureml_publish.emulator.hub.checkpoints import Checkpoints  # noqa: PLC0415
            from azureml_publish.emulator.hub.routes import hub_service  # noqa: PLC0415

            checkpoints = Checkpoints(self._folder, database, self._hub_weights)
            blobs, render_blob = blob_service(
                store, signer, addresses, checkpoints, lambda: self._switches.now.folder_markers
            )
            hub, render_hub = hub_service(checkpoints)
            return guarded(blobs, "blobs", render_blob), guarded(hub, "hub", render_hub)

        later = _Later(files)
        blobs, hub = later.app(0), later.app(1)
        switches = control(control_routes(self.reset, self.faults, self._switches, self.secret))
        secure_switches = control(control_routes(self.reset, None, None, self.secret))
        plain = _Split({ACCOUNT: blobs, "reset": switches, "faults": switches, "quirks": switches}, hub)
        # Model records give URLs of blobs on this port, with and without the account.
        secure = _Split(
            {ACCOUNT: blobs, "reset": secure_switches},
            guarded(registry, "registry", render_error),
            signed=store,
        )
        return [Listener(https, _Loopback(secure), context), Listener(http, _Loopback(plain), None)]

    def stop(self) -> None:
        """End within a few seconds. Safe to call again, and before `start`."""
        for listener in self._listeners:
            listener.request_stop()
        for listener in self._listeners:
            listener.join()
        self._listeners = []
        if self._database is not None:
            self._database.close()
        self._addresses = self._signer = self._blobs = self._models = self._database = None

    def reset(self) -> None:
        """Forget every version and blob; faults and quirks are again those of the start.

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

    def datastore(self, workspace: str, name: str) -> str:
        """A SAS URL of the container that a workspace's datastore is; it is created where it is missing."""
        return self.container(container_of(workspace, name))

    def add_job(self, workspace: str, job: str, outputs: Mapping[str, str]) -> None:
        """Let a workspace know a completed job, by its outputs: name and address (`azureml://datastores/…`).

        Raises:
            ValueError: A name is not valid in Azure ML.
        """
        described = {name: {"jobOutputType": "uri_folder", "uri": uri} for name, uri in outputs.items()}
        self._add({"jobType": "Command", "status": "Completed", "outputs": described}, workspace, "jobs", job)

    def add_workspace_model(self, workspace: str, name: str, version: str, uri: str) -> None:
        """Let a workspace know a version of a model, by the address of its files.

        Raises:
            ValueError: A name is not valid in Azure ML.
        """
        self._add({"modelType": "custom_model", "modelUri": uri}, workspace, "models", name, version)

    def _add(self, properties: Mapping[str, object], *names: str) -> None:
        self._running()
        if self._workspaces is not None:
            self._workspaces.add(properties, *names)

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
    def _authority(self) -> Path:
        """File with the one certificate that vouches for the HTTPS port, in PEM."""
        return self._folder.root / "authority.pem"

    @property
    def quirks(self) -> Quirks:
        """The quirks in force; assign others at any time."""
        return self._switches.now

    @quirks.setter
    def quirks(self, quirks: Quirks) -> None:
        self._switches.now = quirks

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
        """The environment variables that turn an unmodified client to this emulator.

        Raises:
            OSError: The CA may vouch for more than loopback, or its certificates cannot be written.
        """
        from azureml_publish.emulator import certificates  # noqa: PLC0415 - an embedded registry exports nothing

        now, bundle = dt.datetime.now(dt.UTC), self._folder.root / "ca-bundle.pem"
        certificates.write_bundle(self._folder.secrets, self._authority, bundle, now)
        return {**self.own_environment, "REQUESTS_CA_BUNDLE": str(bundle), "PUBLISH_EMULATOR_SECRET": self.secret}

    @property
    def own_environment(self) -> dict[str, str]:
        """The same for a client in this process, which believes only the emulator by these certificates."""
        return {
            "AZUREML_CURRENT_CLOUD": CLOUD,
            "ARM_CLOUD_METADATA_URL": f"{self.url}/metadata/endpoints?api-version=2022-09-01",
            "REGISTRY_DISCOVERY_ENDPOINT_URL": f"{self.url}/",
            "REQUESTS_CA_BUNDLE": str(self._authority),
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
