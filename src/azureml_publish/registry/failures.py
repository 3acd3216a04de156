"""The answers of a registry that refuses or fails, as exceptions with this project's messages and exit codes.

The shapes are those of recorded answers: an envelope whose innermost code says what the matter is, in `innerError`, in
`additionalInfo` or in `details`; the outer code is `UserError` for nearly all.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from azureml_publish.errors import (
    Conflict,
    Deleted,
    NotAuthorised,
    NotFound,
    PublishError,
    Refused,
    UnexpectedAnswer,
    Unreachable,
)
from azureml_publish.patterns import pattern

ROLE = "AzureML Registry User"
"""The built-in role that allows every call of this tool: `registries/read` and `registries/assets/*`."""

NO_ACCESS = "UnAuthorizedRegistryAccess"
"""Innermost code of a missing role; the status is 403 at discovery and 401 at a write."""

EXISTS = "TemporaryDataReferencesForExistingAsset"

_DELETED = pattern(r"was deleted at .*cannot be recreated", re.DOTALL)
"""A deleted version's number. The sentence is all that is known of that answer, but for its outer code, `UserError`."""

_IMMUTABLE = pattern(
    r"immutable|already exists|without increasing the version"
    r"|cannot be (?:updated|changed|replaced|modified|overwritten)",
    re.IGNORECASE,
)
"""That what is registered does not change. No code of the service is known for it; these are the words of it and of its
clients (azure-ai-ml recognises a changed path by the sentence "Asset paths cannot be updated.")."""

_SIGNED = pattern(r"\?[^\s\"'<>]*\bsig=[^\s\"'<>]*")


@dataclass(frozen=True, slots=True)
class Reason:
    """A service's reason: the outermost code, the innermost one and the sentence; empty where it gives none."""

    code: str = ""
    inner: str = ""
    message: str = ""

    def __str__(self) -> str:
        code = self.inner or self.code
        return f"{code}: {self.message}" if code and self.message else code or self.message


class OperationFailed(Exception):
    """A long-running operation ended, and not well."""

    def __init__(self, status: str, reason: Reason) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason


def read_reason(content: bytes | str) -> Reason | None:
    """The reason in a body; None where the body is not an envelope of one."""
    try:
        body = json.loads(content)
    except ValueError:
        return None
    return reason_of(body)


def reason_of(body: Any) -> Reason | None:
    """The reason in what was parsed; None where it holds none."""
    if not isinstance(body, dict):
        return None
    error = body.get("error")
    if not isinstance(error, dict):
        error = body
    code, message = _text(error.get("code")), _text(error.get("message"))
    if not code and not message:
        return None
    details = [one for one in _list(error.get("details")) if isinstance(one, dict)]
    inner = _chain(error) or next(filter(None, map(_informed, _list(error.get("additionalInfo")))), "")
    if details and not inner:
        inner = _text(details[-1].get("code"))
        more = _text(details[-1].get("message"))
        message = f"{message} {more}".strip() if more and more not in message else message
    return Reason(code, inner, _SIGNED.sub("?…", message))


def is_tombstone(error: Any) -> bool:
    """Whether an HTTP error says that a version was deleted."""
    reason = _reason(error)
    return reason is not None and _DELETED.search(reason.message) is not None


def _chain(error: Mapping[str, Any]) -> str:
    """The innermost code of a chain of inner errors."""
    found, below = "", error.get("innerError", error.get("innererror"))
    while isinstance(below, dict):
        found = _text(below.get("code")) or found
        below = below.get("innerError", below.get("innererror"))
    return found


def _informed(info: Any) -> str:
    if not isinstance(info, dict) or info.get("type") != "InnerError":
        return ""
    value = (info.get("info") or {}).get("value") if isinstance(info.get("info"), dict) else None
    return _chain({"innerError": value})


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def failure_of(status: int | None, reason: Reason, registry: str, what: str) -> PublishError:
    """The exception for an answer.

    Args:
        status: the HTTP status; None where an operation failed later.
        reason: what the service says.
        what: what the request was about: "model m version 1", or "the registry" itself.
    """
    message = f"{what}{'' if what == 'the registry' else ' in'} {registry}: {reason}".rstrip(": ")
    return _by_code(reason, message) or _by_status(status, reason, message)


def _by_code(reason: Reason, message: str) -> PublishError | None:
    """What the innermost code means, or the one sentence that is known to have none."""
    if reason.inner == NO_ACCESS:
        hint = f"You are signed in, and lack the role {ROLE} on the registry: its owner can assign it."
        return NotAuthorised(f"You have no access for {message}", hint=hint)
    if _DELETED.search(reason.message):
        hint = "That number is never free again: `publish bump` takes the next one, elsewhere with `--to NUMBER`."
        return Deleted(f"A deleted version cannot be registered again: {message}", hint=hint)
    if reason.inner == EXISTS:
        return Conflict(f"The version is registered already: {message}", hint="Plan again.")
    return None


