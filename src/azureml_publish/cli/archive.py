"""`publish archive`, and what `publish restore` shares with it: hide registered versions from the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from azureml_publish.cli.confirm import ask, is_named, some
from azureml_publish.cli.options import output_options, registry_option, yes_option
from azureml_publish.cli.output import Output
from azureml_publish.pipeline.archive import exit_code, find_archiving
from azureml_publish.pipeline.references import name_references, read_project
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.project import SPEC_FILE
from azureml_publish.reporters.archive import archived_json, archived_text


def options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments and options of both verbs."""
    models = click.argument("models", metavar="MODEL[:VERSION]...", nargs=-1, required=True)
    return output_options(yes_option(registry_option(models(function))))


@click.command("archive")
@options
def command(*, output: Output, models: tuple[str, ...], registry: str | None, yes: bool) -> None:
    """Archive versions in a registry: the catalogue hides them, and they stay usable.

    MODEL is the version that its folder names, else the latest; a registered name needs no folder. What was set is
    read back. `archived: true` goes into the model.yaml that names the version, because the next apply would restore
    it otherwise; older versions are set in the registry only. Exits with 7 where some were set and some were not.
    """
    set_archived(output, models, registry, yes=yes, archived=True)


def set_archived(output: Output, models: Sequence[str], registry: str | None, *, yes: bool, archived: bool) -> None:
    """Set versions in the registry and the folders that name them, and report it; the end of both verbs."""
    project = read_project(output.run)
    with open_registry(output.run, project, registry) as opened:
        named = name_references(output.run, project, models)
        archiving = find_archiving(project, opened.registry, named, archived=archived)
        if archiving.changes:
            names = some([f"{asset.id.name}:{asset.id.version}" for asset in archiving.assets])
            verb = "archive" if archived else "restore"
            ask(opened, f"{verb} {names} in", yes=yes, named=is_named("registry"))
        results = archiving.carry_out(opened.registry, output.run.sleep)
        name = opened.registry.name
    for asset in archiving.assets:
        if asset.id.name in project.unreadable:
            path = f"models/{asset.id.name}/{SPEC_FILE}"
            output.note(f"{path} cannot be read, so it stays as it is; `publish lint` says why.")
    output.data(
        archived_json(name, results, archived=archived)
        if output.json
        else archived_text(results, output.paint, archived=archived)
    )
    if code := exit_code(results):
        raise SystemExit(code)
