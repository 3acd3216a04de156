"""`publish restore`: show archived versions in the catalogue again."""

from __future__ import annotations

import click

from azureml_publish.cli.archive import options, set_all
from azureml_publish.cli.output import Output


@click.command("restore")
@options
def command(*, output: Output, models: tuple[str, ...], registry: str | None, yes: bool) -> None:
    """Restore archived versions in a registry: the catalogue shows them again.

    The counterpart of `publish archive`: `archived: false` goes into the model.yaml that names the version, where it
    says true.
    """
    set_all(output, models, registry, yes=yes, archived=False)
