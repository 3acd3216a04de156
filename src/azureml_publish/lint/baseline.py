"""A baseline holds the findings that a catalogue already had when it adopted the linter, so only new ones are reported.

A finding is recognised by its rule, file and message, on whatever line. Equal findings are counted.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.errors import UsageProblem
from azureml_publish.lint.selection import Rulebook

STALE = Rule("LINT004", "stale-baseline-entry", Severity.INFO, "A baseline holds a finding that is no longer there.")

Fingerprint: TypeAlias = tuple[str, str, str]
"""Path, code, and message without line numbers, which change."""

VERSION = 1


def fingerprint(found: Diagnostic) -> Fingerprint:
    """What identifies a finding in a baseline."""
    return found.location.path, found.code, re.sub(r"\bline \d+", "line …", found.message)


def baseline_text(found: Iterable[Diagnostic], rulebook: Rulebook) -> str:
    """The text of a baseline file. Findings that keep other rules from running are left out."""
    counts = Counter(fingerprint(one) for one in found if rulebook.is_optional(one))
    entries = [
        {"path": path, "code": code, "message": message, "count": count}
        for (path, code, message), count in sorted(counts.items())
    ]
    return json.dumps({"schema_version": VERSION, "findings": entries}, indent=2, ensure_ascii=False) + "\n"


def read_baseline(text: str, path: str) -> Counter[Fingerprint]:
    """The findings in a baseline file, counted.

    Raises:
        UsageProblem: it is not a baseline.
    """
    try:
        content = json.loads(text)
        return Counter({_entry(one): _count(one) for one in _entries(content)})
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        hint = "Write it with `publish lint --write-baseline FILE`."
        raise UsageProblem(f"{path} is not a baseline: {error}.", hint=hint) from error


def _entries(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if content["schema_version"] != VERSION:
        raise ValueError(f"its schema_version is {content['schema_version']}, not {VERSION}")
    return list(content["findings"])


def _entry(one: Mapping[str, Any]) -> Fingerprint:
    entry = (one["path"], one["code"], one["message"])
    if not all(isinstance(part, str) for part in entry):
        raise TypeError("path, code and message are text")
    return entry


def _count(one: Mapping[str, Any]) -> int:
    if not isinstance(one["count"], int) or isinstance(one["count"], bool) or one["count"] < 1:
        raise TypeError("a count is a whole number from 1")
    return int(one["count"])


def new_findings(found: Iterable[Diagnostic], known: Counter[Fingerprint]) -> tuple[tuple[Diagnostic, ...], int]:
    """The findings that a baseline does not have, and the number of those that it has."""
    left = known.copy()
    fresh = []
    held = 0
    for one in found:
        mark = fingerprint(one)
        if left[mark] > 0:
            left[mark] -= 1
            held += 1
        else:
            fresh.append(one)
    return tuple(fresh), held


def stale_entries(
    found: Iterable[Diagnostic], known: Counter[Fingerprint], text: str, path: str
) -> tuple[Diagnostic, ...]:
    """Entries of a baseline that are no longer found, each at its line in the file."""
    gone = known - Counter(fingerprint(one) for one in found)
    lines = text.splitlines()
    return tuple(
        STALE.at(
            Location(path, _line_of(lines, mark)),
            f"{mark[1]} is no longer found in {mark[0]}: {mark[2]}",
            "Write the baseline anew with `publish lint --write-baseline FILE`, so that it cannot come back unseen.",
        )
        for mark in sorted(gone)
    )


def _line_of(lines: list[str], mark: Fingerprint) -> int:
    wanted = f'"message": {json.dumps(mark[2], ensure_ascii=False)},'
    return next((number for number, line in enumerate(lines, 1) if line.strip() == wanted), 1)
