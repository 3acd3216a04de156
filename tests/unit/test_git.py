"""git is asked about hostile repositories and addresses: nothing of theirs may run, ask anybody or take for ever."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from azureml_publish.content.sources.git import Clones
from azureml_publish.errors import Interrupted, UnusableSource
from azureml_publish.git import changed_files, commit_of, fetching, prefix_of, run_git
from azureml_publish.spec import GitRepository
from tests.unit.content.test_source_git import git, repository

__all__ = ["repository"]

CONFIGURATIONS = {
    "core.fsmonitor": '[core]\nfsmonitor = "{run}"\n',
    "core.hooksPath": "[core]\nhooksPath = {hooks}\n",
    "core.sshCommand": '[core]\nsshCommand = "{run}"\n',
    "core.pager": '[core]\npager = "{run}"\n[pager]\ndiff = true\nstatus = "{run}"\nconfig = "{run}"\n',
    "core.editor": '[core]\neditor = "{run}"\n',
    "core.gitProxy": '[core]\ngitProxy = "{run}"\n',
    "core.askPass": '[core]\naskPass = "{run}"\n',
    "core.alternateRefsCommand": '[core]\nalternateRefsCommand = "{run}"\n',
    "diff.external": '[diff]\nexternal = "{run}"\n',
    "diff driver": '[diff "evil"]\ncommand = "{run}"\ntextconv = "{run}"\n',
    "filter clean": '[filter "evil"]\nclean = "{run}"\nsmudge = "{run}"\nrequired = true\n',
    "filter process": '[filter "evil"]\nprocess = "{run}"\nrequired = true\n',
    "filter with an equals sign": '[filter "evil"]\n[filter "e=vil"]\nclean = "{run}"\n',
    "credential.helper": '[credential]\nhelper = "!{run}"\n',
    "include": "[include]\npath = {included}\n",
    "gpg.program": '[gpg]\nprogram = "{run}"\n[log]\nshowSignature = true\n',
    "alias": '[alias]\nstatus = "!{run}"\nrev-parse = "!{run}"\ndiff = "!{run}"\nconfig = "!{run}"\n',
    "promisor": (
        '[extensions]\npartialClone = origin\n[remote "origin"]\npromisor = true\nurl = "ext::{run}"\n'
        'uploadpack = "{run}"\n[protocol "ext"]\nallow = always\n[protocol]\nallow = always\n'
    ),
    "insteadOf": '[url "ext::{run} "]\ninsteadOf = https://\n[protocol "ext"]\nallow = always\n',
    "configured hook": '[hook "evil"]\ncommand = "{run}"\nevent = post-index-change\n',
}


class Trap:
    """A command that leaves a mark where it is run."""

    def __init__(self, folder: Path) -> None:
        self.mark = folder / "mark"
        self.run = folder / "trap.sh"
        self.run.write_text(f"#!/bin/sh\necho run >> '{self.mark}'\ncat 2>/dev/null\n")
        self.run.chmod(0o755)
        self.hooks = folder / "hooks"
        self.hooks.mkdir()
        for hook in (
            "post-checkout",
            "post-index-change",
            "pre-auto-gc",
            "reference-transaction",
            "fsmonitor-watchman",
        ):
            os.link(self.run, self.hooks / hook)
        self.included = folder / "included"
        self.included.write_text(f'[core]\nfsmonitor = "{self.run}"\n[filter "evil"]\nclean = "{self.run}"\n')

    def configure(self, text: str) -> str:
        return text.format(run=self.run, hooks=self.hooks, included=self.included)

    def reset(self) -> None:
        self.mark.unlink(missing_ok=True)

    @property
    def sprung(self) -> bool:
        return self.mark.exists()


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    (tmp_path / "trap").mkdir()
    return Trap(tmp_path / "trap")


def disguise(folder: Path, config: str) -> None:
    """Make a folder look like a bare repository, with files that a pull request can hold."""
    (folder / "HEAD").write_text("ref: refs/heads/main\n")
    for name in ("objects", "refs"):
        (folder / name).mkdir()
        (folder / name / ".keep").touch()
    (folder / "config").write_text(f"[core]\nrepositoryformatversion = 0\nbare = false\nworktree = .\n{config}")


def ask_all(root: Path) -> None:
    environ = {**os.environ, "GITHUB_BASE_REF": "main"}
    prefix_of(root, environ)
    changed_files(root, environ)
    commit_of(root, environ)


def test_a_folder_that_looks_like_a_bare_repository_is_none(tmp_path: Path, trap: Trap) -> None:
    project = tmp_path / "repository" / "catalogue"
    project.mkdir(parents=True)
    git(project.parent, "init", "-q")
    disguise(project, trap.configure(CONFIGURATIONS["core.fsmonitor"]))
    subprocess.run(["git", "-C", str(project), "status"], capture_output=True, timeout=120, check=False)
    assert trap.sprung, "git alone would have run it"
    trap.reset()
    ask_all(project)
    (project / "models").mkdir()
    ask_all(project / "models")
    assert not trap.sprung


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_no_setting_of_a_repository_runs_a_command(repository: Path, trap: Trap, name: str) -> None:
    (repository / ".gitattributes").write_text("* filter=evil diff=evil\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "three")
    with (repository / ".git" / "config").open("a") as config:
        config.write(trap.configure(CONFIGURATIONS[name]))
    (repository / "MLmodel").write_text("five\n")
    os.utime(repository / "data" / "weights.bin")
    ask_all(repository)
    assert not trap.sprung


def test_filters_would_have_run(repository: Path, trap: Trap) -> None:
    (repository / ".gitattributes").write_text("* filter=evil\n")
    with (repository / ".git" / "config").open("a") as config:
        config.write(trap.configure(CONFIGURATIONS["filter clean"]))
    os.utime(repository / "MLmodel")
    git(repository, "status")
    assert trap.sprung


def test_a_submodule_runs_nothing(repository: Path, trap: Trap, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    (other / "a").touch()
    git(other, "add", ".")
    git(other, "commit", "-qm", "x")
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    git(repository, "commit", "-qm", "sub")
    config = subprocess.run(
        ["git", "-C", str(repository / "sub"), "rev-parse", "--git-path", "config"],
        capture_output=True,
        text=True,
        check=True,
    )
    path = (repository / "sub" / config.stdout.strip()).resolve()
    path.write_text(path.read_text() + trap.configure(CONFIGURATIONS["core.fsmonitor"]))
    (repository / "sub" / "a").write_text("changed")
    ask_all(repository)
    assert not trap.sprung
    assert not commit_of(repository, os.environ).endswith("-dirty")


def test_what_is_asked_is_answered(repository: Path) -> None:
    (repository / "data" / "grüße \n.txt").touch()
    head = git(repository, "rev-parse", "HEAD")
    assert commit_of(repository, os.environ) == f"{head}-dirty"
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "three")
    assert commit_of(repository / "data", os.environ) == git(repository, "rev-parse", "HEAD")
    assert prefix_of(repository / "data", os.environ) == "data/"
    changed = changed_files(repository, {**os.environ, "GITHUB_BASE_REF": "elsewhere"})
    assert changed == {"data/grüße \n.txt"}
    # A hook of git hands on variables that name another repository.
    assert prefix_of(repository / "data", {**os.environ, "GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/"}) == "data/"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_the_users_safe_folders_count(repository: Path, tmp_path: Path) -> None:
    for path in (repository, *repository.rglob("*")):
        os.chown(path, 65534, 65534)
    environ = {**os.environ, "HOME": str(tmp_path)}
    environ.pop("SUDO_UID", None)
    assert commit_of(repository, environ) == ""
    (tmp_path / ".gitconfig").write_text(f"[safe]\ndirectory = {repository}\n")
    assert commit_of(repository, environ)


def test_hooks_of_a_template_and_of_the_user_do_not_run_in_a_clone(
    repository: Path, trap: Trap, tmp_path: Path
) -> None:
    (tmp_path / "template").mkdir()
    trap.hooks.rename(tmp_path / "template" / "hooks")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f"[init]\ntemplateDir = {tmp_path / 'template'}\n")
    environ = {**os.environ, "HOME": str(home), "GIT_TEMPLATE_DIR": str(tmp_path / "template")}
    assert Clones(environ).list_files(GitRepository(uri=repository.as_uri()))
    assert not trap.sprung


def test_a_redirection_to_a_command_is_refused(repository: Path, trap: Trap, tmp_path: Path) -> None:
    (tmp_path / ".gitconfig").write_text(
        f'[url "ext::{trap.run} "]\ninsteadOf = https://models.example/\n[protocol "ext"]\nallow = always\n'
    )
    with pytest.raises(UnusableSource):
        Clones({**os.environ, "HOME": str(tmp_path)}).list_files(GitRepository(uri="https://models.example/a"))
    assert not trap.sprung


@pytest.mark.parametrize("uri", ["ssh://-oProxyCommand={run}/a", "ssh://x@-oProxyCommand={run}/a", "git://-x{run}/a"])
def test_a_host_that_looks_like_an_option_is_none(trap: Trap, uri: str) -> None:
    with pytest.raises(UnusableSource):
        Clones().list_files(GitRepository(uri=uri.format(run=trap.run)))
    assert not trap.sprung


@pytest.fixture
def silent() -> Iterator[int]:
    """A port where somebody accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_server_that_says_nothing_is_given_up(silent: int) -> None:
    with pytest.raises(UnusableSource, match=r"git cannot fetch .*: nothing came for 1 seconds\."):
        Clones(silence=1).list_files(GitRepository(uri=f"git://127.0.0.1:{silent}/a"))


