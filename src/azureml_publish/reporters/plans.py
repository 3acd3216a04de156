"""A plan as text for people and as JSON for programs."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeGuard

from azureml_publish.assets import Value
from azureml_publish.layouts import decode
from azureml_publish.plan import Action, ActionKind, Consequence, FieldChange, Plan
from azureml_publish.reporters.diagnostics import as_json
from azureml_publish.reporters.paint import PLAIN, Paint

_SIGNS = {
    ActionKind.CREATE: ("+", "green"),
    ActionKind.UPDATE: ("~", "yellow"),
    ActionKind.UNCHANGED: ("=", "dim"),
    ActionKind.CONFLICT: ("!", "red"),
}
_SAID = {
    Consequence.IN_PLACE: "changes in place",
    Consequence.APPEND: "is added",
    Consequence.NEW_VERSION: "needs a new version",
    Consequence.KEPT: "stays: a registry keeps properties",
}
_WIDTH = 60
_LINES = 4


def plan_text(plan: Plan, paint: Paint = PLAIN) -> str:
    """What would be done, model by model, each with its differing fields, and a count at the end."""
    width = max((len(action.model) for action in plan.actions), default=0)
    lines = [f"Plan for registry {paint(plan.registry, 'bold')}", ""]
    for action in plan.actions:
        sign, colour = _SIGNS[action.kind]
        head = f"{sign} {action.model:<{width}}  {action.version:>4}  {action.kind}"
        lines.append(f"  {paint(head, colour, *(['bold'] * (action.kind is not ActionKind.UNCHANGED)))}")
        if action.reason:
            lines.append(f"      {action.reason}")
        for change in action.fields:
            lines.extend(f"      {line}" for line in _change(change, paint))
        if action.hint:
            lines.append(f"      {paint('help:', 'cyan')} {action.hint}")
    counts = Counter(action.kind for action in plan.actions)
    said = ", ".join(f"{counts[kind]} {_counted(kind, counts[kind])}" for kind in ActionKind if counts[kind])
    lines += ["", f"Plan: {said or 'no models'}.  {paint(f'digest {plan.digest[:12]}', 'dim')}"]
    return "\n".join(lines) + "\n"


def plan_json(plan: Plan) -> str:
    """The plan as a JSON object. `class` is a field's consequence; null stands for a value that is not there."""
    return as_json(
        {
            "registry": plan.registry,
            "digest": plan.digest,
            "actions": [_action(action) for action in plan.actions],
        }
    )


def _action(action: Action) -> dict[str, object]:
    return {
        "model": action.model,
        "version": action.version,
        "action": str(action.kind),
        "reason": action.reason,
        "hint": action.hint,
        "fields": [
            {"field": one.field, "class": str(one.consequence), "before": one.before, "after": one.after}
            for one in action.fields
        ],
    }


def _counted(kind: ActionKind, count: int) -> str:
    match kind:
        case ActionKind.CREATE | ActionKind.UPDATE:
            return f"to {kind}"
        case ActionKind.CONFLICT:
            return "conflict" if count == 1 else "conflicts"
    return str(kind)


def _change(change: FieldChange, paint: Paint) -> Iterator[str]:
    yield f"{change.field} {paint(_SAID[change.consequence], 'dim')}"
    yield from _difference(_read(change.before), _read(change.after), paint)


def _difference(before: Value, after: Value, paint: Paint) -> Iterator[str]:
    """A difference, taken apart as far as both sides have parts."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            if before.get(key) != after.get(key):
                yield f"    {_short(key)}"
                yield from (f"  {line}" for line in _difference(before.get(key), after.get(key), paint))
        return
    if isinstance(before, str) and isinstance(after, str):
        if "\n" in before + after:
            yield from _text_change(before, after, paint)
            return
    elif _is_list(before) and _is_list(after):
        gone, come = _beyond(before, after), _beyond(after, before)
        yield from _some([paint(f"    - {_short(item)}", "red") for item in gone])
        yield from _some([paint(f"    + {_short(item)}", "green") for item in come])
        if not gone and not come:
            yield "    the same items in another order"
        return
    if before is not None:
        yield paint(f"    - {_short(before)}", "red")
    if after is not None:
        yield paint(f"    + {_short(after)}", "green")


def _text_change(before: str, after: str, paint: Paint) -> Iterator[str]:
    compared = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    changed = [line for line in list(compared)[2:] if not line.startswith("@@")]
    if not changed:
        yield "    the same text with other line ends"
    yield from _some(
        [paint(f"    {line[0]} {_short(line[1:])}", "red" if line[0] == "-" else "green") for line in changed]
    )


def _is_list(value: Value) -> TypeGuard[Sequence[Value]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _beyond(items: Iterable[Value], others: Iterable[Value]) -> list[Value]:
    """The items that the others do not have, or not as often."""
    left = list(others)
    beyond = []
    for item in items:
        if item in left:
            left.remove(item)
        else:
            beyond.append(item)
    return beyond


def _some(lines: list[str]) -> list[str]:
    """As many lines as somebody reads; JSON has them all."""
    return lines if len(lines) <= _LINES else [*lines[: _LINES - 1], f"    … and {len(lines) - _LINES + 1} more"]


def _read(value: Value) -> Value:
    """A string of the service as the list or map it spells, so that its parts can be compared."""
    return decode(value) if isinstance(value, str) else value


def _short(value: Value) -> str:
    """A value on one line. What could not be seen there, or could move a terminal's cursor, is escaped."""
    if isinstance(value, str):
        text = value if value == value.rstrip() and value.isprintable() else repr(value)
        text = text or '""'
    elif isinstance(value, Mapping):
        text = ", ".join(f"{_short(key)}: {_short(item)}" for key, item in value.items()) or "{}"
    elif isinstance(value, Sequence):
        text = ", ".join(_short(item) for item in value) or "[]"
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
