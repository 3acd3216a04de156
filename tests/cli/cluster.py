"""A dask scheduler and its workers on loopback, each in a process of its own, which a test may kill."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

QUICK = {
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "120s",
    "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "False",
    "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "warning",
    "PYTHONWARNINGS": "default",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """Processes of dask. All of them have ended when it is left."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self._folder = folder
        self._environ = {**os.environ, **QUICK, **environ}
        self._port = free_port()
        self._scheduler: subprocess.Popen[bytes] | None = None
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self.address = f"tcp://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.start_scheduler()
        return self

    def __exit__(self, *_raised: object) -> None:
        for process in (*self.workers.values(), self._scheduler):
            if process is not None:
                process.kill()
                process.wait()

    def start_scheduler(self) -> None:
        """Start it, at the same address each time."""
        options = ("--host", "127.0.0.1", "--port", str(self._port), "--no-dashboard", "--no-show")
        self._scheduler = self._dask("scheduler", *options)
        _wait_until_open(self._port, self._scheduler)

    def kill_scheduler(self) -> None:
        assert self._scheduler is not None
        self._scheduler.kill()
        self._scheduler.wait()

    def add_worker(self, threads: int = 2, environ: Mapping[str, str] | None = None) -> str:
        """Start a worker; its address. The scheduler knows it a little later."""
        port = free_port()
        options = ["--worker-port", str(port), "--nthreads", str(threads), "--no-nanny", "--no-dashboard"]
        options += ["--host", "127.0.0.1", "--memory-limit", "0", "--death-timeout", "120"]
        local = self._folder / f"worker-{port}"
        process = self._dask("worker", self.address, *options, "--local-directory", str(local), environ=environ)
        address = f"tcp://127.0.0.1:{port}"
        self.workers[address] = process
        _wait_until_open(port, process)
        return address

    def kill_worker(self, address: str) -> None:
        process = self.workers.pop(address)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def _dask(self, *arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        self._folder.mkdir(exist_ok=True)
        with (self._folder / f"{arguments[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments],
                env={**self._environ, **(environ or {})},
                stdout=log,
                stderr=log,
                cwd=self._folder,
            )


def _wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 240
    while True:
        assert process.poll() is None, "it ended"
        assert time.monotonic() < deadline
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                return
        except OSError:
            time.sleep(0.05)
