"""Results of promoting versions, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from azureml_publish.assets import AssetId
from azureml_publish.content.upload.copy import Copied
from azureml_publish.errors import PublishError
from azureml_publish.execute.outcome import Outcome
from azureml_publish.reporters.diagnostics import as_json, counted
from azureml_publish.reporters.hostile_text import one_line
from azureml_publish.reporters.outcomes import COLOURS, error_lines, unseen_lines
from azureml_publish.reporters.paint import PLAIN, Paint
from azureml_publish.reporters.tables import size_text


@dataclass(frozen=True, slots=True)
class Promoted:
    """The result of promoting one version; `metadata` is the source of its metadata.

    `unseen` are metadata that were written and that the target does not hand back.
    """

    source: AssetId
    target: AssetId
    outcome: Outcome
    metadata: str
    copied: Copied | None = None
    error: PublishError | None = None
    unseen: tuple[str, ...] = ()


def promoted_text(results: Sequence[Promoted], paint: Paint = PLAIN) -> str:
    """One line per version: its result, how its files were copied, and its error."""
    lines: list[str] = []
    for one in results:
        line = f"  {paint(f'{one.outcome:<9}', COLOURS[one.outcome])}  {one_line(str(one.target))}"
        if one.copied is not None:
            line += f"  {_held(one.copied)}, metadata {_METADATA[one.metadata]}"
        lines.append(line)
        lines.extend(unseen_lines(one.unseen))
        lines.extend(error_lines(one.error, paint))
    return "".join(f"{line}\n" for line in lines)


def promoted_json(source: str, target: str, results: Sequence[Promoted]) -> str:
    """The results as a JSON object.

    `size` and `fetched` are bytes: of all files, and of those that the target's storage copied from the source itself.
    `kept` is the number of files that an earlier run had copied.
    """
    return as_json(
        {
            "from": source,
            "to": target,
            "results": [
                {
                    "model": one.target.name,
                    "version": one.target.version,
                    "source_asset_id": str(one.source),
                    "asset_id": str(one.target),
                    "outcome": str(one.outcome),
                    "metadata": one.metadata,
                    "files": len(one.copied.moved.entries) if one.copied else None,
                    "size": one.copied.size if one.copied else None,
                    "kept": one.copied.moved.kept if one.copied else None,
                    "fetched": one.copied.moved.fetched if one.copied else None,
                    "manifest": one.copied.manifest if one.copied else None,
                    "unverifiable": list(one.unseen),
                    "error": one.error.message if one.error else None,
                    "hint": one.error.hint if one.error else None,
                }
                for one in results
            ],
        }
    )


_METADATA = {"render": "from its folder", "carry": "as it was"}


def _held(copied: Copied) -> str:
    moved = copied.moved
    summary = f"{counted(len(moved.entries), 'file')}, {size_text(copied.size)}"
    if moved.kept:
        summary += f", {moved.kept} of them there already"
    if moved.fetched:
        summary += f", {size_text(moved.fetched)} fetched by the storage"
    return summary
