"""Rules on metadata that is written twice, or in both layouts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.documents import KeyPath, holds
from azureml_publish.layouts.convert import LayoutConflict
from azureml_publish.layouts.mapping import load_mapping
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.subject import AssetSubject
from azureml_publish.lint.yaml_fixes import without_key
from azureml_publish.spec.tasks import TASK_TAG, UNNAMED

_REPORTED_ELSEWHERE = "sharedComputeCapacityEnabled"  # SPEC012 reports it


@rule("SPEC020", "dialect-conflict", Severity.ERROR, "One value is written in two places.")
def dialect_conflict(subject: AssetSubject) -> Findings:
    """Two places for one value, whether they agree or not."""
    reported = set()
    for conflict in subject.conflicts:
        reported.add(conflict.path)
        if conflict.path != _REPORTED_ELSEWHERE or "system_metadata" in conflict.keys[-1]:
            yield _finding(subject, conflict)
    yield from _written_twice(subject, reported)


def _finding(subject: AssetSubject, conflict: LayoutConflict) -> Diagnostic:
    """The finding at the place that loses: the second of two keys, or the first where system metadata wins."""
    losing = conflict.keys[0] if "system_metadata" in conflict.keys[-1] else conflict.keys[-1]
    key_path: KeyPath = tuple(losing.split(".", 1))
    message = f"{conflict.message[:1].upper()}{conflict.message[1:]}".rstrip(".") + "."
    hint = conflict.hint
    if conflict.kind == "unreadable":
        return dialect_conflict.at(subject.place(key_path), message, hint)
    fix = without_key(subject.read.document, key_path, safe=False)
    severity = None if conflict.kind == "contradiction" else Severity.WARNING
    return dialect_conflict.at(subject.place(key_path), message, hint, fix=fix, severity=severity)


def _written_twice(subject: AssetSubject, reported: set[str]) -> Findings:
    """Values written as tag and as property. SPEC033 reports those beside system metadata, once a folder."""
    spec = subject.read.asset.spec
    for path, rules in load_mapping().items():
        dotted = ".".join(path)
        if len(rules) == 1 or dotted in reported or dotted == _REPORTED_ELSEWHERE:
            continue
        if holds(spec, ("system_metadata", *path)):
            continue
        places = [(rule.section, rule.key) for rule in rules if holds(spec, (rule.section, rule.key))]
        for spare in places[1:]:
            here, there = (str(spec[section][key]) for section, key in (spare, places[0]))
            differ = _plain(here) != _plain(there)
            kept, again = ".".join(places[0]), ".".join(spare)
            yield dialect_conflict.at(
                subject.place(spare),
                f"`{again}` is '{short(here)}', and `{kept}` is '{short(there)}'."
                if differ
                else f"`{again}` says again what `{kept}` says.",
                "Keep the right one of the two." if differ else "Keep one of the two, so that they cannot differ.",
                fix=without_key(subject.read.document, spare, safe=dotted != "languages"),
                severity=Severity.WARNING if differ else Severity.INFO,
            )


def _plain(value: str) -> list[str]:
    """The entries of a list written as text, regardless of order and case."""
    return sorted(re.findall(r"[a-z0-9-]+", value.lower()))


@rule("SPEC033", "layouts-mixed", Severity.INFO, "Metadata is written in both layouts at once.")
def layouts_mixed(subject: AssetSubject) -> Findings:
    """Metadata in both layouts at once, which no reader of either layout sees completely."""
    spec = subject.read.asset.spec
    native = spec.get("system_metadata")
    if not isinstance(native, Mapping) or not native:
        return
    old = [
        (rule.section, rule.key)
        for rules in load_mapping().values()
        for rule in rules
        if isinstance(section := spec.get(rule.section), Mapping) and rule.key in section
        if (rule.section, rule.key) != ("tags", TASK_TAG) or section[rule.key] not in UNNAMED
    ]
    if old:
        few = ", ".join(".".join(place) for place in old[:3]) + (", …" if len(old) > 3 else "")
        count = "1 key of the old layout is" if len(old) == 1 else f"{len(old)} keys of the old layout are"
        message = f"{count} beside system_metadata: {few}."
        hint = "`publish migrate` writes all of it in one layout."
        yield layouts_mixed.at(subject.place(("system_metadata",)), message, hint)
