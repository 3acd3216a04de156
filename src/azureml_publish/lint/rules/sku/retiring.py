"""SKU011: a list that loses sizes within half a year."""

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
from azureml_publish.skus.retirement import is_retired, retiring_within

RULE = Rule("SKU011", "sku-retiring-soon", Severity.WARNING, "A list loses sizes to retirement within 180 days.")

DAYS = 180


def _look(subject: ProjectSubject, use: ListUse, document: Document) -> Iterator[Diagnostic]:
    skus = resolve_body(subject.catalogue, use.body, subject.as_of).skus
    going = retiring_within(skus, subject.as_of, DAYS)
    if use.literal:
        for sku in going:
            yield RULE.at(
                document.location_of(sku.name, below=use.key_path),
                f"{sku.name} of {use.name} retires on {sku.retirement}.",
                "`publish skus retiring` shows what its list becomes.",
            )
    elif going and all(sku in going or is_retired(sku, subject.as_of) for sku in skus):
        yield RULE.at(
            document.location(use.key_path),
            f"Nothing that {use.name} selects is left after {going[-1].retirement}.",
            "Name further families: `publish skus list` tries a query.",
        )


def _of_asset(subject: AssetSubject) -> Iterator[Diagnostic]:
    for one in written_lists(subject):
        going = retiring_within(one.skus, subject.described.as_of, DAYS)
        if going and not subject.described.archived:
            yield RULE.at(
                one.place(one.allowed_key),
                f"'{one.scenario}' loses {some([sku.name for sku in going])} by {going[-1].retirement}.",
                "Name sizes that stay: `publish skus list` finds some.",
            )


CHECK = replace(list_check(RULE, _look), asset=_of_asset)
