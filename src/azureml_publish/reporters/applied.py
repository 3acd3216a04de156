"""Results of apply and verify for build servers: Markdown, GitHub's annotations, JUnit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from azureml_publish.assets import ContentCheck
from azureml_publish.execute.apply import Result
from azureml_publish.execute.outcome import Outcome
from azureml_publish.reporters.annotations import annotation
from azureml_publish.reporters.junit import Case, junit
from azureml_publish.reporters.plan_markdown import cell

_BAD = (Outcome.FAILED, Outcome.SKIPPED)


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


def checks_junit(checks: Sequence[ContentCheck], missing: Mapping[str, str]) -> str:
    """A case a version: what is damaged or not registered is a failure."""
    cases = [Case(str(one.asset), failure="\n".join(one.problems), output="verified") for one in checks]
    cases += [Case(reference, failure=reason) for reference, reason in missing.items()]
    return junit("publish verify", {"content": cases})


def _reason(result: Result) -> str:
    if result.error is None:
        return ""
    return f"{result.error.message}\nhelp: {result.error.hint}" if result.error.hint else result.error.message


def _summary(results: Sequence[Result]) -> str:
    counts = Counter(one.outcome for one in results)
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome]) or "nothing"
