"""What `publish skus prune --bump` adds: new versions for models that a registry cannot update in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from azureml_publish.assets import LayoutName
from azureml_publish.documents import Document, parse_yaml
from azureml_publish.files import with_version
from azureml_publish.pipeline.check import render_folders
from azureml_publish.pipeline.load import subject_of
from azureml_publish.pipeline.observe import observe_models
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.plan import ActionKind
from azureml_publish.project import ModelFolder, Project
from azureml_publish.skus import Catalogue
from azureml_publish.skus.compute import resolve_compute, resolve_presets
from azureml_publish.skus.prune import Pruning
from azureml_publish.spec import ModelSpec, ProjectConfig, read_spec


def bump_pruned(
    run: RunContext,
    project: Project,
    pruning: Pruning,
    catalogue: Catalogue,
    day: date,
    *,
    registry: str | None,
    layout: LayoutName | None,
) -> tuple[Pruning, Mapping[str, tuple[int, int]]]:
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
    config, document = project.config, project.document
    if document.path in texts:
        document = _parsed(texts[document.path], document.path)
        config = read_spec(document, ProjectConfig)[0] or config
    folders = []
    for folder in project.models:
        if folder.document.path in texts:
            own = _parsed(texts[folder.document.path], folder.document.path)
            folders.append(replace(folder, document=own, spec=read_spec(own, ModelSpec)[0] or folder.spec))
        else:
            folders.append(folder)
    return replace(project, config=config, document=document, models=tuple(folders))


def _parsed(text: str, path: str) -> Document:
    document, _ = parse_yaml(text, path)
    if document is None:
        raise ValueError(f"{path} would not read back")
    return document
