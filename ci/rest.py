"""One request to the REST API of where a pipeline runs, with Python alone."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO, Any

ARCHIVE_BYTES = 256 * 1024 * 1024


class Refused(Exception):
    """The service did not take a request; the message says its status, or that nobody answered."""

    def __init__(self, message: str, status: int = 0) -> None:
        """Keep the status; 0 where nobody answered."""
        super().__init__(message)
        self.status = status


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the token belongs to the service and not to the storage that it leads to."""

    def redirect_request(  # noqa: PLR0917 - as urllib calls it
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Nothing."""


_OPENER = urllib.request.build_opener(_Stay)


def call(
    method: str, url: str, headers: Mapping[str, str], body: object = None, kind: str = "application/json"
) -> bytes:
    """What the service answers; a redirect of a GET is followed once, without the headers.

    Raises:
        Refused: it refuses, or cannot be reached.
    """
    data = None if body is None else json.dumps(body).encode()
    sent = {**headers, **({"Content-Type": kind} if data is not None else {})}
    request = urllib.request.Request(url, data, sent, method=method)  # noqa: S310 - the address is the pipeline's own
    answer, location = _answer(request, redirected=method == "GET")
    if location:  # where the service says, without the token
        answer, _ = _answer(urllib.request.Request(location), redirected=False)  # noqa: S310
    return answer


def _answer(request: urllib.request.Request, *, redirected: bool) -> tuple[bytes, str]:
    """What is answered, or where it leads, if that is wanted."""
    try:
        with _OPENER.open(request, timeout=300) as answer:
            return answer.read(ARCHIVE_BYTES), ""
    except urllib.error.HTTPError as error:
        with error:
            location = error.headers.get("Location")
        if redirected and location and error.code in (301, 302, 303, 307, 308):
            return b"", str(location)
        raise Refused(f"{error.code} {error.reason}", error.code) from error
    except (OSError, HTTPException) as error:  # of which URLError is the most frequent
        raise Refused(type(error).__name__) from error


def parsed(answer: bytes) -> Any:
    """The JSON of an answer.

    Raises:
        Refused: it is none, such as the page to sign in.
    """
    try:
        return json.loads(answer)
    except ValueError as error:
        raise Refused("the answer is no JSON") from error


def pages(get: Callable[[str], bytes], path: str) -> Iterator[dict[str, Any]]:
    """The entries of a list, page by page, at most 3,000."""
    for page in range(1, 31):
        entries = parsed(get(f"{path}{'&' if '?' in path else '?'}per_page=100&page={page}"))
        yield from entries
        if len(entries) < 100:
            return
