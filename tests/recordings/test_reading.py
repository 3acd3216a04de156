"""Verbs that only read do not import azure-ai-ml, which takes a second or two of a processor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.recordings.proxy import Network

WATCHED = """
import json, sys
from azureml_publish.cli import main
for verb in json.loads(sys.argv[1]):
    try:
        main(verb)
    except SystemExit as ended:
        loaded = [name for name in sys.modules if name.startswith("azure.ai")]
        print("\\n" + json.dumps([verb[2:], ended.code, loaded]), file=sys.stderr)
"""

NAME = "Tiny-3.5.model"
VERBS = [["list"], ["show", NAME], ["verify"], ["drift"], ["plan"], ["doctor"]]


@pytest.mark.long
def test_reading_verbs_leave_azure_ai_ml_alone(ask: Run, network: Network, project: Path) -> None:
    assert ask("apply", "--yes").code == 0
    ran = subprocess.run(
        [sys.executable, "-c", WATCHED, json.dumps([["-C", str(project), *verb] for verb in VERBS])],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | network.environment,
        timeout=300,
    )
    ended = [json.loads(line) for line in ran.stderr.splitlines() if line.startswith("[[")]
    assert ended == [[verb, 0, []] for verb in VERBS], ran.stderr
