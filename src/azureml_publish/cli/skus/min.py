"""`publish skus min`: derived min-SKU specs, and which size sets each figure."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from azureml_publish.cli.options import as_of_option, output_options
from azureml_publish.cli.output import Output
from azureml_publish.cli.skus.options import catalogue_here, project_here, require_selected
from azureml_publish.errors import NotFound, UsageProblem
from azureml_publish.pipeline.load import day_of
from azureml_publish.pipeline.selection import choose_models
from azureml_publish.project import Project
from azureml_publish.reporters.skus import MinSpecShown, min_specs_json, min_specs_text
from azureml_publish.skus import Catalogue, resolve_literal
from azureml_publish.skus.compute import resolve_body
from azureml_publish.skus.lists import ListUse, lists_of


@click.command("min")
@click.argument("what", metavar="[SIZE|MODEL]...", nargs=-1)
@click.option("--preset", "presets", multiple=True, metavar="NAME", help="A preset of publish.yaml. May be repeated.")
@as_of_option
@output_options
def command(*, output: Output, what: tuple[str, ...], presets: tuple[str, ...], as_of: datetime | None) -> None:
    """Derive the min-SKU spec of some sizes, of a preset, or of each list of a model; without either, of all lists.

    It is the least of each figure by itself, cut to whole numbers: vCPUs|GPUs|memory GiB|disk GiB.
    """
    day = day_of(output.run, as_of)
    if what and not presets and all(name.lower().startswith("standard_") for name in what):
        selection = resolve_literal(catalogue_here(output), what)
        require_selected(selection, output)
        shown = [MinSpecShown("these sizes", (), selection.skus)]
    else:
        project, catalogue = project_here(output)
        uses = _uses(project, catalogue, what, presets, output.run.directory)
        shown = [MinSpecShown(use.name, use.users, resolve_body(catalogue, use.body, day).skus) for use in uses]
    output.data(min_specs_json(shown) if output.json else min_specs_text(shown, output.paint))


def _uses(
    project: Project, catalogue: Catalogue, models: Sequence[str], presets: Sequence[str], directory: Path
) -> tuple[ListUse, ...]:
    known = project.config.presets
    for name in presets:
        if not fnmatch.filter(known, name):
            raise NotFound(
                f"publish.yaml defines no preset '{name}'.", hint=f"There are: {', '.join(known) or 'none'}."
            )
    for name in models:
        if name in catalogue:
            raise UsageProblem(f"'{name}' is a size, and the others are not.", hint="Name either sizes or models.")
    if presets and not models:
        every = lists_of(project, project.models)
        return tuple(use for use in every if use.key_path[0] == "presets" and _matches(use.name, presets))
    chosen = lists_of(project, choose_models(models, directory, project))
    if not models:
        return chosen
    return tuple(use for use in chosen if use.users or _matches(use.name, presets))


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
