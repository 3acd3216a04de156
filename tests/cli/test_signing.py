"""Versions that are signed: by whom, checked by `verify` and by model-signing itself, carried along, and refused."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from azureml_publish.emulator import Emulator
from tests.conftest import Run
from tests.signing_keys import write_keys

pytestmark = pytest.mark.usefixtures("shared_registry")

MODEL = "tiny"
DEV, PROD = "azureml://registries/dev", "azureml://registries/prod"
SPEC = """\
name: tiny
version: 3
type: custom_model
source: {local: weights}
license: apache-2.0
languages: [en]
datasets: [wikipedia]
compute: {inference: [Standard_DS4_v2]}
"""


def sign_with(project: Path, signing: str) -> None:
    """What publish.yaml says of signing."""
    config = (project / "publish.yaml").read_text(encoding="utf-8").partition("\nsigning:")[0]
    (project / "publish.yaml").write_text(f"{config}\nsigning: {signing}\n", encoding="utf-8")


@pytest.fixture
def tiny(project: Path) -> Path:
    """A project with one small model, of files for git among others, that is signed with a key."""
    for other in (project / "models").iterdir():
        shutil.rmtree(other)
    weights = project / "models" / MODEL / "weights"
    (weights / "sub dir").mkdir(parents=True)
    (weights.parent / "model.yaml").write_text(SPEC, encoding="utf-8")
    (weights.parent / "card.md").write_text("A small model.\n", encoding="utf-8")
    (weights / "weights.bin").write_bytes(bytes(range(256)) * 40)
    (weights / "sub dir" / "ä & b.txt").write_text("named so that it must be quoted\n", encoding="utf-8")
    (weights / ".gitattributes").write_text("*.bin filter=lfs\n", encoding="utf-8")
    write_keys(project, "key", ec.generate_private_key(ec.SECP256R1()))
    write_keys(project, "other", ec.generate_private_key(ec.SECP384R1()))
    sign_with(project, "{key: key.pem}")
    return project


@pytest.fixture
def signed(publish: Run, tiny: Path) -> Path:
    """The model, registered and signed."""
    ran = publish("apply", "--yes", "-q", "-r", DEV)
    assert ran.code == 0, ran
    return tiny


def problems(publish: Run, *arguments: str) -> list[str]:
    """What verify finds wrong."""
    ran = publish("verify", MODEL, "-r", DEV, "-o", "json", *arguments)
    (check,) = json.loads(ran.out)["checks"]
    assert ran.code == (1 if check["problems"] else 0)
    assert (check["signed_by"] is not None) == (not check["problems"] and "--signature" in arguments)
    return list(check["problems"])


def test_a_signature_is_checked_with_the_public_key(publish: Run, signed: Path) -> None:
    assert problems(publish) == []
    assert problems(publish, "--signature", "key.pub") == []
    assert "signed by key.pub" in publish("verify", MODEL, "-r", DEV, "--quick", "--signature", "key.pub").out
    assert problems(publish, "--signature", "other.pub") == ["model.sig: not by other.pub, or over other files"]


@pytest.mark.long
def test_model_signing_checks_what_was_downloaded(publish: Run, signed: Path) -> None:
    assert publish("download", MODEL, "-r", DEV, "--to", "there").code == 0
    there = signed / "there"
    assert {"model.sig", "publish-manifest.json", ".gitattributes"} < {path.name for path in there.iterdir()}
    command = [sys.executable, "-m", "model_signing", "verify", "key", "--signature", "there/model.sig"]
    command += ["--public_key", "key.pub", "there"]
    judged = subprocess.run(command, cwd=signed, capture_output=True, text=True, check=False)
    assert (judged.returncode, "Verification succeeded" in judged.stdout) == (0, True), judged.stderr
    (there / "weights.bin").write_bytes(b"other")
    assert subprocess.run(command, cwd=signed, capture_output=True, check=False).returncode != 0


def test_a_signature_is_promoted(publish: Run, signed: Path) -> None:
    assert publish("promote", MODEL, "--from", DEV, "--to", PROD, "--yes", "-q").code == 0
    verified = publish("verify", MODEL, "-r", PROD, "--signature", "key.pub")
    assert (verified.code, "signed by key.pub" in verified.out) == (0, True)


@contextmanager
def stored(emulator: Emulator, path: str) -> Iterator[dict[Path, bytes]]:
    """The emulator's own copies of a file of the model, by what they hold now; put right afterwards."""
    named = path.encode()
    blobs = [one for one in emulator._folder.root.rglob("*") if one.is_file() and "hub" not in one.parts]
    whole = {one: one.read_bytes() for one in blobs if named in one.read_bytes()}
    assert whole
    try:
        yield whole
    finally:
        for one, content in whole.items():
            one.write_bytes(content)


