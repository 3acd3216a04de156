"""What the verbs on sizes share: options of the kind of publish.yaml's words, and where the catalogue comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import click

from azureml_publish.assets import MinSkuSpec
from azureml_publish.cli.output import Output, report_error
from azureml_publish.errors import ExitCode, UsageProblem
from azureml_publish.pipeline.load import read_catalogue
from azureml_publish.pipeline.references import require_readable
from azureml_publish.pipeline.selection import name_models
from azureml_publish.project import Project, find_root, load_project
from azureml_publish.skus.catalogue import Catalogue, load_catalogue
from azureml_publish.skus.query import Selection


class MinSpec(click.ParamType[MinSkuSpec]):
    """Four whole numbers between bars."""

    name = "spec"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> MinSkuSpec:
        """Read `4|1|28|64`."""
        if isinstance(value, MinSkuSpec):
            return value
        try:
            return MinSkuSpec.parse(str(value))
        except ValueError as error:
            self.fail(f"{error}. Put it in quotes: a shell reads '|' itself.", param, ctx)


class Days(click.ParamType[int]):
    """A number of days: 180d, 26w."""

    name = "days"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a number of days, or of weeks."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d{1,6})\s*([dw]?)", str(value).strip())
        if match is None:
            self.fail(f"'{value}' is not a span such as 180d or 26w.", param, ctx)
        return int(match[1]) * (7 if match[2] == "w" else 1)


def query_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The words of a query in publish.yaml, one option each."""
    for option in (
        click.option("--exclude", multiple=True, metavar="SIZE", help="Never this size. May be repeated."),
        click.option("--include", multiple=True, metavar="SIZE", help="This size as well. May be repeated."),
        click.option("--gpu-model", "gpu_models", multiple=True, metavar="MODEL", help="Only this GPU, such as T4."),
        click.option("--max-gpus", type=click.IntRange(0), metavar="N", help="At most this number of GPUs."),
        click.option("--min", "least", type=MinSpec(), help="At least this: 'vCPUs|GPUs|memory GiB|disk GiB'."),
        click.option("--family", "families", multiple=True, metavar="NAME", help="A VM family. May be repeated."),
    ):
        function = option(function)
    return function


def catalogue_here(output: Output) -> Catalogue:
    """The catalogue, with the overlay of the project that is here; without a project the package's own."""
    try:
        root = find_root(output.run.directory)
    except UsageProblem:
        return load_catalogue()
    catalogue, found = read_catalogue(root)
    output.findings(found)
    return catalogue


def project_here(output: Output, models: Sequence[str] = ()) -> tuple[Project, Catalogue]:
    """The project and its catalogue. Mistakes are reported; those of models that are not meant stop nothing.

    Raises:
        UsageProblem: there is no project here.
        UnsoundProject: a model that is meant has errors in its spec.
    """
    root = find_root(output.run.directory)
    project, found = load_project(root)
    for pattern in name_models(models, output.run.directory, root) or ("*",):
        if project is not None:
            require_readable(project, pattern)
    catalogue, wrong = read_catalogue(root)
    output.findings((*found, *wrong))
    if project is None:
        raise SystemExit(ExitCode.FINDINGS)
    return project, catalogue


def require_selected(selection: Selection, output: Output) -> None:
    """Report what is wrong with a query; end with the code for usage where it selects nothing."""
    fatal = [problem for problem in selection.problems if problem.fatal]
    for problem in selection.problems:
        if problem not in fatal:
            output.note(f"{problem.message}. {problem.hint}")
    if fatal:
        *others, last = fatal
        for problem in others:
            report_error(UsageProblem(problem.message, hint=problem.hint), form="")
        raise UsageProblem(last.message, hint=last.hint)
