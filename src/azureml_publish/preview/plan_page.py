"""What the plan page shows: what would change in a registry, or what changed since a revision, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from azureml_publish.pipeline.check import CheckedProject
from azureml_publish.pipeline.compare import Comparison, compare_revision, compare_version
from azureml_publish.pipeline.live import LiveProject
from azureml_publish.pipeline.plan import make_plan
from azureml_publish.plan.actions import Action, ActionKind, FieldChange
from azureml_publish.preview.card_diff import word_diff
from azureml_publish.reporters.differences import Line, difference
from azureml_publish.reporters.plan import (
    LABELS,
    attributes,
    by_consequence,
    latest_text,
    summary,
    unseen_text,
    without_folder_lines,
)

if TYPE_CHECKING:
    from azureml_publish.preview.site import PlanRequest

MOST_LINES = 60
"""Lines of one difference that a page shows."""

MOST_CHARACTERS = 200_000
"""Characters of two cards together beyond which they are compared line by line."""


@dataclass(frozen=True, slots=True)
class ShownField:
    """One difference: what it means for a registered version, and its lines, or the card with its changed words."""

    name: str
    label: str
    lines: tuple[Line, ...] = ()
    card: str = ""


@dataclass(frozen=True, slots=True)
class ShownAction:
    """One model: what would be done, why, and what differs."""

    action: Action
    folder: str
    fields: tuple[ShownField, ...]
    attributes: tuple[tuple[str, str], ...]
    latest: str


@dataclass(frozen=True, slots=True)
class PlanPage:
    """A plan, or a comparison with a revision or version; `registry` is that of the request, empty for the others."""

    against: str
    registry: str
    actions: tuple[ShownAction, ...]
    unchanged: int
    summary: str
    unseen: str = ""
    removed: tuple[str, ...] = ()
    without_folder: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


def make_plan_page(live: LiveProject, checked: CheckedProject, request: PlanRequest) -> PlanPage:
    """Compare the models.

    Raises:
        UnsoundProject: the models have errors.
        PublishError: the registry or the repository cannot be read.
    """
    registry, rest = "", tuple[str, ...]()
    if request.revision:
        comparison = compare_revision(live.run, checked, request.revision, live.settings)
        against = f"revision {request.revision}"
    elif request.version:
        comparison = compare_version(live.run, checked, request.version, request.registry)
        against = comparison.plan.registry
    else:
        planned = make_plan(live.run, live.patterns, request.registry, live.settings, whole=False, checked=checked)
        comparison, against = Comparison(planned.plan), f"registry {planned.plan.registry}"
        registry = planned.request.address
        rest = tuple(without_folder_lines(planned.without_folder))
    folders = {rendered.asset.name: folder.folder for folder, rendered in checked.rendered}
    plan = comparison.plan
    shown = tuple(
        _shown(action, folders.get(action.model, ""))
        for action in plan.actions
        if action.kind is not ActionKind.UNCHANGED
    )
    return PlanPage(
        against,
        registry,
        shown,
        len(plan.actions) - len(shown),
        summary(plan),
        unseen_text(plan),
        comparison.removed,
        rest,
        comparison.skipped,
    )


def _shown(action: Action, folder: str) -> ShownAction:
    made = action.kind is ActionKind.CREATE
    fields = () if made else tuple(_field(change) for change in by_consequence(action))
    return ShownAction(action, folder, fields, tuple(attributes(action)) if made else (), latest_text(action))


def _field(change: FieldChange) -> ShownField:
    before, after = change.before, change.after
    label = LABELS[change.consequence]
    if change.moved:
        return ShownField(change.field, label, tuple(Line(" ", one) for one in change.moved))
    texts = isinstance(before, str) and isinstance(after, str)
    if change.field == "description" and texts and len(f"{before}{after}") <= MOST_CHARACTERS:
        return ShownField(change.field, label, card=word_diff(str(before), str(after)))
    lines = difference(before, after, items=MOST_LINES, diff_lines=MOST_LINES)
    return ShownField(change.field, label, tuple(lines))
