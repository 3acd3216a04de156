"""`publish archive`, and what `publish restore` shares with it: hide registered versions from the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from azureml_publish.assets import AssetId
from azureml_publish.cli.confirm import ask
from azureml_publish.cli.options import output_options, registry_option, yes_option
from azureml_publish.cli.output import Output
from azureml_publish.content.packaging.rules import some
from azureml_publish.pipeline.archive import set_archived
from azureml_publish.pipeline.registries import Opened
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
    set_all(output, models, registry, yes=yes, archived=True)


def set_all(output: Output, models: Sequence[str], registry: str | None, *, yes: bool, archived: bool) -> None:
    """Set versions in the registry and the folders that name them, and report it; the end of both verbs."""

    def approve(opened: Opened, versions: Sequence[AssetId]) -> None:
        names = some([f"{one.name}:{one.version}" for one in versions], 4)
        ask(opened, f"{'archive' if archived else 'restore'} {names} in", yes=yes)

    result = set_archived(output.run, models, registry, archived=archived, approve=approve)
    for name in result.unread:
        output.note(f"models/{name}/{SPEC_FILE} cannot be read, so it stays as it is; `publish lint` says why.")
    output.data(
        archived_json(result.registry, result.results, archived=archived)
        if output.json
        else archived_text(result.results, output.paint, archived=archived)
    )
    if result.exit_code:
        raise SystemExit(result.exit_code)
