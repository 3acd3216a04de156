"""Writes the `legacy` tags and properties of a spec into the asset."""

from __future__ import annotations

from azureml_publish.assets import Value
from azureml_publish.layouts import Section
from azureml_publish.spec import PLACES, Legacy


def legacy_values(legacy: Legacy | None) -> dict[Section, dict[str, Value]]:
    """The values of `legacy`, by section. A missing key, or a presence that is false, gives none."""
    written: dict[Section, dict[str, Value]] = {"tags": {}, "properties": {}}
    for name, place in PLACES.items():
        value = getattr(legacy, name, None)
        if value is None or (place.form == "presence" and not value):
            continue
        plain = list(value) if place.form == "list" else value
        written[place.section][place.key] = "" if place.form == "presence" else plain
    return written
