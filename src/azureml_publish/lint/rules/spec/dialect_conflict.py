"""SPEC020: two places of one value that do not agree, or that both say it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.documents import KeyPath, holds
from azureml_publish.layouts import LayoutConflict, load_rules
from azureml_publish.lint.rules.spec.removal import without_key
from azureml_publish.lint.subject import AssetSubject, Check

RULE = Rule("SPEC020", "dialect-conflict", Severity.ERROR, "One value is written in two places.")

_TOLD_ELSEWHERE = "sharedComputeCapacityEnabled"  # SPEC012


def _check(subject: AssetSubject) -> Iterator[Diagnostic]:
    told = set()
    for conflict in subject.conflicts:
        told.add(conflict.path)
        if conflict.path != _TOLD_ELSEWHERE or "system_metadata" in conflict.keys[-1]:
            yield _finding(subject, conflict)
    yield from _said_twice(subject, told)


def _finding(subject: AssetSubject, conflict: LayoutConflict) -> Diagnostic:
    """The place that loses: the second of two keys, but the first where the system metadata wins."""
    losing = conflict.keys[0] if "system_metadata" in conflict.keys[-1] else conflict.keys[-1]
    key_path: KeyPath = tuple(losing.split(".", 1))
    message = f"{conflict.message[:1].upper()}{conflict.message[1:]}".rstrip(".") + "."
    hint = conflict.hint
    if conflict.kind == "unreadable":
        return RULE.at(subject.place(key_path), message, hint)
    fix = without_key(subject.read.document, key_path, safe=False)
    finding = RULE.at(subject.place(key_path), message, hint, fix=fix)
    return finding if conflict.kind == "contradiction" else replace(finding, severity=Severity.WARNING)


def _said_twice(subject: AssetSubject, told: set[str]) -> Iterator[Diagnostic]:
    """Values that stand in two places: today they agree, and the next change will be made in one of them."""
    spec = subject.read.asset.spec
    for path, rules in load_rules().items():
        dotted = ".".join(path)
        if dotted in told or dotted == _TOLD_ELSEWHERE:
            continue
        places: list[KeyPath] = [("system_metadata", *path)] if holds(spec, ("system_metadata", *path)) else []
        places += [(rule.section, rule.key) for rule in rules if holds(spec, (rule.section, rule.key))]
        for spare in places[1:]:
            kept = ".".join(str(part) for part in places[0])
            finding = RULE.at(
                subject.place(spare),
                f"`{'.'.join(str(part) for part in spare)}` says again what `{kept}` says.",
                "Keep one of the two, so that they cannot come to differ.",
                fix=without_key(subject.read.document, spare, safe=dotted != "languages"),
            )
            yield replace(finding, severity=Severity.WARNING)


CHECK = Check(RULE, asset=_check)
