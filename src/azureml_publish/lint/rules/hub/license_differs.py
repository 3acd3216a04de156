"""HUB001: a licence in the spec that is not the repository's."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.online import HubAnswer
from azureml_publish.lint.online_rules import ModelUse, OnlineCheck

RULE = Rule("HUB001", "hub-license-differs", Severity.WARNING, "The spec has another licence than the Hub.")

_OF_ITS_OWN = ("other", "custom")
"""Words for a licence without an identifier; the spec may well know which one it is."""


def _check(use: ModelUse, answer: HubAnswer) -> Iterator[Diagnostic]:
    if answer.latest is None:
        return
    repository = answer.pinned or answer.latest
    theirs, ours = repository.license.strip().lower(), use.license.strip().lower()
    if not theirs or not ours or theirs in _OF_ITS_OWN or theirs == ours:
        return
    yield RULE.at(
        use.where("license"),
        f"The licence here is {use.license}, while {repository.id} has {repository.license} "
        f"{'at this commit' if answer.pinned else 'on the Hub'}.",
        f"Write {repository.license}, or silence this with the reason why it is another one.",
    )


CHECK = OnlineCheck(RULE, hub=_check)
