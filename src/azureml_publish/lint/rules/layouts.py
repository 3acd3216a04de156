"""Rules on metadata that is written twice, or in both layouts."""

from __future__ import annotations

from collections.abc import Mapping

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.documents import KeyPath, holds
from azureml_publish.layouts import LayoutConflict, load_mapping
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.subject import AssetSubject
from azureml_publish.lint.yaml_fixes import without_key

_REPORTED_ELSEWHERE = "sharedComputeCapacityEnabled"  # SPEC012


@rule("SPEC020", "dialect-conflict", Severity.ERROR, "One value is written in two places.")
def dialect_conflict(subject: AssetSubject) -> Findings:
    """Two places of one value that do not agree, or that both say it."""
    reported = set()
    for conflict in subject.conflicts:
        reported.add(conflict.path)
        if conflict.path != _REPORTED_ELSEWHERE or "system_metadata" in conflict.keys[-1]:
            yield _finding(subject, conflict)
    yield from _written_twice(subject, reported)


def _finding(subject: AssetSubject, conflict: LayoutConflict) -> Diagnostic:
    """The place that loses: the second of two keys, but the first where the system metadata wins."""
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
    """Values that stand in two places: today they agree, and the next change will be made in one of them."""
    spec = subject.read.asset.spec
    for path, rules in load_mapping().items():
        dotted = ".".join(path)
        if dotted in reported or dotted == _REPORTED_ELSEWHERE:
            continue
        places: list[KeyPath] = [("system_metadata", *path)] if holds(spec, ("system_metadata", *path)) else []
        places += [(rule.section, rule.key) for rule in rules if holds(spec, (rule.section, rule.key))]
        for spare in places[1:]:
            kept = ".".join(str(part) for part in places[0])
            yield dialect_conflict.at(
                subject.place(spare),
                f"`{'.'.join(str(part) for part in spare)}` says again what `{kept}` says.",
                "Keep one of the two, so that they cannot come to differ.",
                fix=without_key(subject.read.document, spare, safe=dotted != "languages"),
                severity=Severity.WARNING,
            )


@rule("SPEC033", "layouts-mixed", Severity.INFO, "Metadata is written in both layouts at once.")
def layouts_mixed(subject: AssetSubject) -> Findings:
    """Metadata in both layouts at once, which no reader of either layout sees whole."""
    spec = subject.read.asset.spec
    native = spec.get("system_metadata")
    if not isinstance(native, Mapping) or not native:
        return
    old = [
        (rule.section, rule.key)
        for rules in load_mapping().values()
        for rule in rules
        if isinstance(section := spec.get(rule.section), Mapping) and rule.key in section
    ]
    if old:
        few = ", ".join(".".join(place) for place in old[:3]) + (", …" if len(old) > 3 else "")
        yield layouts_mixed.at(
            subject.place(("system_metadata",)),
            f"{len(old)} key{'s' * (len(old) != 1)} of the old layout stand beside system_metadata: {few}.",
            "`publish migrate` writes all of it in one layout.",
        )
