"""Brings an older version back: its files and metadata as the next free version of the same registry."""

from __future__ import annotations

from collections.abc import Callable

from azureml_publish.assets import Origin
from azureml_publish.errors import UsageProblem
from azureml_publish.execute.promote import plan_rollback
from azureml_publish.git import commit_of
from azureml_publish.pipeline.apply import Review, Transferring
from azureml_publish.pipeline.promote import Carrying, PromoteResult
from azureml_publish.pipeline.references import find_registered, name_reference, read_project
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.run_log import recording
from azureml_publish.plan.actions import Plan
from azureml_publish.project import ModelFolder
from azureml_publish.version import TOOL


def roll_back(
    run: RunContext,
    model: str,
    version: int,
    registry: str | None,
    transferring: Transferring,
    *,
    review: Callable[[Review], None] = lambda _: None,
    approve: Callable[[Review], None] = lambda _: None,
) -> tuple[PromoteResult, ModelFolder | None]:
    """Copy a version to the next free number, under the registry's lock and a journal.

    Args:
        model: a registered name, or the model folder that has it.
        version: the version to bring back.
        registry: a registry of `publish.yaml` or its address. [default: the project's own]
        transferring: opens what brings files in.
        review: is shown the plan.
        approve: is shown it once more where there is something to write, and raises where it is declined.

    Returns:
        What became of it, and the model folder that names another version now.

    Raises:
        NotFound: there is no such model or version.
        UnusableSource: the version has no manifest.
        Overtaken: another run on this machine is at work on the registry.
        PublishError: the registry cannot be reached, or the journal cannot be begun; nothing was written.
    """
    if ":" in model:
        raise UsageProblem(f"'{model}' names a version already.", hint="Write the name alone, and the version as --to.")
    project = read_project(run)
    name = name_reference(run, project, model)
    folder = next((one for one in project.models if one.spec.name == name), None)
    with (
        open_registry(run, project, registry) as opened,
        recording(project, opened.registry.name, "rollback") as records,
    ):
        source = find_registered(opened.registry, f"{name}:{version}", registry)
        latest = find_registered(opened.registry, name, registry)
        free = opened.registry.state(name, latest.id.version).next_version
        promotion = plan_rollback(source, latest, opened.registry.state(name, free))
        plan = Plan(opened.registry.name, (promotion.action,))
        shown = Review(plan, opened, records.open_end, records.verb)
        review(shown)
        if plan.changes:
            approve(shown)
        origin = Origin(commit=commit_of(project.root, run.environ), plan=plan.digest, tool=TOOL)
        with transferring(opened) as transfer:
            return Carrying(run, opened, opened, origin, transfer).all([promotion], plan, records), folder
