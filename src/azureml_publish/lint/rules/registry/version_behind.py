"""REG003: a version that is not registered, while a later one is."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.online import RegistryAnswer
from azureml_publish.lint.online_rules import ModelUse, OnlineCheck

RULE = Rule("REG003", "version-behind", Severity.ERROR, "A later version is registered, and this one is not.")


def _check(use: ModelUse, answer: RegistryAnswer) -> Iterator[Diagnostic]:
    if answer.registered or answer.latest is None or answer.version > answer.latest:
        return
    yield RULE.at(
        use.where("version"),
        f"Version {answer.version} is not in {answer.registry}, while {answer.latest} is: versions only go up.",
        f"`publish bump {answer.name}`: the next free version is {answer.next_version}.",
    )


CHECK = OnlineCheck(RULE, registry=_check)
