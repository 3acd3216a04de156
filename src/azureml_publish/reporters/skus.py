"""Sizes, derived min-SKU specs and the effect of retirement on lists, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from azureml_publish.assets import LayoutName, Scenario
from azureml_publish.layouts.mapping import keeps_lists_in_properties
from azureml_publish.reporters.diagnostics import as_json, counted
from azureml_publish.reporters.hostile_text import one_line
from azureml_publish.reporters.paint import PLAIN, Paint
from azureml_publish.reporters.tables import figure, shortened, table
from azureml_publish.skus.catalogue import Sku
from azureml_publish.skus.derive import Component, components, derive_min_spec
from azureml_publish.skus.foresight import Foresight, Loss

_UNITS = {"vcpus": "vCPUs", "gpus": "GPUs", "memory_gib": "memory GiB", "temp_disk_gib": "disk GiB"}


@dataclass(frozen=True, slots=True)
class MinSpecShown:
    """A list whose min-SKU spec is shown: its name, the models that use it, and its sizes."""

    name: str
    users: tuple[tuple[str, Scenario], ...]
    skus: tuple[Sku, ...]


def sizes_text(skus: Sequence[Sku], as_of: date, paint: Paint = PLAIN) -> str:
    """A table of sizes with their figures, and the min-SKU spec that they derive."""
    titles = ("SIZE", "VCPUS", "GPUS", "MEM GIB", "DISK GIB", "GPU", "FAMILY", "RETIRES")
    rows = [
        (
            sku.name,
            str(sku.vcpus),
            figure(sku.gpus),
            figure(sku.memory_gib),
            figure(sku.temp_disk_gib),
            sku.gpu_model,
            sku.family,
            str(sku.retirement or ""),
        )
        for sku in skus
    ]
    if not rows:
        return f"No sizes as of {as_of}.\n"
    text = table(titles, rows, paint, right=("VCPUS", "GPUS", "MEM GIB", "DISK GIB"))
    return f"{text}\nmin {paint(_spec(components(skus)), 'bold')}\n"


def sizes_json(skus: Sequence[Sku], as_of: date) -> str:
    """Sizes as a JSON object; null is an unknown figure."""
    spec = derive_min_spec(skus).spec
    return as_json(
        {
            "as_of": str(as_of),
            "min_sku": str(spec) if spec else None,
            "sizes": [
                {
                    "name": sku.name,
                    "vcpus": sku.vcpus,
                    "gpus": sku.gpus,
                    "gpu_model": sku.gpu_model,
                    "memory_gib": sku.memory_gib,
                    "temp_disk_gib": sku.temp_disk_gib,
                    "family": sku.family,
                    "quota_family": sku.quota_family,
                    "retirement": str(sku.retirement) if sku.retirement else None,
                    "source": sku.source,
                    "retirement_source": sku.retirement_source,
                }
                for sku in skus
            ],
        }
    )


def min_specs_text(lists: Sequence[MinSpecShown], paint: Paint = PLAIN) -> str:
    """Each list's spec, and below it each figure with the sizes that have it."""
    return "\n".join("".join(f"{line}\n" for line in _min_spec_lines(one, paint)) for one in lists)


def _min_spec_lines(shown: MinSpecShown, paint: Paint) -> Iterator[str]:
    found = components(shown.skus)
    if not shown.skus:
        yield f"{paint(one_line(shown.name), 'bold')}  no sizes, so no spec"
        return
    count = paint(f"from {counted(len(shown.skus), 'size')}", "dim")
    yield f"{paint(one_line(shown.name), 'bold')}  {paint(_spec(found), 'green')}  {count}"
    if len(shown.users) > 1 or (shown.users and not shown.name.startswith(shown.users[0][0])):
        yield f"  serves      {one_line(', '.join(f'{model} {scenario}' for model, scenario in shown.users))}"
    for one in found:
        set_by = f"set by {shortened(one.set_by)}" if one.set_by else "no size has it"
        unknown = f"; unknown of {shortened(one.unknown)}" if one.unknown else ""
        yield f"  {_UNITS[one.figure]:<10}  {figure(one.value):>5}  {set_by}{unknown}"
    if any(one.value is None for one in found):
        yield f"  {paint('There is no min-SKU spec without every figure: state it in skus.overlay.csv.', 'yellow')}"