def _by_status(status: int | None, reason: Reason, message: str) -> PublishError:
    match status:
        case 401 | 403:
            hint = f"Have the role {ROLE} assigned on the registry, or check which account is signed in."
            failure: PublishError = NotAuthorised(f"The registry refuses {message}", hint=hint)
        case 404:
            failure = NotFound(f"Not there: {message}", hint="Check the registry's name and where you are signed in.")
        case 409 | 412:
            failure = Conflict(f"The registry holds something else: {message}", hint="Plan again.")
        case _ if _IMMUTABLE.search(reason.message):
            hint = "What is registered does not change: run `publish bump`."
            failure = Conflict(f"The registry refuses {message}", hint=hint)
        case None:
            hint = "Nothing of it need be there. `publish plan` shows what is; run again where that is right."
            failure = PublishError(f"The registry took the request and could not carry it out: {message}", hint=hint)
        case 408 | 429:
            failure = Unreachable(f"The registry is too busy for {message}", hint="Try again later.", status=status)
        case _ if status < 500 or status == 501:
            failure = Refused(f"The registry refuses {message}", hint="The sentence is the service's own.")
        case _:
            failure = Unreachable(
                f"The registry failed with {status}: {message}", hint="Try again later.", status=status
            )
    return failure


@contextmanager
def translated(registry: str, what: str) -> Iterator[None]:
    """Turn the errors of azure-core and azure-ai-ml into this project's, by type, status and the service's codes."""
    from azure.core import exceptions

    try:
        yield
    except OperationFailed as error:
        raise failure_of(None, error.reason, registry, what) from error
    except exceptions.DecodeError as error:
        url = getattr(getattr(error.response, "request", None), "url", None) or registry
        raise unexpected_answer(url, what, "no JSON") from error
    except exceptions.HttpResponseError as error:
        reason = _reason(error)
        if isinstance(error, exceptions.ClientAuthenticationError) and (reason is None or reason.inner != NO_ACCESS):
            raise _no_credential(registry, reason or _first_line(error)) from error
        raise failure_of(error.status_code, reason or Reason(message=_first_line(error)), registry, what) from error
    except exceptions.AzureError as error:
        hint = "Check the network, proxy and the registry's private endpoint; `-r local` needs none of them."
        raise Unreachable(f"The registry {registry} cannot be reached: {_first_line(error)}", hint=hint) from error
    except _sdk_errors() as error:
        raise PublishError(f"azure-ai-ml could not do {what} in {registry}: {_first_line(error)}") from error


def unexpected_answer(url: str, what: str, came: str) -> UnexpectedAnswer:
    """The exception where something else than a registry answered: the host, the request, and what came."""
    return UnexpectedAnswer(
        f"{urlsplit(url).netloc or url} answers with something else than a registry does about {what}: {came}.",
        hint="Check the registry's name and cloud, and whether a proxy or a sign-in page answers in its place; "
        "`publish doctor` shows each call.",
    )


def name_kind(headers: Mapping[str, str], body: bytes) -> str:
    """What an answer is that is not JSON, without its text: a page of a stranger is not shown."""
    body = body.lstrip()
    if not body:
        return "nothing"
    kind = headers.get("Content-Type", "").partition(";")[0]
    return "a page (text/html)" if body[:1] == b"<" or kind == "text/html" else "text that is not JSON"


def _no_credential(registry: str, message: object) -> NotAuthorised:
    hint = "Sign in (az login), or set the variables of a service principal or of a federated token."
    return NotAuthorised(f"No credential opens the registry {registry}: {message}", hint=hint)


def _reason(error: Any) -> Reason | None:
    """What the answer of an error says; azure-core has read it where it came."""
    response = getattr(error, "response", None)
    try:
        return read_reason(response.body()) if response is not None else None
    except Exception:  # noqa: BLE001 - each transport has ways of its own to say that a body cannot be read any more
        return None


def _sdk_errors() -> tuple[type[Exception], ...]:
    """azure-ai-ml's own errors; none where it was not needed so far, as importing it takes a second or two."""
    module = sys.modules.get("azure.ai.ml.exceptions")
    return (module.MlException,) if module is not None else ()


def _first_line(error: BaseException) -> str:
    return _SIGNED.sub("?…", str(error).strip().partition("\n")[0])
