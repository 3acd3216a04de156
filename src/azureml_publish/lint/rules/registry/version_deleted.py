"""REG002: the number of a version that was deleted, which a registry never takes again."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.online import RegistryAnswer
from azureml_publish.lint.online_rules import ModelUse, OnlineCheck

RULE = Rule("REG002", "version-deleted", Severity.ERROR, "The version was deleted; its number is never used again.")


def _check(use: ModelUse, answer: RegistryAnswer) -> Iterator[Diagnostic]:
    gone = not answer.registered and answer.version < answer.next_version
    if not gone or answer.version < (answer.latest or 0):
        return
    yield RULE.at(
        use.where("version"),
        f"Version {answer.version} was deleted from {answer.registry}; its number is never used again.",
        f"`publish bump {answer.name}`: the next free version is {answer.next_version}.",
    )


CHECK = OnlineCheck(RULE, registry=_check)
