"""What the HTTPS port shows: a certificate for loopback, kept beside the CA that vouches for it.

To make one takes cryptography and trustme, whose import takes as long as all that `publish list` has to do. So one
serves for a month. Its key is worth less than the CA's, beside which it lies.
"""

import datetime as dt
import ssl
from pathlib import Path

from azureml_publish.emulator.state import is_own_secret, publish_file

_KEPT_DAYS = 30
_BEGIN = b"-----BEGIN CERTIFICATE-----"


def prepare(secrets: Path, authority: Path, now: dt.datetime) -> ssl.SSLContext:
    """A context for the server, whose certificate is made where none is kept that can be used.

    Args:
        secrets: folder of the keys, mode 0700.
        authority: where the CA's certificate is to lie for clients, in PEM.
        now: the time, with a zone.
    """
    kept = secrets / "server.pem"
    vouching = _vouching(kept, secrets / "ca.pem", now)
    if vouching is None:
        from azureml_publish.emulator import certificates  # noqa: PLC0415 - see above

        ca = certificates.authority(secrets, now)
        vouching = ca.cert_pem.bytes()
        publish_file(kept, certificates.issue(ca, now) + vouching, mode=0o600, replace=True)
    if authority.is_symlink() or not authority.exists() or authority.read_bytes() != vouching:
        publish_file(authority, vouching, mode=0o644, replace=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(kept)
    return context


def _vouching(kept: Path, ca: Path, now: dt.datetime) -> bytes | None:
    """The CA's certificate, where the server's was made by it lately; None where another is to be made."""
    if not (is_own_secret(kept) and is_own_secret(ca)):
        return None
    made = dt.datetime.fromtimestamp(kept.lstat().st_mtime, dt.UTC)
    certificate = _BEGIN + ca.read_bytes().partition(_BEGIN)[2]
    if not made <= now < made + dt.timedelta(days=_KEPT_DAYS) or not kept.read_bytes().endswith(certificate):
        return None
    return certificate
