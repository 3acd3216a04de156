"""A proxy that is the whole network: it answers for every host name, with a certificate of its own authority.

So a client is sent to the very hosts that were recorded, `:443` and all, and nothing leaves this machine.
"""

from __future__ import annotations

import json
import socketserver
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import trustme


@dataclass(frozen=True)
class Request:
    """What a client sent; names of headers and of the query in lower case."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True)
class Answer:
    """What goes back: a body of bytes as it is, None for an empty one, anything else as JSON."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Network:
    """The proxy, and what answers behind it."""

    def __init__(self, folder: Path, answer: Callable[[Request], Answer]) -> None:
        self.requests: list[Request] = []
        self._authority = trustme.CA()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._making = threading.Lock()
        self.certificates = folder / "replay-ca.pem"
        self._authority.cert_pem.write_to_path(str(self.certificates))
        network = self

        class Handler(_Handler):
            def respond(self, request: Request) -> Answer:
                network.requests.append(request)
                return answer(request)

            def context(self, host: str) -> ssl.SSLContext:
                return network._context(host)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """What sends clients here, and lets them sign in to a tenant that answers anybody."""
        return {
            "HTTPS_PROXY": f"http://127.0.0.1:{self._server.server_address[1]}",
            "REQUESTS_CA_BUNDLE": str(self.certificates),
            "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
            "AZURE_TENANT_ID": "00000000-0000-0000-0000-000000000000",
            "AZURE_CLIENT_ID": "00000000-0000-0000-0000-000000000001",
            "AZURE_CLIENT_SECRET": "made-up",
        }

    def _context(self, host: str) -> ssl.SSLContext:
        with self._making:
            if host not in self._contexts:
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                self._authority.issue_cert(host).configure_cert(context)
                self._contexts[host] = context
            return self._contexts[host]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host = ""

    def respond(self, request: Request) -> Answer:
        raise NotImplementedError

    def context(self, host: str) -> ssl.SSLContext:
        raise NotImplementedError

    def do_CONNECT(self) -> None:
        self.host = self.path.rpartition(":")[0]
        self.send_response(200)
        self.end_headers()
        try:
            self.connection = self.context(self.host).wrap_socket(self.connection, server_side=True)
        except (OSError, ssl.SSLError):
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = socketserver._SocketWriter(self.connection)  # type: ignore[attr-defined]
        self.close_connection = False

    def answer_request(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            self.command,
            self.host,
            unquote(parts.path),
            {key.lower(): value for key, value in parse_qsl(parts.query, keep_blank_values=True)},
            {key.lower(): value for key, value in self.headers.items()},
            self.rfile.read(length),
        )
        try:
            answer = self.respond(request)
        except ConnectionError:  # a host that cannot be reached
            self.close_connection = True
            return
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        if answer.body is None:
            content = b""
        self.send_response(answer.status)
        headers = {"Content-Length": str(len(content)), **answer.headers}
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = answer_request  # noqa: N815

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.connection.close()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
