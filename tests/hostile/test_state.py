"""State of runs that came with a pull request: journals, digests, an embedded registry with its database and keys."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import sqlite3
import ssl
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from azureml_publish.emulator import Emulator, certificates
from azureml_publish.pipeline.state import ForeignState, check_state
from tests.conftest import Run

MODEL = "bert-base-cased"


def _git(folder: Path, *arguments: str) -> None:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", str(folder), *arguments]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def repository(project: Path) -> Path:
    _git(project, "init", "-q")
    return project


@pytest.mark.parametrize(
    "name", ["registry/state.sqlite3", "digests.json", "journal/local/a.jsonl", "registry/secrets/ca.pem"]
)
@pytest.mark.parametrize("verb", [("plan",), ("apply", "--yes"), ("list",), ("verify",), ("bump", MODEL)])
def test_state_that_git_tracks_is_refused(publish: Run, repository: Path, name: str, verb: tuple[str, ...]) -> None:
    file = repository / ".publish" / name
    file.parent.mkdir(parents=True)
    file.write_text("{}", encoding="utf-8")
    _git(repository, "add", "-f", ".publish")
    ran = publish(*verb)
    assert ran.code == 2, ran.out
    assert "git tracks files in" in ran.err
    assert "git rm -r --cached" in ran.err


def test_state_that_git_ignores_is_taken(publish: Run, repository: Path) -> None:
    (repository / ".gitignore").write_text(".publish/\n", encoding="utf-8")
    _git(repository, "add", ".")
    _git(repository, "commit", "-qm", "a")
    assert publish("list").code == 0
    assert publish("list").code == 0


def test_a_repository_in_the_state_hides_nothing(repository: Path) -> None:
    """A folder made to look like a bare repository, and a submodule."""
    state = repository / ".publish" / "registry"
    for name in ("objects/x", "refs/x", "HEAD", "config"):
        (state / name).parent.mkdir(parents=True, exist_ok=True)
        (state / name).write_text("", encoding="utf-8")
    _git(repository, "add", "-f", ".publish")
    with pytest.raises(ForeignState):
        check_state(repository, dict(os.environ), state)
    _git(repository, "rm", "-rq", "--cached", "-f", ".publish")
    shutil.rmtree(repository / ".publish")
    state.mkdir(parents=True)
    _git(state.parent, "init", "-q")
    (state / "state.sqlite3").write_text("", encoding="utf-8")
    _git(state.parent, "add", "registry")
    with pytest.raises(ForeignState, match="git tracks"):
        check_state(repository, dict(os.environ), state)


def test_git_that_cannot_say_is_no_permission(repository: Path) -> None:
    (repository / ".publish").mkdir()
    (repository / ".git" / "HEAD").write_text("broken", encoding="utf-8")
    with pytest.raises(ForeignState, match="git does not say"):
        check_state(repository, dict(os.environ))


@pytest.mark.parametrize(
    "linked", [".publish", ".publish/registry", ".publish/registry/segments", ".publish/registry/x"]
)
def test_state_behind_a_link_is_refused(publish: Run, project: Path, tmp_path: Path, linked: str) -> None:
    (tmp_path / "foreign").mkdir()
    (project / linked).parent.mkdir(parents=True, exist_ok=True)
    (project / linked).symlink_to(tmp_path / "foreign")
    ran = publish("plan")
    assert ran.code == 2
    assert "link" in ran.err
    assert not list((tmp_path / "foreign").iterdir())


@pytest.mark.parametrize("folder", [".publish", ".publish/registry", ".publish/registry/secrets"])
def test_state_that_others_may_write_is_refused(publish: Run, project: Path, folder: str) -> None:
    (project / folder).mkdir(parents=True)
    (project / folder).chmod(0o777)
    ran = publish("plan")
    assert ran.code == 2
    assert "chmod -R go-w" in ran.err


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can give files away")
def test_state_of_another_user_is_refused(publish: Run, project: Path) -> None:
    (project / ".publish").mkdir()
    os.chown(project / ".publish", 12345, 12345)
    ran = publish("plan")
    assert ran.code == 2
    assert "belongs to another user" in ran.err


SEGMENTS = (
    "../../../../victim",
    "/etc/passwd",
    "../secrets/ca.pem",
    "",
    "a" * 31,
    "A" * 32,
    7,
    b"x" * 32,
    "a" * 31 + "/",
)


@pytest.mark.parametrize("segment", SEGMENTS)
def test_a_database_that_names_other_files_is_refused(tmp_path: Path, segment: object) -> None:
    data = tmp_path / "data"
    victim = tmp_path / "victim"
    victim.write_text("kept", encoding="utf-8")
    with Emulator(data):
        pass
    for table in ("pieces (container, name, position, segment, size) VALUES ('c', 'n', 0, ?, 4)",
                  "blocks (container, name, block, segment, size) VALUES ('c', 'n', 'b', ?, 4)"):  # fmt: skip
        with closing(sqlite3.connect(data / "state.sqlite3", isolation_level=None)) as database:
            database.execute(f"INSERT INTO {table}", (segment,))
        with pytest.raises(OSError, match="names a segment"), Emulator(data):
            pass
        with closing(sqlite3.connect(data / "state.sqlite3", isolation_level=None)) as database:
            database.execute("DELETE FROM pieces")
            database.execute("DELETE FROM blocks")
    assert victim.read_text() == "kept"


def _constraints(pem: bytes) -> x509.Extension[x509.NameConstraints]:
    return x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(x509.NameConstraints)


def test_the_authority_may_vouch_for_loopback_alone(tmp_path: Path) -> None:
    authority = certificates.authority(tmp_path, dt.datetime.now(dt.UTC))
    found = _constraints(authority.cert_pem.bytes())
    assert found.critical
    assert found.value.excluded_subtrees is None
    names = {str(one.value) for one in found.value.permitted_subtrees or ()}
    assert names == {"localhost", "127.0.0.0/8", "::1/128"}


def _shakes_hands(authority: trustme.CA, host: str) -> bool:
    """Whether a client that trusts the CA takes a certificate that it signed for a host."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(server)
    client = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            with server.wrap_socket(theirs, server_side=True):
                pass
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=host):
            return True
    except ssl.SSLCertVerificationError:
        return False
    finally:
        ours.close()
        thread.join()


