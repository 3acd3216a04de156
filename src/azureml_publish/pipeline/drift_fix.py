"""Brings what a registry holds into a model folder, and keeps only what then no longer differs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from azureml_publish.assets import LayoutName, RegistryState, Value
from azureml_publish.content.contents import describe_content
from azureml_publish.diagnostics import has_errors
from azureml_publish.documents import Document, found_at, parse_yaml
from azureml_publish.documents.edits import remove_items, remove_key, set_value
from azureml_publish.files import write_bytes, write_edited
from azureml_publish.lint.engine import ProjectSubject
from azureml_publish.pipeline.check import CheckedModel, render_folders
from azureml_publish.plan.actions import Desired
from azureml_publish.plan.diff import plan_model
from azureml_publish.plan.drift import ModelDrift, Side
from azureml_publish.plan.drift_fix import SpecChange, spec_changes
from azureml_publish.project import FINISHED_CARD, SPEC_FILE, ModelFolder
from azureml_publish.reporters.drift import Fixed
from azureml_publish.spec import ModelSpec
from azureml_publish.spec.reading import read_spec

_FOLLOWING = frozenset({"description"})


def fix_folder(
    project: ProjectSubject, model: CheckedModel, drift: ModelDrift, state: RegistryState, layout: LayoutName | None
) -> Fixed:
    """Write what the registry holds into one model folder, as far as keys of its spec say just that.

    Each edit is rendered and planned before it is kept: it must end differences that are drift, and make none, apart
    from a card that its template makes of the same values. What a folder says that was not applied yet is left alone.
    """
    wrong = tuple(field.field for field in drift.fields if field.counts)
    meant = {field.field for field in drift.fields if field.counts and field.side is not Side.BOTH}
    folder, rendered = model.folder, model.rendered
    if rendered is None or state.asset is None:
        return Fixed(left=wrong)
    found = spec_changes(folder.spec, rendered.asset, state.asset, finished=folder.finished)
    differing = {field.field for field in drift.fields}
    everything = SpecChange(
        tuple(edit for one in found for edit in one.edits), next((one.card for one in found if one.card), None)
    )
    # All at once first: mostly all of it is right, and a local source is read for each look.
    for attempt in (everything, *found):
        changed = _edited(folder, attempt)
        if changed is None:
            continue
        after = _differing(project, changed, state, layout)
        if after is None:
            continue
        ended, new = differing - after, after - differing
        if ended and ended <= meant and new <= _FOLLOWING:
            folder, differing = changed, after
    if folder is model.folder:
        return Fixed(left=wrong)
    files = tuple(_write(model.folder, folder))
    return Fixed(
        tuple(field for field in wrong if field not in differing),
        tuple(field for field in wrong if field in differing),
        files,
        follows="description" in differing and "description" not in wrong,
    )


def _edited(folder: ModelFolder, attempt: SpecChange) -> ModelFolder | None:
    """The folder with edits made; None where they cannot be, or the spec would not be valid."""
    document = folder.document
    for key_path, value in attempt.edits:
        try:
            text = _with(document, key_path, value)
        except ValueError:
            return None
        parsed, _ = parse_yaml(text, document.path)
        if parsed is None:
            return None
        document = parsed
    spec, _ = read_spec(document, ModelSpec)
    if spec is None:
        return None
    return replace(folder, spec=spec, document=document, card=folder.card if attempt.card is None else attempt.card)


def _with(document: Document, key_path: tuple[str, ...], value: Value) -> str:
    """The text with a key set; items that go from a list are cut out, so that comments on the others stay."""
    if value is None and "tags" in key_path:
        return _without_tag(document, key_path)
    there = found_at(document.data, key_path)
    if isinstance(there, list) and isinstance(value, list) and value:
        gone = [index for index, item in enumerate(there) if item not in value]
        if [item for item in there if item in value] == value:
            return remove_items(document, key_path, gone)
    return set_value(document, key_path, value)


def _without_tag(document: Document, key_path: tuple[str, ...]) -> str:
    """The text without a tag; where it shares its line with others, those are written again."""
    if key_path not in document.spans:
        raise ValueError(".".join(key_path))
    try:
        return remove_key(document, key_path)
    except ValueError:
        others = found_at(document.data, key_path[:-1])
        kept = {key: value for key, value in others.items() if key != key_path[-1]} if isinstance(others, dict) else {}
        return set_value(document, key_path[:-1], kept)


def _differing(
    project: ProjectSubject, folder: ModelFolder, state: RegistryState, layout: LayoutName | None
) -> set[str] | None:
    """The fields that differ once the folder is as given; None where it does not render, or breaks a rule."""
    checked = render_folders(project, [folder], layout, "errors")
    if has_errors(checked.found) or not checked.rendered:
        return None
    ((_, rendered),) = checked.rendered
    defaults = project.project.config.defaults.mlflow
    wanted = Desired(rendered.asset, describe_content(folder, rendered, defaults=defaults).digest)
    return {change.field for change in plan_model(wanted, state).fields}


def _write(before: ModelFolder, after: ModelFolder) -> Iterable[str]:
    if after.document.text != before.document.text:
        write_edited(after.path / SPEC_FILE, after.document.text)
        yield after.document.path
    if after.card != before.card:
        write_bytes(after.path / FINISHED_CARD, after.card.encode())
        yield after.card_path
