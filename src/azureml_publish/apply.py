"""Carries out a plan: content first and checked, then the version's record, then a look whether it reads back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from azureml_publish.artifacts.transfer import ModelContent, Transfer, publish_content
from azureml_publish.assets import MANIFEST_PROPERTY, SOURCE_PROPERTY, Content
from azureml_publish.errors import Conflict, Interrupted, PublishError
from azureml_publish.layouts import record_of
from azureml_publish.plan import Action, ActionKind, Consequence, Plan, Wanted, changed_metadata, plan_model
from azureml_publish.registry import Registry

READ_BACK_DELAYS = (0.0, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
"""Seconds before each look at what was written. A registry may answer its old state for some seconds after a write."""


class Outcome(StrEnum):
    """What became of an action."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not begun or not finished, because the run was interrupted."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one model version."""

    model: str
    version: int
    outcome: Outcome
    content: Content | None = None
    error: PublishError | None = None


@dataclass(frozen=True, slots=True)
class Tools:
    """What apply works with."""

    registry: Registry
    transfer: Transfer
    sleep: Callable[[float], None] = time.sleep


def apply_plan(plan: Plan, contents: Mapping[str, ModelContent], tools: Tools, *, jobs: int) -> tuple[Result, ...]:
    """Carry out every action of a plan, several models at a time. One that fails does not keep the others back.

    Args:
        plan: what to do; it must have no conflicts.
        contents: the models by asset name.
        tools: registry, sources and what else is needed.
        jobs: how many models at a time.

    Raises:
        Conflict: the plan has conflicts; nothing was written.
    """
    if plan.conflicts:
        names = ", ".join(action.model for action in plan.conflicts)
        raise Conflict(f"The plan has conflicts: {names}. Nothing was written.", hint=plan.conflicts[0].hint)

    def one(action: Action) -> Result:
        if tools.transfer.stop() and action.kind is not ActionKind.UNCHANGED:
            return Result(action.model, action.version, Outcome.SKIPPED)
        try:
            return _carry_out(action, contents[action.model], tools)
        except Interrupted as error:
            return Result(action.model, action.version, Outcome.SKIPPED, error=error)
        except PublishError as error:
            return Result(action.model, action.version, Outcome.FAILED, error=error)
        except Exception as error:  # noqa: BLE001 - one model's surprise must not lose the others' results
            surprise = PublishError(f"unexpected {type(error).__name__}: {error}", hint="Run again with --debug.")
            surprise.__cause__ = error
            return Result(action.model, action.version, Outcome.FAILED, error=surprise)

    with ThreadPoolExecutor(max(1, jobs), thread_name_prefix="model") as pool:
        return tuple(pool.map(one, plan.actions))


def _carry_out(action: Action, content: ModelContent, tools: Tools) -> Result:
    asset = content.rendered.asset
    match action.kind:
        case ActionKind.CREATE:
            access = tools.registry.lend_container(asset.name, asset.version)
            renew = partial(tools.registry.lend_container, asset.name, asset.version)
            published = publish_content(content, access, tools.transfer, renew)
            properties = {MANIFEST_PROPERTY: published.manifest, SOURCE_PROPERTY: published.source}
            tools.registry.create(record_of(asset, properties), published.uri)
            _read_back(content, tools)
            return Result(asset.name, asset.version, Outcome.CREATED, published)
        case ActionKind.UPDATE:
            registered = tools.registry.state(asset.name, asset.version).asset
            if registered is None:
                raise Conflict(f"{asset.name} version {asset.version} was deleted meanwhile.", hint="Plan again.")
            tools.registry.update(registered, record_of(asset, {}), changed_metadata(action.fields))
            _read_back(content, tools)
            return Result(asset.name, asset.version, Outcome.UPDATED)
    return Result(asset.name, asset.version, Outcome.UNCHANGED)


def _read_back(content: ModelContent, tools: Tools) -> None:
    """Look until the registry says what was written, with patience for a stale answer.

    Raises:
        PublishError: it still says something else after the last look.
    """
    asset = content.rendered.asset
    wanted = Wanted(asset, content.digest)
    differing: tuple[str, ...] = ()
    for delay in READ_BACK_DELAYS:
        tools.sleep(delay)
        action = plan_model(wanted, tools.registry.state(asset.name, asset.version))
        if action.kind is ActionKind.UNCHANGED:
            return
        differs = (change.field for change in action.fields if change.consequence is not Consequence.KEPT)
        differing = tuple(differs) or ("the version itself",)
    raise PublishError(
        f"{asset.name} version {asset.version} was written, but the registry still answers otherwise: "
        f"{', '.join(differing)}.",
        hint="Run `publish plan` in a while; it shows what is left to do.",
    )
