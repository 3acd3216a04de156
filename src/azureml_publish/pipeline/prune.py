"""What `publish skus prune` does: lists without retired sizes, and new versions for models that need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from azureml_publish.assets import LayoutName
from azureml_publish.documents import Document
from azureml_publish.files import with_version, write_edited
from azureml_publish.pipeline.check import render_folders
from azureml_publish.pipeline.load import subject_of
from azureml_publish.pipeline.observe import observe_models
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.selection import choose_models
from azureml_publish.plan.actions import ActionKind
from azureml_publish.project import ModelFolder, Project
from azureml_publish.skus.catalogue import Catalogue
from azureml_publish.skus.compute import resolve_compute, resolve_presets
from azureml_publish.skus.lists import lists_of
from azureml_publish.skus.prune import Pruning, prune
from azureml_publish.spec.reading import SpecT, parse_spec


@dataclass(frozen=True, slots=True)
class PrunedProject:
    """What pruning changes.

    Attributes:
        pruning: the lists that lose sizes, and the new text of each file.
        versions: by model, the version before and the next free one.
        before: the text of each file as it is.
    """

    pruning: Pruning
    versions: Mapping[str, tuple[int, int]]
    before: Mapping[str, str]

    def write(self, project: Project) -> None:
        """Write the new texts."""
        for path, text in self.pruning.texts.items():
            write_edited(project.root / path, text)


def prune_project(
    run: RunContext,
    project: Project,
    catalogue: Catalogue,
    models: Sequence[str],
    day: date,
    *,
    bump: bool,
    registry: str | None,
    layout: LayoutName | None,
) -> PrunedProject:
    """Take the sizes that are retired by a day out of presets and lists; nothing is written yet.

    Args:
        models: the models whose lists are meant. [default: all]
        bump: give the next free version to each model whose registered version cannot take the new lists.
        registry: for `bump`. [default: the project's own]
        layout: for `bump`. [default: the project's own]
    """
    uses = lists_of(project, choose_models(models, run.directory, project))
    pruning = prune(project, uses, catalogue, day)
    versions: Mapping[str, tuple[int, int]] = {}
    if bump and pruning.texts:
        pruning, versions = _bump(run, project, pruning, catalogue, day, registry=registry, layout=layout)
    texts = {document.path: document.text for document in (project.document, *(one.document for one in project.models))}
    return PrunedProject(pruning, versions, {path: texts[path] for path in pruning.texts})


def _bump(
    run: RunContext,
    project: Project,
    pruning: Pruning,
    catalogue: Catalogue,
    day: date,
    *,
    registry: str | None,
    layout: LayoutName | None,
) -> tuple[Pruning, dict[str, tuple[int, int]]]:
    """The pruning with the next free version for each model whose registered version cannot take the new lists."""
    after = _with_texts(project, pruning.texts)
    subject = subject_of(after, catalogue, day)
    checked = render_folders(subject, _affected(project, after, catalogue, day), layout)
    checked.require_sound()
    texts, bumped = dict(pruning.texts), {}
    with open_registry(run, project, registry) as opened:
        plan = observe_models(checked, opened.registry, jobs=8).observed.plan()
        for action in plan.actions:
            if action.kind is not ActionKind.CONFLICT:
                continue
            folder = next(one for one in after.models if one.spec.name == action.model)
            free = opened.registry.state(action.model, action.version).next_version
            texts[folder.document.path] = with_version(folder.document, free)
            bumped[action.model] = (action.version, free)
    return replace(pruning, texts=texts), bumped


def _affected(before: Project, after: Project, catalogue: Catalogue, day: date) -> list[ModelFolder]:
    """The models whose allow-lists become others."""
    presets = [resolve_presets(project.config, catalogue, day) for project in (before, after)]
    old = {folder.folder: folder.spec for folder in before.models}
    return [
        folder
        for folder in after.models
        if resolve_compute(old[folder.folder], presets[0], catalogue, day).allow_lists
        != resolve_compute(folder.spec, presets[1], catalogue, day).allow_lists
    ]


def _with_texts(project: Project, texts: Mapping[str, str]) -> Project:
    """The project as it would be read with other texts in some of its files."""
    document, config = _again(project.document, project.config, texts)
    models = []
    for folder in project.models:
        own, spec = _again(folder.document, folder.spec, texts)
        models.append(replace(folder, document=own, spec=spec))
    return replace(project, config=config, document=document, models=tuple(models))


def _again(document: Document, spec: SpecT, texts: Mapping[str, str]) -> tuple[Document, SpecT]:
    """A document and what it says, from its new text where it has one."""
    if document.path not in texts:
        return document, spec
    changed, read, _ = parse_spec(texts[document.path], document.path, type(spec))
    return changed or document, read or spec
