"""Failures of the services that hold files, as this project's exceptions: by type and status, never by their text.

Their text and their addresses may hold a signature, so neither is kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from azureml_publish.content.upload.retry import is_transient, read_retry_after
from azureml_publish.errors import (
    ContentMismatch,
    NotAuthorised,
    NotFound,
    PublishError,
    UnexpectedAnswer,
    Unreachable,
)
from azureml_publish.network import unreachable_because

_SHAPE_ERRORS = (AttributeError, KeyError, TypeError, ValueError)
"""What azure-storage-blob raises for an answer that is none of a storage's."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service.

    Attributes:
        name: as the subject of a message: "The Hub".
        access: what to do where it refuses access.
        check: what to do where something is missing, or a request is not taken.
        network: what to do where it cannot be reached.
        refusals: statuses that mean a missing right.
        is_source: whether files are read from it, so that 412 and 416 mean that one has changed.
    """

    name: str
    access: str
    check: str
    network: str
    refusals: frozenset[int] = frozenset({401, 403})
    is_source: bool = True


_KEPT_OUT = frozenset({"AuthorizationFailure", "AuthorizationSourceIPMismatch"})
"""Codes of a storage's network rules, which no permission of a signature opens; a missing one has codes of its own
(https://learn.microsoft.com/rest/api/storageservices/sas-error-codes)."""


def failure_of(
    service: Service, status: int | None, headers: Mapping[str, str] | None, what: str, code: str = ""
) -> PublishError:
    """The exception for a status, with the service's own code for it, if it has one."""
    if status in service.refusals:
        hint = service.network if code in _KEPT_OUT else service.access
        return NotAuthorised(f"{service.name} refuses {what} ({code or status}).", hint=hint)
    if status == 404:
        return NotFound(f"{service.name} has no {what}.", hint=service.check)
    if service.is_source and status in (412, 416):
        hint = "The source changed under way; nothing was registered. Run again."
        return ContentMismatch(f"{what} is not what it was when it was listed.", hint=hint)
    message = f"{service.name} answers {status}{f' ({code})' if code else ''} for {what}."
    # An MD5 that differs is a byte that was changed on the way: the same request may succeed.
    if status is not None and (is_transient(status) or code == "Md5Mismatch"):
        after = read_retry_after(headers, time.time())
        return Unreachable(message, hint="Try again later.", status=status, retry_after=after)
    return PublishError(message, hint=service.check)


@contextmanager
def storage_failures(service: Service, what: str) -> Iterator[None]:
    """Turn azure-storage-blob's errors into this project's."""
    from azure.core import exceptions

    try:
        yield
    except exceptions.HttpResponseError as error:
        code = getattr(error, "error_code", None) or error.reason or ""
        code = str(getattr(code, "value", code))  # an enumeration, where azure-storage-blob knows the code
        raise failure_of(service, error.status_code, getattr(error.response, "headers", None), what, code) from None
    except UnicodeEncodeError as error:
        raise NotAuthorised(
            f"The signature or token for {what} holds a character that none has.",
            hint="Set it again, as the service shows it: AZURE_STORAGE_SAS_TOKEN, or what the credential reads.",
        ) from error
    except (exceptions.DeserializationError, *_SHAPE_ERRORS) as error:
        raise _unexpected_answer(what) from error
    except exceptions.AzureError as error:
        message = f"{service.name} cannot be reached for {what}: {unreachable_because(error)}."
        raise Unreachable(message, hint=service.network) from None


def require_storage(response: Any) -> None:
    """A hook for azure-storage-blob: an answer without the service's own headers is not from storage.

    Source: https://learn.microsoft.com/rest/api/storageservices/common-rest-api-operation-headers

    Raises:
        UnexpectedAnswer: that came, and not as a refusal.
    """
    answer = response.http_response
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    ours = any(name.lower().startswith("x-ms-") for name in answer.headers)
    if answer.status_code < 400 and not ours and kind in ("text/html", "application/json"):
        raise _unexpected_answer(response.http_request.url, f"{kind}, with status {answer.status_code}")


def _unexpected_answer(url: str, came: str = "another shape") -> UnexpectedAnswer:
    return UnexpectedAnswer(
        f"The storage at {urlsplit(url).netloc} answers with something else: {came}.",
        hint="Check the account's name, and whether a proxy or a sign-in page answers in its place.",
    )
