"""`publish report merge`: the reports of several machines as one."""

from __future__ import annotations

import click

from azureml_publish.cli.options import reporting
from azureml_publish.cli.output import Output
from azureml_publish.pipeline.merge import merge_reports
from azureml_publish.reporters.merged import merged_json, merged_markdown, merged_text


@click.group("report")
def command() -> None:
    """Work with reports of runs."""


@command.command("merge")
@click.argument("files", metavar="FILE.json...", nargs=-1, required=True)
@click.option("--plan", metavar="PLAN.json", help="The saved plan that was carried out: it says what is left to do.")
@reporting("markdown")
def merge(*, output: Output, files: tuple[str, ...], plan: str | None) -> None:
    """Fold what apply, plan, verify or lint printed with -o json in several parts into one report and one exit code.

    A report that is not there counts as a part that was cut off. Exits as the verb would have: with 7 where some of
    it was applied and some was not.
    """
    merged = merge_reports(output.run, files, plan)
    undone = {
        "reports": merged.files,
        "missing_reports": list(merged.missing),
        "failures": [{"report": path, "code": code, "message": message} for path, code, message in merged.failures],
        "missing": list(merged.absent),
        "left": list(merged.left),
    }
    if output.json:
        output.data(merged_json(merged.verb, merged.registry, merged.entries, undone, merged.exit_code))
    elif output.format == "markdown":
        output.data(merged_markdown(merged.verb, merged.entries, undone))
    else:
        output.data(merged_text(merged.verb, merged.entries, undone))
    if merged.exit_code:
        raise SystemExit(merged.exit_code)
