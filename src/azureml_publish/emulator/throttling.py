"""How fast the emulator answers, and how often it makes clients slow down."""

import asyncio
import threading
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from azureml_publish.emulator.quirks import Switches

_FREE = ("/metadata/", "/registrymanagement/")
"""What leads to a registry is another service, with limits of its own."""


class Latency:
    """Lets every request wait as long as a distant service would."""

    def __init__(self, app: ASGIApp, quirks: Switches) -> None:
        self._app = app
        self._quirks = quirks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request after the time; any number of them wait side by side."""
        if seconds := self._quirks.now.latency_seconds:
            await asyncio.sleep(seconds)
        await self._app(scope, receive, send)


class Throttle:
    """Answers every n-th request to the registry with 429 and `Retry-After`."""

    def __init__(self, app: ASGIApp, quirks: Switches, refusal: Callable[[Scope, int], Response]) -> None:
        """Wrap.

        Args:
            refusal: Makes the answer, in the error format of the service, from the seconds to wait.
        """
        self._app = app
        self._quirks = quirks
        self._refusal = refusal
        self._lock = threading.Lock()
        self._seen = 0
        self._counted = quirks.now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, unless its number says otherwise."""
        quirks = self._quirks.now
        if quirks.throttle_every is not None and not scope["path"].startswith(_FREE):
            with self._lock:
                if quirks is not self._counted:  # counted from where it was switched on
                    self._counted, self._seen = quirks, 0
                self._seen += 1
                refused = self._seen % quirks.throttle_every == 0
            if refused:
                await self._refusal(scope, quirks.retry_after_seconds)(scope, receive, send)
                return
        await self._app(scope, receive, send)
