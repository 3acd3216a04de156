"""`publish plan`: what apply would do, and what it could not."""

from __future__ import annotations

import shlex

import click

from azureml_publish.cli.confirm import is_named
from azureml_publish.cli.events import events_option
from azureml_publish.cli.options import (
    models_argument,
    registry_option,
    reporting,
    scheduler_option,
    settings_options,
)
from azureml_publish.cli.output import Output
from azureml_publish.errors import ExitCode, UsageProblem
from azureml_publish.pipeline.check import find_places
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.plan import JOBS, Planned, make_plan
from azureml_publish.pipeline.registries import same_registry
from azureml_publish.pipeline.saved_plans import check_name, find_plan_signer, write_plan
from azureml_publish.pipeline.shards import divide
from azureml_publish.plan.actions import ActionKind
from azureml_publish.reporters.annotations import plan_annotations
from azureml_publish.reporters.diagnostics import diagnostics_text
from azureml_publish.reporters.plan import matrix_json, plan_json, plan_text
from azureml_publish.reporters.plan_markdown import plan_markdown


@click.command("plan")
@models_argument
@registry_option
@click.option("--out", metavar="FILE.json", help="Save the plan, for `publish apply FILE.json`.")
@click.option("--sign", metavar="KEY", help="With --out: sign the plan with this private key, into FILE.json.sig.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 8 where there are changes.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), metavar="N", default=JOBS, show_default=True, help="Models queried at a time."
)
@click.option("--offline", is_flag=True, help="Do not look into the sources of what would be created.")
@click.option("--matrix", type=click.IntRange(1, 256), metavar="N", help="Print N parts for --shard, as a CI matrix.")
@settings_options(part=True)
@events_option
@reporting("markdown", "github")
@scheduler_option
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    registry: str | None,
    out: str | None,
    sign: str | None,
    jobs: int,
    matrix: int | None,
    settings: Settings,
    detailed_exitcode: bool,
    offline: bool,
) -> None:
    """Compare the model folders with a registry: what apply would create, update, archive or refuse.

    The sources of new versions are looked into, so that apply refuses nothing that could be known before. Exits with 6
    where there is a conflict.
    """
    if out is not None:
        check_name(output.run, out)
    elif sign is not None:
        raise UsageProblem("--sign has nothing to sign.", hint="Save the plan with --out FILE.json.")
    signer = find_plan_signer(output.run, sign) if sign is not None else None
    if matrix is not None:
        shares = divide(load(output.run, models, settings).folders, matrix)
        output.data(matrix_json([(len(share.folders), share.size) for share in shares]))
        return
    planned = make_plan(output.run, models, registry, settings, jobs=jobs, whole=out is not None, offline=offline)
    plan = planned.plan
    if planned.warnings:
        output.note(diagnostics_text(planned.warnings, output.paint_notes))
    if offline and any(action.kind is ActionKind.CREATE for action in plan.actions):
        output.note("The sources of what would be created were not looked into (--offline).")
    if out is not None:
        text = planned.text
        write_plan(output.run, out, text, signer(text) if signer is not None else None)
    output.data(_report(planned, output))
    if out is not None:
        output.note(f"The plan is in {out}; `publish apply {shlex.quote(out)}` carries out just that.")
    if plan.conflicts:
        if is_named("registry"):
            output.note(
                f"  help: `publish bump` takes the same{same_registry(registry)}, else it reads another registry."
            )
        raise SystemExit(ExitCode.CONFLICT)
    if detailed_exitcode and plan.changes:
        raise SystemExit(ExitCode.CHANGES)


def _report(planned: Planned, output: Output) -> str:
    plan = planned.plan
    match output.format:
        case "json":
            return plan_json(plan, planned.without_folder)
        case "markdown":
            return plan_markdown(plan, planned.without_folder)
        case "github":
            return plan_annotations(plan, find_places(planned.checked, output.run.environ))
    return plan_text(plan, output.paint, planned.without_folder)
