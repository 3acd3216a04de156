"""A plan as text for people and as JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from azureml_publish.plan.actions import Action, ActionKind, FieldChange, Plan, WithoutFolder
from azureml_publish.plan.diff import CONTENT
from azureml_publish.plan.rules import ChangeClass
from azureml_publish.reporters.diagnostics import as_json
from azureml_publish.reporters.differences import beyond, difference, painted, read_lists, short, unified
from azureml_publish.reporters.hostile_text import below, one_line
from azureml_publish.reporters.paint import PLAIN, Paint

SIGNS = {
    ActionKind.CREATE: ("+", "green"),
    ActionKind.UPDATE: ("~", "yellow"),
    ActionKind.ARCHIVE: ("v", "yellow"),
    ActionKind.RESTORE: ("^", "yellow"),
    ActionKind.UNCHANGED: ("=", "dim"),
    ActionKind.CONFLICT: ("!", "red"),
}
LABELS = {
    ChangeClass.NEW_VERSION: "needs a new version",
    ChangeClass.IN_PLACE: "changes in place",
    ChangeClass.APPEND: "is added",
    ChangeClass.KEPT: "stays, as properties do",
    ChangeClass.IDENTITY: "names another version",
}
SHOWN_KEYS = 8
"""Keys that are named of those that a registry does not hand back."""

NAME_WIDTH = 120
"""Characters to show of a field's name, which may be chosen freely."""


def plan_text(plan: Plan, paint: Paint = PLAIN, without_folder: Sequence[WithoutFolder] = ()) -> str:
    """The actions, each with its differing fields, a count, and what the registry holds beside them."""
    width = max((len(one_line(action.model)) for action in plan.actions), default=0)
    lines = [f"Plan for registry {paint(one_line(plan.registry), 'bold')}", ""]
    for action in plan.actions:
        sign, colour = SIGNS[action.kind]
        head = f"{sign} {one_line(action.model):<{width}}  {action.version:>4}  {action.kind}"
        lines.append(f"  {paint(head, colour, *(['bold'] * (action.kind is not ActionKind.UNCHANGED)))}")
        if action.reason:
            lines.append(f"      {below(action.reason, '      ')}")
        lines.extend(f"      {line}" for line in _changes(action, paint))
        if latest := latest_text(action):
            lines.append(f"      {paint(latest, 'dim')}")
        if action.hint:
            lines.append(f"      {paint('help:', 'cyan')} {below(action.hint, '      ')}")
    lines += ["", f"Plan: {summary(plan)}.  {paint(f'digest {plan.digest[:12]}', 'dim')}"]
    if unseen := unseen_text(plan):
        lines.append(unseen)
    lines += without_folder_lines(without_folder)
    return "\n".join(lines) + "\n"


def without_folder_lines(models: Sequence[WithoutFolder], show: Callable[[str], str] = one_line) -> Iterator[str]:
    """What to know of registered models without a folder; `show` makes a name safe to print."""
    renamed = [one for one in models if one.renamed_to]
    for one in renamed[:SHOWN_KEYS]:
        yield (
            f"{show(one.model)} stays registered, and has the source of {show(one.renamed_to)}, which is new. "
            "If that is its new name, `publish archive` hides the old one."
        )
    rest = [show(one.model) for one in models if one not in renamed[:SHOWN_KEYS]]
    if rest:
        more = f" and {len(rest) - SHOWN_KEYS:,} more" if len(rest) > SHOWN_KEYS else ""
        yield (
            f"Registered, and without a folder here: {', '.join(rest[:SHOWN_KEYS])}{more}. "
            "No plan changes or removes them; `publish archive` hides one whose folder was removed."
        )


def unseen_text(plan: Plan) -> str:
    """What could not be compared, in a sentence each for metadata and for files of all models; empty for none."""
    return "\n".join(filter(None, (_unseen_metadata(plan), _unseen_files(plan))))


def _unseen_files(plan: Plan) -> str:
    models = [f"{one_line(one.model)} {one.version}" for one in plan.actions if CONTENT in one.unseen]
    if not models:
        return ""
    more = f" and {len(models) - SHOWN_KEYS} more" if len(models) > SHOWN_KEYS else ""
    return (
        f"Another tool registered {', '.join(models[:SHOWN_KEYS])}{more}: the files there were not compared with those "
        "of the folder. `publish bump` makes a version of the folder's."
    )


def _unseen_metadata(plan: Plan) -> str:
    keys = sorted({key for action in plan.actions for key in action.unseen if key != CONTENT})
    if not keys:
        return ""
    more = f" and {len(keys) - SHOWN_KEYS} more" if len(keys) > SHOWN_KEYS else ""
    return (
        f"The registry {one_line(plan.registry)} does not hand back system metadata: "
        f"{one_line(', '.join(keys[:SHOWN_KEYS]))}{more}. "
        "Whether it is set there cannot be seen, so it counts as no change."
    )