@pytest.mark.parametrize(
    ("host", "taken"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("management.azure.com", False),
        ("huggingface.co", False),
        ("localhost.evil.example", False),
        ("10.0.0.1", False),
        ("128.0.0.1", False),
    ],
)
def test_whoever_has_its_key_deceives_nobody_about_another_host(tmp_path: Path, host: str, taken: bool) -> None:
    assert _shakes_hands(certificates.authority(tmp_path, dt.datetime.now(dt.UTC)), host) is taken


def test_an_authority_that_was_brought_along_is_not_taken(tmp_path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    file = tmp_path / "ca.pem"
    foreign = trustme.CA()
    unbounded = foreign.private_key_pem.bytes() + foreign.cert_pem.bytes()
    other = tmp_path / "other"
    other.mkdir()
    certificates.authority(other, now)
    bounded = (other / "ca.pem").read_bytes()
    for pem, mode in (
        (unbounded, 0o600),
        (bounded, 0o644),
        (bounded, 0o640),
        (b"", 0o600),
        (bounded + unbounded, 0o600),
    ):
        file.write_bytes(pem)
        file.chmod(mode)
        made = certificates.authority(tmp_path, now)
        assert made.cert_pem.bytes() not in pem
        assert file.stat().st_mode & 0o777 == 0o600
    file.unlink()
    file.symlink_to(other / "ca.pem")
    assert certificates.authority(tmp_path, now).cert_pem.bytes() not in bounded
    assert (other / "ca.pem").read_bytes() == bounded


def test_an_authority_that_was_brought_along_with_its_server_is_not_exported(tmp_path: Path) -> None:
    """Its files may look as if this user had made them: an archive keeps modes, and is unpacked as its reader's own."""
    foreign, secrets = trustme.CA(), tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    certificate = foreign.cert_pem.bytes()
    leaf = foreign.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.bytes()
    brought = {"ca.pem": foreign.private_key_pem.bytes() + certificate, "server.pem": leaf + certificate}
    for name, pem in brought.items():
        (secrets / name).write_bytes(pem)
        (secrets / name).chmod(0o600)
    with Emulator(tmp_path) as emulator:
        with pytest.raises(OSError, match="loopback alone"):
            _ = emulator.environment
        assert not (tmp_path / "ca-bundle.pem").exists()
    with Emulator(tmp_path) as emulator:
        bundle = Path(emulator.environment["REQUESTS_CA_BUNDLE"]).read_bytes()
        assert certificate not in bundle


def test_a_key_of_signatures_that_was_brought_along_is_not_taken(tmp_path: Path) -> None:
    key = tmp_path / "secrets" / "sas.key"
    key.parent.mkdir()
    key.write_bytes(b"k" * 32)
    with Emulator(tmp_path):
        assert key.read_bytes() != b"k" * 32
        assert key.stat().st_mode & 0o777 == 0o600


def test_the_command_line_serves_no_such_state(publish: Run, repository: Path) -> None:
    file = repository / ".publish" / "registry" / "state.sqlite3"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"")
    _git(repository, "add", "-f", ".publish")
    ran = publish("emulator")
    assert ran.code == 2
    assert "git tracks" in ran.err
