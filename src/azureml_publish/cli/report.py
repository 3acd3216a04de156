"""`publish report merge`: the reports of several machines as one."""

from __future__ import annotations

import click

from azureml_publish.cli.options import reporting
from azureml_publish.cli.output import Output
from azureml_publish.pipeline.report import merge_reports
from azureml_publish.reporters.report import merged_json, merged_markdown, merged_text


@click.group("report")
def command() -> None:
    """Work with reports of runs."""


@command.command("merge", short_help="Merge the reports of several machines into one.")
@click.argument("files", metavar="FILE.json...", nargs=-1, required=True)
@click.option("--plan", metavar="PLAN.json", help="The saved plan that was carried out: it says what is left to do.")
@reporting("markdown")
def merge(*, output: Output, files: tuple[str, ...], plan: str | None) -> None:
    """Merge what apply, plan, verify or lint printed with -o json in several parts into one report and one exit code.

    A report that is not there counts as a part that was cut off. Exits as the verb would have: with 7 where some of
    it was applied and some was not.
    """
    merged = merge_reports(output.run, files, plan)
    output.data({"json": merged_json, "markdown": merged_markdown}.get(output.format, merged_text)(merged))
    if merged.exit_code:
        raise SystemExit(merged.exit_code)
