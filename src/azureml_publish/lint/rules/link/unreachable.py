"""LINK003: a link of which nothing can be said: no answer, a fault of the server, or a page not for programs."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import short
from azureml_publish.lint.online import LinkAnswer, LinkState
from azureml_publish.lint.online_rules import LinkUse, OnlineCheck

RULE = Rule("LINK003", "link-unreachable", Severity.INFO, "Whether a link works could not be seen.")


def _check(use: LinkUse, answer: LinkAnswer) -> Iterator[Diagnostic]:
    if answer.state is LinkState.UNREACHABLE:
        yield RULE.at(
            use.location,
            f"Whether the link to {short(use.written)} works could not be seen: it {answer.said}.",
            "Open it in a browser, or run again later.",
            width=use.width,
        )


CHECK = OnlineCheck(RULE, link=_check)
