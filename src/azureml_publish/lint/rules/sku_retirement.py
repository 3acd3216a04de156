"""Rules on sizes that are retired, or will be soon."""

from __future__ import annotations

from azureml_publish.diagnostics import Severity
from azureml_publish.documents import Document
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.subject import AssetSubject, ModelSubject, ProjectSubject
from azureml_publish.lint.written_skus import allow_lists, project_of, some, written_lists
from azureml_publish.skus.catalogue import is_retired, retiring_within
from azureml_publish.skus.compute import resolve_body
from azureml_publish.skus.lists import ListUse


@rule("SKU010", "sku-retired", Severity.ERROR, "A list names retired sizes; an error where it names only those.")
def sku_retired(subject: ModelSubject | ProjectSubject) -> Findings:
    """A literal list with retired sizes. A query leaves them out by itself."""
    for use, document in allow_lists(subject):
        yield from _retired_sizes(project_of(subject), use, document)


def _retired_sizes(project: ProjectSubject, use: ListUse, document: Document) -> Findings:
    if not use.literal:
        return
    skus = resolve_body(project.catalogue, use.body, project.as_of).skus
    retired = [sku for sku in skus if is_retired(sku, project.as_of)]
    if retired and len(retired) == len(skus):
        last = max(filter(None, (sku.retirement for sku in retired)))
        message = f"Every size of {use.name} is retired; the last went on {last}."
        hint = "Name sizes that are offered, or write a query: `publish skus list` tries one."
        yield sku_retired.at(document.location(use.key_path), message, hint)
        return
    if retired:
        one = len(retired) == 1
        since = f" since {retired[0].retirement}" if one else f": {some([sku.name for sku in retired])}"
        yield sku_retired.at(
            document.location_of(retired[0].name, below=use.key_path),
            f"{retired[0].name} of {use.name} is retired{since}."
            if one
            else f"{len(retired)} of {len(skus)} sizes of {use.name} are retired{since}.",
            f"`publish skus prune` takes {'it' if one else 'them'} out and shows the difference first.",
            severity=Severity.WARNING,
        )


@sku_retired.also
def _retired_of_asset(subject: AssetSubject) -> Findings:
    """One finding for each list: those of asset folders are long, and are fixed as a whole."""
    for one in written_lists(subject):
        names = [sku.name for sku in one.skus if is_retired(sku, subject.described.as_of)]
        if not names or subject.described.archived:
            continue
        every = len(names) == len(one.allowed or ())
        what = "Every size" if every else f"{len(names)} of {len(one.allowed or ())} sizes"
        yield sku_retired.at(
            one.place(one.allowed_key),
            f"{what} of '{one.scenario}' {'are' if len(names) > 1 and not every else 'is'} retired: {some(names)}.",
            "Name sizes that are offered: `publish skus list` finds some.",
            severity=None if every else Severity.WARNING,
        )


_DAYS = 180


@rule("SKU011", "sku-retiring-soon", Severity.WARNING, "A list loses sizes to retirement within 180 days.")
def sku_retiring_soon(subject: ModelSubject | ProjectSubject) -> Findings:
    """A list that loses sizes within half a year."""
    for use, document in allow_lists(subject):
        yield from _retiring_sizes(project_of(subject), use, document)


def _retiring_sizes(project: ProjectSubject, use: ListUse, document: Document) -> Findings:
    skus = resolve_body(project.catalogue, use.body, project.as_of).skus
    going = retiring_within(skus, project.as_of, _DAYS)
    if use.literal:
        for sku in going:
            message = f"{sku.name} of {use.name} retires on {sku.retirement}."
            hint = "`publish skus retiring` shows what its list becomes."
            yield sku_retiring_soon.at(document.location_of(sku.name, below=use.key_path), message, hint)
    elif going and all(sku in going or is_retired(sku, project.as_of) for sku in skus):
        message = f"Nothing that {use.name} selects is left after {going[-1].retirement}."
        hint = "Name further families: `publish skus list` tries a query."
        yield sku_retiring_soon.at(document.location(use.key_path), message, hint)


@sku_retiring_soon.also
def _retiring_of_asset(subject: AssetSubject) -> Findings:
    for one in written_lists(subject):
        going = retiring_within(one.skus, subject.described.as_of, _DAYS)
        if going and not subject.described.archived:
            message = f"'{one.scenario}' loses {some([sku.name for sku in going])} by {going[-1].retirement}."
            hint = "Name sizes that stay: `publish skus list` finds some."
            yield sku_retiring_soon.at(one.place(one.allowed_key), message, hint)
