"""The checks: one rule a file, listed here; they look and never change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from azureml_publish.checks import (
    finetune_companion,
    finetune_deepspeed_gpus,
    finetune_lora_task,
    finetune_ort_zero3,
    finetune_precision,
    finetune_quantised,
    finetune_zero_stage,
    license_missing,
    license_unknown,
    min_sku_asserted,
    name_pattern,
    pickle_allowed,
    preset_unknown,
    recommended_differs,
    revision_form,
    sku_duplicate,
    sku_figure_unknown,
    sku_query_empty,
    sku_query_idle,
    sku_retired,
    sku_retiring,
    sku_unknown,
    table_row_cells,
    version_number,
)
from azureml_publish.checks.subject import Check, ModelSubject, ProjectSubject
from azureml_publish.diagnostics import Diagnostic

__all__ = ["ALL_CHECKS", "Check", "ModelSubject", "ProjectSubject", "run_checks"]

ALL_CHECKS: tuple[Check, ...] = (
    name_pattern.CHECK,
    version_number.CHECK,
    revision_form.CHECK,
    pickle_allowed.CHECK,
    license_missing.CHECK,
    license_unknown.CHECK,
    recommended_differs.CHECK,
    sku_unknown.CHECK,
    sku_duplicate.CHECK,
    sku_query_empty.CHECK,
    sku_query_idle.CHECK,
    preset_unknown.CHECK,
    min_sku_asserted.CHECK,
    sku_retired.CHECK,
    sku_retiring.CHECK,
    sku_figure_unknown.CHECK,
    finetune_zero_stage.CHECK,
    finetune_precision.CHECK,
    finetune_companion.CHECK,
    finetune_quantised.CHECK,
    finetune_ort_zero3.CHECK,
    finetune_deepspeed_gpus.CHECK,
    finetune_lora_task.CHECK,
    table_row_cells.CHECK,
)


def run_checks(project: ProjectSubject, models: Iterable[ModelSubject]) -> Iterator[Diagnostic]:
    """Every finding of every check, project first, then model by model."""
    for check in ALL_CHECKS:
        if check.project is not None:
            yield from check.project(project)
    for model in models:
        for check in ALL_CHECKS:
            if check.model is not None:
                yield from check.model(model)
