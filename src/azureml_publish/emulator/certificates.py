"""The throw-away CA behind the HTTPS port.

azure-core sends no bearer token over plain HTTP, so the control plane needs a certificate that the client trusts. The
CA is made once per data folder, its key never leaves the folder, and its certificate says that it may vouch for
loopback alone: even with its key nobody can deceive a client about another host.
"""

import datetime as dt
import ipaddress
from pathlib import Path

import certifi
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from azureml_publish.emulator.state import is_own_secret, publish_file

_LEAF_DAYS = 365
_AUTHORITY_DAYS = 365
"""Age at which the CA is made anew; its certificate ends somewhat later, so that none ends in the middle of a run."""

_CONSTRAINTS = x509.NameConstraints(
    permitted_subtrees=[
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_network("127.0.0.0/8")),
        x509.IPAddress(ipaddress.ip_network("::1/128")),
    ],
    excluded_subtrees=None,
)
"""RFC 5280, section 4.2.1.10."""


def _load(path: Path, now: dt.datetime) -> trustme.CA | None:
    """The CA in a PEM file that holds its key and its certificate.

    Returns:
        None if there is none, or one that is not to be used any more: it is too old, it may vouch for other hosts than
        loopback, or the file was not made by this user alone.
    """
    try:
        made = dt.datetime.fromtimestamp(path.lstat().st_mtime, dt.UTC)
        pem = path.read_bytes() if is_own_secret(path) else b""
    except FileNotFoundError:
        return None
    if made + dt.timedelta(days=_AUTHORITY_DAYS) < now or not _is_bounded(pem, now):
        path.unlink(missing_ok=True)
        return None
    return trustme.CA.from_pem(pem[pem.index(b"-----BEGIN CERTIFICATE-----") :], pem)


def _is_bounded(pem: bytes, now: dt.datetime) -> bool:
    """Whether this is one certificate for loopback alone, which holds for now."""
    try:
        (found,) = x509.load_pem_x509_certificates(pem)
        constraints = found.extensions.get_extension_for_class(x509.NameConstraints)
    except (ValueError, x509.ExtensionNotFound):
        return False
    holds = found.not_valid_before_utc <= now <= found.not_valid_after_utc
    return holds and constraints.critical and constraints.value == _CONSTRAINTS


def _make(now: dt.datetime) -> bytes:
    """A new CA: its key and its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    organization = "azureml-publish emulator (throw-away, this machine only)"
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)])
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=_AUTHORITY_DAYS + _LEAF_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, **usage), critical=True)
        .add_extension(_CONSTRAINTS, critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.TraditionalOpenSSL
    private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def authority(secrets: Path, now: dt.datetime) -> trustme.CA:
    """The data folder's CA, made if there is none.

    Args:
        secrets: Folder for the key, mode 0700.
        now: The time, with a zone; a CA older than a year is replaced.
    """
    path = secrets / "ca.pem"
    found = _load(path, now)
    if found is None:
        publish_file(path, _make(now), mode=0o600, replace=False)
        found = _load(path, now)
    if found is None:
        raise OSError(f"{path} cannot be read back")
    return found


def issue(ca: trustme.CA, now: dt.datetime) -> bytes:
    """A key and a certificate for `localhost` and `127.0.0.1`, in PEM."""
    leaf = ca.issue_cert("localhost", "127.0.0.1", not_after=now + dt.timedelta(days=_LEAF_DAYS))
    return leaf.private_key_and_cert_chain_pem.bytes()


def write_bundle(secrets: Path, authority: Path, bundle: Path, now: dt.datetime) -> None:
    """Write certifi's CAs and the emulator's into one file.

    Both, because `REQUESTS_CA_BUNDLE` replaces the default: a process that exports it must still reach the world. So
    this one is looked at again: it would be believed about every host that it may vouch for.

    Raises:
        OSError: the emulator answers with a certificate of a CA that it would not make.
    """
    served, ca = authority.read_bytes(), _load(secrets / "ca.pem", now)
    if ca is None or ca.cert_pem.bytes() != served:
        raise OSError(f"{authority} is not what vouches for loopback alone; delete {secrets} and start again")
    content = Path(certifi.where()).read_bytes().rstrip() + b"\n\n# azureml-publish emulator\n" + served
    if bundle.is_symlink() or not bundle.exists() or bundle.read_bytes() != content:
        publish_file(bundle, content, mode=0o644, replace=True)
