"""HUB003: a commit that the repository does not have."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.online import HubAnswer
from azureml_publish.lint.online_rules import ModelUse, OnlineCheck

RULE = Rule("HUB003", "hub-commit-unknown", Severity.ERROR, "The revision is no commit of the repository.")


def _check(use: ModelUse, answer: HubAnswer) -> Iterator[Diagnostic]:
    if answer.latest is None or answer.pinned is not None:
        return
    yield RULE.at(
        use.where("source.revision"),
        f"{answer.latest.id} has no commit {answer.commit}.",
        f"Write a commit of this repository; the latest is {answer.latest.revision}.",
    )


CHECK = OnlineCheck(RULE, hub=_check)
