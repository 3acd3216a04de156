"""SKU010: a literal list that names retired sizes. A query leaves them out by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.documents import Document
from azureml_publish.lint.rules.sku.lists import list_check
from azureml_publish.lint.rules.sku.written import some, written_lists
from azureml_publish.lint.subject import AssetSubject, ProjectSubject
from azureml_publish.skus.compute import resolve_body
from azureml_publish.skus.lists import ListUse
from azureml_publish.skus.retirement import is_retired

RULE = Rule("SKU010", "sku-retired", Severity.ERROR, "A list names retired sizes; an error where it names no other.")


def _look(subject: ProjectSubject, use: ListUse, document: Document) -> Iterator[Diagnostic]:
    if not use.literal:
        return
    skus = resolve_body(subject.catalogue, use.body, subject.as_of).skus
    retired = [sku for sku in skus if is_retired(sku, subject.as_of)]
    if retired and len(retired) == len(skus):
        last = max(filter(None, (sku.retirement for sku in retired)))
        yield RULE.at(
            document.location(use.key_path),
            f"Every size of {use.name} is retired; the last went on {last}.",
            "Name sizes that are offered, or write a query: `publish skus list` tries one.",
        )
        return
    for sku in retired:
        finding = RULE.at(
            document.location_of(sku.name, below=use.key_path),
            f"{sku.name} of {use.name} is retired since {sku.retirement}.",
            "`publish skus prune` takes it out and shows the difference first.",
        )
        yield replace(finding, severity=Severity.WARNING)


def _of_asset(subject: AssetSubject) -> Iterator[Diagnostic]:
    """One finding a list: lists of asset folders are long, and a published one is mended as a whole."""
    for one in written_lists(subject):
        names = [sku.name for sku in one.skus if is_retired(sku, subject.described.as_of)]
        if not names or subject.described.archived:
            continue
        every = len(names) == len(one.allowed or ())
        what = "Every size" if every else f"{len(names)} of {len(one.allowed or ())} sizes"
        finding = RULE.at(
            one.place(one.allowed_key),
            f"{what} of '{one.scenario}' {'are' if len(names) > 1 and not every else 'is'} retired: {some(names)}.",
            "Name sizes that are offered: `publish skus list` finds some.",
        )
        yield finding if every else replace(finding, severity=Severity.WARNING)


CHECK = replace(list_check(RULE, _look), asset=_of_asset)
