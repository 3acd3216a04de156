"""What the rules on retirement share: whether a model's own day has come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from azureml_publish.lint.subject import Described

RETIREMENT = "deprecation.inferenceRetirementDate"


def retired_on(model: Described) -> date | None:
    """The day on which inference with the model ended; None where it has not, or nobody says."""
    group = model.metadata.get("deprecation")
    written = group.get("inferenceRetirementDate") if isinstance(group, Mapping) else None
    try:
        day = date.fromisoformat(str(written)[:10])
    except ValueError:
        return None
    return day if day <= model.as_of else None
