"""Saved plans that somebody else wrote: of another commit, forged, changed, unsigned, signed by another key."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.conftest import Run, edit
from tests.signing_keys import write_keys

pytestmark = pytest.mark.usefixtures("shared_registry")

MODEL = "bert-base-cased"
ACTORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_REQUESTEDFOR", "CIRCLE_USERNAME")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def forge(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a plan and make its checksum right again, as anybody can."""
    plan = json.loads(path.read_text(encoding="utf-8"))
    change(plan)
    plan.pop("checksum")
    plan["checksum"] = hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps(plan, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@pytest.fixture
def planned(publish: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one model, and a saved plan for a protected registry, made at its commit and signed."""
    for name in ACTORS:
        monkeypatch.delenv(name, raising=False)
    for other in ("bert-large-cased", "distilbert-base-uncased"):
        shutil.rmtree(project / "models" / other)
    config = "registry: prod\nregistries:\n  prod: {name: local, protected: true}\n  open: {name: local}\n"
    presets = (project / "publish.yaml").read_text(encoding="utf-8").partition("presets:")
    (project / "publish.yaml").write_text(f"{config}presets:{presets[2]}", encoding="utf-8")
    (project / ".gitignore").write_text("*.json\n*.sig\n*.pem\n*.pub\n", encoding="utf-8")
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-qm", "a")
    write_keys(project, "key", ec.generate_private_key(ec.SECP256R1()))
    write_keys(project, "other", ec.generate_private_key(ec.SECP256R1()))
    ran = publish("plan", "-r", "prod", "--out", "p.json", "--sign", "key.pem", "-q")
    assert ran.code == 0, ran.err
    return project


def registered(publish: Run) -> int:
    return len(json.loads(publish("list", "--all", "-r", "open", "-o", "json").out)["assets"])


def test_a_plan_says_at_which_commit_and_by_whom_it_was_made(
    publish: Run, planned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = git(planned, "rev-parse", "HEAD")
    git(planned, "config", "user.name", "Ada")
    git(planned, "config", "user.email", "ada@example.org")
    publish("plan", "-r", "open", "--out", "a.json")
    made = json.loads((planned / "a.json").read_text(encoding="utf-8"))
    assert (made["commit"], made["author"]) == (head, "Ada <ada@example.org>")
    monkeypatch.setenv("GITHUB_ACTOR", "octocat")
    edit(planned / "models" / MODEL / "model.yaml", "languages: [en]", "languages: [en, de]")
    publish("plan", "-r", "open", "--out", "b.json")
    made = json.loads((planned / "b.json").read_text(encoding="utf-8"))
    assert (made["commit"], made["author"]) == (f"{head}-dirty", "octocat")
    applied = publish("apply", "b.json")
    assert applied.code == 0, applied.err
    assert f"b.json was made by octocat, at commit {head}-dirty." in applied.err


def test_a_signed_plan_of_this_commit_is_carried_out(publish: Run, planned: Path) -> None:
    applied = publish("apply", "p.json", "-r", "prod", "--require-signature", "key.pub")
    assert applied.code == 0, applied.err
    assert "its signature is right for key.pub" in applied.err
    assert registered(publish) == 1


def test_openssl_checks_the_signature_too(planned: Path) -> None:
    (planned / "raw.sig").write_bytes(base64.b64decode((planned / "p.json.sig").read_bytes()))
    command = ["openssl", "dgst", "-sha256", "-verify", "key.pub", "-signature", "raw.sig", "p.json"]
    assert subprocess.run(command, cwd=planned, check=True, capture_output=True).stdout.strip() == b"Verified OK"


def unsigned(folder: Path) -> None:
    (folder / "p.json.sig").unlink()


def tampered(folder: Path) -> None:
    edit(folder / "p.json", '"as_of"', '"as_of" ')


def forged(folder: Path) -> None:
    forge(folder / "p.json", lambda plan: plan.update(author="the boss"))


def of_another_key(folder: Path) -> None:
    shutil.copy(folder / "other.pub", folder / "key.pub")


def of_another_plan(folder: Path) -> None:
    shutil.copy(folder / "p.json", folder / "q.json")
    forge(folder / "q.json", lambda plan: plan.update(tool="x"))
    (folder / "q.json").replace(folder / "p.json")


def empty(folder: Path) -> None:
    (folder / "p.json.sig").write_bytes(b"")


def noise(folder: Path) -> None:
    (folder / "p.json.sig").write_bytes(b"\xff\x00" * 40)


def huge(folder: Path) -> None:
    (folder / "p.json.sig").write_bytes(b"A" * 2**20)


def a_folder(folder: Path) -> None:
    (folder / "p.json.sig").unlink()
    (folder / "p.json.sig").mkdir()


DAMAGE = (unsigned, tampered, forged, of_another_key, of_another_plan, empty, noise, huge, a_folder)


def test_a_plan_whose_signature_is_not_right_writes_nothing(
    publish: Run, planned: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("inputs", len(DAMAGE))
    right = {name: (planned / name).read_bytes() for name in ("p.json", "p.json.sig", "key.pub")}
    for damage in DAMAGE:
        damage(planned)
        refused = publish("apply", "p.json", "-r", "prod", "--require-signature", "key.pub", "-o", "json")
        assert (refused.code, json.loads(refused.out)["error"]["code"]) == (5, "not_authorised"), damage
        assert registered(publish) == 0
        for name, content in right.items():
            if (planned / name).is_dir():
                (planned / name).rmdir()
            (planned / name).write_bytes(content)


def test_a_required_signature_from_the_environment_counts(
    publish: Run, planned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLISH_REQUIRE_SIGNATURE", "other.pub")
    assert publish("apply", "p.json", "-r", "prod").code == 5
    refused = publish("apply", "--yes", "-r", "prod")
    assert (refused.code, "no plan that could be signed" in refused.err) == (2, True)
    assert registered(publish) == 0


@pytest.mark.parametrize("change", [{"commit": "0" * 40}, {"commit": ""}], ids=["another", "none"])
def test_a_forged_plan_of_another_commit_does_not_reach_a_protected_registry(
    publish: Run, planned: Path, change: dict[str, str]
) -> None:
    forge(planned / "p.json", lambda plan: plan.update(change))
    refused = publish("apply", "p.json", "-r", "prod")
    assert (refused.code, "was made at" in refused.err) == (6, True), refused.err
    assert registered(publish) == 0
    warned = publish("apply", "p.json", "-r", "open", "-q")
    assert warned.code == 0
    assert "The folders are at" in warned.err


def test_a_forged_plan_with_another_address_does_not_reach_a_protected_registry(publish: Run, planned: Path) -> None:
    publish("plan", "-r", "open", "--out", "q.json")
    forge(planned / "q.json", lambda plan: plan.update(address="prod"))
    assert (publish("apply", "q.json").code, registered(publish)) == (2, 0)


def test_a_plan_with_other_content_than_the_folders_is_refused(publish: Run, planned: Path) -> None:
    def change(plan: dict[str, Any]) -> None:
        plan["actions"][0]["rendered"]["description"] = "0" * 16

    forge(planned / "p.json", change)
    assert publish("apply", "p.json", "-r", "prod").code == 6
    assert registered(publish) == 0


@pytest.mark.parametrize(
    "key",
    [
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP256K1()),
    ],
    ids=["ed25519", "rsa", "secp256k1"],
)
def test_other_kinds_of_keys_are_refused(publish: Run, planned: Path, key: Any) -> None:
    write_keys(planned, "odd", key)
    assert publish("plan", "--out", "q.json", "--sign", "odd.pem").code == 2
    assert publish("apply", "p.json", "-r", "prod", "--require-signature", "odd.pub").code == 2
    assert not (planned / "q.json").exists()


def test_keys_that_cannot_be_read(publish: Run, planned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_keys(planned, "locked", ec.generate_private_key(ec.SECP384R1()), b"very-secret")
    for arguments, code in (
        (("--out", "q.json", "--sign", "none.pem"), 3),
        (("--out", "q.json", "--sign", "key.pub"), 2),
        (("--out", "q.json", "--sign", "locked.pem"), 2),
        (("--sign", "key.pem"), 2),
    ):
        assert publish("plan", *arguments).code == code
    monkeypatch.setenv("PUBLISH_SIGNING_PASSWORD", "wrong-one")
    refused = publish("plan", "--out", "q.json", "--sign", "locked.pem")
    assert (refused.code, "wrong-one" in refused.err) == (2, False)
    monkeypatch.setenv("PUBLISH_SIGNING_PASSWORD", "very-secret")
    assert publish("plan", "-r", "prod", "--out", "q.json", "--sign", "locked.pem").code == 0
    assert publish("apply", "q.json", "-r", "prod", "--require-signature", "none.pub").code == 3
    assert publish("apply", "q.json", "-r", "prod", "--require-signature", "key.pem").code == 2
    assert publish("apply", "q.json", "-r", "prod", "--require-signature", "locked.pub").code == 0
