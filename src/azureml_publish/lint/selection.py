"""Selects rules by code, name or the beginning of a code, and the findings of the selected rules."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.errors import UsageProblem


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rules, and which of them can be selected and suppressed.

    Attributes:
        rules: all rules.
        optional: codes whose findings can be left out, suppressed and accepted. Other rules report that something could
            not be read or rendered, so that no rule could check it.
        selectable: codes that --select and --ignore can leave out of a report, but that cannot be suppressed or
            accepted: findings on a model's identity.
        reading: codes in `optional` whose errors come from reading, and so cannot be left out either.
    """

    rules: tuple[Rule, ...]
    optional: frozenset[str]
    selectable: frozenset[str] = frozenset()
    reading: frozenset[str] = frozenset()

    def is_optional(self, found: Diagnostic) -> bool:
        """Whether a finding can be left out, suppressed and accepted."""
        unread = found.code in self.reading and found.severity is Severity.ERROR
        return found.code in self.optional and not unread

    def is_selectable(self, found: Diagnostic) -> bool:
        """Whether a finding can be left out of a report by --select and --ignore."""
        return self.is_optional(found) or (found.code in self.selectable and found.code not in self.reading)

    def named(self, written: str) -> Rule | None:
        """The rule with a code or name, in any case; None where there is none."""
        same = written.casefold()
        return next((rule for rule in self.rules if same in (rule.code.casefold(), rule.name.casefold())), None)

    def close_to(self, written: str) -> str:
        """A sentence that suggests what may have been meant."""
        words = [word for rule in self.rules for word in (rule.code.rstrip("0123456789"), rule.code, rule.name)]
        known, looked_for = {word.casefold(): word for word in words}, written.casefold()
        longer = [word for word in known if looked_for and word.startswith(looked_for)]
        close = [known[word] for word in longer[:2] or difflib.get_close_matches(looked_for, known, n=2)]
        return f"Did you mean {' or '.join(close)}?" if close else "`publish rule` lists every code and name."

    def matching(self, selectors: Iterable[str]) -> frozenset[str]:
        """The codes that any of the selectors selects: a code, its beginning (`SKU`, `SKU01`), a name, or `ALL`.

        Raises:
            UsageProblem: a selector matches no rule.
        """
        codes: set[str] = set()
        for selector in selectors:
            meant = self.selects(selector)
            if not meant:
                raise UsageProblem(f"No rule is called '{selector}'.", hint=self.close_to(selector))
            codes |= meant
        return frozenset(codes)

    def selects(self, selector: str) -> frozenset[str]:
        """The codes that one selector selects; none where it matches no rule."""
        written = selector.upper()
        prefix = re.fullmatch(r"[A-Z]+[0-9]*", written)
        return frozenset(
            rule.code
            for rule in self.rules
            if written in ("ALL", rule.name.upper()) or (prefix and rule.code.startswith(written))
        )


def selected(
    found: Iterable[Diagnostic], rulebook: Rulebook, select: Iterable[str], ignore: Iterable[str]
) -> tuple[Diagnostic, ...]:
    """The findings of the selected rules, and those that say why a rule could not run.

    Raises:
        UsageProblem: a selector matches no rule.
    """
    wanted = (rulebook.matching(select) or rulebook.matching(["ALL"])) - rulebook.matching(ignore)
    return tuple(one for one in found if one.code in wanted or not rulebook.is_selectable(one))


def one_for_each_fact(found: Iterable[Diagnostic], codes: Collection[str]) -> tuple[Diagnostic, ...]:
    """The findings, in which equal ones with these codes become one, at the first place, that lists the others."""
    firsts: dict[tuple[str, Severity, str, str] | int, Diagnostic] = {}
    places: dict[tuple[str, Severity, str, str], list[Location]] = {}
    for number, one in enumerate(found):
        if one.code not in codes or one.fix is not None:
            firsts[number] = one
            continue
        key = (one.code, one.severity, one.message, one.hint)
        if firsts.setdefault(key, one) is not one:
            places.setdefault(key, []).append(one.location)
    for key, others in places.items():
        firsts[key] = replace(firsts[key], also=tuple(others))
    return tuple(firsts.values())
