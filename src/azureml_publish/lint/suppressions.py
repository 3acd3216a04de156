"""Findings that somebody accepted, with the reason; and silences that silence nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from azureml_publish.diagnostics import Diagnostic, Fix, Location, Rule, Severity
from azureml_publish.lint.selection import Rulebook

UNUSED = Rule("LINT001", "unused-silence", Severity.WARNING, "A silence silences nothing.")
UNKNOWN = Rule("LINT002", "unknown-rule-in-silence", Severity.WARNING, "A silence names no rule that can be silenced.")
NO_REASON = Rule("LINT003", "silence-without-reason", Severity.WARNING, "A silence in a card gives no reason.")


@dataclass(frozen=True, slots=True)
class Silence:
    """One rule that is not told of in some files, or in some lines of one.

    Attributes:
        rule: code or name, as it is written.
        where: where it is written.
        path: glob over the paths of findings; `**` crosses folders.
        lines: first and last line that it means; None for all.
        judged: whether everything that it may mean was looked at, so that it can be told to be unused.
        fix: takes the silence away.
        width: characters of its text at `where`.
    """

    rule: str
    reason: str
    where: Location
    path: str
    lines: tuple[int, int] | None = None
    judged: bool = True
    fix: Fix | None = None
    width: int = 0

    def covers(self, found: Diagnostic) -> bool:
        """Whether a finding of its rule is in the files and lines that it means."""
        first, last = self.lines or (found.location.line, found.location.line)
        return first <= found.location.line <= last and _pattern(self.path).fullmatch(found.location.path) is not None


@dataclass(frozen=True, slots=True)
class Silenced:
    """A finding that is not told, and the silence that says why."""

    found: Diagnostic
    by: Silence


def apply_silences(
    found: Iterable[Diagnostic], silences: Sequence[Silence], rulebook: Rulebook, ran: Callable[[str], bool]
) -> tuple[tuple[Diagnostic, ...], tuple[Silenced, ...]]:
    """Part the findings into those that are told and those that are silenced.

    Args:
        found: all findings.
        silences: all silences; the first that covers a finding takes it.
        rulebook: which rules there are.
        ran: whether the rule of a code looked at all in this run.

    Returns:
        what is told, with what is wrong with the silences themselves; and what is silenced.
    """
    told: list[Diagnostic] = []
    hushed: list[Silenced] = []
    by_code: dict[str, list[Silence]] = {}
    for silence in silences:
        rule = rulebook.named(silence.rule)
        if rule is None:
            message = f"There is no rule '{silence.rule}' to silence."
            told.append(UNKNOWN.at(silence.where, message, rulebook.close_to(silence.rule), width=silence.width))
        elif rule.code not in rulebook.optional:
            message = f"{rule.code} cannot be silenced: it tells what keeps other rules from looking."
            told.append(UNKNOWN.at(silence.where, message, "Mend what it tells of.", width=silence.width))
        else:
            by_code.setdefault(rule.code, []).append(silence)
        if not silence.reason.strip():
            hint = "Say why behind the code: <!-- publish: ignore CARD001 the table is cut on purpose -->."
            told.append(NO_REASON.at(silence.where, f"The silence of {silence.rule} gives no reason.", hint))
    used: set[Silence] = set()
    for one in found:
        covering = [each for each in by_code.get(one.code, ()) if each.covers(one) and rulebook.is_optional(one)]
        used.update(covering)
        if covering:
            hushed.append(Silenced(one, covering[0]))
        else:
            told.append(one)
    for code, of_code in by_code.items():
        told.extend(_unused(silence) for silence in of_code if silence not in used and silence.judged and ran(code))
    return tuple(told), tuple(hushed)


def _unused(silence: Silence) -> Diagnostic:
    where = "the lines that it means" if silence.lines else f"'{silence.path}'"
    message = f"This silences nothing: {silence.rule} finds nothing in {where}."
    return UNUSED.at(silence.where, message, "Take the silence out.", fix=silence.fix, width=silence.width)


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[str]:
    """A glob over paths as a regular expression: `*` and `?` stay in one folder, `**` crosses folders."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(part) or re.escape(part) for part in parts), re.DOTALL)
