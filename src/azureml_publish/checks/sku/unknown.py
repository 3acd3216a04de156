"""SKU003: a size, family or GPU model that the catalogue does not know."""

from __future__ import annotations

from azureml_publish.checks.sku.problems import sku_check
from azureml_publish.diagnostics import Rule, Severity

RULE = Rule("SKU003", "sku-unknown", Severity.ERROR, "A size, family or GPU model is not in the catalogue.")
CHECK = sku_check(RULE, "unknown_size", "unknown_family", "unknown_gpu_model")
