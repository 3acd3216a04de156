"""What does not need an SDK starts without one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    *("azure", "huggingface_hub", "starlette", "uvicorn", "rich", "requests", "trustme"),
    *("nh3", "pygments", "watchfiles"),
)
WATCHED = """
import json, sys
from azureml_publish.cli import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    print("\\n" + json.dumps([ended.code, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


VERBS = [["--help"], ["lint"], ["render"], ["schema"], ["lint", "--help"], ["apply", "--help"], ["preview", "--help"]]


@pytest.mark.parametrize("verb", VERBS)
def test_offline_verbs_import_no_sdk(project: Path, verb: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WATCHED, "-C", str(project), *verb], capture_output=True, text=True, check=True
    )
    code, modules = json.loads(ran.stdout.rstrip().rpartition("\n")[2])
    assert code == 0
    assert "azureml_publish" in modules
    assert [name for name in HEAVY if name in modules] == []
