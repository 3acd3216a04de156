"""`publish promote`: registered versions to another registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from azureml_publish.assets import AssetId, LayoutName, Origin, RegisteredAsset
from azureml_publish.cli.confirm import ask, is_named, some
from azureml_publish.cli.options import as_of_option, layout_option, output_options
from azureml_publish.cli.output import Output
from azureml_publish.cli.transfer_options import Transferring, transfer_options
from azureml_publish.content.upload.transfer import Transfer, describe_content
from azureml_publish.errors import Conflict, Interrupted, JournalFailed, Overtaken, PublishError, UsageProblem
from azureml_publish.execute.outcome import Outcome, end_of, exit_code
from azureml_publish.execute.promote import Mode, Promotion, plan_promotion, promote
from azureml_publish.execute.registration import Tools
from azureml_publish.git import commit_of
from azureml_publish.pipeline.check import load_checked
from azureml_publish.pipeline.load import Settings
from azureml_publish.pipeline.references import find_meant, read_project
from azureml_publish.pipeline.registries import TOOL, Opened, open_pair
from azureml_publish.pipeline.run_log import Records, recording
from azureml_publish.plan import ActionKind, Desired, Plan
from azureml_publish.project import Project
from azureml_publish.reporters.lifecycle import Promoted, promoted_json, promoted_text
from azureml_publish.reporters.plans import plan_text
from azureml_publish.reporters.results import past_run_text


@click.command("promote")
@click.argument("models", metavar="MODEL[:VERSION]...", nargs=-1, required=True)
@click.option("--from", "source", metavar="NAME", required=True, help="The registry that has them.")
@click.option("--to", "target", metavar="NAME", required=True, help="The registry that is to have them.")
@click.option(
    "--metadata",
    type=click.Choice([mode.value for mode in Mode]),
    help="From the model folder, or as it is in the source. [default: render where the folder names this version]",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@layout_option
@transfer_options
@as_of_option
@output_options
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    source: str,
    target: str,
    metadata: str | None,
    yes: bool,
    layout: LayoutName | None,
    as_of: datetime | None,
    transferring: Transferring,
) -> None:
    """Take registered versions to another registry: same version, same files, same manifest digest.

    MODEL is the version that its folder names, else the latest of the source. Files are copied by the service where it
    can and through this machine where it cannot, and each is checked before the version is registered. Safe to run
    again after any interruption. Exits with 6 where a version is there with other files; nothing is written then.
    """
    project = read_project(output.run)
    with (
        open_pair(output.run, project, source, target) as (one, other),
        recording(project, other.registry.name, "promote") as records,
    ):
        if records.open_end is not None:
            output.note(past_run_text(records.open_end, records.verb))
        assets = find_meant(one.registry, project, models)
        folders = _rendered(output, project, assets, Settings(layout, as_of), metadata)
        promotions = [
            plan_promotion(asset, folders.get(asset.id), other.registry.state(asset.id.name, asset.id.version))
            for asset in assets
        ]
        plan = Plan(other.registry.name, tuple(promotion.action for promotion in promotions))
        (output.note if yes or not plan.changes else output.tell)(plan_text(plan, output.paint_notes))
        if plan.conflicts:
            raise Conflict(
                f"{len(plan.conflicts)} of {len(promotions)} versions cannot be promoted; nothing was written.",
                hint=plan.conflicts[0].hint,
            )
        if plan.changes:
            named = some([f"{action.model}:{action.version}" for action in plan.changes])
            ask(other, f"promote {named} from {one.registry.name} to", yes=yes, named=is_named("target"), option="--to")
        origin = Origin(commit=commit_of(project.root, output.run.environ), plan=plan.digest, tool=TOOL)
        with transferring.into(output, other) as transfer:
            carrying = _Carrying(output, one, other, origin, transfer)
            results, code = carrying.all(promotions, plan, records)
    if output.json:
        output.data(promoted_json(one.registry.name, other.registry.name, results))
    else:
        output.data(promoted_text(results, output.paint))
    if code:
        raise SystemExit(code)


def _rendered(
    output: Output, project: Project, assets: Sequence[RegisteredAsset], settings: Settings, metadata: str | None
) -> Mapping[AssetId, Desired]:
    """What the folders say of the versions whose metadata is to be rendered.

    Raises:
        UsageProblem: `--metadata render`, and no folder names a version.
    """
    if metadata == Mode.CARRY:
        return {}
    folders = {(model.spec.name, model.spec.version): model for model in project.models}
    meant = {asset.id: folders.get((asset.id.name, asset.id.version)) for asset in assets}
    for asset, folder in meant.items():
        if folder is None and metadata == Mode.RENDER:
            raise UsageProblem(
                f"No model folder names {asset.name} version {asset.version}, so there is nothing to render.",
                hint="Check out the commit that does, or use --metadata carry.",
            )
    chosen = {folder.folder: asset for asset, folder in meant.items() if folder is not None}
    if not chosen:
        return {}
    staged = load_checked(output.run, chosen, settings)
    staged.require_sound()
    return {
        chosen[folder.folder]: Desired(rendered.asset, describe_content(folder, rendered).digest)
        for folder, rendered in staged.rendered
    }


@dataclass(frozen=True, slots=True)
class _Carrying:
    """Takes versions from one registry to another; `origin` is noted with each."""

    output: Output
    source: Opened
    target: Opened
    origin: Origin
    transfer: Transfer

    def all(self, promotions: Sequence[Promotion], plan: Plan, records: Records) -> tuple[list[Promoted], int]:
        """One version after the other, under the journal of the target; the results, and the exit code that they make.

        Raises:
            JournalFailed: the journal cannot be begun; nothing was written.
        """
        if not plan.changes:
            records.settle(plan)
            return [self._result(promotion, Outcome.UNCHANGED) for promotion in promotions], 0
        journal, end = records.begin(plan), "interrupted"
        tools = Tools(self.target.registry, self.transfer, self.output.run.sleep, journal)
        try:
            results: list[Promoted] = []
            for promotion in promotions:
                # Another run writes there too, or nothing can be recorded: what is under way was the last.
                halted = any(isinstance(result.error, Overtaken | JournalFailed) for result in results)
                stopped = halted or journal.failure is not None or self.transfer.stop()
                results.append(self._one(promotion, tools, stopped=stopped))
            code = exit_code(results, interrupted=self.transfer.stop())
            end = end_of(code)
        finally:
            journal.end(end)
        if journal.failure is not None:
            self.output.tell(f"{journal.failure.message}\n  help: {journal.failure.hint}")
        return results, code

    def _one(self, promotion: Promotion, tools: Tools, *, stopped: bool) -> Promoted:
        if promotion.action.kind is ActionKind.UNCHANGED:
            return self._result(promotion, Outcome.UNCHANGED)
        if stopped:
            return self._result(promotion, Outcome.SKIPPED)
        try:
            written = promote(promotion, self.source.registry, tools, self.origin)
        except Interrupted as error:
            return self._result(promotion, Outcome.SKIPPED, error=error)
        except PublishError as error:
            return self._result(promotion, Outcome.FAILED, error=error)
        return self._result(promotion, written.outcome, copied=written.content, unseen=written.unseen)

    def _result(self, promotion: Promotion, outcome: Outcome, **further: Any) -> Promoted:
        source = promotion.source.id
        target = AssetId(self.target.registry.name, source.name, source.version)
        return Promoted(source, target, outcome, str(promotion.mode), **further)
