"""A git repository as a source: cloned to a temporary folder, which is gone when the process ends."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path

from azureml_publish.content.packaging.source_files import LFS_POINTER
from azureml_publish.content.packaging.tree import ArtifactFile
from azureml_publish.content.sources.local import list_local_files
from azureml_publish.errors import UnusableSource
from azureml_publish.git import GitFailed, GitMissing, fetching, run_git
from azureml_publish.spec import GitRepository

SECONDS = 3600.0
"""How long a clone may take, and then its checkout, in which LFS fetches files."""

SILENCE = 60.0
"""How long a clone may go without any progress."""


class Clones:
    """Clones of one run; each repository is cloned once.

    Args:
        environ: the variables that git runs with.
        silence: seconds without any output after which a clone is given up.
    """

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        stop: Callable[[], bool] = bool,
        *,
        silence: float = SILENCE,
    ) -> None:
        self._environ = environ
        self._stop = stop
        self._silence = silence
        self._folder: Path | None = None
        self._listed: dict[tuple[str, str | None], tuple[ArtifactFile, ...]] = {}
        self._commits: dict[tuple[str, str | None], str] = {}
        self._lock = threading.Lock()

    def list_files(self, repository: GitRepository) -> tuple[ArtifactFile, ...]:
        """The files of a repository at its branch, tag or commit, without git's own.

        Raises:
            UnusableSource: git is not there or cannot clone it, there is no such commit, or a file is only a pointer.
            Interrupted: `stop` returned true.
        """
        key = (repository.uri, repository.branch)
        with self._lock:
            if key not in self._listed:
                self._listed[key] = self._clone(repository, self._make_folder() / str(len(self._listed)))
            return self._listed[key]

    def commit(self, repository: GitRepository) -> str:
        """The commit of a repository's files; lists them where that was not done.

        Raises:
            UnusableSource, Interrupted: see `list_files`.
        """
        self.list_files(repository)
        return self._commits[repository.uri, repository.branch]

    def _make_folder(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="publish-git-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder

    def _clone(self, repository: GitRepository, folder: Path) -> tuple[ArtifactFile, ...]:
        uri, wanted = repository.uri, repository.branch
        at, commit = ["--depth", "1"], "HEAD"
        if wanted is not None and re.fullmatch(r"[0-9a-f]{40}", wanted):
            at, commit = [], wanted
        elif wanted is not None:
            at += ["--branch", wanted]
        shutil.rmtree(folder, ignore_errors=True)  # of an attempt that failed
        environ = fetching(self._environ)
        clone = ["clone", "--progress", "--no-checkout", "--template=", *at, "--", uri, str(folder)]
        checkout = ["-C", str(folder), "checkout", "--quiet", "--detach", commit]
        try:
            run_git(clone, environ, seconds=SECONDS, silence=self._silence, stop=self._stop)
            run_git(checkout, environ, seconds=SECONDS, stop=self._stop)
            head = run_git(["-C", str(folder), "rev-parse", "HEAD"], environ, seconds=SECONDS, stop=self._stop)
            self._commits[uri, wanted] = head.decode().strip()
        except GitMissing as error:
            raise UnusableSource("git is not installed.", hint="Install git, or use another source.") from error
        except GitFailed as error:
            hint = "Correct `source.git` in the spec; `git clone` must work without a prompt for a password."
            what = f"{uri} at {wanted}" if wanted else uri
            raise UnusableSource(f"git cannot fetch {what}: {error.message}.", hint=hint) from error
        shutil.rmtree(folder / ".git")
        for path in folder.rglob("*"):
            if path.is_symlink() or not path.is_file() or path.stat().st_size >= 1024:
                continue
            if path.read_bytes().startswith(LFS_POINTER):
                raise UnusableSource(
                    f"{path.relative_to(folder).as_posix()} in {uri} is only a pointer of git LFS.",
                    hint="Install git-lfs (`git lfs install`), which fetches the file itself.",
                )
        return list_local_files(folder)
