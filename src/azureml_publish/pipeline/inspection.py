"""Reads the sources of what a plan would create, so that apply refuses nothing that the plan accepted."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from azureml_publish.content.contents import ModelContent
from azureml_publish.content.lock import usable_lock
from azureml_publish.content.sources.readers import Readers
from azureml_publish.diagnostics import Diagnostic, Severity, has_errors, in_order
from azureml_publish.errors import PublishError
from azureml_publish.plan.actions import ActionKind, Plan
from azureml_publish.project import UnsoundProject

JOBS = 8
"""Sources that are read at a time."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the sources of everything that a plan would create hold.

    Attributes:
        contents: every model by asset name; those whose source was read know their files.
        warnings: about the sources.
        failures: why sources could not be read, by model.
    """

    contents: Mapping[str, ModelContent]
    warnings: tuple[Diagnostic, ...] = ()
    failures: Mapping[str, PublishError] = field(default_factory=dict)


def inspect_sources(
    plan: Plan,
    contents: Mapping[str, ModelContent],
    readers: Readers,
    *,
    stand_in: bool = False,
    trust_locks: bool = False,
    offline: bool = False,
) -> Inspection:
    """Read the source of each model that would be created, several at a time; no file is uploaded.

    Args:
        contents: the content of every model by asset name.
        stand_in: whether the Hub that is read is the emulator's.
        trust_locks: whether a lock stands for its source, which is then not read unless it is on this machine.
        offline: whether to read no source at all; locks are checked all the same.

    Raises:
        UnsoundProject: a source cannot be published; holds every reason of every model.
    """
    created = [action.model for action in plan.actions if action.kind is ActionKind.CREATE]

    judged: list[Diagnostic] = []

    def look(model: str) -> ModelContent | PublishError:
        try:
            content = contents[model]
            lock, wrong = usable_lock(content.folder, content.defaults)
            if offline or (trust_locks and lock is not None and not content.local and (stand_in or not lock.stand_in)):
                judged.extend(wrong)
                return content
            return content.look(readers)
        except PublishError as error:
            return error

    with ThreadPoolExecutor(JOBS, thread_name_prefix="inspect") as pool:
        looked = dict(zip(created, pool.map(look, created), strict=True))
    known = {model: one for model, one in looked.items() if isinstance(one, ModelContent)}
    looked_into = (each for one in known.values() if one.contained is not None for each in one.contained.found)
    found = in_order((*judged, *looked_into))
    if has_errors(found):
        raise UnsoundProject(tuple(one for one in found if one.severity is Severity.ERROR), len(created))
    failures = {model: one for model, one in looked.items() if isinstance(one, PublishError)}
    again = {model: replace(contents[model], readers=readers) for model in failures}  # who can look once more
    return Inspection({**contents, **known, **again}, found, failures)


def look_before(
    plan: Plan, contents: Mapping[str, ModelContent], readers: Readers, *, stand_in: bool, offline: bool
) -> Inspection:
    """What the sources of what a plan would create hold, by their locks where they have one.

    Raises:
        UnsoundProject: a source cannot be published.
        PublishError: a source cannot be read.
    """
    inspection = inspect_sources(plan, contents, readers, stand_in=stand_in, trust_locks=True, offline=offline)
    if inspection.failures:
        raise _all_of(inspection.failures)
    return inspection


def _all_of(failures: Mapping[str, PublishError]) -> PublishError:
    """One failure that says of every model why its source cannot be read."""
    first, *others = failures.values()
    if not others:
        return first
    lines = "".join(f"\n  {model}: {error.message}" for model, error in sorted(failures.items()))
    return type(first)(f"{len(failures)} sources cannot be read:{lines}", hint=first.hint)
