"""Keeps a second run of apply or promote out, finds what the last left undone, and opens the journal of this one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from azureml_publish.errors import UsageProblem
from azureml_publish.execute.journal import Journal, PastRun, exclusive, last_run
from azureml_publish.files import check_target, is_folder_name
from azureml_publish.plan.actions import Plan
from azureml_publish.project import Project
from azureml_publish.version import TOOL

FOLDER = Path(".publish") / "journal"
"""Below the project, a folder a registry."""


@dataclass(frozen=True, slots=True)
class Records:
    """Where a registry's journals lie, the verb that runs now, and what the newest journal leaves open."""

    folder: Path
    verb: str
    open_end: PastRun | None

    def begin(self, plan: Plan) -> Journal:
        """The journal of a run that carries out a plan.

        Raises:
            JournalFailed: it cannot be written.
        """
        return Journal.begin(
            self.folder, verb=self.verb, registry=plan.registry, plan=plan.digest, changes=len(plan.changes), tool=TOOL
        )

    def settle(self, plan: Plan) -> None:
        """Note that what the last run left open turned out to be done, as far as this plan has it: nothing to do."""
        if self.open_end is None:
            return
        seen = {action.model for action in plan.actions}
        if all(one.model in seen for one in self.open_end.under_way):
            self.begin(plan).end("finished")


@contextmanager
def recording(project: Project, registry: str, verb: str) -> Iterator[Records]:
    """Hold the lock of a registry, and find what the last run on it left undone.

    Raises:
        Overtaken: another run on this machine holds the lock.
        JournalFailed: the lock cannot be written.
        UnusableJournal: the last run's journal cannot be read.
    """
    if not is_folder_name(registry):
        raise UsageProblem(f"'{registry}' cannot be a registry's name.", hint="Give it another name in publish.yaml.")
    folder = project.root / FOLDER / registry
    check_target(folder / "lock", project.root)
    with exclusive(folder / "lock", folder):
        last = last_run(folder)
        open_end = last if last is not None and last.end != "finished" else None
        yield Records(folder, verb, open_end)
