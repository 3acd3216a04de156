"""Rules on allow-lists, presets and what is derived from them."""

from azureml_publish.lint.rules.sku import (
    duplicate,
    figure_unknown,
    min_sku_asserted,
    order,
    preset_available,
    preset_unknown,
    query_empty,
    query_idle,
    recommended_differs,
    retired,
    retiring,
    scenario_incomplete,
    unknown,
)
from azureml_publish.lint.subject import Check

CHECKS: tuple[Check, ...] = (
    recommended_differs.CHECK,
    unknown.CHECK,
    duplicate.CHECK,
    order.CHECK,
    query_empty.CHECK,
    query_idle.CHECK,
    preset_unknown.CHECK,
    min_sku_asserted.CHECK,
    retired.CHECK,
    retiring.CHECK,
    figure_unknown.CHECK,
    preset_available.CHECK,
    scenario_incomplete.CHECK,
)
