"""The state that runs keep in a project's folder is this user's own, and came with no pull request.

Journals say what a run left undone, digests what a file holds, and the embedded registry serves what lies in its folder
and signs with the keys there. State from elsewhere would be believed, so it is refused.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from azureml_publish.errors import UsageProblem
from azureml_publish.files import STATE_FOLDER, check_target
from azureml_publish.git import GitFailed, tracks_files


class ForeignState(UsageProblem):
    """State that git tracks, that a link leads to, or that others may write."""


def check_state(root: Path, environ: Mapping[str, str], *folders: Path) -> None:
    """See that the state of runs is the user's own.

    Args:
        folders: further folders of state, such as that of an embedded registry.

    Raises:
        ForeignState: it is not; the hint says how to put it right.
    """
    root = Path(os.path.abspath(root))  # noqa: PTH100
    own = root / STATE_FOLDER
    for folder in dict.fromkeys(Path(os.path.abspath(one)) for one in (own, *folders)):  # noqa: PTH100 - links stay
        _check_links(root, folder)
        if not folder.is_dir() or (folder != own and folder.is_relative_to(own)):
            continue  # what lies in another one was looked at with it
        _check_owners(folder)
        try:
            tracked = tracks_files(folder, environ)
        except GitFailed as error:
            hint = f"Make `git -C {folder} ls-files` work (see `safe.directory`), or delete the folder."
            raise ForeignState(f"git does not say whether it tracks {folder}: {error}.", hint=hint) from error
        if tracked:
            hint = f"git rm -r --cached {folder}; delete the folder, and add it to .gitignore."
            raise ForeignState(f"git tracks files in {folder}, which is the state of runs.", hint=hint)


def _check_links(root: Path, folder: Path) -> None:
    if folder.is_relative_to(root):
        try:
            check_target(folder / "any", root)
        except UsageProblem as error:
            raise ForeignState(error.message, hint=error.hint) from error


def _check_owners(folder: Path) -> None:
    """Look at a folder and all that is in it."""
    _check_owner(folder, folder.stat())
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_symlink():
                    hint = f"Delete {folder}: it is made anew."
                    raise ForeignState(f"{entry.path} is a link; the state of runs holds none.", hint=hint)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                    _check_owner(Path(entry.path), entry.stat(follow_symlinks=False))


def _check_owner(folder: Path, found: os.stat_result) -> None:
    if os.name != "posix":
        return
    if found.st_uid != os.geteuid():
        hint = f"Delete it, or make it yours: chown -R {os.geteuid()} {folder}"
        raise ForeignState(f"{folder} belongs to another user, who may have changed the state of runs.", hint=hint)
    shared = found.st_mode & stat.S_IWOTH or (found.st_mode & stat.S_IWGRP and found.st_gid != os.getegid())
    if shared:
        hint = f"chmod -R go-w {folder}"
        raise ForeignState(f"Others may write into {folder}, where the state of runs is.", hint=hint)
