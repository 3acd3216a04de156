"""Who signs what a run publishes, and whose signatures it takes: from `publish.yaml`, options and the environment.

Where sigstore's services are is never read from the project: an attacker could have the build's token sent there.
"""

from __future__ import annotations

from pathlib import Path

from azureml_publish.content.signing import (
    IdentityVerifier,
    KeylessSigner,
    KeySigner,
    KeyVerifier,
    Signer,
    Verifier,
    find_ambient_token,
    require_library,
)
from azureml_publish.errors import NotFound, UsageProblem
from azureml_publish.files import UnusableFile, read_file
from azureml_publish.keys import read_private_key, read_public_key
from azureml_publish.pipeline.registries import Opened
from azureml_publish.pipeline.run import RunContext
from azureml_publish.project import Project

MAX_KEY_BYTES = 64 * 1024

PASSWORD = "PUBLISH_SIGNING_PASSWORD"  # noqa: S105 - the name of a variable
TRUST_CONFIG = "PUBLISH_SIGSTORE_TRUST_CONFIG"
TOKEN = "SIGSTORE_ID_TOKEN"  # noqa: S105 - the name of a variable, as cosign reads it


def read_key(folder: Path, path: str) -> bytes:
    """A key's file, which the user named.

    Raises:
        NotFound: it is not there.
        UsageProblem: it cannot be read.
    """
    try:
        return read_file(folder / Path(path).expanduser(), None, limit=MAX_KEY_BYTES)
    except UnusableFile as error:
        if error.missing:
            raise NotFound(f"There is no key {path}.", hint="Name a file in PEM form.") from None
        raise UsageProblem(f"The key {path} {error.reason}.", hint="Name a file in PEM form.") from None


def find_signer(run: RunContext, project: Project, opened: Opened) -> Signer | None:
    """What signs the versions that a registry gets; None where `publish.yaml` asks for no signature.

    Raises:
        NotFound: there is no such key.
        UsageProblem: the key cannot be used, or the library is not installed.
    """
    wanted, known = project.config.signing, project.config.registries
    if wanted is None or (wanted.registries and opened.config not in [known.get(name) for name in wanted.registries]):
        return None
    require_library()
    if wanted.keyless:
        return KeylessSigner(lambda: run.environ.get(TOKEN) or find_ambient_token(), _trust_config(run))
    password = run.environ.get(PASSWORD) or None
    if wanted.key is not None:
        pem, name = read_key(project.root, wanted.key), wanted.key
    else:
        name = str(wanted.key_variable)
        if not run.environ.get(name):
            raise NotFound(
                f"The variable {name} holds no key, and publish.yaml has what is published signed with it.",
                hint=f"Set {name} to the text of a private key in PEM form.",
            )
        pem = run.environ[name].encode()
    read_private_key(pem, name, password)
    return KeySigner(pem, password)


def find_verifier(
    run: RunContext, public_key: str | None, identity: str | None = None, issuer: str | None = None
) -> Verifier | None:
    """What checks signatures: a file with a public key, or an identity and who vouches for it; None for none of them.

    Raises:
        NotFound: there is no such key.
        UsageProblem: the key cannot be used, options are missing or too many, or the library is not installed.
    """
    if public_key is None and identity is None and issuer is None:
        return None
    if (identity is None) != (issuer is None) or (public_key is not None and identity is not None):
        raise UsageProblem(
            "A signature is checked with one key, or with an identity and its issuer.",
            hint="Give --signature KEY.pub, or --identity WHO together with --issuer URL.",
        )
    require_library()
    if public_key is not None:
        pem = read_key(run.directory, public_key)
        read_public_key(pem, public_key)
        return KeyVerifier(pem, public_key)
    return IdentityVerifier(str(identity), str(issuer), _trust_config(run))


def _trust_config(run: RunContext) -> Path | None:
    """Where a sigstore of one's own is.

    Raises:
        NotFound: there is no such file.
    """
    named = run.environ.get(TRUST_CONFIG)
    if not named:
        return None
    path = run.directory / Path(named).expanduser()
    if not path.is_file():
        raise NotFound(f"There is no file {named}, which {TRUST_CONFIG} names.")
    return path
