"""`publish promote`: registered versions to another registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import click

from azureml_publish.assets import AssetId, LayoutName, RegisteredAsset
from azureml_publish.cli.confirm import ask, is_named, some
from azureml_publish.cli.options import as_of_option, layout_option, output_options
from azureml_publish.cli.output import Output
from azureml_publish.cli.transfer_options import Transferring, transfer_options
from azureml_publish.content.upload.transfer import Transfer, describe_content
from azureml_publish.errors import Conflict, Interrupted, JournalFailed, Overtaken, PublishError, UsageProblem
from azureml_publish.execute.journal import Recorder, Unrecorded
from azureml_publish.execute.outcome import Outcome, end_of, exit_code
from azureml_publish.execute.promote import (
    Mode,
    Promotion,
    Provenance,
    find_manifest,
    plan_promotion,
    promote,
    wanted_of,
)
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
        promotions = [_plan(asset, folders.get(asset.id), other) for asset in assets]
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
        provenance = Provenance(commit_of(project.root, output.run.environ), plan.digest, TOOL)
        with transferring.into(output, other) as transfer:
            carrying = _Carrying(one, other, provenance, transfer)
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


def _plan(asset: RegisteredAsset, folder: Desired | None, target: Opened) -> Promotion:
    find_manifest(asset)
    wanted = wanted_of(asset, folder)
    state = target.registry.state(asset.id.name, asset.id.version)
    mode = Mode.CARRY if folder is None else Mode.RENDER
    return Promotion(asset, wanted, mode, plan_promotion(asset, wanted, state))


@dataclass(frozen=True, slots=True)
class _Carrying:
    """Takes versions from one registry to another."""

    source: Opened
    target: Opened
    provenance: Provenance
    transfer: Transfer

    def all(self, promotions: Sequence[Promotion], plan: Plan, records: Records) -> tuple[list[Promoted], int]:
        """One version after the other, under the journal of the target; the results, and the exit code that they make.

        Raises:
            JournalFailed: the journal cannot be begun; nothing was written.
        """
        if not plan.changes:
            records.settle(plan)
            return [self._one(promotion, Unrecorded()) for promotion in promotions], 0
        journal, end = records.begin(plan), "interrupted"
        try:
            results: list[Promoted] = []
            for promotion in promotions:
                # Another run writes there too, or nothing can be recorded: what is under way was the last.
                halted = any(isinstance(result.error, Overtaken | JournalFailed) for result in results)
                results.append(self._skipped(promotion) if halted else self._one(promotion, journal))
            code = exit_code(results, interrupted=self.transfer.stop())
            end = end_of(code)
        finally:
            journal.end(end)
        return results, code

    def _skipped(self, promotion: Promotion, error: Interrupted | None = None) -> Promoted:
        asset = promotion.source.id
        target = AssetId(self.target.registry.name, asset.name, asset.version)
        return Promoted(asset, target, Outcome.SKIPPED, str(promotion.mode), error=error)

    def _one(self, promotion: Promotion, journal: Recorder) -> Promoted:
        asset = promotion.source.id
        target_id = AssetId(self.target.registry.name, asset.name, asset.version)
        if promotion.action.kind is ActionKind.UNCHANGED:
            return Promoted(asset, target_id, Outcome.UNCHANGED, str(promotion.mode))
        try:
            if self.transfer.stop():
                return self._skipped(promotion)
            copied = promote(
                promotion,
                self.source.registry,
                self.target.registry,
                provenance=self.provenance,
                transfer=self.transfer,
                journal=journal,
            )
        except Interrupted as error:
            return self._skipped(promotion, error)
        except PublishError as error:
            return Promoted(asset, target_id, Outcome.FAILED, str(promotion.mode), error=error)
        outcome = Outcome.CREATED
        if copied is None:
            outcome = Outcome.UPDATED if promotion.action.kind is ActionKind.ARCHIVE else Outcome.UNCHANGED
        return Promoted(asset, target_id, outcome, str(promotion.mode), copied)
