"""Results of archiving, restoring and promoting versions, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from azureml_publish.assets import AssetId
from azureml_publish.content.upload.copy import Copied
from azureml_publish.errors import PublishError
from azureml_publish.execute.outcome import Outcome
from azureml_publish.reporters.diagnostics import as_json, counted
from azureml_publish.reporters.paint import PLAIN, Paint
from azureml_publish.reporters.results import size_text, unseen_lines
from azureml_publish.reporters.visible import below, one_line

_COLOURS = {
    "updated": "yellow",
    "archived": "yellow",
    "restored": "green",
    "created": "green",
    "failed": "red",
    "skipped": "yellow",
    "unchanged": "dim",
}


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
        lines.append(f"  {paint(f'{word:<9}', _COLOURS[word])}  {one_line(str(one.asset))}")
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


def error_lines(error: PublishError | None, paint: Paint) -> Iterator[str]:
    """The error of a version and its hint, below the version's line."""
    if error is not None:
        yield f"             {paint('error:', 'red')} {below(error.message, ' ' * 13)}"
        if error.hint:
            yield f"             {paint('help:', 'cyan')} {below(error.hint, ' ' * 13)}"


def _word(one: Archived, *, archived: bool) -> str:
    return ("archived" if archived else "restored") if one.outcome is Outcome.UPDATED else str(one.outcome)


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
        line = f"  {paint(f'{one.outcome:<9}', _COLOURS[one.outcome])}  {one_line(str(one.target))}"
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
