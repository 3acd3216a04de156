"""LINK004: a link into a private network, which is not followed."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import short
from azureml_publish.lint.online import LinkAnswer, LinkState
from azureml_publish.lint.online_rules import LinkUse, OnlineCheck

RULE = Rule("LINK004", "link-private", Severity.INFO, "A link goes into a private network, and was not followed.")


def _check(use: LinkUse, answer: LinkAnswer) -> Iterator[Diagnostic]:
    if answer.state is LinkState.PRIVATE:
        yield RULE.at(
            use.location,
            f"The link to {short(use.written)} was not followed: it {answer.said}, in a private network.",
            "Link what all readers can open; PUBLISH_LINKS_ALLOW_PRIVATE names hosts that may be asked.",
            width=use.width,
        )


CHECK = OnlineCheck(RULE, link=_check)
