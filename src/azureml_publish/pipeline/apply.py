"""Carries out a plan: of the folders as they are, or one that was saved. The caller shows it and has it confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from azureml_publish.content.signing import Signer
from azureml_publish.content.sources.readers import Readers
from azureml_publish.content.upload.transfer import ModelContent, Transfer
from azureml_publish.diagnostics import Diagnostic
from azureml_publish.errors import Conflict, PublishError, UsageProblem
from azureml_publish.execute.apply import Result, apply_plan
from azureml_publish.execute.journal import Journal, PastRun
from azureml_publish.execute.outcome import Outcome, end_of, exit_code
from azureml_publish.execute.registration import Tools
from azureml_publish.pipeline.apply_elsewhere import Order, apply_elsewhere
from azureml_publish.pipeline.attributes import with_attributes
from azureml_publish.pipeline.check import CheckedProject, check
from azureml_publish.pipeline.conflicts import with_moved
from azureml_publish.pipeline.inspection import Inspection, inspect_sources
from azureml_publish.pipeline.learned import learn
from azureml_publish.pipeline.load import load
from azureml_publish.pipeline.plan import JOBS
from azureml_publish.pipeline.prefetch import Prefetch
from azureml_publish.pipeline.registries import Opened, find_config, name_of, open_registry, same_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.run_log import recording
from azureml_publish.pipeline.saved_plans import ApplyRequest, check_provenance, plan_request
from azureml_publish.pipeline.scheduler import Scheduler
from azureml_publish.pipeline.signing import find_signer
from azureml_publish.pipeline.sources import find_readers
from azureml_publish.plan.actions import Plan
from azureml_publish.plan.saved import Provenance
from azureml_publish.project import Project

UPLOADS = 2
"""Models at a time that upload files: each takes some blocks of memory, and the network is the limit."""


@dataclass(frozen=True, slots=True)
class Review:
    """The plan and its circumstances, before anything is written.

    Attributes:
        plan: what would be done.
        opened: the registry.
        past: an earlier run on this registry that was interrupted; the same verb continues it.
        verb: the verb that runs now.
        warnings: about the sources of new versions, once they were read.
        provenance: where the saved plan comes from, if it is one.
    """

    plan: Plan
    opened: Opened
    past: PastRun | None
    verb: str
    warnings: tuple[Diagnostic, ...] = ()
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """The results of a plan.

    Attributes:
        plan: what was to be done.
        results: of each model version, sorted by model as the plan is.
        exit_code: that of `publish apply`; 0 where all is done.
        journal_failure: why the journal could not be written any more; no model was begun after that.
    """

    plan: Plan
    results: tuple[Result, ...]
    exit_code: int = 0
    journal_failure: PublishError | None = None


Transferring: TypeAlias = Callable[[Opened], AbstractContextManager[Transfer]]
"""Opens what uploads files to a registry."""


def apply(
    run: RunContext,
    request: ApplyRequest,
    transferring: Transferring,
    *,
    review: Callable[[Review], None] = lambda _: None,
    approve: Callable[[Review], None] = lambda _: None,
    jobs: int | None = None,
) -> ApplyResult:
    """Upload, register and update what a plan shows, under the registry's lock and a journal.

    Args:
        transferring: opens what uploads files.
        review: is called with the plan, whether or not it can be carried out.
        approve: is called with it before anything is written, if it can be carried out; raises where it is declined.
        jobs: models at a time. [default: 16, of which 2 upload files]

    Raises:
        NotFound, UsageProblem: the key that signs is not there, or cannot be used; nothing was written.
        UnsoundProject: the folders have errors, or a source cannot be published; nothing was written.
        Conflict: a model cannot be applied, or a saved plan no longer holds, or a protected registry is to take one of
            another commit; nothing was written.
        Overtaken: another run on this machine is at work on the registry.
        PublishError: the registry cannot be read, or the journal cannot be begun; nothing was written.
    """
    loaded = load(run, request.models, request.settings)
    project = loaded.require_project()
    _require_reach(run, project, request.registry)
    with (
        recording(project, name_of(project, request.registry), "apply") as records,
        Prefetch(partial(open_registry, run, name=request.registry), jobs or JOBS) as prefetch,
        ExitStack() as stack,
    ):
        checked = check(run, loaded, "errors", begun=lambda: prefetch.begin(loaded))
        checked.require_sound()
        opened = prefetch.opened()
        provenance = check_provenance(run, project.root, request, protected=opened.config.protected)
        with run.events.stage("observe", models=len(checked.models)):
            planning = plan_request(request, checked, opened.registry, jobs or JOBS, prefetch.find)
        contents, readers = planning.contents, stack.enter_context(closing(find_readers(opened, run)))
        plan = planning.observed.plan()
        inspection = _inspect(run, plan, contents, readers, stand_in=opened.stand_in)
        plan = with_attributes(plan, inspection.contents)
        plan = with_moved(plan, planning.observed, contents, opened.registry, readers)
        shown = Review(plan, opened, records.open_end, records.verb, inspection.warnings, provenance)
        review(shown)
        _refuse_conflicts(plan, request.registry)
        # Workers find what signs in their own environments.
        signs = plan.changes and not isinstance(run.executor, Scheduler)
        signer = find_signer(run, project, opened) if signs else None
        approve(shown)
        if plan.changes:
            carrying = _Carrying(run, request.registry, checked, partial(_signing, transferring, signer), jobs)
            ended = carrying.out(opened, records.begin(plan), plan, inspection.contents)
            learn(project.root, plan.registry, ((r.model, r.version, r.unseen, r.error) for r in ended.results))
            return ended
        records.settle(plan)
    return ApplyResult(plan, tuple(Result(each.model, each.version, Outcome.UNCHANGED) for each in plan.actions))


def _inspect(
    run: RunContext, plan: Plan, contents: Mapping[str, ModelContent], readers: Readers, *, stand_in: bool
) -> Inspection:
    """What sources hold. What cannot be applied is reported at once, without waiting for them."""
    if plan.conflicts:
        return Inspection(contents)
    with run.events.stage("inspect"):
        return inspect_sources(plan, contents, readers, stand_in=stand_in)


def _refuse_conflicts(plan: Plan, registry: str | None) -> None:
    if plan.conflicts:
        required = f"`publish bump --required{same_registry(registry)}`"
        raise Conflict(
            f"{len(plan.conflicts)} of {len(plan.actions)} models cannot be applied; nothing was written.",
            hint=f"{required} writes the next free version of each; then plan again.",
        )


@contextmanager
def _signing(transferring: Transferring, signer: Signer | None, opened: Opened) -> Iterator[Transfer]:
    """What brings files into a registry, and signs them there."""
    with transferring(opened) as transfer:
        yield replace(transfer, signer=signer)


@dataclass(frozen=True, slots=True)
class _Carrying:
    """Carries out a plan: in this process, or over the workers of a scheduler."""

    run: RunContext
    registry: str | None
    checked: CheckedProject
    transferring: Transferring
    jobs: int | None

    def out(self, opened: Opened, journal: Journal, plan: Plan, contents: Mapping[str, ModelContent]) -> ApplyResult:
        """Apply a plan under a journal, which is ended."""
        end = ""
        try:
            with self.transferring(opened) as transfer:
                with self.run.events.stage("apply", models=len(plan.changes)):
                    results = self._results(opened, journal, plan, contents, transfer)
                code = exit_code(results, interrupted=transfer.stop())
            end = end_of(code)
        finally:
            journal.end(end or "interrupted")
        return ApplyResult(plan, results, code, journal.failure)

    def _results(
        self, opened: Opened, journal: Journal, plan: Plan, contents: Mapping[str, ModelContent], transfer: Transfer
    ) -> tuple[Result, ...]:
        run, uploads = self.run, self.jobs or UPLOADS
        if not isinstance(run.executor, Scheduler):
            tools = Tools(opened.registry, transfer, run.sleep, journal, run.events)
            return apply_plan(plan, contents, tools, jobs=self.jobs or JOBS, uploads=uploads)
        project, style = self.checked.require_sound(), self.checked.style
        order = Order(
            run.executor.place(project.root),
            journal.apply,
            self.registry,
            style.layout if style is not None else project.config.layout,
            uploads,
            transfer.pool.bandwidth.rate,
            transfer.pool.connections,
        )
        return apply_elsewhere(run, run.executor, order, plan, contents, journal=journal, stop=transfer.stop)


def _require_reach(run: RunContext, project: Project, registry: str | None) -> None:
    """Check that other machines reach the registry, where they are to write to it.

    Raises:
        UsageProblem: it is the embedded one.
    """
    name = registry or project.config.registry
    if isinstance(run.executor, Scheduler) and find_config(project, name).emulator is not None:
        raise UsageProblem(
            f"{name} is an embedded registry of this machine, which the workers of a scheduler do not reach.",
            hint="Name a registry of Azure with -r, or run `publish emulator` where all of them reach it.",
        )
