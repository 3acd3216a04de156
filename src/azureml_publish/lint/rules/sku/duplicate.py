"""SKU002: a size that stands twice in one list."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from azureml_publish.diagnostics import Diagnostic, Fix, Rule, Severity
from azureml_publish.documents.edits import edit_to, remove_items
from azureml_publish.lint.rules.sku.problems import sku_check
from azureml_publish.lint.rules.sku.written import WrittenList, some, written_lists
from azureml_publish.lint.subject import AssetSubject

RULE = Rule("SKU002", "sku-duplicate", Severity.ERROR, "A size stands twice in one list.")


def _of_asset(subject: AssetSubject) -> Iterator[Diagnostic]:
    """One finding a list, at the first size that stands there again; the mend takes away all that do."""
    for one in written_lists(subject):
        for key, names in ((one.allowed_key, one.allowed), (one.recommended_key, one.recommended)):
            if again := _again(names or ()):
                said = some(list(dict.fromkeys(again.values())))
                yield RULE.at(
                    one.place(key, next(iter(again))),
                    f"The list of '{one.scenario}' names again {said}.",
                    "Keep one of each.",
                    fix=_fix(one, key, again),
                )


def _again(names: Sequence[str]) -> dict[int, str]:
    """The names that stood before, by their place in the list."""
    first: dict[str, int] = {}
    return {index: name for index, name in enumerate(names) if first.setdefault(name, index) != index}


def _fix(one: WrittenList, key: str, indexes: Collection[int]) -> Fix | None:
    document = one.subject.read.document
    try:
        return Fix((edit_to(document, remove_items(document, one.key_path(key), indexes)),))
    except (KeyError, ValueError):
        return None


CHECK = replace(sku_check(RULE, "duplicate"), asset=_of_asset)
