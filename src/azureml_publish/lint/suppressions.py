"""Suppresses findings that somebody accepted with a reason, and reports suppressions that suppress nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from azureml_publish.diagnostics import Diagnostic, Fix, Location, Rule, Severity
from azureml_publish.globs import path_matches
from azureml_publish.lint.selection import Rulebook

UNUSED = Rule("LINT001", "unused-silence", Severity.WARNING, "A suppression suppresses nothing.")
UNKNOWN = Rule("LINT002", "unknown-rule-in-silence", Severity.WARNING, "A suppression names no rule that it can mean.")
NO_REASON = Rule("LINT003", "silence-without-reason", Severity.WARNING, "A suppression in a card gives no reason.")


@dataclass(frozen=True, slots=True)
class Suppression:
    """One rule that is suppressed in some files, or in some lines of one: an entry of `silence:`, or a comment.

    Attributes:
        rule: a code or a name, as it is written.
        reason: why, as it is written; may be empty.
        where: where the suppression is written.
        path: glob for the paths of findings; `**` crosses folders.
        lines: first and last line to which it applies; None for all.
        judged: whether everything it applies to was checked, so that it can be reported as unused.
        fix: removes it.
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
        """Whether the location of a finding is in these files and lines."""
        first, last = self.lines or (found.location.line, found.location.line)
        return first <= found.location.line <= last and path_matches(self.path, found.location.path)


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that is not reported, and its suppression."""

    found: Diagnostic
    by: Suppression


def apply_suppressions(
    found: Iterable[Diagnostic], suppressions: Sequence[Suppression], rulebook: Rulebook, ran: Callable[[str], bool]
) -> tuple[tuple[Diagnostic, ...], tuple[Suppressed, ...]]:
    """Separate the findings into those to report and those that are suppressed.

    Args:
        suppressions: all of them; the first that covers a finding is recorded for it.
        ran: whether the rule with a code ran at all.

    Returns:
        the findings to report, with those on the suppressions themselves; and the suppressed ones.
    """
    reported: list[Diagnostic] = []
    suppressed: list[Suppressed] = []
    by_code: dict[str, list[Suppression]] = {}
    for given in suppressions:
        rule = rulebook.named(given.rule)
        if rule is None:
            message = f"There is no rule '{given.rule}' to suppress."
            several = f"Name one rule: `publish rule {given.rule}` lists those that you may mean."
            hint = several if rulebook.selects(given.rule) else rulebook.close_to(given.rule)
            reported.append(UNKNOWN.at(given.where, message, hint, width=given.width))
        elif rule.code not in rulebook.optional:
            message = (
                f"{rule.code} cannot be suppressed: it reports what a model is, or what keeps other rules from looking."
            )
            reported.append(UNKNOWN.at(given.where, message, "Fix what it reports.", width=given.width))
        else:
            by_code.setdefault(rule.code, []).append(given)
        if not given.reason.strip():
            hint = "Say why after the code: <!-- publish: ignore CARD001 the table is cut on purpose -->."
            reported.append(NO_REASON.at(given.where, f"The suppression of {given.rule} gives no reason.", hint))
    used: set[Suppression] = set()
    for one in found:
        covering = [each for each in by_code.get(one.code, ()) if each.covers(one) and rulebook.is_optional(one)]
        used.update(covering)
        if covering:
            suppressed.append(Suppressed(one, covering[0]))
        else:
            reported.append(one)
    for code, of_code in by_code.items():
        reported.extend(
            _unused(suppression)
            for suppression in of_code
            if suppression not in used and suppression.judged and ran(code)
        )
    return tuple(reported), tuple(suppressed)


def _unused(suppression: Suppression) -> Diagnostic:
    where = "the lines that it means" if suppression.lines else f"'{suppression.path}'"
    message = f"This suppresses nothing: {suppression.rule} finds nothing in {where}."
    return UNUSED.at(suppression.where, message, "Remove it.", fix=suppression.fix, width=suppression.width)
