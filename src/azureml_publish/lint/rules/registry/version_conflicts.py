"""REG001: a version that is registered with what cannot change any more."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.online import RegistryAnswer
from azureml_publish.lint.online_rules import ModelUse, OnlineCheck

RULE = Rule("REG001", "version-conflicts", Severity.ERROR, "The version is registered with other content.")


def _check(use: ModelUse, answer: RegistryAnswer) -> Iterator[Diagnostic]:
    if not answer.registered or not answer.blocked:
        return
    yield RULE.at(
        use.where("version"),
        f"Version {answer.version} is in {answer.registry} already, and what differs cannot change there: "
        f"{', '.join(answer.blocked)}.",
        f"`publish bump {answer.name}`: the next free version is {answer.next_version}. "
        f"`publish plan -r {answer.registry}` shows both sides.",
    )


CHECK = OnlineCheck(RULE, registry=_check)
