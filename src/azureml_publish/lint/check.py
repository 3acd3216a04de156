"""What a rule is: a code with its name, severity and summary, and the functions that look for it.

    @rule("CARD050", "card-too-large", Severity.INFO, "The card is larger than almost every published one.")
    def card_too_large(model: Described) -> Findings:
        if len(model.card.text) > LARGE:
            yield card_too_large.at(model.card.place(1, 1), "The card is too long.", "Move tables to a page.")

The annotation of the parameter says what the function looks at; `SUBJECTS` lists what there is. A rule that looks at
something else as well has a second function, decorated with `@card_too_large.also`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import TypeAlias

from azureml_publish.diagnostics import Diagnostic, Fix, Location, Rule, Severity
from azureml_publish.lint.markdown.cards import Passage
from azureml_publish.lint.subject import Described, Fact

Findings: TypeAlias = Iterator[Diagnostic]
Look: TypeAlias = Callable[..., Findings]
FactLook: TypeAlias = Callable[[Described], Iterator[Fact]]

COMPARES = "Sequence[Fact]"

SUBJECTS = (
    "ProjectSubject",
    "ModelSubject",
    "AssetSubject",
    "Described",
    COMPARES,
    "LinkUse, LinkAnswer",
    "ModelUse, HubAnswer",
    "ModelUse, RegistryAnswer",
)
"""What a rule's function may look at, named by its annotations: the project; a model folder; an asset folder; a model,
as either kind of folder describes it; all models, by the facts that `keeps` returned for each; and with `--online` a
link, a Hub repository or a registered version, together with the answer."""


ONLINE_SUBJECTS = frozenset(SUBJECTS[5:])
"""Those that include an answer from the network."""


class Check:
    """A rule with its functions, in `looks` by what they look at; `at` makes a finding.

    `pages`: the rule also checks each page beside the card, as if it were the card.
    """

    def __init__(self, rule: Rule, *, pages: bool = False) -> None:
        self.rule = rule
        self.pages = pages
        self.looks: dict[str, Look] = {}
        self.facts: FactLook | None = None

    def at(
        self,
        where: Location,
        message: str,
        hint: str,
        *,
        fix: Fix | None = None,
        width: int = 0,
        severity: Severity | None = None,
    ) -> Diagnostic:
        """A finding of this rule. It underlines the `Passage` that `where` is, else `width` characters.

        `severity` replaces the rule's own.
        """
        if isinstance(where, Passage):
            width = where.width
            where = Location(where.path, where.line, where.column)
        return self.rule.at(where, message, hint, fix=fix, width=width, severity=severity)

    def also(self, look: Look) -> Look:
        """Decorator: a further function of this rule. An annotation `A | B` makes it look at either.

        Raises:
            TypeError: the annotations name nothing in `SUBJECTS`, or something that the rule already looks at.
        """
        annotations = inspect.get_annotations(look)
        annotations.pop("return", None)
        written = ", ".join(one if isinstance(one, str) else one.__name__ for one in annotations.values())
        for subject in written.split(" | "):
            if subject not in SUBJECTS or subject in self.looks:
                raise TypeError(f"{look.__name__} of {self.rule.code} cannot look at '{subject}'")
            self.looks[subject] = look
        return look

    def keeps(self, facts: FactLook) -> FactLook:
        """Decorator: the function that returns the facts of a model which the rule compares across models."""
        self.facts = facts
        return facts


def rule(code: str, name: str, severity: Severity, summary: str, *, pages: bool = False) -> Callable[[Look], Check]:
    """Decorator: makes a rule from a function that yields its findings. A code is never reused."""
    return finds(Rule(code, name, severity, summary), pages=pages)


def finds(rule: Rule, *, pages: bool = False) -> Callable[[Look], Check]:
    """Decorator: makes the function a check for a rule that reading or rendering defines."""

    def decorate(look: Look) -> Check:
        check = Check(rule, pages=pages)
        check.also(look)
        return check

    return decorate
