"""New versions in model folders, as text, as JSON, and as the text of a pull request that releases them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from azureml_publish.plan.actions import FieldChange
from azureml_publish.reporters.diagnostics import as_json
from azureml_publish.reporters.hostile_text import one_line
from azureml_publish.reporters.plan_markdown import MOST, cell, diff_block, fitting, size_of


@dataclass(frozen=True, slots=True)
class Bump:
    """One model's version: what stands in its folder, what shall, and why.

    `fields` are the differences from the registered version that the folder named, the most serious first.
    """

    model: str
    before: int
    after: int
    reason: str = ""
    fields: tuple[FieldChange, ...] = ()


def bumps_text(bumps: Sequence[Bump]) -> str:
    """A line for each model."""
    lines = []
    for one in bumps:
        change = f"{one.before} → {one.after}" if one.before != one.after else f"{one.after} is still free"
        lines.append(f"{one_line(one.model)}: {change}{f' ({one_line(one.reason)})' if one.reason else ''}\n")
    return "".join(lines)


def bumps_json(registry: str, bumps: Sequence[Bump]) -> str:
    """The versions as a JSON object."""
    versions = [{"model": one.model, "before": one.before, "after": one.after, "reason": one.reason} for one in bumps]
    return as_json({"registry": registry, "versions": versions})


def bumps_markdown(registry: str, bumps: Sequence[Bump]) -> str:
    """What a release brings: a table of versions, the changes of the cards, and what else differs, to unfold.

    Empty where no model is bumped, and never longer than `MOST`.
    """
    if not bumps:
        return ""
    text = f"### Release to registry {cell(registry)}\n\n| model | version | why |\n| --- | --- | --- |\n"
    text += fitting(bumps, _row, MOST // 3, "\n{} more models are not shown.\n")
    cards = [one for one in bumps if any(change.field == "description" for change in one.fields)]
    rest = "\n{} more models differ; `publish plan` shows them all.\n"
    text += fitting(cards, _card, (MOST - size_of(text)) * 2 // 3, rest)
    others = [one for one in bumps if any(change.field != "description" for change in one.fields)]
    return text + fitting(others, _others, MOST - size_of(text), rest)


def _row(one: Bump) -> str:
    return f"| {cell(one.model)} | {one.before} → {one.after} | {cell(one.reason)} |\n"


def _card(one: Bump) -> str:
    block = diff_block([change for change in one.fields if change.field == "description"])
    return f"\n#### The card of {cell(one.model)}\n\n{block}\n"


def _others(one: Bump) -> str:
    block = diff_block([change for change in one.fields if change.field != "description"])
    return f"\n<details><summary>What else differs in {cell(one.model)}</summary>\n\n{block}\n\n</details>\n"
