"""Keys that sign: ECDSA over P-256, P-384 or P-521, as PEM files. What is signed can be checked by other tools, too.

A signature is that of `openssl dgst -sha256 -sign KEY` (ECDSA with SHA-256, DER, FIPS 186-5), in Base64 as
`cosign sign-blob` writes it.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from azureml_publish.errors import UsageProblem

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

CURVES = ("secp256r1", "secp384r1", "secp521r1")
"""Those that OpenSSF model-signing takes, so that one key signs plans and models."""

_HOW = "`openssl ecparam -name prime256v1 -genkey -noout -out key.pem` makes a key, and "
_HOW += "`openssl ec -in key.pem -pubout -out key.pub` writes its public half."


def read_private_key(pem: bytes, name: str, password: str | None = None) -> EllipticCurvePrivateKey:
    """The private key in a PEM text.

    Args:
        name: how a message calls it.

    Raises:
        UsageProblem: it is no such key, or the password is missing or wrong. No message holds any of either.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, password.encode() if password else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        hint = f"Where it is encrypted, PUBLISH_SIGNING_PASSWORD holds its password. {_HOW}"
        raise UsageProblem(f"{name} cannot be read as a private key in PEM form.", hint=hint) from None
    if not isinstance(key, EllipticCurvePrivateKey) or key.curve.name not in CURVES:
        raise UsageProblem(f"{name} is not an ECDSA key on P-256, P-384 or P-521.", hint=_HOW)
    return key


def read_public_key(pem: bytes, name: str) -> EllipticCurvePublicKey:
    """The public key in a PEM text.

    Raises:
        UsageProblem: it is no such key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UsageProblem(f"{name} cannot be read as a public key in PEM form.", hint=_HOW) from None
    if not isinstance(key, EllipticCurvePublicKey) or key.curve.name not in CURVES:
        raise UsageProblem(f"{name} is not an ECDSA key on P-256, P-384 or P-521.", hint=_HOW)
    return key


def sign(data: bytes, key: EllipticCurvePrivateKey) -> bytes:
    """The signature of some bytes, in Base64, with a line end."""
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    return base64.b64encode(key.sign(data, ECDSA(SHA256()))) + b"\n"


def is_signature(signature: bytes, data: bytes, key: EllipticCurvePublicKey) -> bool:
    """Whether the owner of a key signed just these bytes."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(base64.b64decode(signature.strip(), validate=True), data, ECDSA(SHA256()))
    except (InvalidSignature, binascii.Error):
        return False
    return True
