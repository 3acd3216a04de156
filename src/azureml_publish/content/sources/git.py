"""A git repository as a source: cloned to a temporary folder, which is gone when the process ends."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
import weakref
from pathlib import Path

from azureml_publish.content.packaging.tree import ArtifactFile
from azureml_publish.content.sources.local import list_local_files
from azureml_publish.errors import UnusableSource
from azureml_publish.spec import GitRepository

POINTER = b"version https://git-lfs.github.com/spec/"
"""How a file begins that git LFS left as a pointer (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md)."""


class Clones:
    """Clones of one run; each repository is cloned once."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._listed: dict[tuple[str, str | None], tuple[ArtifactFile, ...]] = {}
        self._lock = threading.Lock()

    def list_files(self, repository: GitRepository) -> tuple[ArtifactFile, ...]:
        """The files of a repository at its branch, tag or commit, without git's own.

        Raises:
            UnusableSource: git is not there or cannot clone it, there is no such commit, or a file is only a pointer.
        """
        key = (repository.uri, repository.branch)
        with self._lock:
            if key not in self._listed:
                self._listed[key] = _clone(repository, self._make_folder() / str(len(self._listed)))
            return self._listed[key]

    def _make_folder(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="publish-git-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder


def _clone(repository: GitRepository, folder: Path) -> tuple[ArtifactFile, ...]:
    uri, wanted = repository.uri, repository.branch
    if wanted is not None and re.fullmatch(r"[0-9a-f]{40}", wanted):
        _git(uri, "clone", "--quiet", "--no-checkout", "--", uri, str(folder))
        _git(f"{uri} at {wanted}", "-C", str(folder), "checkout", "--quiet", "--detach", wanted)
    else:
        at = ["--branch", wanted] if wanted is not None else []
        _git(f"{uri} at {wanted}" if wanted else uri, "clone", "--quiet", "--depth", "1", *at, "--", uri, str(folder))
    shutil.rmtree(folder / ".git")
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_size < 1024 and path.read_bytes().startswith(POINTER):
            raise UnusableSource(
                f"{path.relative_to(folder).as_posix()} in {uri} is only a pointer of git LFS.",
                hint="Install git-lfs (`git lfs install`), which fetches the file itself.",
            )
    return list_local_files(folder)


def _git(what: str, *arguments: str) -> None:
    # Git must not ask anybody, nor run a command that a URI names.
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file"}
    try:
        subprocess.run(["git", *arguments], check=True, capture_output=True, env=environment)  # noqa: S603, S607
    except FileNotFoundError as error:
        raise UnusableSource("git is not installed.", hint="Install git, or use another source.") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        hint = "Mend `source.git` in the spec; `git clone` must work without asking for a password."
        raise UnusableSource(
            f"git cannot fetch {what}: {said[-1] if said else 'no reason given'}.", hint=hint
        ) from error
