"""What a proof starts ends with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.proof.servers import end_group

STARTS_ANOTHER = """
import signal, subprocess, sys
other = subprocess.Popen([sys.executable, "-c", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
                          "print('ready', flush=True); signal.pause()"], stdout=sys.stdout)
{ignore}
signal.pause()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the proofs run on Linux")
@pytest.mark.parametrize("ignore", ["", "signal.signal(signal.SIGTERM, lambda *_: sys.exit())"])
def test_a_worker_that_its_server_leaves_behind_ends_too(tmp_path: Path, ignore: str) -> None:
    """The pipe ends when the last process that writes into it is gone."""
    command = [sys.executable, "-c", STARTS_ANOTHER.format(ignore=ignore)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, start_new_session=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        end_group(server)
        assert server.stdout.read() == b""
