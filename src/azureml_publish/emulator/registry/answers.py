"""What every answer of the services behind a registry has in common, and their envelopes of failures, as recorded.

The front end puts what a program needs of a failure into a list of pairs; discovery and the model registry API nest it.
"""

import time
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import Scope

from azureml_publish.emulator.registry.wire import REGION, timestamp
from azureml_publish.emulator.routing import Json, status_and_code

USER_ERROR = "UserError"
"""The outer code of every mistake of the caller; the innermost one says which."""


_NO_ACCESS = "User/tenant/subscription is not allowed to access registry {feedName}"
_HEADERS = {"Content-Type": "application/json; charset=utf-8", "x-ms-response-type": "standard"}


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON with the headers of these services."""
    return Json(content, status, {**_HEADERS, **(headers or {})})


def accepted(location: str, content: Any, headers: Mapping[str, str] | None = None) -> Response:
    """202: an operation goes on, and its outcome can be fetched from another place."""
    return answer(content, 202, {"Location": location, "x-ms-async-operation-timeout": "PT1H", **(headers or {})})


def render_error(error: Exception, scope: Scope) -> Response:
    """Any failure in the envelope of the service that the path belongs to.

    The code of a failure is the chain of inner codes with slashes between them, or the outer code alone.
    """
    status, code, message, headers = status_and_code(error)
    wrong = (400 <= status < 500 and status not in {401, 429}) or "/" in code
    outer, chain = (USER_ERROR, [each for each in code.split("/") if each != USER_ERROR]) if wrong else (code, [])
    service = scope["path"].split("/", 2)[1] if scope["path"].startswith("/") else ""
    if service == "registrymanagement":
        body = _nested(outer, chain, message, status, "feedmanagement")
    elif service in {"modelregistry", "assetstore"}:
        short = chain[-1].removesuffix("Error") if chain else outer
        body = {
            **_nested(outer, chain, message, status, service),
            "code": short,
            "message": message,
            "details": [],
        }
    else:
        body = _listed(outer, chain, message)
    return answer(body, status, {"x-ms-response-type": "error", **headers})


def _inner(chain: list[str]) -> dict[str, Any] | None:
    inner: dict[str, Any] | None = None
    for code in reversed(chain):
        inner = {"code": code, "innerError": inner}
    return inner


def _correlation() -> dict[str, str]:
    return {"operation": uuid.uuid4().hex, "request": uuid.uuid4().hex[:16]}


def _nested(outer: str, chain: list[str], message: str, status: int, component: str) -> dict[str, Any]:
    no_access = bool(chain) and chain[-1] == "UnAuthorizedRegistryAccess"
    error: dict[str, Any] = {
        "code": outer,
        "severity": None,
        "message": message,
        "messageFormat": _NO_ACCESS if no_access else None,
        "messageParameters": {"feedName": message.rpartition(" ")[2]} if no_access else None,
        "referenceCode": None,
        "detailsUri": None,
        "target": None,
        "details": [],
        "innerError": _inner(chain),
        "debugInfo": None,
        "additionalInfo": None,
    }
    return {
        "error": error,
        "correlation": {**_correlation(), "RequestId": uuid.uuid4().hex},
        "environment": REGION,
        "location": REGION,
        "time": timestamp(time.time()),
        "componentName": component,
        "statusCode": status,
    }


def _listed(outer: str, chain: list[str], message: str) -> dict[str, Any]:
    info: list[tuple[str, Any]] = [
        ("ComponentName", "managementfrontend"),
        ("Correlation", _correlation()),
        ("Environment", REGION),
        ("Location", REGION),
        ("Time", timestamp(time.time())),
    ]
    details = []
    if chain and chain[-1].endswith("NotFound"):
        details = [{"code": chain[-1], "message": message}]
    if chain:
        info.append(("InnerError", _inner(chain)))
    additional = [{"type": kind, "info": {"value": value}} for kind, value in info]
    return {"error": {"code": outer, "message": message, "details": details, "additionalInfo": additional}}