def summary(plan: Plan) -> str:
    """The number of actions of each kind, as a sentence."""
    counts = Counter(action.kind for action in plan.actions)
    return ", ".join(f"{counts[kind]} {_counted(kind, counts[kind])}" for kind in ActionKind if counts[kind]) or (
        "no models"
    )


def latest_text(action: Action) -> str:
    """The version of the label `latest`, if that needs saying: a version after others, or not the last one."""
    if action.latest is None or action.kind in (ActionKind.UNCHANGED, ActionKind.CONFLICT):
        return ""
    if action.kind is ActionKind.CREATE:
        return f"latest: {action.latest} → {action.latest_after}"
    return f"latest: stays {action.latest}" if action.latest != action.version else ""


def by_consequence(action: Action) -> list[FieldChange]:
    """The differences of an action, the most serious first."""
    order = list(ChangeClass)
    return sorted(action.fields, key=lambda change: order.index(change.consequence))


def by_label(action: Action) -> dict[str, list[str]]:
    """The names of the fields that differ, by what that means, the most serious first."""
    found: dict[str, list[str]] = {}
    for change in by_consequence(action):
        found.setdefault(LABELS[change.consequence], []).append(change.field)
    return found


def plan_json(plan: Plan, without_folder: Sequence[WithoutFolder] = ()) -> str:
    """The plan as a JSON object. `class` is the class of a field's change; null means that there is no value.

    `without_folder` is there where the registry holds such models.
    """
    rest = [{"model": one.model, "renamed_to": one.renamed_to or None} for one in without_folder]
    return as_json(
        {
            "registry": plan.registry,
            "digest": plan.digest,
            "actions": [_action(action) for action in plan.actions],
            **({"without_folder": rest} if rest else {}),
        }
    )


def matrix_json(shares: Sequence[tuple[int, int]]) -> str:
    """Parts with something to do, in one line, as the matrix of a GitHub job takes it; each is models and bytes."""
    parts = [
        {"shard": f"{number}/{len(shares)}", "models": models, "bytes": size}
        for number, (models, size) in enumerate(shares, 1)
        if models
    ]
    return json.dumps({"include": parts}) + "\n"


def _action(action: Action) -> dict[str, object]:
    return {
        "model": action.model,
        "version": action.version,
        "action": str(action.kind),
        "reason": action.reason,
        "hint": action.hint,
        "latest": {"before": action.latest, "after": action.latest_after},
        "fields": [_field(change) for change in action.fields],
        "unverifiable": list(action.unseen),
    }


def _field(change: FieldChange) -> dict[str, object]:
    before, after = change.before, change.after
    entry: dict[str, object] = {
        "field": change.field,
        "class": str(change.consequence),
        "before": before,
        "after": after,
    }
    if change.moved:
        entry["moved"] = list(change.moved)
    if (lists := read_lists(before, after)) is not None:
        entry |= {"added": beyond(lists[1], lists[0]), "removed": beyond(lists[0], lists[1])}
    if isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        entry["diff"] = unified(before, after)
    return entry


def _counted(kind: ActionKind, count: int) -> str:
    match kind:
        case ActionKind.UNCHANGED:
            return str(kind)
        case ActionKind.CONFLICT:
            return "conflict" if count == 1 else "conflicts"
    return f"to {kind}"


def attributes(action: Action) -> Iterator[tuple[str, str]]:
    """What a created version is: each attribute with its name, on one line; of a list the first item."""
    tags = [change.field.removeprefix("tags.") for change in action.fields if change.field.startswith("tags.")]
    for change in action.fields:
        value = change.after
        if change.field.startswith("tags."):
            if change.field == f"tags.{tags[0]}":
                yield "tags", short(", ".join(tags), NAME_WIDTH)
        elif isinstance(value, list | tuple):
            more = f" and {len(value) - 1} more" if len(value) > 1 else ""
            yield change.field, f"{short(value[0])}{more}"
        else:
            shown = f"{value:,}" if isinstance(value, int) else str(value)
            yield change.field, short(shown, NAME_WIDTH)


def _changes(action: Action, paint: Paint) -> Iterator[str]:
    if action.kind is ActionKind.CREATE:
        named = {short(name, NAME_WIDTH): value for name, value in attributes(action)}
        width = max(map(len, named), default=0)
        yield from (f"{paint(f'{name:<{width}}', 'dim')}  {value}" for name, value in named.items())
        return
    width = max((len(LABELS[change.consequence]) for change in action.fields), default=0)
    for change in by_consequence(action):
        yield f"{paint(f'{LABELS[change.consequence]:<{width}}', 'dim')}  {short(change.field, NAME_WIDTH)}"
        yield from (f"    {short(named, NAME_WIDTH)}" for named in change.moved)
        for line in difference(change.before, change.after) if not change.moved else ():
            yield f"    {painted(line, paint)}"
