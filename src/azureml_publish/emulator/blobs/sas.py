"""Shared access signatures of the emulator's own.

They carry the query parameters of the service's user delegation signatures, so that clients handle them alike, but the
signed text and the key are the emulator's: no account key exists.
https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas
"""

import base64
import datetime as dt
import hashlib
import hmac
import math
import secrets as random
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from azureml_publish.emulator.routing import RefusedError
from azureml_publish.emulator.state import is_own_secret, publish_file

_VERSION = "2025-11-05"
_PERMISSIONS = "racwdl"
_SIGNED = ("skoid", "sktid", "skt", "ske", "sks", "skv", "sv", "sr", "sp", "st", "se", "spr", "scid")
_NOBODY = "00000000-0000-0000-0000-000000000000"
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a valid signature allows in one container."""

    permissions: str

    def require(self, *any_of: str) -> None:
        """Refuse unless one of these letters was granted."""
        if not set(any_of) & set(self.permissions):
            raise RefusedError(
                403,
                "AuthorizationPermissionMismatch",
                f"This request needs the permission {' or '.join(any_of)}, the signature grants {self.permissions!r}.",
            )


def _denied(reason: str) -> RefusedError:
    return RefusedError(403, "AuthenticationFailed", f"Server failed to authenticate the request. {reason}")


def _moment(text: str) -> dt.datetime:
    try:
        parsed = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise _denied(f"{text!r} is not a time.") from error
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=dt.UTC)


def _up(moment: dt.datetime) -> dt.datetime:
    """The next whole second."""
    return dt.datetime.fromtimestamp(math.ceil(moment.timestamp()), dt.UTC)


class Signer:
    """Issues and checks signatures with one secret key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._lock = threading.Lock()
        self._left: dict[str, int] = {}
        """How many requests a signature is still good for, by its id; only of those that are counted."""

    @classmethod
    def from_folder(cls, secrets: Path) -> "Signer":
        """The signer of a data folder; its key is made at the first call and stays, so signatures outlive a restart."""
        path = secrets / "sas.key"
        if not is_own_secret(path):
            path.unlink(missing_ok=True)
            publish_file(path, random.token_bytes(32), mode=0o600, replace=False)
        return cls(path.read_bytes())

    def container_sas(
        self, container: str, permissions: str, lifetime_seconds: float, requests: int | None = None
    ) -> str:
        """A query string that grants letters of `racwdl` on one container from now on.

        Args:
            lifetime_seconds: At least so long it is good: its end is written in whole seconds, as the service does.
            requests: How many requests it is good for, None for any number. Counted in this process only.
        """
        if not permissions or set(permissions) - set(_PERMISSIONS):
            raise ValueError(f"permissions are letters of {_PERMISSIONS}, not {permissions!r}")
        now = dt.datetime.now(dt.UTC)
        # Real signatures start some minutes early too: the clocks of two machines differ.
        values = {
            # The service issues user delegation signatures: a key of an identity, valid for a day and some hours.
            "skoid": _NOBODY,
            "sktid": _NOBODY,
            "skt": (now - dt.timedelta(hours=1)).strftime(_TIME),
            "ske": (now + dt.timedelta(hours=32)).strftime(_TIME),
            "sks": "b",
            "skv": _VERSION,
            "sv": _VERSION,
            "sr": "c",
            "sp": "".join(letter for letter in _PERMISSIONS if letter in permissions),
            "st": (now - dt.timedelta(minutes=10)).strftime(_TIME),
            "se": _up(now + dt.timedelta(seconds=lifetime_seconds)).strftime(_TIME),
            # Correlation id of a user delegation signature: two that are issued in one second still differ.
            "scid": str(uuid.uuid4()),
        }
        if requests is not None:
            with self._lock:
                self._left[values["scid"]] = requests
        values["sig"] = self._sign(container, values)
        return urlencode(values)

    def _sign(self, container: str, values: Mapping[str, str]) -> str:
        text = "\n".join([container, *(values.get(name, "") for name in _SIGNED)])
        return base64.b64encode(hmac.new(self._key, text.encode(), hashlib.sha256).digest()).decode()

    def check(self, container: str, query: Mapping[str, str], scheme: str) -> Grant:
        """What a request may do in a container.

        Raises:
            RefusedError: 401 without a signature, 403 with one that is false, not yet valid, expired or for HTTPS only.
        """
        signature = query.get("sig")
        if signature is None:
            raise RefusedError(
                401,
                "NoAuthenticationInformation",
                "Server failed to authenticate the request: it carries no shared access signature.",
                {"WWW-Authenticate": "Bearer"},
            )
        if query.get("sr") != "c" or not hmac.compare_digest(signature.encode(), self._sign(container, query).encode()):
            raise _denied("Signature did not match.")
        now = dt.datetime.now(dt.UTC)
        if query.get("st") and _moment(query["st"]) > now:
            raise _denied("Signature not valid yet.")
        if _moment(query.get("se", "")) <= now:
            raise _denied("Signature not valid in the specified time frame: it has expired.")
        if scheme not in query.get("spr", "https,http").split(","):
            raise _denied(f"Signature not valid for {scheme}.")
        self._count(query.get("scid", ""))
        return Grant(query.get("sp", ""))

    def _count(self, identifier: str) -> None:
        with self._lock:
            left = self._left.get(identifier)
            if left == 0:
                raise _denied("Signature not valid in the specified time frame: it has expired.")
            if left is not None:
                self._left[identifier] = left - 1
