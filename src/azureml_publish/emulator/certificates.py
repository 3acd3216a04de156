"""The throw-away CA behind the HTTPS port.

azure-core sends no bearer token over plain HTTP, so the control plane needs a certificate that the client trusts. The
CA is made once per data folder, signs only `localhost` and `127.0.0.1`, and its key never leaves the folder.
"""

import contextlib
import datetime as dt
import os
import ssl
import tempfile
from pathlib import Path

import certifi
import trustme

_LEAF_DAYS = 365
_AUTHORITY_DAYS = 365
"""Age at which the CA is made anew; the certificate itself knows no end, as trustme cannot set one for a CA."""


def _publish(path: Path, content: bytes, *, mode: int, replace: bool) -> None:
    """Write a file so that no reader sees half of it; without `replace` the first of several writers wins."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.chmod(mode)
        if replace:
            temporary.replace(path)
        else:
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)


def _load(path: Path, now: dt.datetime) -> trustme.CA | None:
    """The CA in a PEM file that holds its key and its certificate; None if there is none or it is too old."""
    try:
        pem = path.read_bytes()
        made = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    except FileNotFoundError:
        return None
    if made + dt.timedelta(days=_AUTHORITY_DAYS) < now:
        path.unlink(missing_ok=True)
        return None
    return trustme.CA.from_pem(pem[pem.index(b"-----BEGIN CERTIFICATE-----") :], pem)


def authority(secrets: Path, now: dt.datetime) -> trustme.CA:
    """The data folder's CA, made if there is none.

    Args:
        secrets: Folder for the key, mode 0700.
        now: The time, with a zone; a CA older than a year is replaced.
    """
    path = secrets / "ca.pem"
    found = _load(path, now)
    if found is None:
        made = trustme.CA(organization_name="azureml-publish emulator (throw-away, this machine only)")
        _publish(path, made.private_key_pem.bytes() + made.cert_pem.bytes(), mode=0o600, replace=False)
        found = _load(path, now)
    if found is None:
        raise OSError(f"{path} cannot be read back")
    return found


def server_context(ca: trustme.CA, now: dt.datetime) -> ssl.SSLContext:
    """A server-side TLS context with a fresh certificate for `localhost` and `127.0.0.1`."""
    leaf = ca.issue_cert("localhost", "127.0.0.1", not_after=now + dt.timedelta(days=_LEAF_DAYS))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    leaf.configure_cert(context)
    return context


def write_bundle(ca: trustme.CA, path: Path) -> Path:
    """Write certifi's CAs and ours into one file.

    Both, because `REQUESTS_CA_BUNDLE` replaces the default: a process that exports it must still reach the world.
    """
    content = Path(certifi.where()).read_bytes().rstrip() + b"\n\n# azureml-publish emulator\n" + ca.cert_pem.bytes()
    if not path.exists() or path.read_bytes() != content:
        _publish(path, content, mode=0o644, replace=True)
    return path
