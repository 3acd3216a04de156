"""What becomes of versions: the lines that reports of all writing verbs share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from azureml_publish.assets import AssetId
from azureml_publish.errors import PublishError
from azureml_publish.execute.journal import PastRun, Step
from azureml_publish.reporters.diagnostics import counted
from azureml_publish.reporters.hostile_text import below, one_line
from azureml_publish.reporters.paint import Paint

COLOURS = {
    "archived": "yellow",
    "created": "green",
    "failed": "red",
    "restored": "green",
    "skipped": "yellow",
    "unchanged": "dim",
    "updated": "yellow",
}
"""By outcome, which is that of a run or says whether something was archived."""


def error_lines(error: PublishError | None, paint: Paint) -> Iterator[str]:
    """The error of a version and its hint, below the version's line."""
    if error is not None:
        yield f"             {paint('error:', 'red')} {below(error.message, ' ' * 13)}"
        if error.hint:
            yield f"             {paint('help:', 'cyan')} {below(error.hint, ' ' * 13)}"


def unseen_lines(unseen: Sequence[str]) -> Iterator[str]:
    """Below the line of a version: the metadata that the registry took, and does not hand back."""
    if unseen:
        yield f"             written and not handed back, so nobody can see it: {one_line(', '.join(unseen))}"


def past_run_text(run: PastRun, verb: str) -> str:
    """The unfinished work of the last run, for a new run of `verb` on the same registry."""
    how = {"": "was cut off", "interrupted": "was interrupted"}.get(run.end, "did not get through")
    done = f"{len(run.done)} of {counted(run.changes, 'change')} done"
    further = (
        "This one carries on." if verb == run.verb else f"The same `publish {one_line(run.verb)}` again carries on."
    )
    lines = [
        f"The last run of {one_line(run.verb)} ({one_line(run.apply)}) {how}: {done}. {further}",
        *(
            f"  {_LEFT[one.step]:<50}  {one_line(str(AssetId(run.registry, one.model, one.version)))}"
            for one in run.under_way
        ),
    ]
    return "\n".join(lines) + "\n"


_LEFT = {
    Step.BEGUN: "begun; files that had arrived are kept",
    Step.CONTENT: "its files had arrived; perhaps it is registered",
    Step.WRITTEN: "written, and not yet read back",
}
