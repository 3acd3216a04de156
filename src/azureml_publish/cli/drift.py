"""`publish drift`: what changed in a registry behind the folders."""

from __future__ import annotations

import click

from azureml_publish.cli.options import models_argument, registry_option, reporting, settings_options
from azureml_publish.cli.output import Output
from azureml_publish.errors import ExitCode
from azureml_publish.pipeline.check import find_places
from azureml_publish.pipeline.drift import DriftResult, look_for_drift
from azureml_publish.pipeline.load import Settings
from azureml_publish.reporters.drift import drift_annotations, drift_json, drift_markdown, drift_text
from azureml_publish.reporters.plan import unseen_text


@click.command("drift")
@models_argument
@registry_option
@settings_options()
@click.option(
    "--since", metavar="PLAN.json", help="The saved plan that was applied last: by it drift knows which side changed."
)
@click.option("--ignore", metavar="GLOB", multiple=True, help="Registered models that need no folder.")
@click.option("--fix", is_flag=True, help="Write what the registry holds into the folders, where a key says just that.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), metavar="N", default=8, show_default=True, help="Models queried at a time."
)
@reporting("markdown", "github")
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    registry: str | None,
    settings: Settings,
    since: str | None,
    ignore: tuple[str, ...],
    fix: bool,
    jobs: int,
) -> None:
    """Show what is in a registry and not in the folders: fields, archived and unknown versions, unknown models.

    A plan shows what apply would do; drift shows what somebody else did. With --since, changes of a folder that were
    not applied yet are recognised and are not drift. The registry is not written to. Exits with 9 where there is drift.
    """
    result = look_for_drift(output.run, models, registry, settings, since=since, ignore=ignore, fix=fix, jobs=jobs)
    if unseen := unseen_text(result.observed.plan()):
        output.note(unseen)
    output.data(_report(result, output))
    if result.remains:
        raise SystemExit(ExitCode.DRIFT)


def _report(result: DriftResult, output: Output) -> str:
    drift, fixes = result.drift, result.fixes
    match output.format:
        case "json":
            return drift_json(drift, fixes)
        case "markdown":
            return drift_markdown(drift, fixes)
        case "github":
            return drift_annotations(drift, fixes, find_places(result.checked, output.run.environ))
    return drift_text(drift, fixes, output.paint)
