"""Tables of text, and figures in them."""

from __future__ import annotations

from collections.abc import Sequence

from azureml_publish.reporters.hostile_text import one_line
from azureml_publish.reporters.paint import PLAIN, Paint


def table(
    titles: Sequence[str], rows: Sequence[Sequence[str]], paint: Paint = PLAIN, *, right: Sequence[str] = ()
) -> str:
    """Rows below bold titles, columns two spaces apart; those with a title in `right` are aligned right."""
    titles, right = [one_line(title) for title in titles], [one_line(title) for title in right]
    rows = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in (titles, *rows)) for column in range(len(titles))]

    def line(row: Sequence[str]) -> str:
        cells = (
            f"{cell:>{width}}" if title in right else f"{cell:<{width}}"
            for cell, width, title in zip(row, widths, titles, strict=True)
        )
        return "  ".join(cells).rstrip()

    return "".join(f"{text}\n" for text in (paint(line(titles), "bold"), *map(line, rows)))


def figure(value: float | None) -> str:
    """A figure as text; `?` if it is unknown."""
    return "?" if value is None else f"{value:g}"


def shortened(names: Sequence[str], most: int = 3) -> str:
    """The first names without their common prefix, and how many more there are."""
    plain = [one_line(name.removeprefix("Standard_")) for name in names]
    rest = len(plain) - most
    return ", ".join(plain) if rest <= 0 else f"{', '.join(plain[:most])} and {rest} more"


def size_text(size: int) -> str:
    """A number of bytes in a suitable unit: B, KiB, MiB, GiB."""
    amount = float(size)
    for unit in ("B", "KiB", "MiB"):
        if round(amount, 1) < 1024:  # else it would be shown as 1024.0
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
