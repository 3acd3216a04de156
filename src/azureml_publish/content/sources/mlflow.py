"""An MLflow tracking server as a source: what a run logged, and versions of its model registry.

The calls are those of MLflow's REST API (https://mlflow.org/docs/latest/api_reference/rest-api.html), and of the proxy
for artifacts that `mlflow server` runs (https://mlflow.org/docs/latest/self-hosting/architecture/artifact-store/).
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from azureml_publish.content.failures import Service, failure_of
from azureml_publish.content.packaging.tree import ArtifactFile, ReadOrigin
from azureml_publish.content.sources.local import read_local_file
from azureml_publish.errors import UnexpectedAnswer, Unreachable, UnusableSource
from azureml_publish.network import Network, is_loopback, unreachable_because
from azureml_publish.patterns import pattern

if TYPE_CHECKING:
    import requests

SECONDS = 60.0
"""How long a server may be silent."""

CHUNK = 1024 * 1024

_RUN = pattern(r"runs:/(?P<run>[^/]+)(?:/(?P<path>.*))?")
_MODEL = pattern(r"models:/(?:(?P<logged>m-[0-9a-f]{32})|(?P<name>[^/@]+)(?:/(?P<version>[0-9]+)|@(?P<alias>[^/]+)))/?")
_OF_WORKSPACE = pattern(
    r"azureml://[^/?]+/mlflow/v[0-9.]+/subscriptions/(?P<subscription>[^/?]+)/resourceGroups/(?P<group>[^/?]+)"
    r"/providers/Microsoft\.MachineLearningServices/workspaces/(?P<name>[^/?]+)/?(?:\?.*)?",
    re.IGNORECASE,
)
"""The tracking server of a workspace; its jobs have it as MLFLOW_TRACKING_URI."""

_PROXIED = pattern(r"mlflow-artifacts:/{1,3}(?P<path>.*)")
_BLOB = pattern(r"(?:wasbs?|abfss?)://[^@/]+@[a-z0-9]+\.\S+|https://[a-z0-9]+\.blob\.\S+")

_ROOT = "api/2.0/mlflow-artifacts/artifacts"
_TOP = "api/2.0/mlflow"


@dataclass(frozen=True, slots=True)
class _Artifacts:
    """A folder of artifacts: how its files are listed, and where one of them is fetched from."""

    listing: str
    """Path of the listing's call."""
    wanted: Mapping[str, str]
    """Its parameters but for the folder below."""
    download: str
    """The call that hands out a file; `{path}` stands for its quoted path."""
    folder: str
    """The folder that is meant, below the top of the listing."""


