"""SKU002: a size that stands twice in one list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from azureml_publish.checks.sku.problems import sku_check
from azureml_publish.checks.sku.written import WrittenList, written_lists
from azureml_publish.checks.subject import AssetSubject
from azureml_publish.diagnostics import Diagnostic, Fix, Rule, Severity
from azureml_publish.documents import edit_to, remove_items

RULE = Rule("SKU002", "sku-duplicate", Severity.ERROR, "A size stands twice in one list.")


def _of_asset(subject: AssetSubject) -> Iterator[Diagnostic]:
    for one in written_lists(subject):
        for key, names in ((one.allowed_key, one.allowed), (one.recommended_key, one.recommended)):
            again = [index for index, name in enumerate(names or ()) if name in (names or ())[:index]]
            for index in again:
                name = (names or ())[index]
                message = f"{name} stands twice in the list of '{one.scenario}'."
                yield RULE.at(one.place(key, index), message, "Keep one of the two.", fix=_fix(one, key, index))


def _fix(one: WrittenList, key: str, index: int) -> Fix | None:
    document = one.subject.read.document
    try:
        return Fix((edit_to(document, remove_items(document, one.key_path(key), {index})),))
    except (KeyError, ValueError):
        return None


CHECK = replace(sku_check(RULE, "duplicate"), asset=_of_asset)
