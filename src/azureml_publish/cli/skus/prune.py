"""`publish skus prune`: retired sizes out of presets and lists."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime

import click

from azureml_publish.assets import LayoutName
from azureml_publish.cli.options import as_of_option, layout_option, models_argument, output_options, registry_option
from azureml_publish.cli.output import Output, confirm
from azureml_publish.cli.skus.options import project_here
from azureml_publish.errors import ExitCode
from azureml_publish.files import write_edited
from azureml_publish.pipeline.load import day_of
from azureml_publish.pipeline.prune import bump_pruned
from azureml_publish.pipeline.selection import choose_models
from azureml_publish.reporters.differences import file_diff
from azureml_publish.reporters.sku_changes import pruning_json, pruning_text
from azureml_publish.skus.lists import lists_of
from azureml_publish.skus.prune import prune


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
        pruning, bumped = bump_pruned(output.run, project, pruning, catalogue, day, registry=registry, layout=layout)
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
