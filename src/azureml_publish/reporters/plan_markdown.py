"""A plan as Markdown, for a comment on a pull request or the summary of a workflow's step."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from azureml_publish.patterns import pattern
from azureml_publish.plan.actions import Action, ActionKind, FieldChange, Plan, WithoutFolder
from azureml_publish.reporters.differences import Line, difference
from azureml_publish.reporters.hostile_text import one_line
from azureml_publish.reporters.plan import (
    LABELS,
    SIGNS,
    attributes,
    by_consequence,
    by_label,
    latest_text,
    summary,
    without_folder_lines,
)

T = TypeVar("T")

MOST = 65_536
"""Characters that GitHub accepts in a comment (https://docs.github.com/en/rest/issues/comments answers 422 above them);
here counted in bytes of UTF-8, which are never fewer."""

_ORDER = (ActionKind.CONFLICT, ActionKind.CREATE, ActionKind.UPDATE, ActionKind.ARCHIVE, ActionKind.RESTORE)
_ROWS = MOST * 2 // 5
"""The table's share of it; the rest is for the differences."""

_SPECIAL = pattern(r"[^a-zA-Z0-9_ \-./=→…]|(?<![a-zA-Z0-9])_|_(?![a-zA-Z0-9])")
"""Characters that could be markup; an underscore inside a word is not."""


def plan_markdown(plan: Plan, without_folder: Sequence[WithoutFolder] = ()) -> str:
    """The plan as a table of actions, conflicts first, and below it each model's differences in a foldable section.

    It is never longer than `MOST`; the rest is counted.
    """
    listed = sorted(
        (action for action in plan.actions if action.kind in _ORDER), key=lambda action: _ORDER.index(action.kind)
    )
    head = f"### Plan for registry {cell(plan.registry)}\n\n**{summary(plan)}**\n"
    notes = "".join(f"\n{line}\n" for line in without_folder_lines(without_folder, cell))
    tail = f"{notes}\n<sub>Plan {plan.digest}</sub>\n"
    text = head
    if listed:
        text += "\n| | model | version | action | differences |\n| --- | --- | ---: | --- | --- |\n"
        text += fitting(listed, _row, _ROWS - size_of(text), "\n{} more models are not shown.\n")
        unfolded = [action for action in listed if action.fields or action.hint]
        left = MOST - size_of(text) - size_of(tail)
        text += fitting(unfolded, _section, left, "\n{} more models differ; `publish plan` shows them all.\n")
    return text + tail


def cell(text: str) -> str:
    """A text escaped for any place in Markdown: without markup, mentions, links and line ends."""
    return f"<code>{_SPECIAL.sub(lambda found: f'&#{ord(found[0])};', one_line(text))}</code>"


def _row(action: Action) -> str:
    labels = by_label(action) if action.kind is not ActionKind.CREATE else {}
    differences = [f"{words}: {_named(fields)}" for words, fields in labels.items()]
    differences = differences or ([cell(action.reason)] if action.reason else [])
    if latest := latest_text(action):
        differences.append(cell(latest))
    sign = f"`{SIGNS[action.kind][0]}`"
    return f"| {sign} | {cell(action.model)} | {action.version} | {action.kind} | {'<br>'.join(differences)} |\n"


def _named(fields: list[str]) -> str:
    more = f" and {len(fields) - 6} more" if len(fields) > 6 else ""
    return ", ".join(cell(field) for field in fields[:6]) + more


def _section(action: Action) -> str:
    head = f"\n<details><summary>{cell(f'{action.model} {action.version}')}: {action.kind}</summary>\n\n"
    body = "".join(f"{part}\n\n" for part in _parts(action))
    return f"{head}{body}</details>\n"


def _parts(action: Action) -> Iterator[str]:
    if action.reason:
        yield cell(action.reason)
    if action.kind is ActionKind.CREATE:
        yield "\n".join(f"- {_prose(name)}: {cell(value)}" for name, value in attributes(action))
        return
    if block := diff_block(by_consequence(action)):
        yield block
    if action.hint:
        yield "> " + "".join(
            _prose(part) if at % 2 == 0 else cell(part) for at, part in enumerate(action.hint.split("`"))
        )


def diff_block(changes: Sequence[FieldChange]) -> str:
    """The differences as a block of code in the colours of a diff; empty where there are none."""
    lines: list[str] = []
    for change in changes:
        lines.append(f"  {LABELS[change.consequence]}: {one_line(change.field)}")
        lines += [f"    {one_line(moved_field)}" for moved_field in change.moved]
        if not change.moved:
            lines += [_in_diff(line) for line in difference(change.before, change.after, items=12, diff_lines=60)]
    if not lines:
        return ""
    text = "\n".join(lines)
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 3)
    return f"{fence}diff\n{text}\n{fence}"


def _prose(text: str) -> str:
    """What stands between the commands of a hint: as it is where it is plain words."""
    plain = re.fullmatch(r"[a-zA-Z0-9 ,.;:()'=-]*", text) and "www." not in text.lower()
    return text if plain else cell(text)


def _in_diff(line: Line) -> str:
    """A line of a diff block on GitHub: its sign in the first column, then the indented text."""
    if line.sign == "@":
        return line.text
    return f"{line.sign}{'  ' * line.depth} {line.text}"


def fitting(entries: Sequence[T], describe: Callable[[T], str], room: int, rest: str) -> str:
    """The entries for which there is room in bytes, and the number of the others."""
    room -= size_of(rest) + 12
    text, used = "", 0
    for number, entry in enumerate(entries):
        part = describe(entry)
        used += size_of(part)
        if used > room:
            return text + rest.format(len(entries) - number)
        text += part
    return text


def size_of(text: str) -> int:
    """Its bytes in UTF-8."""
    return len(text.encode(errors="surrogatepass"))
