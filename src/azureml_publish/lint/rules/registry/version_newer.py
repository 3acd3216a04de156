"""REG004: a registry whose latest version is later than the one that the folder describes."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.online import RegistryAnswer
from azureml_publish.lint.online_rules import ModelUse, OnlineCheck

RULE = Rule("REG004", "newer-version-registered", Severity.INFO, "The registry has a later version than the folder.")


def _check(use: ModelUse, answer: RegistryAnswer) -> Iterator[Diagnostic]:
    if not answer.registered or answer.latest is None or answer.latest <= answer.version:
        return
    yield RULE.at(
        use.where("version"),
        f"{answer.registry} has version {answer.latest} already; this folder describes {answer.version}.",
        f"`publish show {answer.name} -r {answer.registry}` shows the later one; somebody registered it elsewhere.",
    )


CHECK = OnlineCheck(RULE, registry=_check)
