"""What the three services have in common as web applications: dispatch by method, and one place for failures."""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Handler = Callable[[Request], Awaitable[Response]]
Render = Callable[[Exception, Scope], Response]

logger = logging.getLogger(__name__)


class NotServedError(Exception):
    """A call that the emulator does not know: answered 501, never a 200 that would hide the gap."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"The emulator does not serve {scope['method']} {scope['path']}")


class RefusedError(Exception):
    """An answer other than success, in the words of one service.

    Attributes:
        status: HTTP status.
        code: The service's own error code.
        message: What a person reads.
        headers: Extra headers of the answer.
    """

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


class Json(Response):
    """JSON without escapes or spaces."""

    media_type = "application/json"

    def __init__(self, content: Any, status_code: int = 200, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        super().__init__(body, status_code=status_code, headers=headers)


class Methods:
    """An endpoint with one handler a method; any other method is not served."""

    def __init__(self, **handlers: Handler) -> None:
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        handler = self._handlers.get(scope["method"])
        if handler is None:
            raise NotServedError(scope)
        response = await handler(Request(scope, receive, send))
        await response(scope, receive, send)


async def not_served(scope: Scope, _receive: Receive, _send: Send) -> None:
    """The application for every path that no route knows."""
    raise NotServedError(scope)


class ErrorAnswers:
    """Turns what a service raises into an answer in that service's own error format."""

    def __init__(self, app: ASGIApp, render: Render) -> None:
        self._app = app
        self._render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, and answer for whatever is raised."""
        started = False

        async def note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, note)
        except ClientDisconnect:
            return  # nobody is left to answer, and what came in half is thrown away by its handler
        except Exception as error:
            if not isinstance(error, RefusedError | NotServedError):
                logger.exception("%s %s failed in the emulator", scope["method"], scope["path"])
            if started:
                raise  # too late for a status: the server cuts the connection, which the client notices
            await self._render(error, scope)(scope, receive, send)


def status_and_code(error: Exception) -> tuple[int, str, str, dict[str, str]]:
    """Status, code, message and headers of anything that a service raises."""
    if isinstance(error, RefusedError):
        return error.status, error.code, error.message, error.headers
    if isinstance(error, NotServedError):
        return 501, "NotImplemented", str(error), {}
    return 500, "InternalError", f"The emulator failed: {type(error).__name__}: {error}", {}
