"""What one run is given from outside."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from azureml_publish.events import Events
from azureml_publish.registry.credentials import Identity, find_credential
from azureml_publish.registry.read_back import POLLING_INTERVAL

if TYPE_CHECKING:
    from concurrent.futures import Executor


@dataclass(frozen=True, slots=True)
class Spreading:
    """When work is spread over processes, and how.

    Attributes:
        jobs: processes to use. None means one a core, where there are more than a few items.
        few: items that one process is done with before others have started.
        chunk: items that a process is handed at a time.
        method: how processes begin, as `multiprocessing` names it. None means forked where that is safe.
    """

    jobs: int | None = None
    few: int = 48
    chunk: int = 16
    method: str | None = None


@dataclass(frozen=True, slots=True)
class RunContext:
    """What one run is given: nothing below it reads the process's folder, environment or clock.

    Attributes:
        directory: the folder that the run is about; paths of the user are relative to it.
        environ: the environment variables; they are only read.
        today: the day of the run, in UTC; read once, so that midnight changes nothing under way.
        find_credential: finds who signs in to Azure, from the environment and the host of Microsoft Entra.
        sleep: waits between two looks at what was written to a registry.
        polling: seconds between two looks of azure-ai-ml at a version that is being registered.
        executor: works on many models at a time; None means processes on this machine's cores, begun as needed.
        spreading: when those processes are used, and how many.
        events: the stream of what happens, for all who listen.
    """

    directory: Path
    environ: Mapping[str, str]
    today: date
    find_credential: Callable[[Mapping[str, str], str | None], Identity] = find_credential
    sleep: Callable[[float], None] = time.sleep
    polling: float = POLLING_INTERVAL
    executor: Executor | None = None
    spreading: Spreading = field(default_factory=Spreading)
    events: Events = field(default_factory=Events)
