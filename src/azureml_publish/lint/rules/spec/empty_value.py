"""SPEC013: a key of the system metadata that says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.documents import KeyPath
from azureml_publish.lint.rules.spec.removal import MANY, without_key
from azureml_publish.lint.subject import AssetSubject, Check

RULE = Rule("SPEC013", "empty-list-or-key", Severity.INFO, "A key of the metadata is empty.")


def _check(subject: AssetSubject) -> Iterator[Diagnostic]:
    spec = subject.read.asset.spec
    for section in ("properties", "tags"):
        if section in spec and not spec[section]:
            yield _finding(subject, (section,))
    if "system_metadata" in spec:
        empty = list(_empty(spec["system_metadata"], ("system_metadata",)))
        for key_path in empty:
            yield _finding(subject, key_path, mend=len(empty) <= MANY)


def _empty(value: Any, key_path: KeyPath) -> Iterator[KeyPath]:
    if isinstance(value, Mapping) and value:
        for key, child in value.items():
            yield from _empty(child, (*key_path, key))
    elif value is None or value in ("", [], {}):
        yield key_path


def _finding(subject: AssetSubject, key_path: KeyPath, *, mend: bool = True) -> Diagnostic:
    return RULE.at(
        subject.place(key_path),
        f"{key_path[-1]} is empty.",
        "Leave the key out, or give it a value.",
        fix=without_key(subject.read.document, key_path) if mend else None,
    )


CHECK = Check(RULE, asset=_check)
