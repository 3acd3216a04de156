"""The overlay: a project's own figures instead of the catalogue's, in `skus.overlay.csv` beside `publish.yaml`.

Its columns are those of the catalogue; only `name` is required. A blank cell keeps the catalogue's figure.
`publish skus refresh` writes the file; people may edit it.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.skus.catalogue import Catalogue, Sku

OVERLAY_FILE = "skus.overlay.csv"

COLUMNS = (
    "name", "vcpus", "gpus", "gpu_model", "memory_gib", "temp_disk_gib", "family", "quota_family",
    "retirement", "retirement_status", "source", "retirement_source",
)  # fmt: skip
"""The columns of the catalogue and of an overlay, in order."""

CONTRADICTION = Rule(
    "SKU013", "overlay-contradicts-catalogue", Severity.WARNING, "The overlay and the catalogue have different figures."
)
UNREADABLE = Rule("SKU014", "overlay-unreadable", Severity.ERROR, "A row of the overlay cannot be used.")

_WHOLE = ("vcpus", "gpus")
_NUMBERS = ("memory_gib", "temp_disk_gib")
_FACTS = ("vcpus", "gpus", "gpu_model", "memory_gib", "temp_disk_gib", "family", "quota_family", "retirement")


@dataclass(frozen=True, slots=True)
class OverlayRow:
    """The typed values of one row by column, without blank cells."""

    name: str
    stated: Mapping[str, Any]
    location: Location


def read_overlay(text: str, path: str) -> tuple[tuple[OverlayRow, ...], tuple[Diagnostic, ...]]:
    """The valid rows of an overlay file, and diagnostics for the others."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    header = tuple(reader.fieldnames or ())
    if "name" not in header:
        hint = f"Begin the file with a header such as {','.join(COLUMNS[:6])}."
        return (), (UNREADABLE.at(Location(path), "The overlay has no column 'name'.", hint),)
    found = [
        UNREADABLE.at(Location(path), f"The overlay has an unknown column '{name}'.", f"Known: {', '.join(COLUMNS)}.")
        for name in header
        if name not in COLUMNS
    ]
    rows: dict[str, OverlayRow] = {}
    try:
        for cells in reader:
            where = Location(path, reader.line_num)
            row, mistakes = _row(cells, where)
            found.extend(mistakes)
            if row is None or mistakes:
                continue
            if row.name in rows:
                first = rows[row.name].location.line
                found.append(UNREADABLE.at(where, f"{row.name} is already in line {first}.", "Keep one row."))
            else:
                rows[row.name] = row
    except csv.Error as error:
        where = Location(path, max(reader.line_num, 1))
        found.append(UNREADABLE.at(where, f"This is not CSV: {error}.", "Correct the quotes in this row."))
    return tuple(rows.values()), tuple(found)


def _row(cells: Mapping[str | None, Any], where: Location) -> tuple[OverlayRow | None, list[Diagnostic]]:
    if None in cells:
        hint = "Quote a cell that holds a comma."
        return None, [UNREADABLE.at(where, "The row has more cells than the header.", hint)]
    name = (cells.get("name") or "").strip()
    if not name:
        return None, [UNREADABLE.at(where, "The row has no name of a size.", "Write it below 'name': Standard_….")]
    stated: dict[str, Any] = {}
    found = []
    for column, raw in cells.items():
        text = (raw or "").strip()
        if column is None or column == "name" or column not in COLUMNS or not text:
            continue
        try:
            stated[column] = _typed(column, text)
        except ValueError as error:
            found.append(UNREADABLE.at(where, f"{column} of {name} is '{text}'; {error}.", "Write that, or nothing."))
    return OverlayRow(name, stated, where), found


def _typed(column: str, text: str) -> Any:
    if column in _WHOLE:
        if not (text.isascii() and text.isdigit()):
            raise ValueError("a whole number is wanted")
        return int(text)
    if column in _NUMBERS:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or number < 0:
            raise ValueError("a number of GiB is wanted")
        return number
    if column == "retirement":
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ValueError("a date such as 2028-05-01 is wanted") from None
    if column == "retirement_status" and text not in ("announced", "retired"):
        raise ValueError("announced or retired is wanted")
    return text


def merge(catalogue: Catalogue, rows: Iterable[OverlayRow]) -> tuple[Catalogue, tuple[Diagnostic, ...]]:
    """The catalogue with the figures of an overlay, and a warning for each that contradicts the catalogue.

    A new size is inserted after the last one of its family, or else after the last one with (or without) GPUs; its row
    must have `vcpus` and `family`.
    """
    skus = {sku.name: sku for sku in catalogue}
    new: list[Sku] = []
    found: list[Diagnostic] = []
    for row in rows:
        known = skus.get(row.name)
        if known is not None:
            found.extend(_contradictions(known, row))
            skus[row.name] = replace(known, **dict(row.stated))
        elif missing := [column for column in ("vcpus", "family") if column not in row.stated]:
            near = catalogue.nearest(row.name)
            meant = f" Did you mean {' or '.join(near)}?" if near else ""
            message = f"The catalogue knows no {row.name}, and the row lacks {' and '.join(missing)}."
            found.append(UNREADABLE.at(row.location, message, f"State at least vcpus and family.{meant}"))
        else:
            new.append(_new(row))
    merged = list(skus.values())
    for sku in new:
        merged.insert(_place(merged, sku), sku)
    return Catalogue(tuple(merged), catalogue.aliases), tuple(found)


def _new(row: OverlayRow) -> Sku:
    unknown: dict[str, Any] = {"gpus": None, "gpu_model": "", "memory_gib": None, "temp_disk_gib": None}
    return Sku(name=row.name, **{**unknown, **row.stated})


def _contradictions(known: Sku, row: OverlayRow) -> Iterator[Diagnostic]:
    for column in _FACTS:
        stated, held = row.stated.get(column), getattr(known, column)
        if stated is None or held in (None, "") or stated == held:
            continue
        theirs = known.retirement_source if column == "retirement" else known.source
        ours = row.stated.get("retirement_source" if column == "retirement" else "source") or "no source"
        yield CONTRADICTION.at(
            row.location,
            f"{column} of {known.name}: the overlay states {shown(stated)} ({ours}), "
            f"the catalogue {shown(held)} ({theirs}). The overlay wins.",
            "Delete the cell if the catalogue is right. If it is wrong, report that to azureml-publish.",
        )


def shown(value: object) -> str:
    """A figure without a needless `.0`; "unknown" for None."""
    if value is None:
        return "unknown"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _place(skus: Sequence[Sku], new: Sku) -> int:
    alike = [index for index, sku in enumerate(skus) if sku.family == new.family]
    if not alike:
        alike = [index for index, sku in enumerate(skus) if (sku.gpus == 0) == (new.gpus == 0)]
    return alike[-1] + 1 if alike else len(skus)


def write_overlay(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """The text of an overlay file: one row a size, in the order given; lines end with LF."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for name, stated in rows:
        writer.writerow({"name": name, **{column: shown(value) for column, value in stated.items()}})
    return stream.getvalue()
