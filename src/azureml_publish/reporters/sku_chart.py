"""The chart of a model's families for a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from azureml_publish.assets import SCENARIOS
from azureml_publish.reporters.diagnostics import as_json
from azureml_publish.reporters.folding import width as cells
from azureml_publish.reporters.hostile_text import one_line
from azureml_publish.reporters.paint import PLAIN, Paint
from azureml_publish.skus.chart import Chart, ChartRow, Mark

SIGNS: dict[Mark, str] = {"allowed": "●", "retired": "✕", "other": "○"}
LEGEND = "● may run   ○ another size of the family   ✕ on the list, but retired"
SOON = 180
"""Days before its retirement from which a family is shown as retiring soon."""

_COLOURS: dict[Mark, str] = {"allowed": "green", "retired": "red", "other": "dim"}


def chart_text(chart: Chart, width: int, paint: Paint = PLAIN) -> str:
    """Families as rows, scenarios as columns, one sign per size; in a narrow terminal one scenario below the other."""
    rows = tuple(replace(row, family=one_line(row.family), gpu=one_line(row.gpu)) for row in chart.rows)
    chart = replace(chart, model=one_line(chart.model), rows=rows)
    for lines in (list(_wide(chart, paint, gpus=True)), list(_wide(chart, paint, gpus=False))):
        if max(map(cells, lines)) <= width:
            break
    else:
        lines = list(_narrow(chart, paint))
    return "".join(f"{line}\n" for line in lines)


def _wide(chart: Chart, paint: Paint, *, gpus: bool) -> Iterator[str]:
    yield f"{paint(chart.model, 'bold')}  as of {chart.as_of}"
    yield ""
    family = max((len(row.family) for row in chart.rows), default=0)
    gpu = max((len(row.gpu) for row in chart.rows), default=0) if gpus else 0
    columns = [scenario for scenario in SCENARIOS if scenario in chart.specs]
    widths = {
        scenario: max(
            len(scenario),
            len(str(chart.specs[scenario] or "?")),
            *(len(row.marks.get(scenario, ())) for row in chart.rows),
        )
        for scenario in columns
    }
    heads = [f"{'FAMILY':<{max(family, 6)}}", *([f"{'GPU':<{gpu}}"] if gpu else [])]
    yield paint("  ".join([*heads, *(f"{name.upper():<{widths[name]}}" for name in columns), "GOES"]), "bold")
    for row in chart.rows:
        cells = [f"{row.family:<{max(family, 6)}}", *([f"{row.gpu:<{gpu}}"] if gpu else [])]
        for scenario in columns:
            marks = row.marks.get(scenario, ())
            cells.append(_signs(marks, paint) + " " * (widths[scenario] - len(marks)))
        yield "  ".join([*cells, _goes(row, chart.as_of, paint)]).rstrip()
    heads = [f"{'min':<{max(family, 6)}}", *([" " * gpu] if gpu else [])]
    specs = (f"{chart.specs[name] or '?'!s:<{widths[name]}}" for name in columns)
    yield "  ".join([*heads, *specs]).rstrip()
    yield ""
    yield from (paint(part, "dim") for part in ([LEGEND] if gpus else LEGEND.split("   ")))


def _narrow(chart: Chart, paint: Paint) -> Iterator[str]:
    yield paint(chart.model, "bold")
    yield f"as of {chart.as_of}"
    for scenario, spec in chart.specs.items():
        yield ""
        yield f"{paint(scenario, 'bold')} {spec or '?'}"
        for row in chart.rows:
            if scenario in row.marks:
                yield f"  {row.family} {_signs(row.marks[scenario], paint)}"
                if row.goes is not None:
                    yield f"    {_goes(row, chart.as_of, paint)}"


def _signs(marks: tuple[Mark, ...], paint: Paint) -> str:
    return "".join(paint(SIGNS[mark], _COLOURS[mark]) for mark in marks)


def _goes(row: ChartRow, as_of: date, paint: Paint) -> str:
    if row.goes is None:
        return ""
    label = f"{'gone ' if row.gone else ''}{row.goes}{' in part' if row.partly else ''}"
    if row.gone:
        return paint(label, "red")
    return paint(label, "yellow") if soon(row, as_of) else label


def soon(row: ChartRow, as_of: date) -> bool:
    """Whether a family retires within half a year."""
    return row.goes is not None and not row.gone and (row.goes - as_of).days <= SOON


def chart_json(charts: tuple[Chart, ...]) -> str:
    """Charts as a JSON object; `marks` has one word per size of the family."""
    return as_json(
        {
            "models": [
                {
                    "model": chart.model,
                    "as_of": str(chart.as_of),
                    "min_sku": {scenario: str(spec) if spec else None for scenario, spec in chart.specs.items()},
                    "families": [
                        {
                            "family": row.family,
                            "gpu": row.gpu,
                            "marks": {scenario: list(marks) for scenario, marks in row.marks.items()},
                            "goes": str(row.goes) if row.goes else None,
                            "gone": row.gone,
                            "partly": row.partly,
                        }
                        for row in chart.rows
                    ],
                }
                for chart in charts
            ]
        }
    )
