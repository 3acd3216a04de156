"""Results of `publish skus prune` and `refresh`, as text and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from azureml_publish.reporters.diagnostics import as_json, counted
from azureml_publish.reporters.hostile_text import one_line
from azureml_publish.reporters.paint import PLAIN, Paint
from azureml_publish.reporters.tables import shortened, table
from azureml_publish.skus.live import Comparison, LiveDifference
from azureml_publish.skus.overlay import shown
from azureml_publish.skus.prune import Pruning


def pruning_text(pruning: Pruning, bumped: Mapping[str, tuple[int, int]], paint: Paint = PLAIN) -> str:
    """The sizes that each list loses, the lists that are refused, and the models that get another version."""
    lines = [f"{one_line(one.use.name)}: without {shortened(one.skus, 6)}" for one in pruning.pruned]
    lines += [f"{one_line(model)}: version {before} → {after}" for model, (before, after) in bumped.items()]
    for refusal in pruning.refused:
        lines.append(
            f"{paint('refused', 'red')} {one_line(f'{refusal.use.name} ({refusal.use.path}): {refusal.reason}')}"
        )
        lines.append(f"    {paint('help:', 'cyan')} {one_line(refusal.hint)}")
    return "".join(f"{line}\n" for line in lines)


def pruning_json(
    pruning: Pruning, bumped: Mapping[str, tuple[int, int]], diffs: Mapping[str, str], *, written: bool
) -> str:
    """The result of pruning as a JSON object, with the diff of each file."""
    return as_json(
        {
            "written": written,
            "pruned": [
                {"list": one.use.name, "path": one.use.path, "key": _dotted(one.key_path), "sizes": list(one.skus)}
                for one in pruning.pruned
            ],
            "refused": [
                {"list": one.use.name, "path": one.use.path, "sizes": list(one.skus), "reason": one.reason}
                for one in pruning.refused
            ],
            "versions": [
                {"model": model, "before": before, "after": after} for model, (before, after) in bumped.items()
            ],
            "files": [{"path": path, "diff": diff} for path, diff in diffs.items()],
        }
    )


def _dotted(key_path: Sequence[str | int]) -> str:
    return ".".join(map(str, key_path))


def comparison_text(found: Comparison, missing: Mapping[str, str], paint: Paint = PLAIN) -> str:
    """A table of figures that differ between service and catalogue, and the compared regions."""
    lines = []
    if found.differences:
        rows = [
            (one.name, one.figure, _before(one), shown(one.after), _regions(one, found)) for one in found.differences
        ]
        titles = ("SIZE", "FIGURE", "CATALOGUE", "LIVE", "WHERE")
        lines.append(table(titles, rows, paint, right=("CATALOGUE", "LIVE")))
    new = len({one.name for one in found.differences if one.new_size})
    differing = len({one.name for one in found.differences if not one.new_size})
    sizes, regions = counted(found.sizes, "size"), counted(len(found.regions), "region")
    lines.append(f"{sizes} in {regions}: {differing} with other figures, {new} new to the catalogue.\n")
    if missing:
        lines.append(f"Without the Machine Learning service: {one_line(', '.join(missing))}.\n")
    if found.absent:
        lines.append(
            f"Not offered there: {len(found.absent)} sizes of the catalogue, for example {shortened(found.absent)}.\n"
        )
    return "".join(lines)


def _before(one: LiveDifference) -> str:
    return "no such size" if one.new_size else shown(one.before)


def _regions(one: LiveDifference, found: Comparison) -> str:
    if len(one.regions) == len(found.regions):
        return "everywhere" if len(found.regions) > 1 else one.regions[0]
    label = ", ".join(one.regions[:3]) + (f" and {len(one.regions) - 3} more" if len(one.regions) > 3 else "")
    return f"{label}; others differ" if one.disputed else label


def comparison_json(found: Comparison, missing: Mapping[str, str], *, written: str | None) -> str:
    """The comparison as a JSON object; `written` is the overlay's path if it was written."""
    return as_json(
        {
            "regions": list(found.regions),
            "without_service": list(missing),
            "sizes": found.sizes,
            "written": written,
            "differences": [
                {
                    "name": one.name,
                    "figure": one.figure,
                    "catalogue": one.before,
                    "live": one.after,
                    "regions": list(one.regions),
                    "new": one.new_size,
                    "disputed": one.disputed,
                }
                for one in found.differences
            ],
            "absent": list(found.absent),
        }
    )
