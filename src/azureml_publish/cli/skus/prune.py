"""`publish skus prune`: retired sizes out of presets and lists."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

import click

from azureml_publish.assets import LayoutName
from azureml_publish.cli.options import as_of_option, layout_option, models_argument, output_options, registry_option
from azureml_publish.cli.output import Output, confirm
from azureml_publish.cli.skus.options import project_here
from azureml_publish.documents import Document, parse_yaml
from azureml_publish.errors import ExitCode
from azureml_publish.files import with_version, write_edited
from azureml_publish.pipeline.check import render_folders
from azureml_publish.pipeline.load import day_of, subject_of
from azureml_publish.pipeline.observe import observe_models
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.selection import choose_models
from azureml_publish.plan import ActionKind
from azureml_publish.project import ModelFolder, Project
from azureml_publish.reporters.differences import file_diff
from azureml_publish.reporters.sku_changes import pruning_json, pruning_text
from azureml_publish.skus import Catalogue
from azureml_publish.skus.compute import resolve_compute, resolve_presets
from azureml_publish.skus.lists import lists_of
from azureml_publish.skus.prune import Pruning, prune
from azureml_publish.spec import ModelSpec, ProjectConfig, read_spec


@click.command("prune")
@models_argument
@click.option("--bump", is_flag=True, help="Bump the models that a registry cannot update in place (see -r).")
@click.option("--write", "-y", is_flag=True, help="Write without confirmation.")
@registry_option
@layout_option
@as_of_option
@output_options
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    bump: bool,
    write: bool,
    registry: str | None,
    layout: LayoutName | None,
    as_of: datetime | None,
) -> None:
    """Take retired sizes out of presets and literal lists, keeping comments and order.

    Shows the difference first, and writes it with --write, or after confirmation on a terminal. A list of
    retired sizes only is refused, and the exit code is 4.
    """
    project, catalogue = project_here(output)
    day = day_of(output.run, as_of)
    pruning = prune(project, lists_of(project, choose_models(models, output.run.directory, project)), catalogue, day)
    before = {folder.document.path: folder.document.text for folder in project.models}
    before[project.document.path] = project.document.text
    bumped: Mapping[str, tuple[int, int]] = {}
    if bump and pruning.texts:
        pruning, bumped = _bump(output, project, pruning, (catalogue, day), (registry, layout))
    diffs = {path: file_diff(path, before[path], text, output.paint) for path, text in sorted(pruning.texts.items())}
    if not output.json:
        output.data("".join(diffs.values()))
    else:
        diffs = {path: file_diff(path, before[path], pruning.texts[path]) for path in diffs}
    output.note(pruning_text(pruning, bumped, output.paint_notes).rstrip("\n") or f"Nothing is retired as of {day}.")
    written = bool(pruning.texts) and (write or _confirmed(output, len(pruning.texts)))
    if written:
        for path, text in pruning.texts.items():
            write_edited(project.root / path, text)
    elif pruning.texts:
        output.note("Nothing is written; --write does.")
    if output.json:
        output.data(pruning_json(pruning, bumped, diffs, written=written))
    if pruning.refused:
        raise SystemExit(ExitCode.FINDINGS)


def _confirmed(output: Output, files: int) -> bool:
    if output.json or not sys.stdin.isatty():
        return False
    return confirm(f"Write {files} file{'s' * (files != 1)}?")


def _bump(
    output: Output,
    project: Project,
    pruning: Pruning,
    as_of: tuple[Catalogue, date],
    where: tuple[str | None, LayoutName | None],
) -> tuple[Pruning, Mapping[str, tuple[int, int]]]:
    """The pruning with the next free version for each model whose registered version cannot take the new lists."""
    catalogue, day = as_of
    registry, layout = where
    after = _with_texts(project, pruning.texts)
    subject = subject_of(after, catalogue, day)
    staged = render_folders(subject, _affected(project, after, catalogue, day), layout)
    staged.require_sound()
    texts, bumped = dict(pruning.texts), {}
    with open_registry(output.run, project, registry) as opened:
        plan = observe_models(staged, opened.registry, jobs=8).observed.plan()
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
