"""A tracking server as a source: one with the answers of `mlflow server` 3.4. `make proof` reads a real one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from azureml_publish.content.packaging.tree import ArtifactFile, ReadOrigin
from azureml_publish.content.sources.mlflow import MlflowFiles
from azureml_publish.errors import NotAuthorised, NotFound, UnexpectedAnswer, Unreachable, UnusableSource

LOGGED = "m-" + "0f" * 16
STORED = {
    "0/run1/artifacts/notes/a b.txt": b"hello" * 100,
    "0/run1/artifacts/notes/deep/c.txt": b"c",
    f"0/models/{LOGGED}/artifacts/MLmodel": b"flavors: {}\n",
}
MODEL = {"info": {"name": "model", "artifact_uri": f"mlflow-artifacts:/0/models/{LOGGED}/artifacts"}}
RUNS = {
    "run1": {
        "info": {"artifact_uri": "mlflow-artifacts:/0/run1/artifacts"},
        "outputs": {"model_outputs": [{"model_id": LOGGED}]},
    },
    "run2": {"info": {"artifact_uri": "/srv/mlruns/0/run2/artifacts"}},
}  # fmt: skip
VERSIONS = {
    "1": f"mlflow-artifacts:/0/models/{LOGGED}/artifacts",
    "2": f"models:/{LOGGED}",
    "3": "s3://bucket/models/3",
    "4": "wasbs://box@account.blob.core.windows.net/models/4",
}


def listed(files: dict[str, bytes], below: str) -> list[dict[str, Any]]:
    prefix = f"{below}/" if below else ""
    entries: dict[str, dict[str, Any]] = {}
    for path, data in files.items():
        if path.startswith(prefix):
            name, _, more = path.removeprefix(prefix).partition("/")
            entries[name] = (
                {"path": name, "is_dir": True} if more else {"path": name, "is_dir": False, "file_size": len(data)}
            )
    return list(entries.values())


def read(file: ArtifactFile, start: int, length: int) -> bytes:
    """Bytes of a listed file."""
    assert isinstance(file.origin, ReadOrigin)
    return b"".join(file.origin.reader.read(file.origin.path, start, length))


class Server(BaseHTTPRequestHandler):
    asked: list[tuple[str, str | None]]

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        type(self).asked.append((url.path, self.headers.get("Authorization")))
        call = unquote(url.path).removeprefix("/api/2.0/")
        if call == "mlflow-artifacts/artifacts":
            self.answer(200, json.dumps({"files": listed(STORED, query.get("path", ""))}).encode())
        elif call.startswith("mlflow-artifacts/artifacts/"):
            self.answer(200, STORED[call.removeprefix("mlflow-artifacts/artifacts/")], "application/octet-stream")
        elif call == "mlflow/artifacts/list":
            entries = listed({"model/MLmodel": b"x" * 7}, query.get("path", ""))
            below = query.get("path")
            whole = [{**one, "path": f"{below}/{one['path']}" if below else one["path"]} for one in entries]
            self.answer(200, json.dumps({"root_uri": "/srv", "files": whole}).encode())
        elif call == "/get-artifact":
            self.answer(200, b"x" * 7, "text/plain")
        elif call == "mlflow/runs/get" and query["run_id"] in RUNS:
            self.answer(200, json.dumps({"run": RUNS[query["run_id"]]}).encode())
        elif call == "mlflow/runs/get" and query["run_id"] == "other":
            self.answer(200, b'{"value": 1}')
        elif call == f"mlflow/logged-models/{LOGGED}":
            self.answer(200, json.dumps({"model": MODEL}).encode())
        elif call == "mlflow/registered-models/alias":
            self.answer(200, json.dumps({"model_version": {"version": "1"}}).encode())
        elif call == "mlflow/model-versions/get-download-uri" and query["version"] in VERSIONS:
            self.answer(200, json.dumps({"artifact_uri": VERSIONS[query["version"]]}).encode())
        elif call == "mlflow/model-versions/get-download-uri" and query["version"] == "401":
            self.answer(401, b"You are not authenticated.", "text/plain")
        elif call == "mlflow/model-versions/get-download-uri" and query["version"] == "200":
            self.answer(200, b"<html>Sign in</html>", "text/html")
        else:
            self.answer(404, b'{"error_code": "RESOURCE_DOES_NOT_EXIST"}')


@pytest.fixture
def server() -> Iterator[str]:
    Server.asked = []
    serving = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{serving.server_address[1]}"
    serving.shutdown()
    serving.server_close()


@pytest.fixture
def reader(server: str) -> Iterator[MlflowFiles]:
    found = MlflowFiles({"MLFLOW_TRACKING_URI": server, "MLFLOW_TRACKING_TOKEN": "s3cret"})
    yield found
    found.close()


@pytest.mark.parametrize(
    ("address", "files"),
    [
        ("runs:/run1", {"notes/a b.txt": 500, "notes/deep/c.txt": 1}),
        ("runs:/run1/notes", {"a b.txt": 500, "deep/c.txt": 1}),
        ("runs:/run1/notes/a b.txt", {"a b.txt": 500}),
        ("runs:/run1/model", {"MLmodel": 12}),
        ("runs:/run2/model", {"MLmodel": 7}),
        ("models:/echo/1", {"MLmodel": 12}),
        ("models:/echo/2", {"MLmodel": 12}),
        ("models:/echo@best", {"MLmodel": 12}),
        (f"models:/{LOGGED}", {"MLmodel": 12}),
        ("mlflow-artifacts:/0/run1/artifacts/notes/deep", {"c.txt": 1}),
    ],
)
@pytest.mark.long
def test_the_files_of_an_address_are_listed_and_read(reader: MlflowFiles, address: str, files: dict[str, int]) -> None:
    found = reader.list_files(address)
    assert {file.path: file.size for file in found} == files
    for file in found:
        whole = read(file, 0, file.size)
        assert len(whole) == file.size
        assert read(file, file.size - 1, 1) == whole[-1:]
    assert {token for _, token in Server.asked} == {"Bearer s3cret"}


def test_a_server_without_ranges_hands_a_file_out_once_more_and_no_more(reader: MlflowFiles) -> None:
    (file,) = [one for one in reader.list_files("runs:/run1/notes") if one.size == 500]
    Server.asked.clear()
    parts = [read(file, start, 100) for start in range(0, 500, 100)]
    assert b"".join(parts) == b"hello" * 100
    assert len(Server.asked) == 3  # its beginning, an attempt at a range, and then the whole


@pytest.mark.parametrize(
    ("address", "failure", "said"),
    [
        ("models:/echo/9", NotFound, "has no files of that run or model"),
        ("runs:/nobody/model", NotFound, "has no files of that run or model"),
        ("runs:/run1/nothing", UnusableSource, "There is no file at"),
        ("models:/echo/3", UnusableSource, "does not hand out"),
        ("models:/echo/4", UnusableSource, "lie in a blob container"),
        ("models:/echo/Production", UnusableSource, "not an address of MLflow"),
        ("models:/echo/401", NotAuthorised, "refuses files of that run or model (401)"),
        ("models:/echo/200", UnexpectedAnswer, "a page (text/html)"),
        ("runs:/other/model", UnexpectedAnswer, "JSON of another shape"),
    ],
)
@pytest.mark.long
def test_what_cannot_be_read_is_told(reader: MlflowFiles, address: str, failure: type[Exception], said: str) -> None:
    with pytest.raises(failure) as raised:
        reader.list_files(address)
    assert said in str(raised.value)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("uri", "failure"),
    [
        ("", UnusableSource),
        ("http://user:pass@127.0.0.1:1", UnusableSource),
        ("azureml://westeurope.api.azureml.ms/mlflow/v1.0/subscriptions/s", UnusableSource),
        ("http://127.0.0.1:1", Unreachable),
    ],
)
def test_a_server_that_cannot_be_asked_is_told(uri: str, failure: type[Exception]) -> None:
    with pytest.raises(failure) as raised:
        MlflowFiles({"MLFLOW_TRACKING_URI": uri}).list_files("models:/echo/1")
    assert "pass" not in str(raised.value).replace("password", "")
