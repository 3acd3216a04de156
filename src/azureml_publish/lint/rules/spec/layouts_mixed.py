"""SPEC033: metadata in both layouts at once, which no reader of either layout sees whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.layouts import load_rules
from azureml_publish.lint.subject import AssetSubject, Check

RULE = Rule("SPEC033", "layouts-mixed", Severity.INFO, "Metadata is written in both layouts at once.")


def _check(subject: AssetSubject) -> Iterator[Diagnostic]:
    spec = subject.read.asset.spec
    native = spec.get("system_metadata")
    if not isinstance(native, Mapping) or not native:
        return
    old = [
        (rule.section, rule.key)
        for rules in load_rules().values()
        for rule in rules
        if isinstance(section := spec.get(rule.section), Mapping) and rule.key in section
    ]
    if old:
        few = ", ".join(".".join(place) for place in old[:3]) + (", …" if len(old) > 3 else "")
        yield RULE.at(
            subject.place(("system_metadata",)),
            f"{len(old)} key{'s' * (len(old) != 1)} of the old layout stand beside system_metadata: {few}.",
            "`publish migrate` writes all of it in one layout.",
        )


CHECK = Check(RULE, asset=_check)
