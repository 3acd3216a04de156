"""What `publish deprecate` does: the days on which models go, written into their `model.yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from azureml_publish.documents import parse_yaml
from azureml_publish.documents.edits import set_value
from azureml_publish.errors import UsageProblem
from azureml_publish.files import write_edited
from azureml_publish.pipeline.check import load_rendered
from azureml_publish.pipeline.load import Settings
from azureml_publish.pipeline.run import RunContext
from azureml_publish.project import SPEC_FILE, ModelFolder

STEPS = {"legacy": "LegacyDate", "deprecated": "DeprecationDate", "retired": "RetirementDate"}
"""The steps in their order, and how the service ends the name of their day."""


def deprecate(
    run: RunContext, models: Sequence[str], days: Mapping[str, datetime], *, finetune: bool | None
) -> dict[str, dict[str, str]]:
    """Write days by step into the models that are meant; what was written, by model.

    Args:
        days: by `STEPS`.
        finetune: whether they go for fine-tuning as well; None: where a model has such tasks.

    Raises:
        UsageProblem: the days are out of order, or a file cannot take them.
    """
    in_order = [days[step] for step in STEPS if step in days]
    if in_order != sorted(in_order):
        raise UsageProblem("The days are out of order.", hint="First legacy, then deprecated, then retired.")
    checked = load_rendered(run, models, Settings())
    checked.require_sound()
    written: dict[str, dict[str, str]] = {}
    for folder, _ in checked.rendered:
        tuned = bool(folder.spec.tasks.finetune) if finetune is None else finetune
        written[folder.spec.name] = dates = _dates(days, finetune=tuned)
        write_edited(folder.path / SPEC_FILE, _with_dates(folder, dates))
    return written


def _dates(days: Mapping[str, datetime], *, finetune: bool) -> dict[str, str]:
    """The keys of the service's `deprecation`, as it writes times."""
    uses = ("inference", "finetune") if finetune else ("inference",)
    return {
        f"{use}{STEPS[step]}": f"{day:%Y-%m-%d}T00:00:00.000000Z"
        for use in uses
        for step, day in days.items()
        if (use, step) != ("finetune", "legacy")  # the service knows no such day
    }


def _with_dates(folder: ModelFolder, dates: dict[str, str]) -> str:
    document = folder.document
    for key, day in dates.items():
        try:
            text = set_value(document, ("metadata", "deprecation", key), day)
        except ValueError as error:
            hint = f"Write metadata: {{deprecation: {{{key}: '{day}'}}}} by hand."
            raise UsageProblem(f"{document.path}: the dates cannot be set without changing more.", hint=hint) from error
        edited, _ = parse_yaml(text, document.path)
        if edited is None:
            raise ValueError(f"{document.path} does not read back")
        document = edited
    return document.text
