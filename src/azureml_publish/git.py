"""The one place that runs git. A repository or an address may be hostile: it must not run a command or prompt.

Two kinds of calls. Those about the repository around a project read that repository's settings and not the
user's, and reaches no network. What fetches a source needs the user's settings (proxies, credential helpers, LFS) and
reads no settings of what it fetches.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from azureml_publish.errors import Interrupted, PublishError
from azureml_publish.patterns import pattern

LOCAL_SECONDS = 30.0
"""How long a question to the repository around a project may take."""

_ALWAYS = (
    # A folder that merely looks like a bare repository is not taken for one (git 2.38; older: `_looks_bare`).
    "safe.bareRepository=explicit",
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "protocol.ext.allow=never",
    "submodule.recurse=false",
    "credential.interactive=false",
)

_NO_PROMPT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",  # empty, and not missing: else core.askPass and SSH_ASKPASS come next
    "SSH_ASKPASS": "",
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",
    "GIT_PAGER": "cat",
}

_OF_A_REPOSITORY = pattern(
    r"GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|COMMON_DIR|NAMESPACE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES"
    r"|SHALLOW_FILE|GRAFT_FILE|CEILING_DIRECTORIES|EXTERNAL_DIFF|TEMPLATE_DIR|ATTR_SOURCE|\w+_PATHSPECS)"
)
"""Variables that a git hook hands on; they name another repository than the one that is meant here."""

_FILTER = pattern(r"(filter\..+)\.(clean|smudge|process|required)", re.DOTALL)


_DIFF = ("diff", "--name-only", "-z", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty")
"""Lists what differs, and runs nothing of the repository's for it."""


class GitFailed(PublishError):
    """git is not there, refused, or took too long; the message is its last line, as a part of a sentence."""


class GitShallow(GitFailed):
    """The clone has not the history that is needed."""


class GitMissing(GitFailed):
    """git is not installed."""


def prefix_of(root: Path, environ: Mapping[str, str]) -> str:
    """The project's folder in its repository with `/` at its end; empty at its top, or where there is none."""
    return (_query(root, environ, "rev-parse", "--show-prefix") or "").rstrip("\n")


