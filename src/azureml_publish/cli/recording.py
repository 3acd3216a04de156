"""Keeps a second run of apply out, tells what the last one left undone, and opens the journal of this one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from azureml_publish.cli.registries import TOOL
from azureml_publish.cli.session import Output
from azureml_publish.journal import Journal, PastRun, exclusive, last_run
from azureml_publish.plan import Plan
from azureml_publish.project import Project
from azureml_publish.reporters.results import past_run_text

FOLDER = Path(".publish") / "journal"
"""Below the project, a folder a registry."""


@dataclass(frozen=True, slots=True)
class Records:
    """Where a registry's journals lie, and what the newest of them leaves open."""

    folder: Path
    open_end: PastRun | None

    def begin(self, plan: Plan) -> Journal:
        """The journal of a run that carries out a plan.

        Raises:
            JournalFailed: it cannot be written.
        """
        return Journal.begin(
            self.folder, registry=plan.registry, plan=plan.digest, changes=len(plan.changes), tool=TOOL
        )

    def settle(self, plan: Plan) -> None:
        """Note that what the last run left open turned out to be done: there is nothing to do."""
        if self.open_end is not None:
            self.begin(plan).end("finished")


@contextmanager
def recording(output: Output, project: Project, registry: str) -> Iterator[Records]:
    """Hold the lock of a registry, and say what the last run on it left undone.

    Raises:
        Overtaken: another run on this machine holds the lock.
        JournalFailed: the lock cannot be written.
        UnusableJournal: the last run's journal cannot be read.
    """
    folder = project.root / FOLDER / registry
    with exclusive(folder / "lock", folder):
        last = last_run(folder)
        open_end = last if last is not None and last.end != "finished" else None
        if open_end is not None:
            output.note(past_run_text(open_end))
        yield Records(folder, open_end)
