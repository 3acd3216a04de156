"""`publish archive`: hide registered versions from the catalogue."""

from __future__ import annotations

import click

from azureml_publish.pipeline.archive import options, set_archived
from azureml_publish.pipeline.run import Output


@click.command("archive")
@options
def command(*, output: Output, models: tuple[str, ...], registry: str | None, yes: bool) -> None:
    """Archive versions in a registry: the catalogue hides them, and they stay usable.

    MODEL is the version that its folder names, else the latest; a registered name needs no folder. What was set is
    read back. `archived: true` goes into the model.yaml that names the version, as the next apply would restore it
    otherwise; older versions are set in the registry only. Exits with 7 where some were set and some were not.
    """
    set_archived(output, models, registry, yes=yes, archived=True)
