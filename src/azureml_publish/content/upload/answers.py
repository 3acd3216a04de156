"""Whether it is a storage service that answers, or something in its place, such as a proxy or a sign-in page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from azureml_publish.errors import NotAuthorised, UnexpectedAnswer

SHAPE_ERRORS = (AttributeError, KeyError, TypeError, ValueError)
"""What azure-storage-blob raises as it reads an answer that is none of a storage's."""


def require_storage(response: Any) -> None:
    """A hook for azure-storage-blob: a page, or JSON, without a header of the service's own is no answer of a storage.

    Source: https://learn.microsoft.com/rest/api/storageservices/common-rest-api-operation-headers

    Raises:
        UnexpectedAnswer: that came, and not as a refusal.
    """
    answer = response.http_response
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    ours = any(name.lower().startswith("x-ms-") for name in answer.headers)
    if answer.status_code < 400 and not ours and kind in ("text/html", "application/json"):
        raise unexpected_answer(response.http_request.url, f"{kind}, with status {answer.status_code}")


def odd_signature(what: str) -> NotAuthorised:
    """What to raise where a signature or a token cannot be sent."""
    return NotAuthorised(
        f"The signature or token for {what} holds a character that none has.",
        hint="Set it again, as the service shows it: AZURE_STORAGE_SAS_TOKEN, or what the credential reads.",
    )


def unexpected_answer(url: str, came: str = "another shape") -> UnexpectedAnswer:
    """What to raise where something else came than a storage's answer; the signature of the address is left out."""
    return UnexpectedAnswer(
        f"The storage at {urlsplit(url).netloc} answers with something else: {came}.",
        hint="Check the account's name, and whether a proxy or a sign-in page answers in its place.",
    )
