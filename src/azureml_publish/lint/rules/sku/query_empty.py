"""SKU008: an allow-list on which nothing can run."""

from __future__ import annotations

from azureml_publish.diagnostics import Rule, Severity
from azureml_publish.lint.rules.sku.problems import sku_check

RULE = Rule("SKU008", "sku-query-empty", Severity.ERROR, "A query selects no size.")
CHECK = sku_check(RULE, "empty")
