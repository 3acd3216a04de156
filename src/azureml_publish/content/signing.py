"""Signs what is published, and checks such signatures: bundles of OpenSSF model-signing, beside the manifest.

A bundle (https://github.com/ossf/model-signing-spec) names every file with its SHA-256. Those are in the manifest
already, so no byte of a model is read to sign it, nor a second time to check it. The manifest itself is signed as one
of the files; it lists those for git, too, which the format leaves out.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from azureml_publish.assets import ManifestEntry
from azureml_publish.content.packaging.tree import MANIFEST_FILE, SIGNATURE_FILE
from azureml_publish.errors import NotAuthorised, PublishError, Unreachable, UsageProblem
from azureml_publish.network import unreachable_because

if TYPE_CHECKING:
    from model_signing import hashing, signing, verifying

MAX_SIGNATURE_BYTES = 64 * 1024 * 1024
"""A bundle of a hundred thousand files has some 20 MiB."""

GIT_PATHS = (".git", ".gitattributes", ".github", ".gitignore")
"""Left out by model-signing by default (`hashing.Config`)."""


class Signer(Protocol):
    """Signs a version's files."""

    def sign(self, model: str, manifest: bytes, entries: Iterable[ManifestEntry]) -> bytes:
        """The bundle over all files of a version, with its manifest.

        Raises:
            PublishError: nobody could sign.
        """


class Verifier(Protocol):
    """Checks the signature of a version's files."""

    @property
    def signer(self) -> str:
        """Who has to have signed, for people."""

    def accepts(self, bundle: bytes, manifest: bytes, entries: Iterable[ManifestEntry]) -> bool:
        """Whether the signature is right, and is over just these files.

        Raises:
            PublishError: what it is checked with cannot be had.
        """


@dataclass(frozen=True, slots=True)
class KeySigner:
    """Signs with a private key: its PEM text, which `keys.read_private_key` read before, and its password."""

    pem: bytes = field(repr=False)
    password: str | None = field(default=None, repr=False)

    def sign(self, model: str, manifest: bytes, entries: Iterable[ManifestEntry]) -> bytes:
        """See `Signer`."""
        signed = _signed_files(manifest, entries)

        def configure(config: signing.Config, folder: Path) -> None:
            key = folder / "key.pem"
            key.touch(0o600)
            key.write_bytes(self.pem)
            # The type is a mistake of model-signing 1.1: it hands the password to cryptography, which wants bytes.
            password: Any = self.password.encode() if self.password else None
            config.use_elliptic_key_signer(private_key=key, password=password)

        return _sign(model, signed, configure)


@dataclass(frozen=True, slots=True)
class KeylessSigner:
    """Signs as the identity of a build or of a person, by a short-lived certificate from sigstore.

    `token` hands out an OpenID Connect token for sigstore. `trust_config` says where sigstore's services are; None
    means the public ones.
    """

    token: Callable[[], str]
    trust_config: Path | None = None

    def sign(self, model: str, manifest: bytes, entries: Iterable[ManifestEntry]) -> bytes:
        """See `Signer`."""
        signed, token = _signed_files(manifest, entries), self.token()
        with _sigstore_errors():
            return _sign(
                model,
                signed,
                lambda config, _: config.use_sigstore_signer(identity_token=token, trust_config=self.trust_config),
            )


@dataclass(frozen=True, slots=True)
class KeyVerifier:
    """Takes what the owner of a key signed: the PEM text of its public half, and how it is called."""

    pem: bytes
    signer: str

    def accepts(self, bundle: bytes, manifest: bytes, entries: Iterable[ManifestEntry]) -> bool:
        """See `Verifier`."""

        def configure(config: verifying.Config, folder: Path) -> None:
            key = folder / "key.pub"
            key.write_bytes(self.pem)
            config.use_elliptic_key_verifier(public_key=key)

        return _accepts(bundle, _signed_files(manifest, entries), configure)


@dataclass(frozen=True, slots=True)
class IdentityVerifier:
    """Takes what an identity signed through sigstore: an address or the URI of a workflow, and who vouches for it."""

    signer: str
    issuer: str
    trust_config: Path | None = None

    def accepts(self, bundle: bytes, manifest: bytes, entries: Iterable[ManifestEntry]) -> bool:
        """See `Verifier`."""
        signed = _signed_files(manifest, entries)

        def configure(config: verifying.Config, _: Path) -> None:
            with _sigstore_errors():
                config.use_sigstore_verifier(
                    identity=self.signer, oidc_issuer=self.issuer, trust_config=self.trust_config
                )

        return _accepts(bundle, signed, configure)


