"""HUB002: a repository whose terms have to be accepted before it may be read."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.online import HubAnswer
from azureml_publish.lint.online_rules import ModelUse, OnlineCheck

RULE = Rule("HUB002", "hub-gated", Severity.WARNING, "The Hub hands the files out to those alone who accepted terms.")

_GRANTED = {"auto": "at once", "manual": "by its owners, one by one"}


def _check(use: ModelUse, answer: HubAnswer) -> Iterator[Diagnostic]:
    if answer.latest is None or not answer.latest.gated:
        return
    granted = _GRANTED.get(answer.latest.gated, "by its owners")
    yield RULE.at(
        use.where("source.huggingface"),
        f"{answer.latest.id} is gated: its terms have to be accepted, and access is granted {granted}. "
        "A registry hands the files on to readers who never saw those terms.",
        "Make sure that the terms allow that; to publish, set HF_TOKEN to a token of an account that accepted them.",
    )


CHECK = OnlineCheck(RULE, hub=_check)
