"""Faults on demand: which request fails, how, and how often. Nothing here is random.

A rule looks at the service, the method and the path of a request. The first rule that applies acts; a rule that is
still skipping (`after`) or used up (`times`) lets the next one have a look.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from azureml_publish.emulator.quirks import Fault, Service


class Faults:
    """The rules in force, in the order in which they were added. Safe from any thread."""

    def __init__(self, rules: Iterable[Fault] = ()) -> None:
        """Start with these; `reset` comes back to them."""
        self._lock = threading.Lock()
        self._first = tuple(rules)
        self._rules: list[Fault] = []
        self._seen: list[int] = []
        self.reset()

    def add(self, fault: Fault | None = None, /, **rule: Any) -> Fault:
        """Add a rule.

        Args:
            fault: The rule, or
            **rule: the fields of one.

        Raises:
            ValueError: An unknown field, or a value that makes no sense.
        """
        if fault is None:
            fault = Fault.model_validate(rule)
        with self._lock:
            self._rules.append(fault)
            self._seen.append(0)
        return fault

    def clear(self) -> None:
        """Drop every rule."""
        with self._lock:
            self._rules.clear()
            self._seen.clear()

    def reset(self) -> None:
        """Back to the rules of the start, as if none of them had seen a request."""
        with self._lock:
            self._rules = list(self._first)
            self._seen = [0] * len(self._rules)

    @property
    def rules(self) -> tuple[Fault, ...]:
        """The rules, used up ones too."""
        with self._lock:
            return tuple(self._rules)

    def holds(self, fault: Fault) -> bool:
        """Whether a rule, this very one, still stands."""
        return any(rule is fault for rule in self.rules)

    def next(self, service: str, method: str, path: str) -> Fault | None:
        """The rule that acts on a request; counts the request."""
        with self._lock:
            for index, rule in enumerate(self._rules):
                if not rule.matches(service, method, path):
                    continue
                self._seen[index] += 1
                acted = self._seen[index] - rule.after
                if acted > 0 and (rule.times is None or acted <= rule.times):
                    return rule
        return None


_LOOK_SECONDS = 0.02
"""How often a request that is held looks whether its rule still stands."""


class _CutError(BaseException):
    """Stops a handler where the connection is to end; not an Exception, so that nothing answers in its place."""


class FaultInjection:
    """Wraps the application of one service."""

    def __init__(
        self,
        app: ASGIApp,
        faults: Faults,
        service: Service,
        failure: Callable[[int, Scope], Response],
        abort: Callable[[Scope], None],
    ) -> None:
        """Wrap.

        Args:
            service: Its name in the rules.
            failure: Makes the answer for a status, in the error format of the service.
            abort: Resets the connection that a scope came over.
        """
        self._app = app
        self._faults = faults
        self._service: Service = service
        self._failure = failure
        self._abort = abort

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, unharmed if no rule acts on it."""
        query = scope["query_string"].decode("latin-1")
        path = f"{scope['path']}?{query}" if query else scope["path"]
        fault = self._faults.next(self._service, scope["method"], path)
        if fault is None:
            await self._app(scope, receive, send)
            return
        await self._wait(fault)
        sending = _with_headers(send, fault.headers) if fault.headers else send
        if fault.status is not None:
            await self._failure(fault.status, scope)(scope, receive, sending)
            return
        if scope["method"] in {"GET", "HEAD"}:
            await self._answer_through(fault, scope, receive, sending)
        else:
            await self._request_through(fault, scope, receive, sending)

    async def _wait(self, fault: Fault) -> None:
        """Hold a request for the time of its rule; removing the rule releases it."""
        end = time.monotonic() + fault.delay_seconds
        while (left := end - time.monotonic()) > 0 and self._faults.holds(fault):
            await asyncio.sleep(min(left, _LOOK_SECONDS))

    async def _answer_through(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        damage = _Damage(fault)

        async def damaged(message: Message) -> None:
            if message["type"] == "http.response.body":
                await send({**message, "body": damage.apply(message.get("body", b""))})
                if damage.spent:
                    raise _CutError
            else:
                await send(message)

        try:
            await self._app(scope, receive, damaged)
        except _CutError:
            # Returning with an unfinished answer makes the server flush what is there and close.
            return

    async def _request_through(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        damage = _Damage(fault)

        async def damaged() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                message = {**message, "body": damage.apply(message.get("body", b""))}
                if damage.spent:
                    raise _CutError
            return message

        try:
            await self._app(scope, damaged, send)
        except _CutError:
            self._abort(scope)


class _Damage:
    """What one rule does to one body."""

    def __init__(self, fault: Fault) -> None:
        self._flip = fault.corrupt
        self._left = fault.truncate_after
        self.spent = False

    def apply(self, chunk: bytes) -> bytes:
        """Damage the next chunk; sets `spent` where the body is to end."""
        if self._flip and chunk:
            self._flip = False
            middle = len(chunk) // 2
            chunk = chunk[:middle] + bytes([chunk[middle] ^ 1]) + chunk[middle + 1 :]
        if self._left is not None:
            if len(chunk) >= self._left and chunk:
                self.spent = True
                return chunk[: self._left]
            self._left -= len(chunk)
        return chunk


def _with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            replaced = {name.lower().encode("latin-1"): value.encode("latin-1") for name, value in headers.items()}
            kept = [(name, value) for name, value in message.get("headers", []) if name not in replaced]
            message = {**message, "headers": [*kept, *replaced.items()]}
        await send(message)

    return sending
