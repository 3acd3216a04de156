"""Parts of the recorded service's answers, and the answers of the sign-in service, which nobody recorded."""

from __future__ import annotations

import copy
import re
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tests.recordings.exchange import exchanges
from tests.recordings.proxy import Answer, Request


def respelled(value: Any) -> Any:
    """Dates in another spelling, and null or blank for what a nested object does not say, as seen in September 2026."""
    if isinstance(value, dict):
        return {**{key: respelled(one) for key, one in value.items()}, "unset": None, "blank": " "}
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return f"{value}T00:00:00+00:00"
    return value


def reference(body: dict[str, Any], container: str, account: int, permissions: str, path: str = "") -> dict[str, Any]:
    """An answer that lends a container: `:443` in one of its URIs and not in the other, as recorded."""
    host = f"https://store{account}.blob.core.windows.net"
    ends = datetime.fromtimestamp(time.time() + 8 * 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    lent = body["blobReferenceForConsumption"]
    lent["blobUri"] = f"{host}:443/{container}" + (f"/{path}" if path else "")
    lent["credential"]["sasUri"] = f"{host}/{container}?se={ends}&sr=c&sp={permissions}&sig={container}"
    return body


def on_account(uri: str, account: int) -> str:
    parts = urlsplit(uri)
    return parts._replace(netloc=f"store{account}.blob.core.windows.net:443").geturl()


def now() -> str:
    """Seven digits of a second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "3+00:00"


def deleted_answer(status: int, asset: str) -> Answer:
    """The sentence of recording 35; no status of it was recorded."""
    when = "was deleted at 08/16/2024 16:27:49 +00:00, it cannot be recreated."
    return user_error(status, f"Asset {asset} {when} Please try again with a different version.")


def user_error(status: int, message: str) -> Answer:
    return Answer(status, {"error": {"code": "UserError", "message": message, "details": [], "additionalInfo": []}})


def not_found(message: str) -> Answer:
    body = copy.deepcopy(exchanges(24)[0].body)
    body["error"]["details"][0]["message"] = message
    return Answer(404, body)


def sign_in(request: Request) -> Answer:
    base = "https://login.microsoftonline.com"
    if request.path.endswith("/openid-configuration"):
        tenant = request.path.strip("/").partition("/")[0]
        paths = {"token_endpoint": "token", "authorization_endpoint": "authorize"}
        urls = {key: f"{base}/{tenant}/oauth2/v2.0/{value}" for key, value in paths.items()}
        return Answer(200, {**urls, "issuer": f"{base}/{tenant}/v2.0"})
    if request.path.endswith("/token"):
        return Answer(200, {"token_type": "Bearer", "expires_in": 3600, "access_token": "made-up"})
    if "/discovery/instance" in request.path:
        found = {"tenant_discovery_endpoint": f"{base}/common/v2.0/.well-known/openid-configuration"}
        names = ["login.microsoftonline.com"]
        metadata = [{"preferred_network": names[0], "preferred_cache": names[0], "aliases": names}]
        return Answer(200, {**found, "api-version": "1.1", "metadata": metadata})
    return Answer(404, {})
