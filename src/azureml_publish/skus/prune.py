"""Removes retired sizes from presets and lists in the text of `publish.yaml` and `model.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from azureml_publish.assets import SCENARIOS
from azureml_publish.documents import Document, KeyPath, parse_yaml
from azureml_publish.documents.edits import remove_items, replace_value
from azureml_publish.project import Project
from azureml_publish.skus.catalogue import Catalogue, is_retired
from azureml_publish.skus.compute import Body, resolve_body
from azureml_publish.skus.derive import derive_min_spec
from azureml_publish.skus.lists import ListUse
from azureml_publish.spec import SkuQuery


@dataclass(frozen=True, slots=True)
class Pruned:
    """One list that loses sizes; `key_path` is the path to the list, for example `("presets", "gpu", "include")`."""

    use: ListUse
    key_path: KeyPath
    skus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One list that must not be pruned, and the reason."""

    use: ListUse
    key_path: KeyPath
    skus: tuple[str, ...]
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class Pruning:
    """The changes of pruning: the new text of each file, by its path in messages."""

    pruned: tuple[Pruned, ...]
    refused: tuple[Refusal, ...]
    texts: Mapping[str, str] = field(default_factory=dict)


def prune(project: Project, uses: Iterable[ListUse], catalogue: Catalogue, as_of: date) -> Pruning:
    """Remove the sizes that are retired by a given day from literal lists, and from `include` and `exclude` of queries.

    A list with retired sizes only stays unchanged, because nothing could run on an empty one. If an asserted min-SKU
    spec was true for a list before, it is changed to be true afterwards.
    """
    documents = {project.document.path: project.document} | {
        folder.document.path: folder.document for folder in project.models
    }
    originals = dict(documents)
    pruned: list[Pruned] = []
    refused: list[Refusal] = []
    for use in uses:
        for key_path, indexes, gone in _retired(use, catalogue, as_of):
            reason, hint = _forbidden(use, catalogue, as_of, gone)
            if not reason:
                try:
                    documents[use.path] = _parsed(remove_items(documents[use.path], key_path, indexes), use.path)
                except ValueError as error:
                    reason = str(error)
                    hint = "Write the list itself instead of an anchor where it is used, then prune again."
            if reason:
                refused.append(Refusal(use, key_path, gone, reason, hint))
            else:
                pruned.append(Pruned(use, key_path, gone))
    _reassert(project, pruned, catalogue, as_of, documents)
    changed = {path: found.text for path, found in documents.items() if found.text != originals[path].text}
    return Pruning(tuple(pruned), tuple(refused), changed)


def _retired(
    use: ListUse, catalogue: Catalogue, as_of: date
) -> Iterable[tuple[KeyPath, frozenset[int], tuple[str, ...]]]:
    """Each list of names in a body that has retired sizes: its keys, the items, the sizes."""
    if isinstance(use.body, SkuQuery):
        parts = [((*use.key_path, word), getattr(use.body, word)) for word in ("include", "exclude")]
    else:
        parts = [(use.key_path, use.body)]
    for key_path, listed in parts:
        indexes = [
            index
            for index, name in enumerate(listed)
            if (sku := catalogue.get(name)) is not None and is_retired(sku, as_of)
        ]
        if indexes:
            yield key_path, frozenset(indexes), tuple(listed[index] for index in indexes)


def _forbidden(use: ListUse, catalogue: Catalogue, as_of: date, gone: tuple[str, ...]) -> tuple[str, str]:
    """Why a list must stay unchanged, and what to do instead; empty if it may be pruned."""
    hint = "Name sizes that are offered, or write a query: `publish skus list`."
    if isinstance(use.body, SkuQuery):
        return ("", "") if resolve_body(catalogue, use.body, as_of).skus else ("the query selects nothing", hint)
    if len(gone) < len(use.body):
        return "", ""
    what = "its only size is" if len(gone) == 1 else f"all of its {len(gone)} sizes are"
    return f"{what} retired, and nothing can run on an empty list", hint


def _parsed(text: str, path: str) -> Document:
    document, _ = parse_yaml(text, path)
    if document is None:
        raise ValueError(f"{path} would not parse to the intended data")
    return document


def _reassert(
    project: Project, pruned: Iterable[Pruned], catalogue: Catalogue, as_of: date, documents: dict[str, Document]
) -> None:
    """Change asserted min-SKU specs together with their lists."""
    taken: dict[tuple[str, KeyPath], set[str]] = {}
    for one in pruned:
        taken.setdefault((one.use.path, one.use.key_path), set()).update(one.skus)
    for folder in project.models:
        asserted = folder.spec.min_sku
        for scenario in SCENARIOS if asserted is not None else ():
            written: str | None = getattr(asserted, scenario)
            body: str | Body | None = getattr(folder.spec.compute, scenario)
            place: tuple[str, KeyPath] = (folder.document.path, ("compute", scenario))
            if isinstance(body, str):
                place = (project.document.path, ("presets", body))
                body = project.config.presets.get(body)
            if written is None or body is None or place not in taken:
                continue
            skus = resolve_body(catalogue, body, as_of).skus
            before = derive_min_spec(skus).spec
            after = derive_min_spec(sku for sku in skus if sku.name not in taken[place]).spec
            if after is not None and str(before) == written != str(after):
                document = documents[folder.document.path]
                text = replace_value(document, ("min_sku", scenario), str(after))
                documents[folder.document.path] = _parsed(text, document.path)
