"""`publish skus prune`: retired sizes out of presets and lists."""

from __future__ import annotations

import click

from azureml_publish.cli.confirm import confirms_writing
from azureml_publish.cli.options import models_argument, output_options, registry_option, settings_options
from azureml_publish.cli.output import Output
from azureml_publish.cli.skus.options import project_here
from azureml_publish.errors import ExitCode
from azureml_publish.pipeline.load import Settings, day_of
from azureml_publish.pipeline.prune import prune_project
from azureml_publish.reporters.diagnostics import counted
from azureml_publish.reporters.differences import file_diff
from azureml_publish.reporters.paint import PLAIN
from azureml_publish.reporters.sku_changes import pruning_json, pruning_text


@click.command("prune")
@models_argument
@click.option("--bump", is_flag=True, help="Bump the models that a registry cannot update in place (see -r).")
@click.option("--write", "-y", is_flag=True, help="Write without confirmation.")
@registry_option
@settings_options()
@output_options
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    bump: bool,
    write: bool,
    registry: str | None,
    settings: Settings,
) -> None:
    """Take retired sizes out of presets and literal lists, keeping comments and order.

    Shows the difference first, and writes it with --write, or after confirmation on a terminal. A list of
    retired sizes only is refused, and the exit code is 4.
    """
    project, catalogue = project_here(output, models)
    day = day_of(output.run, settings.as_of)
    done = prune_project(
        output.run, project, catalogue, models, day, bump=bump, registry=registry, layout=settings.layout
    )
    texts = done.pruning.texts
    paint = PLAIN if output.json else output.paint
    diffs = {path: file_diff(path, done.before[path], text, paint) for path, text in sorted(texts.items())}
    if not output.json:
        output.data("".join(diffs.values()))
    summary = pruning_text(done.pruning, done.versions, output.paint_notes).rstrip("\n")
    output.note(summary or f"Nothing is retired as of {day}.")
    written = bool(texts) and (write or confirms_writing(output, counted(len(texts), "file")))
    if written:
        done.write(project)
    elif texts:
        output.note("Nothing is written; --write does.")
    if output.json:
        output.data(pruning_json(done.pruning, done.versions, diffs, written=written))
    if done.pruning.refused:
        raise SystemExit(ExitCode.FINDINGS)