def test_what_was_changed_in_the_storage_is_found(publish: Run, signed: Path, emulator: Emulator) -> None:
    with stored(emulator, '"payloadType"') as bundles:
        for path, content in bundles.items():
            payload = json.loads(content)["dsseEnvelope"]["payload"].encode()
            changed = base64.b64encode(base64.b64decode(payload).replace(b'"weights.bin"', b'"weights.bim"'))
            assert changed != payload
            path.write_bytes(content.replace(payload, changed))
        assert problems(publish, "--signature", "key.pub") == ["model.sig: not by key.pub, or over other files"]
        assert problems(publish) == []
    assert problems(publish, "--signature", "key.pub") == []


def test_a_version_that_nobody_signed(publish: Run, tiny: Path) -> None:
    sign_with(tiny, "{key: missing.pem, registries: [local]}")
    assert publish("apply", "--yes", "-q", "-r", DEV).code == 0
    assert problems(publish) == []
    assert problems(publish, "--signature", "key.pub") == ["model.sig: not there, so nobody signed this version"]
    assert publish("download", MODEL, "-r", DEV, "--to", "there").code == 0
    assert not (tiny / "there" / "model.sig").exists()


def test_a_key_from_the_environment(publish: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_keys(tiny, "locked", ec.generate_private_key(ec.SECP521R1()), b"very-secret")
    sign_with(tiny, "{key_variable: OUR_KEY}")
    monkeypatch.setenv("OUR_KEY", (tiny / "locked.pem").read_text(encoding="utf-8"))
    assert publish("apply", "--yes", "-r", DEV).code == 2
    monkeypatch.setenv("PUBLISH_SIGNING_PASSWORD", "very-secret")
    assert publish("apply", "--yes", "-r", DEV).code == 0
    assert problems(publish, "--signature", "locked.pub") == []


@pytest.mark.parametrize(
    ("signing", "code", "said"),
    [
        ("{key: missing.pem}", 3, "There is no key missing.pem."),
        ("{key: key.pub}", 2, "cannot be read as a private key"),
        ("{key: models}", 2, "it is not a regular file"),
        ("{key_variable: OUR_KEY}", 3, "The variable OUR_KEY holds no key"),
        ("{key: key.pem, registries: [prot]}", 2, "'registries' has no prot"),
        ("{key: key.pem, keyless: true}", 2, "give one of"),
        ("{}", 2, "give one of"),
    ],
)
def test_nothing_is_written_where_nobody_can_sign(publish: Run, tiny: Path, signing: str, code: int, said: str) -> None:
    sign_with(tiny, signing)
    refused = publish("apply", "--yes", "-r", DEV)
    assert (refused.code in (code, 4), said in refused.err) == (True, True), refused
    sign_with(tiny, "{key: key.pem}")
    assert json.loads(publish("list", "-r", DEV, "-o", "json").out)["assets"] == []


def test_a_source_that_brings_a_signature_of_its_own_is_not_signed_over(publish: Run, tiny: Path) -> None:
    (tiny / "models" / MODEL / "weights" / "model.sig").write_text("of somebody else", encoding="utf-8")
    refused = publish("apply", "--yes", "-r", DEV)
    assert (refused.code, "has a file model.sig" in refused.out) == (1, True), refused
    sign_with(tiny, "{key: key.pem, registries: [local]}")
    assert publish("apply", "--yes", "-q", "-r", DEV).code == 0
    assert problems(publish, "--signature", "key.pub") == ["model.sig: not there, so nobody signed this version"]


def test_without_the_library_nothing_is_signed_or_checked(
    publish: Run, signed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "model_signing"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "model_signing", None)
    for arguments in (("verify", MODEL, "-r", DEV, "--signature", "key.pub"), ("apply", "--yes", "-r", PROD)):
        refused = publish(*arguments)
        assert (refused.code, "Install `azureml-publish[signing]`" in refused.err) == (2, True), refused
    assert publish("verify", MODEL, "-r", DEV).code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--identity", "a@b.c"),
        ("--issuer", "https://issuer"),
        ("--signature", "key.pub", "--identity", "a", "--issuer", "b"),
    ],
)
def test_options_that_do_not_go_together(publish: Run, signed: Path, arguments: tuple[str, ...]) -> None:
    assert publish("verify", MODEL, "-r", DEV, *arguments).code == 2


def test_a_bill_of_materials(publish: Run, signed: Path) -> None:
    ran = publish("sbom", f"{MODEL}:3", "-r", DEV)
    assert ran.code == 0, ran
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(ran.out) is None
    assert publish("sbom", MODEL, "-r", DEV, "-o", "json").out == ran.out
    bill = json.loads(ran.out)
    component = bill["metadata"]["component"]
    assert component["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert component["modelCard"]["modelParameters"]["datasets"] == [{"type": "dataset", "name": "wikipedia"}]
    listed = json.loads(publish("show", MODEL, "--files", "-r", DEV, "-o", "json").out)["files"]
    hashes = {one["name"]: one["hashes"][0]["content"] for one in bill["components"]}
    assert hashes == {
        one["path"]: one["sha256"] for one in listed if one["path"] not in ("model.sig", "publish-manifest.json")
    }
    assert publish("sbom", "none-such", "-r", DEV).code == 3
