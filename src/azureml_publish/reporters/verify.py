"""Results of verify: as text, JSON and JUnit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from azureml_publish.assets import ContentCheck
from azureml_publish.reporters.diagnostics import as_json, counted
from azureml_publish.reporters.hostile_text import one_line
from azureml_publish.reporters.junit import Case, junit
from azureml_publish.reporters.paint import PLAIN, Paint
from azureml_publish.reporters.tables import size_text


def content_checks_text(
    checks: Sequence[ContentCheck], missing: Mapping[str, str] = MappingProxyType({}), paint: Paint = PLAIN
) -> str:
    """One line per verified version, one per problem, and one per version that is not registered, with the reason."""
    lines = []
    for check in checks:
        if check.problems:
            lines.append(f"  {paint(f'{check.outcome:8}', 'red')}  {one_line(str(check.asset))}")
            lines.extend(f"              {one_line(problem)}" for problem in check.problems)
        else:
            held = f"{counted(check.files, 'file')}, {size_text(check.size)}"
            held += f", signed by {one_line(check.signed_by)}" if check.signed_by else ""
            lines.append(f"  {paint('verified', 'green')}  {one_line(str(check.asset))}  {held}")
    lines += [
        f"  {paint('missing ', 'red')}  {one_line(reference)}  {one_line(reason)}"
        for reference, reason in missing.items()
    ]
    counts = Counter(check.outcome for check in checks)
    parts = [f"{counts['intact']} intact", f"{counts['damaged']} damaged"]
    parts += [f"{counts['unknown']} unknown"] if counts["unknown"] else []
    parts += [f"{len(missing)} not registered"] if missing else []
    return "\n".join([*lines, "", f"Verified: {', '.join(parts)}."]) + "\n"


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
                    "outcome": check.outcome,
                    "intact": check.outcome == "intact",
                    "problems": list(check.problems),
                    "signed_by": check.signed_by or None,
                }
                for check in checks
            ],
            "missing": [{"model": reference, "reason": reason} for reference, reason in missing.items()],
        }
    )


def checks_junit(checks: Sequence[ContentCheck], missing: Mapping[str, str]) -> str:
    """A case a version: what is damaged or not registered is a failure."""
    cases = [Case(str(one.asset), failure="\n".join(one.problems), output="verified") for one in checks]
    cases += [Case(reference, failure=reason) for reference, reason in missing.items()]
    return junit("publish verify", {"content": cases})
