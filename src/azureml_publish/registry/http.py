"""REST calls through azure-core's pipeline, and the long-running operations that some of them begin."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

from azureml_publish.errors import UnexpectedAnswer, Unreachable, UsageProblem
from azureml_publish.registry.failures import OperationFailed, Reason, name_kind, reason_of, unexpected_answer

if TYPE_CHECKING:
    from azure.core import PipelineClient
    from azure.core.credentials import TokenCredential

    from azureml_publish.registry.cloud import Cloud

CONNECTIONS = 64
"""Open connections that are kept to one host: as many as `--jobs` allows threads. With fewer, threads that find none
free connect and shake hands anew for each request."""

NO_SUCH_CALL = frozenset({400, 404, 405, 410, 501})
"""Statuses of a registry that has not a call, or nothing there."""

ASYNC_HEADER = "Azure-AsyncOperation"
"""Says that an answer is not the last word: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations"""

POLL_DELAYS = (0.0, 0.1, 0.2, 0.4, 0.8)
"""Seconds before the first looks at an operation; then one between any two, unless the service says Retry-After. A
write takes effect within a second (recorded), and none of its answers says when to look."""

LONGEST_OPERATION = 3600.0
"""Seconds: what the service itself gives an operation (`x-ms-async-operation-timeout: PT1H`, recorded)."""

PAGE_TOKENS = {"continuationToken": "continuationToken", "skipToken": "$skipToken", "$skipToken": "$skipToken"}
"""What a list without `nextLink` may say of its next page, and the parameter that takes it."""

_FAILED = frozenset({"failed", "canceled", "cancelled"})
_UNDER_WAY = frozenset({"notstarted", "inprogress", "running", "accepted", "pending", "creating", "updating"})


def segment(name: str) -> str:
    """A name as one segment: nothing in it ends the path, and it leads to no other one.

    Raises:
        UsageProblem: quoting does not prevent that, because servers and proxies undo it.
    """
    if name in ("", ".", "..") or any(char in "/\\" or not char.isprintable() for char in name):
        hint = "Use letters, digits, '-', '_' and '.'."
        raise UsageProblem(f"{name!r} cannot be a name in a registry; no request was sent.", hint=hint)
    return quote(name, safe="")


def pipeline(
    credential: TokenCredential,
    cloud: Cloud,
    user_agent: str,
    *,
    retries: int | None = None,
    waits: Callable[[float, int | None], None] = lambda _seconds, _status: None,
) -> PipelineClient[Any, Any]:
    """A client whose requests carry a token for a cloud and are tried again where that makes sense.

    `retries` is how often at most, where a host answers and is busy; none that does not. [default: azure-core's rules]
    `waits` is called before each further attempt, with the seconds until then and the status of the answer, None where
    there was no answer.
    """
    from azure.core import PipelineClient
    from azure.core.pipeline import Pipeline, policies

    from azureml_publish.registry.transport import PooledTransport

    limits = {} if retries is None else {"retry_total": retries, "retry_connect": 0, "retry_read": 0}
    steps: list[Any] = [
        policies.HeadersPolicy(),
        policies.UserAgentPolicy(user_agent),
        _retry_policy(waits, limits),
        token_hosts(cloud),
        policies.BearerTokenCredentialPolicy(credential, cloud.scope),
    ]
    return PipelineClient(base_url="", pipeline=Pipeline(PooledTransport(CONNECTIONS, cloud.network), steps))


def _retry_policy(waits: Callable[[float, int | None], None], options: Mapping[str, int]) -> Any:
    """azure-core's attempts, which are reported.

    By its rules a request may be answered with a failure three times. A registry that is busy does not fail: it says
    when to come again, and a catalogue of a thousand models meets that often, so there the ten of all reasons count.
    """
    from azure.core.pipeline.policies import RetryPolicy

    class Reported(RetryPolicy[Any, Any]):
        def sleep(self, settings: dict[str, Any], transport: Any, response: Any = None) -> None:
            promised = self.get_retry_after(response) if response is not None else None
            seconds = promised or self.get_backoff_time(settings)
            waits(seconds, response.http_response.status_code if response is not None else None)
            super().sleep(settings, transport, response)

        def increment(self, settings: dict[str, Any], response: Any = None, error: Exception | None = None) -> bool:
            answer = getattr(response, "http_response", None)
            if answer is not None and answer.status_code == 429 and self.get_retry_after(response) is not None:
                settings["status"] += 1
            return super().increment(settings, response, error)

    return Reported(**options)


def require_token_host(cloud: Cloud, url: str) -> None:
    """Check that a host may get the cloud's token, wherever its name came from.

    Raises:
        UnexpectedAnswer: it is none of the cloud's.
    """
    if not cloud.owns(url):
        host = urlsplit(url).netloc.rpartition("@")[2] or url
        raise UnexpectedAnswer(
            f"An answer leads to {host}, which is not a host of {cloud.name}; no token was sent there.",
            hint=f"If it is yours, name it: PUBLISH_TOKEN_HOSTS={host}",
        )


def token_hosts(cloud: Cloud) -> Any:
    """A policy that lets no request out that would take a token to another host."""
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class Bounded(SansIOHTTPPolicy[Any, Any]):
        def on_request(self, request: Any) -> None:
            require_token_host(cloud, request.http_request.url)

    return Bounded()


def send(
    client: PipelineClient[Any, Any],
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    body: Any = None,
    content_type: str = "application/json",
    resend: bool = True,
    sleep: Callable[[float], None] = time.sleep,
) -> Any:
    """Send one request; the parsed JSON answer, None where it has none. A long-running operation is waited for.

    Without `resend` it is sent once more only where the service says when (Retry-After), and so did not take it.

    Raises:
        HttpResponseError: any status from 400 on, as azure-core's type for it.
        OperationFailed: the operation that the request began failed later.
        UnexpectedAnswer: what came is not JSON.
    """
    from azure.core.rest import HttpRequest

    headers = {"Accept": "application/json", "x-ms-client-request-id": str(uuid.uuid4())}
    if body is not None:
        headers["Content-Type"] = content_type
    request = HttpRequest(method, url, params=dict(params or {}), json=body, headers=headers)
    # azure-core sends no POST again; what is sent by POST here opens a container, and changes nothing.
    again = {"POST": {"retry_on_methods": frozenset({"POST"})}}.get(method, {})
    options: dict[str, Any] = again if resend else {"retry_on_methods": frozenset()}
    response = client.send_request(request, **options)
    _require_success(response)
    begun = method != "GET" and (response.status_code == 202 or ASYNC_HEADER in response.headers)
    answer = _parsed(response, url)
    if method != "GET":
        _require_no_failure(answer)
    if begun:
        _wait(client, response, answer, sleep)
        return None
    return answer


def _require_success(response: Any) -> None:
    from azure.core.exceptions import (
        ClientAuthenticationError,
        HttpResponseError,
        ResourceExistsError,
        ResourceNotFoundError,
        map_error,
    )

    if response.status_code >= 400:
        kinds = {401: ClientAuthenticationError, 404: ResourceNotFoundError, 409: ResourceExistsError}
        map_error(response.status_code, response, kinds)
        raise HttpResponseError(response=response)
    if response.status_code >= 300:
        came = f"status {response.status_code}, which leads elsewhere"
        raise unexpected_answer(response.request.url, "a request", came)


def _parsed(response: Any, url: str) -> Any:
    content = response.body()
    if not content.strip():
        return None
    try:
        return json.loads(content)
    except ValueError as error:
        raise unexpected_answer(url, urlsplit(url).path, name_kind(response.headers, response.body())) from error


def _require_no_failure(answer: Any) -> str:
    """The state in an answer to a write or of an operation, in lower case; empty where there is none.

    Raises:
        OperationFailed: it failed, which some say with a status of 200.
    """
    if not isinstance(answer, dict):
        return ""
    properties = answer.get("properties")
    state = answer.get("status")
    if not isinstance(state, str) and isinstance(properties, dict):
        state = properties.get("provisioningState")
    if not isinstance(state, str):
        return ""
    if state.lower() in _FAILED:
        raise OperationFailed(state, reason_of({"error": answer.get("error")}) or Reason())
    return state.lower()


def _wait(client: PipelineClient[Any, Any], response: Any, answer: Any, sleep: Callable[[float], None]) -> None:
    """Follow a long-running operation to its end: by either header, or by `location` in the body.

    A look that is refused ends it, because the write itself was taken: what became of it is read back.

    Raises:
        OperationFailed: it failed.
        Unreachable: it does not end.
    """
    from azure.core.rest import HttpRequest

    where = _where(response, answer)
    delays = chain(POLL_DELAYS, repeat(1.0))
    ends = time.monotonic() + LONGEST_OPERATION
    while where is not None:
        seconds = _retry_after(response)
        sleep(next(delays) if seconds is None else seconds)
        if time.monotonic() > ends:
            raise Unreachable(
                "The registry took a write, and does not say how it ended.",
                hint="`publish plan` shows in a while what is there.",
            )
        url, is_status = where
        request = HttpRequest("GET", url, headers={"Accept": "application/json"})
        response = client.send_request(request)
        if response.status_code >= 400:
            return
        _require_success(response)
        answer = _parsed(response, url)
        state = _require_no_failure(answer)
        if is_status and not state and response.status_code != 202:
            came = "nothing" if answer is None else "JSON without `status`"
            raise unexpected_answer(url, "a write that it took", came)
        if response.status_code == 202:
            where = _where(response, answer) or where
        elif state not in _UNDER_WAY and (not is_status or state == "succeeded"):
            return


def _where(response: Any, answer: Any) -> tuple[str, bool] | None:
    """Where to look at an operation next, and whether that URL has its state; None where no answer says."""
    if url := response.headers.get(ASYNC_HEADER):
        return urljoin(response.request.url, url), True
    url = response.headers.get("Location")
    if not url and isinstance(answer, dict) and isinstance(answer.get("location"), str):
        url = answer["location"]
    return (urljoin(response.request.url, url), False) if url else None


def _retry_after(response: Any) -> float | None:
    for name, unit in (("x-ms-retry-after-ms", 0.001), ("Retry-After", 1.0)):
        text = str(response.headers.get(name, ""))
        if text.isascii() and text.isdigit():
            return int(text) * unit
    return None


def pages(client: PipelineClient[Any, Any], url: str, params: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """The entries of a list, over all its pages: by `nextLink`, or by a token, as other clients send it back.

    Raises:
        HttpResponseError: see `send`.
        UnexpectedAnswer: an answer is not a list.
    """
    following: tuple[str, Mapping[str, str]] | None = (url, params)
    seen: set[str] = set()
    while following is not None:
        where, query = following
        answer = send(client, "GET", where, params=query)
        entries = answer.get("value") if isinstance(answer, dict) else None
        if not isinstance(entries, list):
            came = "nothing" if answer is None else "JSON without the list `value`"
            raise unexpected_answer(where, urlsplit(where).path, came)
        yield from (entry for entry in entries if isinstance(entry, dict))
        link = answer.get("nextLink")
        tokens = {
            sent: answer[key] for key, sent in PAGE_TOKENS.items() if isinstance(answer.get(key), str) and answer[key]
        }
        following = None
        if isinstance(link, str) and link:
            following = (urljoin(where, link), {})
        elif tokens:
            following = (url, {**params, **tokens})
        if following is not None:
            page = f"{following[0]} {following[1]}"
            if page in seen:
                return
            seen.add(page)


SHAPE_HINT = "`publish doctor` shows which answers of the registry have the right shape."
"""What to do about an answer of another shape."""