def base_of(environ: Mapping[str, str]) -> str:
    """The branch that the pull request goes into which is built, as git knows it; empty where none is built.

    https://docs.github.com/actions/reference/workflows-and-actions/variables,
    https://learn.microsoft.com/azure/devops/pipelines/build/variables, https://docs.gitlab.com/ci/variables/predefined_variables/
    """
    names = ("GITHUB_BASE_REF", "SYSTEM_PULLREQUEST_TARGETBRANCH", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
    branch = next((environ[name] for name in names if environ.get(name)), "").removeprefix("refs/heads/")
    return f"origin/{branch}" if branch else ""


def changed_files(root: Path, environ: Mapping[str, str]) -> frozenset[str]:
    """Paths from the top of the repository that a pull request changes, committed or not; none where that is not known.

    A shallow checkout may not have the branch that it goes into; then the last commit is what is changed.
    """
    base = base_of(environ)
    queries = [[*_DIFF, f"{base}...HEAD", "--"]] if base else []
    queries += [[*_DIFF, "HEAD^", "HEAD", "--"]] if base else []
    names = next((names for arguments in queries if (names := _query(root, environ, *arguments)) is not None), "")
    here = _query(root, environ, *_DIFF, "HEAD", "--") or ""
    return frozenset(name for name in (names + here).split("\0") if name)


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs from a commit: paths from the top of the repository; `base` is the commit."""

    top: Path
    base: str
    paths: frozenset[str]

    def before(self, path: Path, environ: Mapping[str, str]) -> str | None:
        """The text of a file as it was; None where it was not there."""
        below = path.resolve().relative_to(self.top).as_posix()
        return _query(self.top, environ, "cat-file", "blob", f"{self.base}:{below}")


def changes_since(root: Path, environ: Mapping[str, str], revision: str, *, parted: bool = True) -> Changes | None:
    """What differs, committed or not, from a revision; None if git knows no such one.

    Args:
        revision: a commit, branch or tag.
        parted: compare with the commit where this branch left it, so that what went on there since is no difference.

    Raises:
        GitFailed: there is no repository around the folder, or git is not there.
        GitShallow: the clone ends before the commit where this branch left the revision.
    """
    top = _query(root, environ, "rev-parse", "--show-toplevel")
    if top is None:
        raise GitFailed("this is not a git repository, or git is not installed")
    named = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    commit = (_query(root, environ, *named) or "").strip()
    if not commit:
        return None
    base = (_query(root, environ, "merge-base", commit, "HEAD") or "").strip() if parted else commit
    if not base:
        if (_query(root, environ, "rev-parse", "--is-shallow-repository") or "").strip() == "true":
            raise GitShallow(f"the clone is shallow, and ends before the commit where HEAD left {revision}")
        base = commit
    differing = _query(root, environ, *_DIFF, "--no-renames", base, "--")
    new = _query(root, environ, "ls-files", "--others", "--exclude-standard", "--full-name", "-z", "--", ":/")
    if differing is None or new is None:
        raise GitFailed("git cannot compare it with the folders")
    return Changes(Path(top.rstrip("\n")).resolve(), base, frozenset(filter(None, (differing + new).split("\0"))))


def commit_of(root: Path, environ: Mapping[str, str]) -> str:
    """The repository's commit, `-dirty` after it where files of the project differ from it; empty outside of one."""
    commit = (_query(root, environ, "rev-parse", "--verify", "HEAD") or "").strip()
    if not commit:
        return ""
    here = (".", ":(exclude).publish")
    status = _query(root, environ, "status", "--porcelain", "--ignore-submodules=dirty", "-unormal", "--", *here)
    return f"{commit}-dirty" if status else commit


_ACTORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_REQUESTEDFOR", "CIRCLE_USERNAME")
"""Who started a build: https://docs.github.com/actions/reference/workflows-and-actions/variables,
https://docs.gitlab.com/ci/variables/predefined_variables/,
https://learn.microsoft.com/azure/devops/pipelines/build/variables, https://circleci.com/docs/variables/."""


def author_of(root: Path, environ: Mapping[str, str]) -> str:
    """Who is at work: who started the build, else `Name <address>` as git would sign a commit; empty if nobody says."""
    if actor := next((environ[name] for name in _ACTORS if environ.get(name)), ""):
        return actor
    variables = {name: value for name, value in environ.items() if not _OF_A_REPOSITORY.fullmatch(name)}
    parts = []
    for key, variable in (("user.name", "GIT_AUTHOR_NAME"), ("user.email", "GIT_AUTHOR_EMAIL")):
        found = environ.get(variable, "")
        if not found and not _looks_bare(root):
            try:
                arguments = ["-C", str(root), "config", "--get", key]
                found = os.fsdecode(run_git(arguments, variables, seconds=LOCAL_SECONDS)).strip()
            except GitFailed:
                found = ""
        parts.append(found)
    name, address = parts
    return f"{name} <{address}>" if name and address else name or address


def read_revision(root: Path, environ: Mapping[str, str], revision: str, names: Sequence[str]) -> bytes:
    """Files of a folder at a revision of its repository, as a tar archive without the folder's own path.

    Args:
        revision: a commit, branch or tag.
        names: files and folders in it; those that the revision has not are left out.

    Raises:
        GitFailed: there is no such revision, or git cannot say.
    """
    query = ("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    commit = (_query(root, environ, *query) or "").strip() if not revision.startswith("-") else ""
    if not commit:
        raise GitFailed(f"git knows no revision '{revision}' here")
    there = (_query(root, environ, "ls-tree", "-z", "--name-only", commit, "--", *names) or "").split("\0")
    wanted = [name for name in names if name in there]
    if not wanted:
        return b""
    archive = _query(root, environ, "archive", "--format=tar", commit, "--", *wanted)
    if archive is None:
        raise GitFailed(f"git cannot read the revision {commit[:12]}")
    return os.fsencode(archive)


def tracks_files(folder: Path, environ: Mapping[str, str]) -> bool:
    """Whether the repository around a folder tracks anything in it; not outside of one.

    Raises:
        GitFailed: there is a repository, and git cannot say.
    """
    if not any((place / ".git").exists() for place in (folder, *folder.parents)):
        return False
    output = _query(folder, environ, "ls-files", "-z", "--", ".")
    if output is None:
        raise GitFailed("it is not installed, refused, or took too long")
    return bool(output)


def _query(root: Path, environ: Mapping[str, str], *arguments: str) -> str | None:
    """What git says of the repository around a folder; None where it is not there, refuses, or takes too long."""
    if _looks_bare(root):
        return None
    folder = ["-C", str(root)]
    variables = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    variables["GIT_ALLOW_PROTOCOL"] = "none"  # a partial clone would fetch what it has not
    isolated = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        listed = run_git([*folder, "config", "--list", "--null", "--show-scope"], variables, seconds=LOCAL_SECONDS)
        settings = [*_overrides(os.fsdecode(listed)), "core.quotePath=false", "diff.autoRefreshIndex=false"]
        own = [part for setting in settings for part in ("-c", setting)]
        return os.fsdecode(run_git([*own, *folder, *arguments], variables | isolated, seconds=LOCAL_SECONDS))
    except GitFailed:
        return None


def _looks_bare(root: Path) -> bool:
    """Whether git would come upon something like a bare repository on its way up from a folder to a `.git`."""
    for folder in (root, *root.parents):
        if all((folder / name).exists() for name in ("HEAD", "objects", "refs")):
            return True
        if (folder / ".git").exists():
            return False
    return False


def _overrides(listed: str) -> Iterator[str]:
    """Settings of the user to keep, and settings of the repository that run commands to undo.

    Raises:
        GitFailed: one of them cannot be undone.
    """
    fields = listed.split("\0")
    for scope, entry in zip(fields[::2], fields[1::2], strict=False):
        key, _, value = entry.partition("\n")
        if scope in ("system", "global") and key == "safe.directory":
            yield f"{key}={value}"
        found = _FILTER.fullmatch(key)
        if found and scope not in ("system", "global"):
            if "=" in key:
                raise GitFailed("a filter's name holds an equals sign")
            yield f"{key}={'false' if found[2] == 'required' else ''}"


def fetching(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables under which git fetches a source: the user's, but for those of another repository."""
    variables = {name: value for name, value in environ.items() if not _OF_A_REPOSITORY.fullmatch(name)}
    variables["GIT_ALLOW_PROTOCOL"] = "https:http:ssh:git:file"
    variables.setdefault("GIT_HTTP_LOW_SPEED_LIMIT", "1")
    variables.setdefault("GIT_HTTP_LOW_SPEED_TIME", "30")
    if "GIT_SSH" not in variables:
        ssh = variables.get("GIT_SSH_COMMAND") or _own_ssh(variables)
        quiet = " -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=15"
        # Another program than OpenSSH's knows no such options; it has no terminal for a prompt, and a time limit.
        variables["GIT_SSH_COMMAND"] = f"{ssh}{quiet}" if re.match(r"(\S*/)?ssh(\.exe)?(\s|$)", ssh) else ssh
    return variables


def _own_ssh(environ: Mapping[str, str]) -> str:
    """The user's core.sshCommand, which GIT_SSH_COMMAND goes before; looked up outside of any repository."""
    try:
        found = run_git(["config", "--get", "core.sshCommand"], {**environ, "GIT_DIR": os.devnull}, seconds=10)
    except GitFailed:
        return "ssh"
    return os.fsdecode(found).strip() or "ssh"


def run_git(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    *,
    seconds: float,
    silence: float | None = None,
    stop: Callable[[], bool] = bool,
) -> bytes:
    """What git writes to standard output.

    Args:
        arguments: what stands after `git`.
        environ: its variables; those that prevent prompts are added.
        seconds: how long it may take in all.
        silence: how long it may say nothing on standard error.

    Raises:
        GitMissing: it is not installed.
        GitFailed: it refused or took too long.
        Interrupted: `stop` returned true.
    """
    command = ["git", "--no-pager", *(part for setting in _ALWAYS for part in ("-c", setting)), *arguments]
    # Files and not pipes: what git started may hold a pipe open long after git itself was ended.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(  # noqa: S603 - no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=output,
                env={**environ, **_NO_PROMPT},
                start_new_session=True,  # no terminal for a prompt, and a group that can be ended as a whole
            )
        except FileNotFoundError as error:
            raise GitMissing("git is not installed") from error
        except OSError as error:
            raise GitFailed(f"git cannot be started: {error.strerror}") from error
        try:
            _wait(process, output, seconds=seconds, silence=silence, stop=stop)
        finally:
            if process.poll() is None:
                _end(process)
        if process.returncode:
            raise GitFailed(_last_line(_content(output)))
        return _content(out)


def _wait(
    process: subprocess.Popen[bytes],
    output: IO[bytes],
    *,
    seconds: float,
    silence: float | None,
    stop: Callable[[], bool],
) -> None:
    begun = heard = time.monotonic()
    size = 0
    while True:
        try:
            process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            now, length = time.monotonic(), os.fstat(output.fileno()).st_size
            if length != size:
                heard, size = now, length
            if stop():
                raise Interrupted("Stopped while git was at work.", hint="Run again to carry on from here.") from None
            if now - begun > seconds:
                raise GitFailed(f"it was not done after {seconds:g} seconds") from None
            if silence is not None and now - heard > silence:
                raise GitFailed(f"nothing came for {silence:g} seconds") from None
        else:
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git and what it started."""
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _last_line(output: bytes) -> str:
    lines = [line for line in re.split(r"[\r\n]+", output.decode(errors="replace")) if line.strip()]
    return lines[-1].strip().rstrip(".") if lines else "no reason given"
