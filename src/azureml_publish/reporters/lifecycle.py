"""What became of versions that were archived, restored or promoted, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from azureml_publish.apply import Outcome
from azureml_publish.assets import AssetId
from azureml_publish.errors import PublishError
from azureml_publish.reporters.diagnostics import as_json
from azureml_publish.reporters.paint import PLAIN, Paint

COLOURS = {"updated": "yellow", "archived": "yellow", "restored": "green", "failed": "red", "unchanged": "dim"}


@dataclass(frozen=True, slots=True)
class Archived:
    """What became of one version; `written` is the model.yaml that says the same now, where it did not."""

    asset: AssetId
    outcome: Outcome
    written: str = ""
    error: PublishError | None = None


def archived_text(results: Sequence[Archived], paint: Paint = PLAIN, *, archived: bool) -> str:
    """One line a version, and one for each file that was written."""
    lines: list[str] = []
    for one in results:
        word = _word(one, archived=archived)
        lines.append(f"  {paint(f'{word:<9}', COLOURS[word])}  {one.asset}")
        if one.written:
            lines.append(f"             archived: {str(archived).lower()} is in {one.written} now; commit it")
        lines.extend(error_lines(one.error, paint))
    return "".join(f"{line}\n" for line in lines)


def archived_json(registry: str, results: Sequence[Archived], *, archived: bool) -> str:
    """The same as a JSON object; `written` is null where no file was."""
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


def error_lines(error: PublishError | None, paint: Paint) -> Iterator[str]:
    """What went wrong with a version, and the mend, below its line."""
    if error is not None:
        yield f"             {paint('error:', 'red')} {error.message}"
        if error.hint:
            yield f"             {paint('help:', 'cyan')} {error.hint}"


def _word(one: Archived, *, archived: bool) -> str:
    return ("archived" if archived else "restored") if one.outcome is Outcome.UPDATED else str(one.outcome)