class MlflowFiles:
    """Lists and reads what a tracking server keeps.

    Args:
        environ: `MLFLOW_TRACKING_URI` says where the server is; `MLFLOW_TRACKING_TOKEN`, or `…_USERNAME` and
            `…_PASSWORD`, the user. MLflow's own clients read the same four.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._session: requests.Session | None = None
        self._whole: dict[str, Path] = {}
        self._folder: Path | None = None
        self._lock = threading.Lock()
        self._fetching = threading.Lock()

    def list_files(self, address: str) -> tuple[ArtifactFile, ...]:
        """The files at `runs:/RUN/PATH`, `models:/NAME/VERSION`, `models:/NAME@ALIAS` or `mlflow-artifacts:/PATH`.

        Raises:
            UnusableSource: it is no such address, no server is known, or the files are where this tool reads none.
            NotFound, NotAuthorised, Unreachable, UnexpectedAnswer: as the server answers.
        """
        place = self._find(address)
        files: list[ArtifactFile] = []
        waiting = [place.folder]
        while waiting:
            folder = waiting.pop()
            for entry in self._entries(place, folder):
                if entry.get("is_dir") is True:
                    waiting.append(str(entry["path"]))
                else:
                    files.append(_file(place, entry, self))
        if not files and place.folder:  # it may be that of one file
            above = place.folder.rpartition("/")[0]
            entries = (one for one in self._entries(place, above) if one["path"] == place.folder)
            files = [_file(replace(place, folder=above), entry, self) for entry in entries if not entry.get("is_dir")]
        if not files:
            raise UnusableSource(f"There is no file at {address}.", hint="Correct `source.mlflow` in the spec.")
        return tuple(files)

    def in_workspace(self, address: str) -> str | None:
        """The same files as an address of Azure ML, where its workspace is the tracking server; else None.

        A run there is a job, what it logged is the job's output `artifacts`, and the model registry is the workspace's
        (https://learn.microsoft.com/azure/machine-learning/concept-mlflow). So Resource Manager is all that it needs.

        Raises:
            UnusableSource: such an address says nothing to a workspace.
        """
        found = _OF_WORKSPACE.fullmatch(self._environ.get("MLFLOW_TRACKING_URI", ""))
        if found is None:
            return None
        top = f"azureml://subscriptions/{found['subscription']}/resourcegroups/{found['group']}/workspaces/{found['name']}"
        if run := _RUN.fullmatch(address):
            below = (run["path"] or "").strip("/")
            return f"{top}/jobs/{run['run']}/outputs/artifacts{f'/paths/{below}' if below else ''}"
        model = _MODEL.fullmatch(address)
        if model is not None and model["version"]:
            return f"{top}/models/{model['name']}/versions/{model['version']}"
        hint = "Write runs:/RUN/PATH or models:/NAME/VERSION."
        raise UnusableSource(f"{address} is nothing that a workspace of Azure ML keeps by that name.", hint=hint)

    def read(self, path: str, start: int, length: int) -> Iterator[bytes]:
        """Bytes of an artifact, by the path and query of its download.

        A server that takes no ranges hands out a file from its beginning: one that is not read from there is fetched
        whole, once, to a temporary folder that is gone when the process ends.
        """
        if length == 0:
            return
        whole = self._whole.get(path)
        if whole is not None:
            yield from read_local_file(whole, start, length)
            return
        with self._answer(path, {"Range": f"bytes={start}-{start + length - 1}"}, stream=True) as answer:
            if answer.status_code == 206 or start == 0:
                left = length
                for chunk in answer.iter_content(CHUNK):
                    yield chunk[:left]
                    left -= len(chunk)
                    if left <= 0:
                        return
                return
        yield from read_local_file(self._fetch(path), start, length)

    def copy_source(self, path: str) -> tuple[str, str | None] | None:  # noqa: ARG002 - as `FileReader` has it
        """Nothing: a tracking server is not a storage."""
        return None

    def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            self._session.close()

    def _fetch(self, path: str) -> Path:
        """A whole file, in the temporary folder."""
        with self._fetching:
            if path not in self._whole:
                if self._folder is None:
                    self._folder = Path(tempfile.mkdtemp(prefix="publish-mlflow-"))
                    weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
                target = self._folder / str(len(self._whole))
                with self._answer(path, {}, stream=True) as answer, target.open("wb") as file:
                    for chunk in answer.iter_content(CHUNK):
                        file.write(chunk)
                self._whole[path] = target
            return self._whole[path]

    def _find(self, address: str) -> _Artifacts:
        """Where the files of an address are."""
        if run := _RUN.fullmatch(address):
            return self._of_run(run["run"], (run["path"] or "").strip("/"))
        if proxied := _PROXIED.fullmatch(address):
            return _proxied(proxied["path"])
        found = _MODEL.fullmatch(address)
        if found is None:
            hint = "Write runs:/RUN/PATH, models:/NAME/VERSION, models:/NAME@ALIAS or mlflow-artifacts:/PATH."
            raise UnusableSource(f"{address} is not an address of MLflow that can be read.", hint=hint)
        if found["logged"]:
            return self._of_logged_model(found["logged"])
        name, version = found["name"], found["version"]
        if version is None:
            aliased = self._get(f"{_TOP}/registered-models/alias", name=name, alias=found["alias"])
            version = str(_part(aliased, "model_version").get("version") or "")
        uri = self._get(f"{_TOP}/model-versions/get-download-uri", name=name, version=version).get("artifact_uri")
        if isinstance(uri, str) and _PROXIED.fullmatch(uri):
            return _proxied(uri)
        if isinstance(uri, str) and (logged := re.fullmatch(r"models:/(m-[0-9a-f]{32})/?", uri)):
            return self._of_logged_model(logged[1])
        if isinstance(uri, str) and (run := _RUN.fullmatch(uri)):
            return self._of_run(run["run"], (run["path"] or "").strip("/"))
        raise _elsewhere(address, uri)

    def _of_run(self, run: str, path: str) -> _Artifacts:
        """What a run logged below a path: its own artifacts, or since MLflow 3 a model that it put out."""
        download = f"get-artifact?run_uuid={quote(run)}&path={{path}}"
        place = _Artifacts(f"{_TOP}/artifacts/list", {"run_id": run}, download, path)
        described = _part(self._get(f"{_TOP}/runs/get", run_id=run), "run")
        if not _part(described, "info"):
            raise self._unexpected("JSON of another shape")
        uri = _part(described, "info").get("artifact_uri")
        if isinstance(uri, str) and (proxied := _PROXIED.fullmatch(uri)):
            place = _proxied(f"{proxied['path'].rstrip('/')}/{path}")
        if path and not any(True for _ in self._entries(place, place.folder)):
            outputs = _part(described, "outputs").get("model_outputs")
            for output in outputs if isinstance(outputs, list) else ():
                logged = str(output.get("model_id") or "")
                model = _part(self._get(f"{_TOP}/logged-models/{quote(logged, safe='')}"), "model")
                name, _, below = path.partition("/")
                if _part(model, "info").get("name") == name:
                    found = self._of_logged_model(logged)
                    return replace(found, folder=f"{found.folder}/{below}".strip("/"))
        return place

    def _of_logged_model(self, logged: str) -> _Artifacts:
        model = _part(self._get(f"{_TOP}/logged-models/{quote(logged, safe='')}"), "model")
        uri = _part(model, "info").get("artifact_uri")
        if isinstance(uri, str) and (proxied := _PROXIED.fullmatch(uri)):
            return _proxied(proxied["path"])
        raise _elsewhere(f"models:/{logged}", uri)

    def _entries(self, place: _Artifacts, folder: str) -> list[Mapping[str, Any]]:
        """What a folder holds, each with its path below the top of the listing."""
        found: list[Mapping[str, Any]] = []
        token = ""
        while True:
            below = {key: value for key, value in (("path", folder), ("page_token", token)) if value}
            answer = self._get(place.listing, **place.wanted, **below)
            files = answer.get("files", [])
            if not isinstance(files, list) or not all(isinstance(one, dict) and "path" in one for one in files):
                raise self._unexpected("JSON of another shape")
            # The proxy names what is directly below; the tracking server, the whole path.
            relative = place.listing == _ROOT and folder
            found += [{**one, "path": f"{folder}/{one['path']}"} if relative else one for one in files]
            token = str(answer.get("next_page_token") or "")
            if not token:
                return found

    def _get(self, call: str, **wanted: str) -> Mapping[str, Any]:
        with self._answer(call, {"Accept": "application/json"}, wanted) as answer:
            try:
                data = answer.json()
            except ValueError as error:
                page = answer.headers.get("Content-Type", "").startswith("text/html")
                raise self._unexpected("a page (text/html)" if page else "no JSON") from error
        if not isinstance(data, dict):
            raise self._unexpected("JSON of another shape")
        return data

    @contextmanager
    def _answer(
        self, path: str, headers: Mapping[str, str], wanted: Mapping[str, str] | None = None, *, stream: bool = False
    ) -> Iterator[requests.Response]:
        """One answer of the server.

        Raises:
            NotFound, NotAuthorised, Unreachable, PublishError: by its status.
        """
        import requests

        server = self._server()
        address, service = f"{server}/{path}", _service(urlsplit(server).netloc)
        with self._lock:
            self._session = session = self._session or self._open(server)
        try:
            with session.get(
                address,
                params=dict(wanted or {}),
                headers=dict(headers),
                timeout=SECONDS,
                stream=stream,
                allow_redirects=False,
            ) as answer:
                if answer.status_code >= 300:
                    raise failure_of(service, answer.status_code, answer.headers, "files of that run or model")
                yield answer
        except requests.RequestException as error:
            message = f"{service.name} cannot be reached: {unreachable_because(error, server)}."
            raise Unreachable(message, hint=service.network) from None

    def _open(self, server: str) -> requests.Session:
        session = Network(direct=is_loopback(server)).session(server, 8)
        token, user = self._environ.get("MLFLOW_TRACKING_TOKEN"), self._environ.get("MLFLOW_TRACKING_USERNAME")
        if token:
            session.headers["Authorization"] = f"Bearer {token}"
        elif user:
            session.auth = (user, self._environ.get("MLFLOW_TRACKING_PASSWORD", ""))
        return session

    def _server(self) -> str:
        """The address of the tracking server.

        Raises:
            UnusableSource: none is named, or one that is not an HTTP server.
        """
        server = self._environ.get("MLFLOW_TRACKING_URI", "")
        parts = urlsplit(server)
        if parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc:
            return server.rstrip("/")
        if parts.scheme == "azureml":
            hint = "Take it from the workspace's page or `az ml workspace show --query mlflow_tracking_uri`."
            raise UnusableSource("MLFLOW_TRACKING_URI is not a tracking server of an Azure ML workspace.", hint=hint)
        hint = "Set MLFLOW_TRACKING_URI to https://HOST; a token goes into MLFLOW_TRACKING_TOKEN, not into the address."
        if not server:
            raise UnusableSource("A source of MLflow needs a tracking server, and none is named.", hint=hint)
        raise UnusableSource("MLFLOW_TRACKING_URI names no HTTP server without a password.", hint=hint)

    def _unexpected(self, came: str) -> UnexpectedAnswer:
        host = urlsplit(self._server()).netloc
        hint = "Check MLFLOW_TRACKING_URI, and whether a proxy or a sign-in page answers in its place."
        return UnexpectedAnswer(f"{host} answers with something else than a tracking server does: {came}.", hint=hint)


def _proxied(path: str) -> _Artifacts:
    """Artifacts behind the server's own proxy."""
    plain = _PROXIED.fullmatch(path)
    folder = (plain["path"] if plain else path).strip("/")
    if plain and "://" in path:  # mlflow-artifacts://HOST/PATH
        folder = urlsplit(path).path.strip("/")
    return _Artifacts(_ROOT, {}, f"{_ROOT}/{{path}}", unquote(folder))


def _file(place: _Artifacts, entry: Mapping[str, Any], reader: MlflowFiles) -> ArtifactFile:
    path = str(entry["path"])
    try:
        size = int(entry.get("file_size") or 0)
    except (TypeError, ValueError) as error:
        raise UnexpectedAnswer(f"The tracking server states no size of {path}.", hint="Update the server.") from error
    download = place.download.replace("{path}", quote(path))
    below = path.removeprefix(place.folder).lstrip("/") if place.folder else path
    return ArtifactFile(below, size, ReadOrigin(reader, download))


def _part(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _elsewhere(address: str, uri: object) -> UnusableSource:
    """The refusal of files that lie in a storage of their own, which a tracking server only points to."""
    if isinstance(uri, str) and _BLOB.match(uri):
        hint = "Write source: {azureblob: {storage: …, container: …, path: …}}: that is where they are."
        return UnusableSource(f"The files of {address} lie in a blob container, not on the tracking server.", hint=hint)
    kind = urlsplit(uri).scheme if isinstance(uri, str) else ""
    hint = f"Download them (`mlflow artifacts download --artifact-uri {address}`) and write source: {{local: FOLDER}}."
    return UnusableSource(
        f"The tracking server does not hand out the files of {address} ({kind or 'no address'}).", hint=hint
    )


def _service(host: str) -> Service:
    return Service(
        name=f"The tracking server at {host}",
        access="Set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.",
        check="Correct `source.mlflow`, or MLFLOW_TRACKING_URI.",
        network="Check MLFLOW_TRACKING_URI and the network.",
    )
