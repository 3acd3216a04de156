"""Rules on retirement, and on keys that are out of use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from azureml_publish.diagnostics import Severity
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.subject import AssetSubject, Described
from azureml_publish.lint.yaml_fixes import without_key

_RETIREMENT = "deprecation.inferenceRetirementDate"


def _retired_on(model: Described) -> date | None:
    """The day on which inference with the model ended; None where it has not, or nobody says."""
    group = model.metadata.get("deprecation")
    written = group.get("inferenceRetirementDate") if isinstance(group, Mapping) else None
    try:
        day = date.fromisoformat(str(written)[:10])
    except ValueError:
        return None
    return day if day <= model.as_of else None


@rule("SPEC017", "retired-not-archived", Severity.WARNING, "A retired model is not archived.")
def retired_not_archived(model: Described) -> Findings:
    """A model that is retired and still shown."""
    day = _retired_on(model)
    if day is not None and not model.archived:
        yield retired_not_archived.at(
            model.where(_RETIREMENT),
            f"Inference ended on {day}, and the model is not archived.",
            f"Write {'isArchived' if model.stated else 'archived'}: true, or fix the date.",
        )


@rule("SPEC018", "featured-and-retired", Severity.WARNING, "A model is featured, and archived or retired.")
def featured_and_retired(model: Described) -> Findings:
    """A model that the catalogue recommends and nobody may use any more."""
    day = _retired_on(model)
    if model.metadata.get("featured") is True and (model.archived or day is not None):
        what = "archived" if model.archived else f"retired since {day}"
        yield featured_and_retired.at(
            model.where("featured"),
            f"The model is featured and {what}.",
            "Take featured away, so that nobody is led to it.",
            severity=Severity.INFO if model.archived else None,  # the catalogue shows no archived model
        )


_ORDER = (
    ("inferenceLegacyDate", "inferenceDeprecationDate"),
    ("inferenceDeprecationDate", "inferenceRetirementDate"),
    ("finetuneDeprecationDate", "finetuneRetirementDate"),
)
"""Dates of which the first is not after the second."""


@rule("SPEC037", "dates-contradict", Severity.WARNING, "A date is not valid, or dates are in the wrong order.")
def dates_contradict(model: Described) -> Findings:
    """A day that no calendar has, a retirement before the deprecation, or training data from the future."""
    group = model.metadata.get("deprecation")
    days: dict[str, date] = {}
    for key, value in group.items() if isinstance(group, Mapping) else ():
        try:
            days[key] = date.fromisoformat(str(value)[:10])
        except ValueError:
            if re.match(r"\d{4}-\d\d-\d\d", str(value)):  # a form of another kind is GATE002's
                message = f"No calendar has {str(value)[:10]}, the {key}."
                yield dates_contradict.at(model.where(f"deprecation.{key}"), message, "Write a day that there is.")
    for first, then in _ORDER:
        if first in days and then in days and days[then] < days[first]:
            yield dates_contradict.at(
                model.where(f"deprecation.{then}"),
                f"{then} {days[then]} is before {first} {days[first]}.",
                "Write them in their order.",
            )
    trained = _month(model.metadata.get("trainingDataDate"))
    if trained is not None and trained > model.as_of:
        yield dates_contradict.at(
            model.where("trainingDataDate"),
            f"The training data would be from {model.metadata['trainingDataDate']}, which is still to come.",
            "Write the month up to which the data reach.",
        )


_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def _month(value: object) -> date | None:
    """The first day of a month that is written as `October 2023`."""
    name, _, year = str(value or "").partition(" ")
    return date(int(year), _MONTHS.index(name) + 1, 1) if name in _MONTHS and re.fullmatch(r"[12]\d{3}", year) else None


_FIELDS = {
    ("tags", "Deprecated"): "Write isArchived: true, or the dates of `deprecation`.",
    ("tags", "batch_compute_allow_list"): "Take it out; batch endpoints use the allow-list of inference.",
    ("properties", "model_id"): "Write huggingFaceModelId in system_metadata (huggingface_model_id among the tags).",
}
"""Deprecated keys and what to write instead."""


@rule("SPEC019", "deprecated-field", Severity.WARNING, "A key is deprecated and read by nothing.")
def deprecated_field(subject: AssetSubject) -> Findings:
    """Keys that the service's schema calls deprecated and that nothing reads.

    Source: schema of azureml-registry-tools, as observed on Azure/azureml-assets up to 4b41f8ccbc. `properties.SHA` is
    deprecated there as well; it stays silent here, because no other key says which commit a model was made from.
    """
    for (section, key), hint in _FIELDS.items():
        severity = Severity.INFO if key == "Deprecated" else None  # somebody's own tools may read it
        values = subject.read.asset.spec.get(section)
        if isinstance(values, Mapping) and key in values:
            fix = without_key(subject.read.document, (section, key), safe=False)
            where = subject.place((section, key))
            message = f"`{section}.{key}` is deprecated; the service reads it no more."
            yield deprecated_field.at(where, message, hint, fix=fix, severity=severity)
