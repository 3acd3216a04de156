"""A small web server on loopback, whose pages answer as tests want it, and which counts what it is asked."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    """How a path answers."""

    get: int = 200
    head: int | None = None
    """None: as GET does."""
    headers: dict[str, str] = field(default_factory=dict)
    times: int | None = None
    """How often it answers like this; then with 200."""
    delay: float = 0.0
    reset: tuple[str, ...] = ()
    """Methods on which the connection is torn down."""
    body: bytes = b""


@dataclass
class Site:
    """The server: its address, its pages by path, and the requests that came: method and path."""

    port: int
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    most: int = 0
    """Requests at a time, at most."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serve() -> Iterator[Site]:
    lock = threading.Lock()
    busy = 0

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def _answer(self) -> None:
            nonlocal busy
            with lock:
                busy += 1
                site.most = max(site.most, busy)
                site.asked.append((self.command, self.path))
                site.headers.append({name.lower(): value for name, value in self.headers.items()})
            page = site.pages.get(self.path, Page(404))
            time.sleep(page.delay)
            with lock:  # before the answer, as its reader may be back with another request at once
                busy -= 1
            self._write(page)

        def _write(self, page: Page) -> None:
            if self.command in page.reset:
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
                return
            status = page.head if self.command == "HEAD" and page.head is not None else page.get
            if page.times is not None:
                page.times -= 1
                if page.times < 0:
                    status = 200
            self.send_response(status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(page.body)

        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Connections that tests tear down are no news."""

    server = Server(("127.0.0.1", 0), Handler)
    site = Site(server.server_address[1])
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
