"""What the rules on types share: values of the system metadata that are text and should not be, with their mend."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from azureml_publish.diagnostics import Diagnostic, Fix, Rule
from azureml_publish.documents import Document, KeyPath
from azureml_publish.documents.edits import edit_to, replace_value
from azureml_publish.layouts import Coercion, load_rules
from azureml_publish.lint.rules.spec.removal import MANY
from azureml_publish.lint.subject import AssetSubject, Check

BOOLEANS: frozenset[Coercion] = frozenset({"presence", "truth", "bool-string", "inverted-bool"})
NUMBERS: frozenset[Coercion] = frozenset({"int", "counts"})


def text_check(rule: Rule, kinds: frozenset[Coercion], read: Callable[[str], int | None], what: str) -> Check:
    """A check for text where the system metadata wants a native value; `read` knows it, `what` is its noun."""

    def check(subject: AssetSubject) -> Iterator[Diagnostic]:
        written = list(texts(subject, kinds))
        for key_path, text in written:
            value = read(text)
            if value is not None:
                yield rule.at(
                    subject.place(key_path),
                    f"{key_path[-1]} is the text '{text}', not {what}.",
                    f"Write {key_path[-1]}: {str(value).lower()}, without quotes.",
                    fix=replaced(subject, key_path, value) if len(written) <= MANY else None,
                )

    return Check(rule, asset=check)


def texts(subject: AssetSubject, kinds: frozenset[Coercion]) -> Iterator[tuple[KeyPath, str]]:
    """Values that are text where a mapping rule of one of these kinds has a native type; key paths of the file."""
    metadata = subject.read.asset.spec.get("system_metadata")
    for path, rules in load_rules().items():
        if not any(rule.coercion in kinds for rule in rules):
            continue
        value: Any = metadata
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, Mapping):
            yield from ((("system_metadata", *path, key), text) for key, text in value.items() if isinstance(text, str))
        elif isinstance(value, str):
            yield ("system_metadata", *path), value


def replaced(subject: AssetSubject, key_path: KeyPath, value: bool | int | str) -> Fix | None:  # noqa: FBT001 - a value
    """The mend that writes another value; None where that cannot be done without touching more."""
    return replaced_by(subject.read.document, key_path, value)


def replaced_by(document: Document, key_path: KeyPath, value: int | str, *, safe: bool = True) -> Fix | None:
    """The mend that writes another value into a document; None where that cannot be done without touching more."""
    try:
        return Fix((edit_to(document, replace_value(document, key_path, value)),), safe)
    except (KeyError, ValueError):
        return None


def truth(text: str) -> bool | None:
    """A truth value that is written as text."""
    return {"true": True, "false": False}.get(text.strip().lower())


def number(text: str) -> int | None:
    """A whole number that is written as text."""
    return int(text) if re.fullmatch(r"\s*-?[0-9]{1,18}\s*", text) else None
