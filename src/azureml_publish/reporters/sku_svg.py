"""The chart of a model's families as SVG: one file, no scripts, no external fonts or images, light and dark.

rich can export a terminal as SVG, but draws characters in one theme: no time line, no dark mode, larger files.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import date

from azureml_publish.assets import SCENARIOS, Scenario
from azureml_publish.reporters.hostile_text import one_line
from azureml_publish.reporters.sku_chart import soon
from azureml_publish.skus.catalogue import Sku
from azureml_publish.skus.chart import Chart, ChartRow, Mark

_ROW = 26
_TOP = 84
_LEFT = 24
_FAMILY = 132
_GPU = 132
_DOT = 12
_TIMELINE = 250
_AHEAD = 3
"""Years of the time line beyond the last retirement, at least."""

STYLE = """
  .families text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif }
  .families text { fill: #1f2328 }
  .families .back { fill: #ffffff; stroke: #d1d9e0 } .families .title { font-size: 17px; font-weight: 600 }
  .families .head { font-size: 11px; font-weight: 600; letter-spacing: .06em }
  .families .head, .families .quiet { fill: #59636e } .families .small { font-size: 11px }
  .families .line { stroke: #d1d9e0 } .families .band { fill: #f6f8fa }
  .families .inference { fill: #0969da } .families .evaluation { fill: #8250df } .families .finetune { fill: #1a7f37 }
  .families .other { fill: none; stroke: #b7bfc8; stroke-width: 1.2 }
  .families .cross { stroke: #cf222e; stroke-width: 2 } .families .least { fill: none; stroke: #1f2328 }
  .families .stays { fill: #b6d9bf } .families .later { fill: #9ec5ee }
  .families .soon { fill: #e3b341 } .families .gone { fill: #cf222e }
  @media (prefers-color-scheme: dark) {
    .families text { fill: #e6edf3 } .families .back { fill: #0d1117; stroke: #3d444d }
    .families .head, .families .quiet { fill: #9198a1 } .families .line { stroke: #3d444d }
    .families .band { fill: #151b23 } .families .other { stroke: #656c76 }
    .families .inference { fill: #4493f8 } .families .evaluation { fill: #ab7df8 }
    .families .finetune { fill: #3fb950 } .families .least { stroke: #e6edf3 }
    .families .stays { fill: #1d4a2c } .families .later { fill: #1f4a7d }
    .families .soon { fill: #9e6a03 } .families .gone { fill: #f85149 } .families .cross { stroke: #f85149 }
  }
"""
"""How the chart looks, for a page that shows it without a style of its own."""


def chart_svg(chart: Chart, *, embedded: bool = False) -> str:
    """The chart as SVG. The same chart gives the same bytes.

    Args:
        embedded: for a page that has `STYLE` itself: sizes can be reached by the keyboard there.
    """
    columns = [scenario for scenario in SCENARIOS if scenario in chart.specs]
    widths = {scenario: _width(chart, scenario) for scenario in columns}
    line = _LEFT + _FAMILY + _GPU + sum(widths.values())
    width, height = line + _TIMELINE + _LEFT, _TOP + _ROW * len(chart.rows) + 66
    body = [*_head(chart, widths, line, width, height), *_axis(chart, line, height)]
    for index in range(len(chart.rows)):
        body.extend(_row(chart, index, widths, line, embedded=embedded))
    body.extend(_foot(chart, widths, height))
    title = html.escape(one_line(f"Machine families of {chart.model} as of {chart.as_of}"))
    role, style = ("group", "") if embedded else ("img", f"<style>{STYLE}</style>\n")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="families" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="{role}" aria-label="{title}">\n<title>{title}</title>\n{style}'
        + "".join(f"{part}\n" for part in body)
        + "</svg>\n"
    )


def _width(chart: Chart, scenario: Scenario) -> int:
    most = max(len(row.marks.get(scenario, ())) for row in chart.rows)
    return max(most * _DOT, 92) + 20


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    style = f' class="{kind}"' if kind else ""
    place = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:g}" y="{y:g}"{style}{place}>{html.escape(one_line(text))}</text>'


def _head(chart: Chart, widths: dict[Scenario, int], line: int, width: int, height: int) -> Iterator[str]:
    yield f'<rect class="back" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>'
    yield _text(_LEFT, 34, chart.model, "title")
    yield _text(width - _LEFT, 34, f"as of {chart.as_of}", "quiet", "end")
    yield _text(_LEFT, 68, "FAMILY", "head")
    yield _text(_LEFT + _FAMILY, 68, "GPU", "head")
    x = _LEFT + _FAMILY + _GPU
    for scenario, column in widths.items():
        yield _text(x, 68, scenario.upper(), "head")
        x += column
    yield _text(line, 54, "OFFERED UNTIL", "head")


def _axis(chart: Chart, line: int, height: int) -> Iterator[str]:
    first, last = _years(chart)
    step = max(1, (last - first) // 5)
    for year in range(first, last + 1, step):
        x = _x(date(year, 1, 1), chart, line)
        if line <= x <= line + _TIMELINE - 24:
            yield f'<line class="line" x1="{x:g}" x2="{x:g}" y1="{_TOP - 10}" y2="{height - 60}"/>'
            yield _text(x, 70, str(year), "small quiet", "middle")


def _years(chart: Chart) -> tuple[int, int]:
    last = max((row.goes.year for row in chart.rows if row.goes is not None), default=chart.as_of.year)
    first = min(chart.as_of.year, date.max.year - _AHEAD - 1)
    return first, min(max(last + 1, first + _AHEAD), date.max.year)


def _x(day: date, chart: Chart, line: int) -> float:
    """The position of a day on the time line, which begins with the day of the chart."""
    span = date(_years(chart)[1], 12, 31).toordinal() - chart.as_of.toordinal()
    share = (day.toordinal() - chart.as_of.toordinal()) / max(span, 1)
    return round(line + share * _TIMELINE, 1)


def _row(chart: Chart, index: int, widths: dict[Scenario, int], line: int, *, embedded: bool) -> Iterator[str]:
    row, y = chart.rows[index], _TOP + _ROW * index
    if index % 2 == 0:
        width = line + _TIMELINE - _LEFT + 16
        yield f'<rect class="band" x="{_LEFT - 8}" y="{y}" width="{width}" height="{_ROW}" rx="4"/>'
    yield _text(_LEFT, y + 17, row.family)
    yield _text(_LEFT + _FAMILY, y + 17, row.gpu if len(row.gpu) <= 20 else f"{row.gpu[:19]}…", "small quiet")
    x = _LEFT + _FAMILY + _GPU
    for scenario, column in widths.items():
        least = row.least.get(scenario, frozenset())
        for number, (mark, sku) in enumerate(zip(row.marks.get(scenario, ()), row.sizes, strict=False)):
            at, middle = x + 4 + number * _DOT, y + _ROW / 2
            ring = f'<circle class="least" cx="{at:g}" cy="{middle:g}" r="5.5"/>' if sku.name in least else ""
            yield _named(_dot(at, middle, mark, scenario) + ring, _size_text(sku), embedded=embedded)
        x += column
    yield from _bar(chart, row, y, line)


def _size_text(sku: Sku) -> str:
    """A size in words: its name and its figures."""
    figures = [f"{sku.vcpus} vCPUs"]
    if sku.gpus:
        figures.append(f"{sku.gpus} GPU{'s' * (sku.gpus != 1)}")
    if sku.memory_gib is not None:
        figures.append(f"{sku.memory_gib:g} GiB memory")
    if sku.temp_disk_gib:
        figures.append(f"{sku.temp_disk_gib:g} GiB disk")
    if sku.retirement is not None:
        figures.append(f"retires {sku.retirement}")
    return f"{sku.name}: {', '.join(figures)}"


def _named(drawn: str, label: str, *, embedded: bool) -> str:
    """A sign that says what it stands for."""
    label = html.escape(one_line(label))
    reached = f' tabindex="-1" role="img" aria-label="{label}"' if embedded else ""
    return f'<g class="size"{reached}><title>{label}</title>{drawn}</g>'


def _dot(x: float, y: float, mark: Mark, scenario: Scenario) -> str:
    if mark == "allowed":
        return f'<circle class="{scenario}" cx="{x:g}" cy="{y:g}" r="4"/>'
    if mark == "other":
        return f'<circle class="other" cx="{x:g}" cy="{y:g}" r="3.4"/>'
    return f'<path class="cross" d="M{x - 3.5:g} {y - 3.5:g}l7 7m0 -7l-7 7"/>'


def _bar(chart: Chart, row: ChartRow, y: int, line: int) -> Iterator[str]:
    part = " in part" if row.partly else ""
    if row.goes is None:
        yield f'<rect class="stays" x="{line}" y="{y + 6}" width="{_TIMELINE}" height="{_ROW - 12}" rx="4"/>'
        yield _text(line + 8, y + 17, "no retirement announced", "small")
    elif row.gone:
        yield _text(line, y + 17, f"gone since {row.goes}{part}", "small gone")
    else:
        end = _x(row.goes, chart, line)
        kind = "soon" if soon(row, chart.as_of) else "later"
        yield f'<rect class="{kind}" x="{line}" y="{y + 6}" width="{end - line:g}" height="{_ROW - 12}" rx="4"/>'
        inside = end - line >= 84 + 44 * row.partly
        yield _text(line + 8 if inside else end + 6, y + 17, f"{row.goes}{part}", "small")


def _foot(chart: Chart, widths: dict[Scenario, int], height: int) -> Iterator[str]:
    y = height - 38
    yield _text(_LEFT, y, "min", "quiet")
    x = _LEFT + _FAMILY + _GPU
    for scenario, column in widths.items():
        yield _text(x, y, str(chart.specs[scenario] or "?"))
        x += column
    y = height - 16
    for number, scenario in enumerate(widths):
        yield _dot(_LEFT + 4 + number * _DOT, y - 4, "allowed", scenario)
    x = _LEFT + len(widths) * _DOT + 6
    yield _text(x, y, "may run", "small quiet")
    yield _dot(x + 64, y - 4, "other", "inference")
    yield _text(x + 74, y, "another size of the family", "small quiet")
    yield _dot(x + 232, y - 4, "retired", "inference")
    yield _text(x + 242, y, "on the list, but retired", "small quiet")
    yield f'<circle class="least" cx="{x + 398:g}" cy="{y - 4}" r="5.5"/>'
    yield _text(x + 410, y, "sets the minimum", "small quiet")
