"""Verbs that only read do not import azure-ai-ml, which takes a second or two of a processor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import Run
from tests.recordings.proxy import Network

WATCHED = """
import json, sys
from azureml_publish.cli import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    print("\\n" + json.dumps([ended.code, [name for name in sys.modules if name.startswith("azure.ai")]]))
"""

NAME = "Tiny-3.5.model"
VERBS = [["list"], ["show", NAME], ["verify"], ["drift"], ["plan"], ["doctor"]]


def test_reading_verbs_leave_azure_ai_ml_alone(ask: Run, network: Network, project: Path) -> None:
    assert ask("apply", "--yes").code == 0
    for verb in VERBS:
        ran = subprocess.run(
            [sys.executable, "-c", WATCHED, "-C", str(project), *verb],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | network.environment,
            timeout=300,
        )
        assert json.loads(ran.stdout.rstrip().rpartition("\n")[2]) == [0, []], (verb, ran.stderr)
