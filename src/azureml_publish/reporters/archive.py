"""Results of archiving and restoring versions, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from azureml_publish.assets import AssetId
from azureml_publish.errors import PublishError
from azureml_publish.execute.outcome import Outcome
from azureml_publish.reporters.diagnostics import as_json
from azureml_publish.reporters.hostile_text import one_line
from azureml_publish.reporters.outcomes import COLOURS, error_lines
from azureml_publish.reporters.paint import PLAIN, Paint


@dataclass(frozen=True, slots=True)
class Archived:
    """The result for one version; `written` is its model.yaml if it was changed to match."""

    asset: AssetId
    outcome: Outcome
    written: str = ""
    error: PublishError | None = None


def archived_text(results: Sequence[Archived], paint: Paint = PLAIN, *, archived: bool) -> str:
    """One line per version, and one per file that was written."""
    lines: list[str] = []
    for one in results:
        word = _word(one, archived=archived)
        lines.append(f"  {paint(f'{word:<9}', COLOURS[word])}  {one_line(str(one.asset))}")
        if one.written:
            lines.append(f"             archived: {str(archived).lower()} is in {one_line(one.written)} now; commit it")
        lines.extend(error_lines(one.error, paint))
    return "".join(f"{line}\n" for line in lines)


def archived_json(registry: str, results: Sequence[Archived], *, archived: bool) -> str:
    """The results as a JSON object; `written` is null if no file was written."""
    return as_json(
        {
            "registry": registry,
            "results": [
                {
                    "model": one.asset.name,
                    "version": one.asset.version,
                    "asset_id": str(one.asset),
                    "outcome": _word(one, archived=archived),
                    "written": one.written or None,
                    "error": one.error.message if one.error else None,
                    "hint": one.error.hint if one.error else None,
                }
                for one in results
            ],
        }
    )


def _word(one: Archived, *, archived: bool) -> str:
    return ("archived" if archived else "restored") if one.outcome is Outcome.UPDATED else str(one.outcome)
