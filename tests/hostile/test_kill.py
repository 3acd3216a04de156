"""kill -9 before and after each file that is written: none is torn, and a second run comes to the same end."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Run, edit

pytestmark = pytest.mark.long

KILLED = """
import os, signal, sys
from azureml_publish import files
from azureml_publish.cli import main

step, after = int(sys.argv[1]), sys.argv[2] == "after"
replace = files._replace
seen = 0

def killed(path, data, *, durable):
    global seen
    mine = "publish-fix-" not in str(path)
    seen += mine
    if mine and seen == step and not after:
        with path.with_name(".publish-0123456789abcdef").open("wb") as half:
            half.write(data[: len(data) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    replace(path, data, durable=durable)
    if mine and seen == step:
        os.kill(os.getpid(), signal.SIGKILL)

files._replace = killed
main(sys.argv[3:])
"""

VERBS = {
    "bump": ("bump", "--to", "99"),
    "fix": ("lint", "--fix", "--unsafe"),
    "migrate": ("migrate", "--to", "tags", "--write"),
}


def _content(project: Path) -> dict[str, bytes]:
    files = [project / "publish.yaml", *(path for path in (project / "models").rglob("*") if path.is_file())]
    return {
        str(path.relative_to(project)): path.read_bytes() for path in files if not path.name.startswith(".publish-")
    }


@pytest.mark.usefixtures("shared_registry")
@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_no_file_is_torn_and_a_second_run_completes(publish: Run, project: Path, verb: tuple[str, ...]) -> None:
    if verb[0] == "lint":
        for spec in project.glob("models/*/model.yaml"):
            edit(spec, "\nlicense:", "\nlicence:")
    before, kept = _content(project), project.parent / "kept"
    shutil.copytree(project, kept)
    publish(*verb)
    done = _content(project)
    changed = [name for name in done if done[name] != before[name]]
    assert changed
    for step in range(1, len(changed) + 1):
        for when in ("before", "after"):
            shutil.rmtree(project)
            shutil.copytree(kept, project)
            command = [sys.executable, "-c", KILLED, str(step), when, "-C", str(project), *verb]
            ended = subprocess.run(command, capture_output=True, check=False)
            assert ended.returncode == -signal.SIGKILL, ended.stderr
            now = _content(project)
            assert all(now[name] in (before[name], done[name]) for name in now)
            publish(*verb)
            assert _content(project) == done
