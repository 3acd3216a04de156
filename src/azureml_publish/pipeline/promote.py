"""Takes registered versions to another registry. The caller shows the plan first, and has it confirmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azureml_publish.assets import AssetId, Origin, RegisteredAsset
from azureml_publish.content.upload.transfer import Transfer
from azureml_publish.errors import Conflict, Interrupted, JournalFailed, Overtaken, PublishError, UsageProblem
from azureml_publish.execute.outcome import Outcome, end_of, exit_code
from azureml_publish.execute.promote import Mode, Promotion, plan_promotion, promote
from azureml_publish.execute.registration import Tools
from azureml_publish.git import commit_of
from azureml_publish.pipeline.apply import Review, Transferring
from azureml_publish.pipeline.check import load_checked
from azureml_publish.pipeline.learned import learn
from azureml_publish.pipeline.load import Settings
from azureml_publish.pipeline.observe import content_of
from azureml_publish.pipeline.references import find_meant, name_references, read_project
from azureml_publish.pipeline.registries import Opened, open_pair
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.run_log import Records, recording
from azureml_publish.plan.actions import ActionKind, Desired, Plan
from azureml_publish.project import Project
from azureml_publish.reporters.promote import Promoted
from azureml_publish.version import TOOL


@dataclass(frozen=True, slots=True)
class PromotionRequest:
    """What is to be promoted.

    Attributes:
        models: registered versions, as `NAME` or `NAME:VERSION`.
        source: the registry that has them.
        target: the registry that is to have them.
        settings: layout and day, where metadata is rendered.
        metadata: a `Mode`. None means rendered where a folder names the version, else as it is in the source.
    """

    models: Sequence[str]
    source: str
    target: str
    settings: Settings
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class PromoteResult:
    """What became of a promotion, from one registry to another.

    Attributes:
        source: the name of the registry that had the versions.
        target: the name of the other one.
        results: what became of each version.
        exit_code: 0 where all is done; else what `publish promote` ends with.
        journal_failure: why the journal of the run could not be carried on; what was under way then was the last.
    """

    source: str
    target: str
    results: tuple[Promoted, ...]
    exit_code: int = 0
    journal_failure: PublishError | None = None


def promote_versions(
    run: RunContext,
    request: PromotionRequest,
    transferring: Transferring,
    *,
    review: Callable[[Review], None] = lambda _: None,
    approve: Callable[[Review, str], None] = lambda _review, _source: None,
) -> PromoteResult:
    """Copy versions to another registry, under its lock and a journal.

    Args:
        transferring: opens what brings files in.
        review: is shown the plan, whether or not it can be carried out.
        approve: is shown it once more where there is something to write, with the name of the source, and raises
            where it is declined.

    Raises:
        Conflict: a version is there with other files; nothing was written.
        Overtaken: another run on this machine is at work on the registry.
        PublishError: a registry cannot be read, or the journal cannot be begun; nothing was written.
    """
    project = read_project(run)
    with (
        open_pair(run, project, request.source, request.target) as (one, other),
        recording(project, other.registry.name, "promote") as records,
    ):
        assets = find_meant(one.registry, project, name_references(run, project, request.models), request.source)
        folders = _rendered(run, project, assets, request.settings, request.metadata)
        promotions = [
            plan_promotion(asset, folders.get(asset.id), other.registry.state(asset.id.name, asset.id.version))
            for asset in assets
        ]
        plan = Plan(other.registry.name, tuple(promotion.action for promotion in promotions))
        shown = Review(plan, other, records.open_end, records.verb)
        review(shown)
        if plan.conflicts:
            raise Conflict(
                f"{len(plan.conflicts)} of {len(promotions)} versions cannot be promoted; nothing was written.",
                hint=plan.conflicts[0].hint,
            )
        if plan.changes:
            approve(shown, one.registry.name)
        origin = Origin(commit=commit_of(project.root, run.environ), plan=plan.digest, tool=TOOL)
        with transferring(other) as transfer:
            ended = Carrying(run, one, other, origin, transfer).all(promotions, plan, records)
        learn(
            project.root, plan.registry, ((r.target.name, r.target.version, r.unseen, r.error) for r in ended.results)
        )
        return ended


def _rendered(
    run: RunContext, project: Project, assets: Sequence[RegisteredAsset], settings: Settings, metadata: str | None
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
    checked = load_checked(run, chosen, settings)
    checked.require_sound()
    contents = {folder.folder: content_of(checked, folder, rendered) for folder, rendered in checked.rendered}
    return {chosen[name]: Desired(one.rendered.asset, one.digest, one.manifest()) for name, one in contents.items()}


@dataclass(frozen=True, slots=True)
class Carrying:
    """Registers versions again, in another registry or in the same; `origin` is noted with each."""

    run: RunContext
    source: Opened
    target: Opened
    origin: Origin
    transfer: Transfer

    def all(self, promotions: Sequence[Promotion], plan: Plan, records: Records) -> PromoteResult:
        """One version after the other, under the journal of the target; the results.

        Raises:
            JournalFailed: the journal cannot be begun; nothing was written.
        """
        if not plan.changes:
            records.settle(plan)
            unchanged = tuple(self._result(promotion, Outcome.UNCHANGED) for promotion in promotions)
            return PromoteResult(self.source.registry.name, self.target.registry.name, unchanged)
        journal, end = records.begin(plan), "interrupted"
        tools = Tools(self.target.registry, self.transfer, self.run.sleep, journal, self.run.events)
        try:
            results: list[Promoted] = []
            with self.run.events.stage("promote", models=len(plan.changes)):
                for promotion in promotions:
                    # Another run writes there too, or nothing can be recorded: what is under way was the last.
                    halted = any(isinstance(result.error, Overtaken | JournalFailed) for result in results)
                    stopped = halted or journal.failure is not None or self.transfer.stop()
                    results.append(self._one(promotion, tools, stopped=stopped))
            code = exit_code(results, interrupted=self.transfer.stop())
            end = end_of(code)
        finally:
            journal.end(end)
        return PromoteResult(
            self.source.registry.name, self.target.registry.name, tuple(results), code, journal.failure
        )

    def _one(self, promotion: Promotion, tools: Tools, *, stopped: bool) -> Promoted:
        if promotion.action.kind is ActionKind.UNCHANGED:
            return self._result(promotion, Outcome.UNCHANGED)
        if stopped:
            return self._result(promotion, Outcome.SKIPPED)
        asset, events = promotion.wanted.asset, self.run.events
        with events.one_model("promote", asset.name, asset.version) as ended:
            result = self._promoted(promotion, tools)
            ended(str(result.outcome), result.error if result.outcome is Outcome.FAILED else None)
        return result

    def _promoted(self, promotion: Promotion, tools: Tools) -> Promoted:
        try:
            written = promote(promotion, self.source.registry, tools, self.origin)
        except Interrupted as error:
            return self._result(promotion, Outcome.SKIPPED, error=error)
        except PublishError as error:
            return self._result(promotion, Outcome.FAILED, error=error)
        return self._result(promotion, written.outcome, copied=written.content, unseen=written.unseen)

    def _result(self, promotion: Promotion, outcome: Outcome, **further: Any) -> Promoted:
        source = promotion.source.id
        target = AssetId(self.target.registry.name, source.name, promotion.wanted.asset.version)
        return Promoted(source, target, outcome, str(promotion.mode), **further)