def find_ambient_token() -> str:
    """The OpenID Connect token of the build, where a build server hands one out.

    Raises:
        NotAuthorised: none does.
    """
    require_library()
    from sigstore.oidc import IdentityError, detect_credential

    hint = (
        "In GitHub Actions the job needs `permissions: {id-token: write}`; elsewhere SIGSTORE_ID_TOKEN holds a token."
    )
    try:
        token = detect_credential()
    except IdentityError as error:
        raise NotAuthorised("The build server hands out no token to sign with.", hint=hint) from error
    if token is None:
        raise NotAuthorised("Nobody hands out a token to sign with.", hint=hint)
    return token


def require_library() -> None:
    """See that model-signing is installed.

    Raises:
        UsageProblem: it is not.
    """
    try:
        import model_signing.signing  # noqa: F401 - slow, and optional
    except ImportError as error:
        raise UsageProblem(
            f"Models are signed and checked by a package that is not installed ({error.name}).",
            hint="Install `azureml-publish[signing]` from where you have azureml-publish.",
        ) from None


def _signed_files(manifest: bytes, entries: Iterable[ManifestEntry]) -> dict[str, str]:
    """SHA-256 (hex) by path of what a bundle names."""
    listed = {entry.path: entry.sha256 for entry in entries if entry.path.partition("/")[0] not in GIT_PATHS}
    return {**listed, MANIFEST_FILE: hashlib.sha256(manifest).hexdigest()}


def _sign(model: str, signed: Mapping[str, str], configure: Callable[[signing.Config, Path], object]) -> bytes:
    require_library()
    from model_signing.signing import Config

    with tempfile.TemporaryDirectory(prefix="publish-") as name:
        folder = Path(name)
        config = Config().set_hashing_config(_known(model, signed))  # type: ignore[no-untyped-call]
        configure(config, folder)
        config.sign(folder / "model", folder / SIGNATURE_FILE)
        return (folder / SIGNATURE_FILE).read_bytes()


def _accepts(bundle: bytes, signed: Mapping[str, str], configure: Callable[[verifying.Config, Path], object]) -> bool:
    require_library()
    from cryptography.exceptions import InvalidSignature
    from model_signing.verifying import Config
    from sigstore.errors import Error

    with tempfile.TemporaryDirectory(prefix="publish-") as name:
        folder = Path(name)
        config = Config().set_hashing_config(_known("model", signed))  # type: ignore[no-untyped-call]
        configure(config, folder)
        (folder / SIGNATURE_FILE).write_bytes(bundle)
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # it prints about bundles of older versions
                config.verify(folder / "model", folder / SIGNATURE_FILE)
        except (
            # A bundle may be anything, and the library looks into it without checking what it is.
            *(ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError),
            *(InvalidSignature, Error),
        ):
            return False
        return True


def _known(model: str, signed: Mapping[str, str]) -> hashing.Config:
    """What model-signing reads digests with: it is handed those of the manifest, and reads no file."""
    from model_signing import hashing, manifest
    from model_signing._hashing.hashing import Digest  # its public modules take and return this, and none exports it

    described = manifest.SerializationType.from_args(
        {
            "method": "files",
            "hash_type": "sha256",
            "allow_symlinks": False,
            "ignore_paths": [*GIT_PATHS, SIGNATURE_FILE],
        }
    )
    items = [described.new_item(path, Digest("sha256", bytes.fromhex(sha256))) for path, sha256 in signed.items()]

    class Known(hashing.Config):
        def hash(self, *_: object, **__: object) -> manifest.Manifest:
            return manifest.Manifest(model, items, described)

    return Known()  # type: ignore[no-untyped-call]


@contextmanager
def _sigstore_errors() -> Iterator[None]:
    """Turn failures of sigstore and its services into this project's, by type; their text may hold a token."""
    require_library()
    from requests import RequestException
    from sigstore.errors import NetworkError, TUFError
    from sigstore.oidc import IdentityError

    try:
        yield
    except IdentityError:
        raise NotAuthorised(
            "sigstore does not take the token: it is not an OpenID Connect token for sigstore, or has run out.",
            hint="Have a fresh one made, for the audience `sigstore`.",
        ) from None
    except (NetworkError, TUFError, RequestException) as error:
        raise Unreachable(
            f"sigstore cannot be reached: {unreachable_because(error)}.",
            hint="Check the network; PUBLISH_SIGSTORE_TRUST_CONFIG names the file of a sigstore of your own.",
        ) from None
    except Exception as error:  # its clients raise errors of their own, which have no type in common
        raise PublishError(
            f"sigstore did not answer as it should: {type(error).__name__}.", hint="Run again; --debug shows more."
        ) from error
