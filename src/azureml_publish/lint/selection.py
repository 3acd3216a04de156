"""Rules by code, name or the beginning of a code, and the findings that they select."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.errors import UsageProblem


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Every rule there is, and which of them can be selected and suppressed.

    Attributes:
        rules: all rules.
        optional: codes of the rules that look at what was read and rendered. The others report that something could not
            be read or rendered at all, so that no other rule saw it: they are always reported.
        selectable: further codes that --select and --ignore mean: findings on what a model is can be left out of a
            report, and yet not be accepted.
        reading: codes whose errors report the same, though a rule of that code looks at what was read as well.
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
        """Whether a finding can be left out of a report."""
        return self.is_optional(found) or (found.code in self.selectable and found.code not in self.reading)

    def named(self, written: str) -> Rule | None:
        """The rule with a code or name, in any case; None where there is none."""
        same = written.casefold()
        return next((rule for rule in self.rules if same in (rule.code.casefold(), rule.name.casefold())), None)

    def close_to(self, written: str) -> str:
        """What may have been meant, as a sentence."""
        words = [word for rule in self.rules for word in (rule.code.rstrip("0123456789"), rule.code, rule.name)]
        known, looked_for = {word.casefold(): word for word in words}, written.casefold()
        longer = [word for word in known if looked_for and word.startswith(looked_for)]
        close = [known[word] for word in longer[:2] or difflib.get_close_matches(looked_for, known, n=2)]
        return f"Did you mean {' or '.join(close)}?" if close else "`publish rule` lists every code and name."

    def matching(self, selectors: Iterable[str]) -> frozenset[str]:
        """The codes that any selector means: a code, its beginning (`SKU`, `SKU01`), a name, or `ALL`, in any case.

        Raises:
            UsageProblem: a selector means no rule.
        """
        codes: set[str] = set()
        for selector in selectors:
            meant = self.selects(selector)
            if not meant:
                raise UsageProblem(f"No rule is called '{selector}'.", hint=self.close_to(selector))
            codes |= meant
        return frozenset(codes)

    def selects(self, selector: str) -> frozenset[str]:
        """The codes that one selector means; none where it means no rule."""
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
    """The findings of the selected rules, and those that say why a rule could not be applied.

    Raises:
        UsageProblem: a selector means no rule.
    """
    wanted = (rulebook.matching(select) or rulebook.matching(["ALL"])) - rulebook.matching(ignore)
    return tuple(one for one in found if one.code in wanted or not rulebook.is_selectable(one))


def one_for_each_fact(found: Iterable[Diagnostic], codes: Collection[str]) -> tuple[Diagnostic, ...]:
    """The findings, of which those of some rules that say the same of many places become one at the first of them."""
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