def test_a_clone_is_stopped(silent: int) -> None:
    stopped = threading.Event()
    threading.Timer(0.5, stopped.set).start()
    with pytest.raises(Interrupted):
        Clones(stop=stopped.is_set).list_files(GitRepository(uri=f"git://127.0.0.1:{silent}/a"))


def test_what_git_started_ends_with_it(tmp_path: Path, silent: int) -> None:
    helper = tmp_path / "ssh"
    helper.write_text(f"#!/bin/sh\necho $$ > '{tmp_path}/pid'\nexec sleep 600\n")
    helper.chmod(0o755)
    with pytest.raises(UnusableSource):
        Clones({**os.environ, "GIT_SSH": str(helper)}, silence=1).list_files(
            GitRepository(uri="ssh://models.example/a")
        )
    pid = int((tmp_path / "pid").read_text())
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]:
            return
        time.sleep(0.1)
    pytest.fail("it is still there")


def test_nobody_is_asked(tmp_path: Path) -> None:
    helper = tmp_path / "ssh"
    helper.write_text(f"#!/bin/sh\necho \"$@\" > '{tmp_path}/arguments'\nexit 255\n")
    helper.chmod(0o755)
    with pytest.raises(UnusableSource):
        Clones({**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}).list_files(
            GitRepository(uri="ssh://models.example/a")
        )
    assert "BatchMode=yes" in (tmp_path / "arguments").read_text()
    seen = run_git(["-c", "alias.shown=!env", "shown"], fetching(os.environ), seconds=30).decode().splitlines()
    for wanted in ("GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS_REQUIRE=never", "GCM_INTERACTIVE=never"):
        assert wanted in seen


def test_the_users_own_ssh_is_kept(tmp_path: Path) -> None:
    assert fetching({"GIT_SSH_COMMAND": "plink -batch"})["GIT_SSH_COMMAND"] == "plink -batch"
    assert "GIT_SSH_COMMAND" not in fetching({"GIT_SSH": "/opt/ssh"})
    (tmp_path / ".gitconfig").write_text("[core]\nsshCommand = /usr/bin/ssh -i key\n")
    command = fetching({**os.environ, "HOME": str(tmp_path)})["GIT_SSH_COMMAND"]
    assert command.startswith("/usr/bin/ssh -i key -o BatchMode=yes")
