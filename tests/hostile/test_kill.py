"""kill -9 before and after each file and each request that writes: nothing is torn or half, a second run completes."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
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
    number = seen  # other threads write, too
    if mine and number == step and not after:
        with path.with_name(".publish-0123456789abcdef").open("wb") as half:
            half.write(data[: len(data) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    replace(path, data, durable=durable)
    if mine and number == step:
        os.kill(os.getpid(), signal.SIGKILL)

files._replace = killed
main(sys.argv[3:])
"""

MOST_STEPS = 40

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
def test_no_file_is_torn_and_a_second_run_completes(
    publish: Run, project: Path, verb: tuple[str, ...], record_property: Callable[[str, object], None]
) -> None:
    if verb[0] == "lint":
        for spec in project.glob("models/*/model.yaml"):
            edit(spec, "\nlicense:", "\nlicence:")
    before, kept = _content(project), project.parent / "kept"
    shutil.copytree(project, kept)
    publish(*verb)
    done = _content(project)
    changed = [name for name in done if done[name] != before.get(name)]
    assert changed
    tried = 0
    for step in range(1, MOST_STEPS):
        codes = set()
        for when in ("before", "after"):
            shutil.rmtree(project)
            shutil.copytree(kept, project)
            command = [sys.executable, "-c", KILLED, str(step), when, "-C", str(project), *verb]
            codes.add(subprocess.run(command, capture_output=True, check=False).returncode)
            now = _content(project)
            assert all(now[name] in (before.get(name), done[name]) for name in now)
            publish(*verb)
            assert _content(project) == done
        if -signal.SIGKILL not in codes:
            break
        assert codes == {-signal.SIGKILL}
        tried += 2
    specs = [name for name in changed if name.endswith("model.yaml")]
    assert len(specs) <= tried // 2 < MOST_STEPS - 1
    record_property("inputs", tried)


KILLED_REQUEST = """
import http.client, os, signal, sys
from azureml_publish.cli import main

step, after = int(sys.argv[1]), sys.argv[2] == "after"
put, got = http.client.HTTPConnection.putrequest, http.client.HTTPConnection.getresponse
seen = 0

def putrequest(self, method, *arguments, **options):
    global seen
    writes = method in ("PUT", "POST", "PATCH", "DELETE")
    seen += writes
    self.fatal = writes and seen == step
    if self.fatal and not after:
        os.kill(os.getpid(), signal.SIGKILL)
    return put(self, method, *arguments, **options)

def getresponse(self, *arguments, **options):
    answer = got(self, *arguments, **options)
    if self.fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

http.client.HTTPConnection.putrequest = putrequest
http.client.HTTPConnection.getresponse = getresponse
main(sys.argv[3:])
"""

SPEC = """\
name: tiny
version: 1
type: custom_model
source: {local: weights}
license: mit
languages: [en]
compute: {inference: [Standard_DS4_v2]}
"""

SOURCE = "azureml://registries/source"


@pytest.mark.usefixtures("shared_registry")
@pytest.mark.parametrize("verb", ["apply", "promote"])
def test_no_version_is_half_and_a_second_run_completes(
    publish: Run, project: Path, verb: str, record_property: Callable[[str, object], None]
) -> None:
    """Killed at each of its requests that write, each time with a registry that is empty."""
    for other in (project / "models").iterdir():
        shutil.rmtree(other)
    (project / "models" / "tiny" / "weights").mkdir(parents=True)
    (project / "models" / "tiny" / "model.yaml").write_text(SPEC, encoding="utf-8")
    (project / "models" / "tiny" / "card.md").write_text("# Tiny\n", encoding="utf-8")
    for name in ("a.bin", "b.bin"):
        (project / "models" / "tiny" / "weights" / name).write_bytes(name.encode() * 20)
    assert publish("apply", "--yes", "-q", "-r", SOURCE).code == 0
    tried = 0
    for step in range(1, MOST_STEPS):
        codes = set()
        for when in ("before", "after"):
            target = f"azureml://registries/{verb}-{step}-{when}"
            arguments = ["--from", SOURCE, "--to", target, "tiny"] if verb == "promote" else ["-r", target]
            command = [sys.executable, "-c", KILLED_REQUEST, str(step), when, "-C", str(project), verb, "--yes"]
            ended = subprocess.run([*command, *arguments], capture_output=True, check=False)
            codes.add(ended.returncode)
            there = json.loads(publish("list", "-r", target, "--all", "-o", "json").out)["assets"]
            assert len(there) <= 1
            assert not there or publish("verify", "tiny", "-r", target).code == 0
            assert publish(verb, "--yes", "-q", *arguments).code == 0
            assert publish("verify", "tiny", "-r", target).code == 0
        tried += 2
        if codes == {0}:
            break
        assert codes == {-signal.SIGKILL}, ended.stderr
    assert 4 < step < MOST_STEPS - 1
    record_property("inputs", tried - 2)
