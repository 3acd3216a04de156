"""Writes a model folder: complete in a temporary folder first, and then moved to its place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from azureml_publish.assets import CarriedFile
from azureml_publish.files import check_target, make_folder, read_carried


def place_folder(target: Path, root: Path, files: Mapping[str, bytes | CarriedFile]) -> None:
    """Write a folder that appears complete or not at all; an existing one is replaced.

    Args:
        target: the folder; its parent is created if it is missing.
        root: the project, below which no folder is a link.
        files: by path below the folder: bytes, or a file to copy.

    Raises:
        UsageProblem: a link leads out of the project.
        OSError: it cannot be written; nothing of it remains.
    """
    make_folder(target.parent, root)
    check_target(target, root)
    made = Path(tempfile.mkdtemp(dir=target.parent, prefix=".import-"))
    try:
        whole = made / "new"
        for name, content in files.items():
            path = whole / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                path.write_bytes(read_carried(content))
        if target.exists():
            target.rename(made / "old")
        whole.rename(target)
    finally:
        old = made / "old"
        if old.exists() and not target.exists():
            old.rename(target)
        shutil.rmtree(made, ignore_errors=True)