def _spec(found: Sequence[Component]) -> str:
    return "|".join(figure(one.value) for one in found)


def min_specs_json(lists: Sequence[MinSpecShown]) -> str:
    """The specs as a JSON object; `min_sku` is null if a figure is unknown for every size."""
    return as_json({"lists": [_min_spec(shown) for shown in lists]})


def _min_spec(shown: MinSpecShown) -> dict[str, object]:
    spec = derive_min_spec(shown.skus).spec
    return {
        "list": shown.name,
        "users": [{"model": model, "scenario": scenario} for model, scenario in shown.users],
        "sizes": [sku.name for sku in shown.skus],
        "min_sku": str(spec) if spec else None,
        "figures": [
            {"figure": one.figure, "value": one.value, "set_by": list(one.set_by), "unknown": list(one.unknown)}
            for one in components(shown.skus)
        ],
    }


def foresight_text(foresight: Foresight, layout: LayoutName, paint: Paint = PLAIN) -> str:
    """The losses of lists, the earliest first, and their effect in the layout in use."""
    lines = []
    for loss in sorted(foresight.losses, key=lambda one: (one.day, one.use.path, one.use.name)):
        lines.extend([*_loss_lines(loss, layout, paint), ""])
    count = len({loss.use for loss in foresight.losses})
    quiet = len(foresight.untouched)
    until = f"from {foresight.as_of} to {foresight.until}"
    lists = "1 list loses" if count == 1 else f"{count} lists lose"
    lines.append(f"{lists} sizes {until}; {quiet} {'does' if quiet == 1 else 'do'} not.")
    return "".join(f"{line}\n" for line in lines)


def _loss_lines(loss: Loss, layout: LayoutName, paint: Paint) -> Iterator[str]:
    gone = paint(f"gone since {loss.day}", "red") if loss.gone else paint(f"goes on {loss.day}", "yellow")
    kind = "list" if loss.use.literal else "query"
    yield f"{paint(one_line(loss.use.name), 'bold')} ({kind}, {one_line(loss.use.path)}): {gone}"
    yield f"  loses   {shortened(loss.skus, 4)}; {loss.left or 'nothing'} {'stay' if loss.left > 1 else 'stays'}"
    if not loss.left:
        yield f"  min     {loss.before or '?'} → {paint('an empty list: nothing can run', 'red')}"
    elif loss.shifts:
        yield f"  min     {loss.before or '?'} → {paint(str(loss.after or '?'), 'bold')}"
    else:
        yield f"  min     {loss.before or '?'} stays"
    if loss.use.users:
        yield f"  serves  {one_line(', '.join(f'{model} {scenario}' for model, scenario in loss.use.users))}"
        yield f"  means   {_consequence(loss, layout)}"
    else:
        yield "  serves  no model"


def _consequence(loss: Loss, layout: LayoutName) -> str:
    when = "once it is pruned" if loss.use.literal else "from that day on"
    if not loss.left:
        return "apply stops at an empty list; name other sizes"
    if keeps_lists_in_properties(layout):
        return f"{when}, a new version each: the layout {layout} keeps lists in properties, which never change"
    return f"{when}, a change in place: the layout {layout} takes it without a new version"


def foresight_json(foresight: Foresight, layout: LayoutName) -> str:
    """The losses as a JSON object."""
    new_version = keeps_lists_in_properties(layout)
    return as_json(
        {
            "as_of": str(foresight.as_of),
            "until": str(foresight.until),
            "layout": layout,
            "losses": [
                {
                    "list": loss.use.name,
                    "path": loss.use.path,
                    "literal": loss.use.literal,
                    "day": str(loss.day),
                    "gone": loss.gone,
                    "sizes": list(loss.skus),
                    "left": loss.left,
                    "min_sku_before": str(loss.before) if loss.before else None,
                    "min_sku_after": str(loss.after) if loss.after else None,
                    "users": [{"model": model, "scenario": scenario} for model, scenario in loss.use.users],
                    "new_version": new_version and bool(loss.use.users),
                }
                for loss in foresight.losses
            ],
            "untouched": [use.name for use in foresight.untouched],
        }
    )
