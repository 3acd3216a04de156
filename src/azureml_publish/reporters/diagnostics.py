"""Findings as text for people and as JSON for programs."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from azureml_publish.diagnostics import Diagnostic, Severity, model_folder
from azureml_publish.reporters.frames import Sources, frame
from azureml_publish.reporters.hostile_text import below, one_line
from azureml_publish.reporters.paint import PLAIN, Paint

_ONLINE = ("LINK", "HUB", "REG")
"""Families of rules that only a run with --online reports and fixes."""

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}


def diagnostics_text(
    found: Sequence[Diagnostic],
    paint: Paint = PLAIN,
    sources: Sources | None = None,
    columns: int = 80,
    pages: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """One paragraph per finding: location, severity, code, message, and the hint below it.

    Args:
        sources: if given, the line is shown between message and hint, with carets below the wrong characters.
        columns: the terminal's width in cells.
        pages: where a code leads to.
    """
    paragraphs = []
    for one in found:
        place = f"{one.location.path}:{one.location.line}:{one.location.column}"
        severity = paint.link(
            paint(f"{one.severity} {one_line(one.code)}", _COLOURS[one.severity], "bold"), pages.get(one.code, "")
        )
        shown = frame(one, sources, columns, paint, _COLOURS[one.severity], "bold") if sources is not None else ""
        option = " --online" if one.code.startswith(_ONLINE) else ""
        fix_note = (
            "" if one.fix is None else f" (`publish lint{option} --fix{'' if one.fix.safe else ' --unsafe'}` does it)"
        )
        message, hint = below(one.message, "    ") + elsewhere(one), below(one.hint, "    ")
        paragraphs.append(
            f"{paint(one_line(place), 'bold')}: {severity} {message} {paint(f'[{one_line(one.name)}]', 'dim')}\n"
            f"{shown}"
            f"    {paint('help:', 'cyan')} {hint}{paint(fix_note, 'dim')}\n"
        )
    return "".join(paragraphs)


def elsewhere(one: Diagnostic) -> str:
    """In how many other places the same was found, as a sentence; empty where in none."""
    files = {place.path for place in one.also} - {one.location.path}
    return f" The same in {counted(len(files), 'other file')}." if files else ""


def diagnostics_summary(found: Sequence[Diagnostic], models: int) -> str:
    """How many findings of each severity, in a sentence."""
    counts = Counter(one.severity for one in found)
    counts_text = [counted(counts[severity], severity) for severity in Severity if counts[severity]]
    where = "; no model was looked at" if found and not models else f" in {counted(models, 'model')}"
    return f"{', '.join(counts_text) or 'No findings'}{where}."


_MOST_NAMED = 5


def folders_summary(found: Sequence[Diagnostic], models: int, *, assets: bool = False) -> str:
    """How many models are in order and where the errors and warnings are, those with most of them first.

    Args:
        assets: whether each folder with findings is a model, and not only those in models/.
    """
    paths = [(one.severity, place.path) for one in found for place in (one.location, *one.also)]
    parents = {path.rpartition("/")[0] for _, path in paths}

    def folder(path: str) -> str:
        if not assets:
            return model_folder(path) or path.rpartition("/")[0] or path
        above = itertools.accumulate(path.split("/"), "{}/{}".format)
        return next((one for one in above if one in parents), path)

    errors = Counter(folder(path) for severity, path in paths if severity is Severity.ERROR)
    warnings = Counter(folder(path) for severity, path in paths if severity is Severity.WARNING)
    only = [name for name in warnings if name not in errors]
    sentences = []
    if errors:
        named = [f"{one_line(name)} ({count})" for name, count in errors.most_common(_MOST_NAMED)]
        more = f" and {len(errors) - _MOST_NAMED} more" if len(errors) > _MOST_NAMED else ""
        sentences.append(f"Errors in {counted(len(errors), 'folder')}: {', '.join(named)}{more}.")
    if only:
        sentences.append(f"{'No errors, but warnings' if errors else 'Warnings'} in {counted(len(only), 'folder')}.")
    others = {path.rpartition("/")[0] or path for _, path in paths if not (assets or model_folder(path))}
    in_order = max(0, models - len({*errors, *warnings} - others))
    if sentences and models > 1:
        sentences.append(f"{in_order} of {counted(models, 'model')} are in order.")
    return " ".join(sentences)


def finding_json(one: Diagnostic) -> dict[str, object]:
    """One finding in the form that `publish lint --format json` documents; `line` and `column` count from 1."""
    return {
        "code": one.code,
        "name": one.name,
        "severity": str(one.severity),
        "message": one.message,
        "path": one.location.path,
        "line": one.location.line,
        "column": one.location.column,
        "hint": one.hint,
        "fixable": one.fix is not None,
    }


def counted(count: int, noun: str) -> str:
    """A number with its noun: `1 file`, `2,000 files`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def as_json(content: dict[str, object]) -> str:
    """An object as indented JSON that carries `schema_version`, with a final newline."""
    return json.dumps({"schema_version": 1, **content}, indent=2, ensure_ascii=False) + "\n"
