"""HUB006: a repository that is not there, or that whoever asks may not see."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.online import HubAnswer
from azureml_publish.lint.online_rules import ModelUse, OnlineCheck

RULE = Rule("HUB006", "hub-repository-missing", Severity.WARNING, "The Hub has, or shows, no such repository.")


def _check(use: ModelUse, answer: HubAnswer) -> Iterator[Diagnostic]:
    if answer.latest is not None:
        return
    yield RULE.at(
        use.where("source.huggingface"),
        f"The Hub has no repository {answer.asked}, or "
        + ("does not show it to whose token this is." if answer.token else "shows it only to those with a token."),
        "Write organisation/name as the Hub has it"
        + ("." if answer.token else "; for a private repository set HF_TOKEN."),
    )


CHECK = OnlineCheck(RULE, hub=_check)
