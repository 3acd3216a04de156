"""What does not need an SDK starts without one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    *("azure", "huggingface_hub", "starlette", "uvicorn", "rich", "requests", "trustme"),
    *("nh3", "pygments", "watchfiles", "distributed", "dask", "opentelemetry"),
)
WATCHED = """
import json, sys
from azureml_publish.cli import main
codes, loaded = [], []
for verb in json.loads(sys.argv[1]):
    try:
        main(verb)
    except SystemExit as ended:
        codes.append(ended.code)
        loaded.append(sorted({name.partition(".")[0] for name in sys.modules}))
print("\\n" + json.dumps([codes, loaded]))
"""


def without_sdk(project: Path, verbs: list[list[str]]) -> bool:
    """Whether these verbs, one after the other in one process, end well and import nothing that starts slowly."""
    given = json.dumps([["-C", str(project), *verb] for verb in verbs])
    ran = subprocess.run([sys.executable, "-c", WATCHED, given], capture_output=True, text=True, check=True)
    codes, loaded = json.loads(ran.stdout.rstrip().rpartition("\n")[2])
    heavy = [(verb, name) for verb, modules in zip(verbs, loaded, strict=True) for name in HEAVY if name in modules]
    return codes == [0] * len(verbs) and "azureml_publish" in loaded[0] and heavy == []


VERBS = [["--help"], ["lint"], ["render"], ["schema"], ["lint", "--help"], ["apply", "--help"], ["preview", "--help"]]


def test_offline_verbs_import_no_sdk(project: Path) -> None:
    assert without_sdk(project, VERBS)


@pytest.mark.parametrize("verb", ["list", "show"])
def test_verbs_that_read_a_registry_alone_start_without_rules_and_pages(verb: str) -> None:
    code = f"import sys; from azureml_publish.cli import {verb}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rooms = {name.split(".")[1] for name in ran.stdout.split() if name.startswith("azureml_publish.")}
    assert rooms & {"lint", "preview", "render", "importer"} == set()
