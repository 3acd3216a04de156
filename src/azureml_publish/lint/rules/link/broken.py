"""LINK001: a link to a page, or a host, that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import short
from azureml_publish.lint.online import LinkAnswer, LinkState
from azureml_publish.lint.online_rules import LinkUse, OnlineCheck

RULE = Rule("LINK001", "link-broken", Severity.WARNING, "A link goes to a page that does not exist.")


def _check(use: LinkUse, answer: LinkAnswer) -> Iterator[Diagnostic]:
    if answer.state is LinkState.BROKEN:
        yield RULE.at(
            use.location,
            f"The link to {short(use.written)} is broken: it {answer.said}.",
            "Link where the page is now, or take the link out.",
            width=use.width,
        )


CHECK = OnlineCheck(RULE, link=_check)
