"""SKU002: a size that stands twice in one list."""

from __future__ import annotations

from azureml_publish.checks.sku.problems import sku_check
from azureml_publish.diagnostics import Rule, Severity

RULE = Rule("SKU002", "sku-duplicate", Severity.ERROR, "A size stands twice in one list.")
CHECK = sku_check(RULE, "duplicate")
