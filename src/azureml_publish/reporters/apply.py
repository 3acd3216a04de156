"""Results of apply: as text, JSON, Markdown, annotations of GitHub Actions and JUnit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from azureml_publish.assets import AssetId
from azureml_publish.execute.apply import Result
from azureml_publish.execute.outcome import Outcome
from azureml_publish.plan.saved import Provenance
from azureml_publish.reporters.annotations import annotation
from azureml_publish.reporters.diagnostics import as_json, counted
from azureml_publish.reporters.hostile_text import one_line
from azureml_publish.reporters.junit import Case, junit
from azureml_publish.reporters.outcomes import COLOURS, error_lines, unseen_lines
from azureml_publish.reporters.paint import PLAIN, Paint
from azureml_publish.reporters.plan_markdown import cell
from azureml_publish.reporters.tables import size_text

_BAD = (Outcome.FAILED, Outcome.SKIPPED)


def results_text(registry: str, results: Sequence[Result], paint: Paint = PLAIN) -> str:
    """One line per model, with the URI of its version, and a count at the end."""
    lines = []
    for result in results:
        uri = AssetId(registry, result.model, result.version)
        line = f"  {paint(f'{result.outcome:<9}', COLOURS[result.outcome])}  {one_line(str(uri))}"
        if result.content is not None:
            line += f"  {counted(result.content.files, 'file')}, {size_text(result.content.size)}"
        lines.append(line)
        lines.extend(unseen_lines(result.unseen))
        lines.extend(error_lines(result.error, paint))
    return "\n".join([*lines, "", f"Applied: {_summary(results)}."]) + "\n"


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


def results_markdown(registry: str, results: Sequence[Result]) -> str:
    """What became of each model as a table, failures first; of the unchanged ones the number alone."""
    listed = [one for one in results if one.outcome is not Outcome.UNCHANGED]
    rows = "".join(
        f"| {one.outcome} | {cell(one.model)} | {one.version} | {cell(_reason(one)) if one.error else ''} |\n"
        for one in sorted(listed, key=lambda one: (one.outcome not in _BAD, one.model))
    )
    table = f"\n| | model | version | |\n| --- | --- | ---: | --- |\n{rows}" if rows else ""
    return f"**Applied to registry {cell(registry)}: {_summary(results)}.**\n{table}"


def results_annotations(registry: str, results: Sequence[Result]) -> str:
    """A failure as an error and a written version as a notice; the last line is the count, for the log."""
    lines = [
        annotation(
            "error" if one.outcome in _BAD else "notice",
            _reason(one) or "registered and read back",
            None,
            f"{one.outcome} {one.model} {one.version} in {registry}",
        )
        for one in sorted(results, key=lambda one: (one.outcome not in _BAD, one.model))
        if one.outcome is not Outcome.UNCHANGED
    ]
    return "".join(f"{line}\n" for line in [*lines, f"Applied: {_summary(results)}."])


def results_junit(registry: str, results: Sequence[Result]) -> str:
    """A case a model: what failed is a failure, what was not begun is skipped."""
    cases = [
        Case(
            f"{one.model} {one.version}",
            failure=_reason(one) if one.outcome is Outcome.FAILED else "",
            skipped=(_reason(one) or "not begun, or not finished") if one.outcome is Outcome.SKIPPED else "",
            output=str(one.outcome),
        )
        for one in results
    ]
    return junit("publish apply", {registry: cases})


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


def _reason(result: Result) -> str:
    if result.error is None:
        return ""
    return f"{result.error.message}\nhelp: {result.error.hint}" if result.error.hint else result.error.message


def _summary(results: Sequence[Result]) -> str:
    counts = Counter(one.outcome for one in results)
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome]) or "nothing"
