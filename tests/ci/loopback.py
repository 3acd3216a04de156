"""A service on loopback that a pipeline's scripts talk to, and what it was sent."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, TypeVar

TOKEN = "token-of-the-job"


class Service(Protocol):
    """One REST API.

    Attributes:
        url: where it is served.
        requests: method, path and whether the token came, of each request.
    """

    url: str
    requests: list[tuple[str, str, bool]]

    def authorised(self, headers: Message) -> bool:
        """Whether a request has the token."""

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Status and JSON, bytes, or for 302 the address where it leads."""


@dataclass
class Held:
    """What every fake service has. `refuse` is the status of every write."""

    url: str = ""
    requests: list[tuple[str, str, bool]] = field(default_factory=list)
    refuse: int = 0


S = TypeVar("S", bound=Service)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Files as the archive that services hand out."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for path, data in files.items():
            packed.writestr(path, data)
    return archive.getvalue()


@contextmanager
def serving(service: S) -> Iterator[S]:
    """Serve it on loopback. What lies below /storage/ is the storage that it leads to, and must see no token."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            authorised = service.authorised(self.headers)
            service.requests.append((self.command, self.path, authorised))
            if authorised or self.path.startswith("/storage/"):
                status, found = service.answer(self.command, self.path, body)
            else:
                status, found = 401, {"message": "Bad credentials"}
            data = found if isinstance(found, bytes) else b"" if status == 302 else json.dumps(found).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", found)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
