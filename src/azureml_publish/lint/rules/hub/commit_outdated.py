"""HUB004: the repository has other files by now than at the commit that is pinned."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.online import HubAnswer
from azureml_publish.lint.online_rules import ModelUse, OnlineCheck

RULE = Rule("HUB004", "hub-commit-not-latest", Severity.INFO, "The repository has other files at its latest commit.")

_NAMED = 3


def _check(use: ModelUse, answer: HubAnswer) -> Iterator[Diagnostic]:
    if answer.latest is None or answer.pinned is None or not answer.changed:
        return
    more = len(answer.changed) - _NAMED
    named = ", ".join(answer.changed[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    yield RULE.at(
        use.where("source.revision"),
        f"{answer.latest.id} has a later commit with other files: {named}.",
        f"For a new version, write {answer.latest.revision} and run `publish bump`; nothing is wrong with this one.",
    )


CHECK = OnlineCheck(RULE, hub=_check)
