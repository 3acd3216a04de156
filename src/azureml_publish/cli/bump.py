"""`publish bump`: another version into `model.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime

import click

from azureml_publish.assets import LayoutName
from azureml_publish.cli.options import as_of_option, layout_option, models_argument, registry_option, reporting
from azureml_publish.cli.output import Output
from azureml_publish.content.lock import RULES
from azureml_publish.content.sources.readers import Readers
from azureml_publish.errors import Conflict, UsageProblem
from azureml_publish.files import with_version, write_edited
from azureml_publish.pipeline.check import CheckedProject, load_checked
from azureml_publish.pipeline.load import Settings
from azureml_publish.pipeline.locks import lock_new
from azureml_publish.pipeline.observe import find_states, observe_models
from azureml_publish.pipeline.registries import find_readers, open_registry
from azureml_publish.plan import ActionKind
from azureml_publish.project import SPEC_FILE, Project, load_project
from azureml_publish.registry.protocol import Registry
from azureml_publish.reporters.bump import Bump, bumps_json, bumps_markdown, bumps_text
from azureml_publish.reporters.plan import by_consequence
from azureml_publish.reporters.visible import one_line

_JOBS = 8
"""Models queried at a time, as by plan."""


@click.command("bump")
@models_argument
@click.option("--required", is_flag=True, help="Bump just the models whose plan is a conflict.")
@click.option("--to", "number", type=click.IntRange(min=1), metavar="N", help="Write this version; it must be free.")
@registry_option
@layout_option
@as_of_option
@reporting("markdown")
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    required: bool,
    number: int | None,
    registry: str | None,
    layout: LayoutName | None,
    as_of: datetime | None,
) -> None:
    """Write the registry's next free version into model.yaml, keeping everything else as it is.

    The source is looked into again, and its lock (source.lock.json) says what it holds now.

    A version that is still free stays. The numbers of deleted versions are never used again, so they are not free.
    Either every model that is meant gets its version, or none does. With --required, --format markdown is the text of a
    pull request that releases them: versions, the cards' changes, and what else differs.
    """
    if required and number is not None:
        raise UsageProblem("--required and --to exclude each other.", hint="A number of your own needs no plan.")
    staged = _without_locks(load_checked(output.run, models, Settings(layout, as_of)))
    project = staged.require_sound()
    with open_registry(output.run, project, registry) as opened:
        bumps = list(_required(staged, opened.registry) if required else _wanted(staged, opened.registry, number))
        _write(staged, bumps)
        with closing(find_readers(opened, output.run)) as readers:
            notes = _lock(output, project, bumps, readers)
    form = {"json": bumps_json, "markdown": bumps_markdown}.get(output.format)
    output.data(bumps_text(bumps) if form is None else form(opened.registry.name, bumps))
    if output.json:
        return
    output.notes(notes)
    if required and not bumps:
        output.note(f"No model needs another version in the registry {opened.registry.name}.")


def _without_locks(staged: CheckedProject) -> CheckedProject:
    """The same without findings on locks, which are written anew."""
    codes = {rule.code for rule in RULES}
    return replace(staged, found=tuple(one for one in staged.found if one.code not in codes))


def _lock(output: Output, project: Project, bumps: list[Bump], readers: Readers) -> tuple[str, ...]:
    """Lock the sources of what was bumped; why some are not locked."""
    read, _ = load_project(project.root)
    names = {one.model for one in bumps}
    folders = [one for one in read.models if one.spec.name in names] if read is not None else []
    written, notes = lock_new(folders, readers, project.config.defaults.mlflow)
    for path in written:
        output.note(f"models/{one_line(path)} says what the source holds now.")
    return notes


def _required(staged: CheckedProject, registry: Registry) -> Iterator[Bump]:
    """What makes the plan go through, and nothing more."""
    observed = observe_models(staged, registry, _JOBS).observed
    free = {wanted.asset.name: state.next_version for wanted, state in observed.models}
    for action in observed.plan().actions:
        if action.kind is ActionKind.CONFLICT:
            fields = tuple(by_consequence(action))
            yield Bump(action.model, action.version, free[action.model], action.reason, fields)


def _wanted(staged: CheckedProject, registry: Registry, number: int | None) -> Iterator[Bump]:
    """The next free version of every model, or a number of one's own.

    Raises:
        Conflict: that number is not free.
    """
    assets = [rendered.asset for _, rendered in staged.rendered]
    for asset, state in zip(assets, find_states(assets, registry, _JOBS), strict=True):
        if number is not None and number < state.next_version:
            latest = f"its latest is {state.latest_version}, " if state.latest_version is not None else ""
            raise Conflict(
                f"{asset.name} cannot become version {number} in the registry {registry.name}: {latest}"
                "and no number is used twice or lower than one before. Nothing was written.",
                hint=f"The next free version is {state.next_version}: `publish bump {asset.name}`.",
            )
        after = number if number is not None else max(asset.version, state.next_version)
        yield Bump(asset.name, asset.version, after)


def _write(staged: CheckedProject, bumps: list[Bump]) -> None:
    """Write all versions, once each is known to fit its file."""
    after = {one.model: one.after for one in bumps if one.before != one.after}
    texts = {
        folder.path / SPEC_FILE: with_version(folder.document, after[rendered.asset.name])
        for folder, rendered in staged.rendered
        if rendered.asset.name in after
    }
    for path, text in texts.items():
        write_edited(path, text)
