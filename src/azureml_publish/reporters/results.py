"""Results of apply and verify, as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from azureml_publish.assets import AssetId, ContentCheck
from azureml_publish.execute.apply import Result
from azureml_publish.execute.download import Downloaded
from azureml_publish.execute.journal import PastRun, Step
from azureml_publish.execute.outcome import Outcome
from azureml_publish.plan import Provenance
from azureml_publish.reporters.diagnostics import as_json, counted
from azureml_publish.reporters.paint import PLAIN, Paint
from azureml_publish.reporters.visible import below, one_line

_COLOURS = {
    Outcome.CREATED: "green",
    Outcome.UPDATED: "yellow",
    Outcome.UNCHANGED: "dim",
    Outcome.FAILED: "red",
    Outcome.SKIPPED: "yellow",
}


def results_text(registry: str, results: Sequence[Result], paint: Paint = PLAIN) -> str:
    """One line per model, with the URI of its version, and a count at the end."""
    lines = []
    for result in results:
        uri = AssetId(registry, result.model, result.version)
        line = f"  {paint(f'{result.outcome:<9}', _COLOURS[result.outcome])}  {one_line(str(uri))}"
        if result.content is not None:
            line += f"  {counted(result.content.files, 'file')}, {size_text(result.content.size)}"
        lines.append(line)
        lines.extend(unseen_lines(result.unseen))
        if result.error is not None:
            lines.append(f"             {paint('error:', 'red')} {below(result.error.message, ' ' * 13)}")
            if result.error.hint:
                lines.append(f"             {paint('help:', 'cyan')} {below(result.error.hint, ' ' * 13)}")
    counts = Counter(result.outcome for result in results)
    summary = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
    return "\n".join([*lines, "", f"Applied: {summary or 'nothing'}."]) + "\n"


def unseen_lines(unseen: Sequence[str]) -> Iterator[str]:
    """Below the line of a version: the metadata that the registry took, and does not hand back."""
    if unseen:
        yield f"             written and not handed back, so nobody can see it: {one_line(', '.join(unseen))}"


def results_json(registry: str, results: Sequence[Result]) -> str:
    """The results as a JSON object; sizes in bytes."""
    return as_json(
        {
            "registry": registry,
            "results": [
                {
                    "model": result.model,
                    "version": result.version,
                    "asset_id": str(AssetId(registry, result.model, result.version)),
                    "outcome": str(result.outcome),
                    "files": result.content.files if result.content else None,
                    "size": result.content.size if result.content else None,
                    "manifest": result.content.manifest if result.content else None,
                    "unverifiable": list(result.unseen),
                    "error": result.error.message if result.error else None,
                    "hint": result.error.hint if result.error else None,
                }
                for result in results
            ],
        }
    )


def provenance_text(found: Provenance) -> str:
    """Where a saved plan comes from, and whether the folders are at another commit now."""
    by = f" by {one_line(found.author)}" if found.author else ""
    at = f"at commit {one_line(found.commit)}" if found.commit else "outside of a repository"
    signed = f"; its signature is right for {one_line(found.signed)}" if found.signed else ""
    lines = [f"{one_line(found.path)} was made{by}, {at}{signed}."]
    if found.moved:
        lines.append(
            f"  The folders are at {found.here or 'no commit'} now; what they say of these models is the same."
        )
    return "\n".join(lines)


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


def content_checks_text(
    checks: Sequence[ContentCheck], missing: Mapping[str, str] = MappingProxyType({}), paint: Paint = PLAIN
) -> str:
    """One line per verified version, one per problem, and one per version that is not registered, with the reason."""
    lines = []
    for check in checks:
        if check.problems:
            lines.append(f"  {paint('damaged ', 'red')}  {one_line(str(check.asset))}")
            lines.extend(f"              {one_line(problem)}" for problem in check.problems)
        else:
            held = f"{counted(check.files, 'file')}, {size_text(check.size)}"
            held += f", signed by {one_line(check.signed_by)}" if check.signed_by else ""
            lines.append(f"  {paint('verified', 'green')}  {one_line(str(check.asset))}  {held}")
    lines += [
        f"  {paint('missing ', 'red')}  {one_line(reference)}  {one_line(reason)}"
        for reference, reason in missing.items()
    ]
    damaged = sum(1 for check in checks if check.problems)
    absent = f", {len(missing)} not registered" if missing else ""
    return "\n".join([*lines, "", f"Verified: {len(checks) - damaged} intact, {damaged} damaged{absent}."]) + "\n"


def content_checks_json(checks: Sequence[ContentCheck], missing: Mapping[str, str] = MappingProxyType({})) -> str:
    """The checks as a JSON object; sizes in bytes, `problems` is empty for intact content.

    `missing` has what is not registered, as it was named, and why.
    """
    return as_json(
        {
            "checks": [
                {
                    "asset_id": str(check.asset),
                    "files": check.files,
                    "size": check.size,
                    "intact": not check.problems,
                    "problems": list(check.problems),
                    "signed_by": check.signed_by or None,
                }
                for check in checks
            ],
            "missing": [{"model": reference, "reason": reason} for reference, reason in missing.items()],
        }
    )


def downloaded_text(done: Downloaded, shown: str) -> str:
    """What was brought, in one line."""
    held = f"{counted(done.files, 'file')}, {size_text(done.size)}"
    kept = f", {done.kept} of them there already" if done.kept else ""
    return f"{one_line(str(done.asset))}\n  {held}{kept}, each as its manifest says, in {one_line(shown)}/\n"


def downloaded_json(done: Downloaded) -> str:
    """What was brought as a JSON object; sizes in bytes."""
    return as_json(
        {
            "asset_id": str(done.asset),
            "folder": str(done.folder),
            "files": done.files,
            "size": done.size,
            "kept": done.kept,
        }
    )


def size_text(size: int) -> str:
    """A number of bytes in a suitable unit: B, KiB, MiB, GiB."""
    amount = float(size)
    for unit in ("B", "KiB", "MiB"):
        if round(amount, 1) < 1024:  # else it would be shown as 1024.0
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
