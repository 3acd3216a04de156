"""A GitHub on loopback: comments, issues, pull requests and artifacts, as its REST API hands them out."""

from __future__ import annotations

import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "ghs_test"
TOO_LARGE = 65_536


@dataclass
class FakeGitHub:
    """What it holds. `refuse` is the status of every write; `requests` are method, path and whether the token came."""

    url: str = ""
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    archives: dict[int, bytes] = field(default_factory=dict)
    refuse: int = 0
    requests: list[tuple[str, str, bool]] = field(default_factory=list)

    def keep_artifact(self, name: str, files: dict[str, bytes], *, expired: bool = False) -> None:
        """Keep files under a name, as actions/upload-artifact does."""
        number = len(self.artifacts) + 1
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as packed:
            for path, data in files.items():
                packed.writestr(path, data)
        self.archives[number] = archive.getvalue()
        address = f"{self.url}/repos/contoso/models/actions/artifacts/{number}/zip"
        self.artifacts.append({"id": number, "name": name, "expired": expired, "archive_download_url": address})

    def answer(  # noqa: PLR0911 - one a route
        self, method: str, path: str, body: dict[str, Any]
    ) -> tuple[int, Any]:
        """Status and JSON of a request, or where it leads."""
        route, _, query = path.removeprefix("/repos/contoso/models").partition("?")
        page = int(dict(part.split("=") for part in query.split("&") if part).get("page", "1"))
        if method != "GET" and self.refuse:
            return self.refuse, {"message": "Resource not accessible by integration"}
        if len(body.get("body", "")) > TOO_LARGE:
            return 422, {"message": "body is too long (maximum is 65536 characters)"}
        if re.fullmatch(r"/issues/\d+/comments", route):
            return self._list_or_add(method, self.comments, body, page)
        if found := re.fullmatch(r"/issues/comments/(\d+)", route):
            self.comments[int(found[1])] |= body
            return 200, self.comments[int(found[1])]
        if route == "/issues":
            return self._list_or_add(method, self.issues, {"state": "open", **body} if body else {}, page)
        if found := re.fullmatch(r"/issues/(\d+)", route):
            self.issues[int(found[1])] |= body
            return 200, self.issues[int(found[1])]
        if re.fullmatch(r"/commits/\w+/pulls", route):
            return 200, self.pulls
        if route == "/actions/artifacts":
            name = query.partition("name=")[2].partition("&")[0]
            return 200, {"artifacts": [one for one in self.artifacts if one["name"] == name]}
        if found := re.fullmatch(r"/actions/artifacts/(\d+)/zip", route):
            return 302, f"{self.url}/storage/{found[1]}"
        if found := re.fullmatch(r"/storage/(\d+)", path):
            return 200, self.archives[int(found[1])]
        return 404, {"message": "Not Found"}

    def _list_or_add(
        self, method: str, held: dict[int, dict[str, Any]], body: dict[str, Any], page: int
    ) -> tuple[int, Any]:
        if method == "POST":
            number = len(held) + 1
            held[number] = {"id": number, "number": number, **body}
            return 201, held[number]
        there = [one for one in held.values() if one.get("state", "open") == "open"]
        return 200, there[(page - 1) * 100 : page * 100]


@contextmanager
def serving() -> Iterator[FakeGitHub]:
    """Serve one on loopback."""
    github = FakeGitHub()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            authorised = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            github.requests.append((self.command, self.path, authorised))
            status, found = github.answer(self.command, self.path, body)
            if not authorised and not self.path.startswith("/storage/"):
                status, found = 401, {"message": "Bad credentials"}
            data = found if isinstance(found, bytes) else b"" if status == 302 else json.dumps(found).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", found)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    github.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield github
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
