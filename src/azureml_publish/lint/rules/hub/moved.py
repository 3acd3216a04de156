"""HUB005: a repository that has another name by now."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.online import HubAnswer
from azureml_publish.lint.online_rules import ModelUse, OnlineCheck

RULE = Rule("HUB005", "hub-repository-moved", Severity.WARNING, "The repository has another name by now.")


def _check(use: ModelUse, answer: HubAnswer) -> Iterator[Diagnostic]:
    if answer.latest is None or answer.latest.id == answer.asked:
        return
    yield RULE.at(
        use.where("source.huggingface"),
        f"{answer.asked} is called {answer.latest.id} by now; the old name works until somebody else takes it.",
        f"Write {answer.latest.id} with the next version: a source belongs to a version's content.",
    )


CHECK = OnlineCheck(RULE, hub=_check)
