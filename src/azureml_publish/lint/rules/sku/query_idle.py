"""SKU009: words of a query that do not do what they seem to."""

from __future__ import annotations

from azureml_publish.diagnostics import Rule, Severity
from azureml_publish.lint.rules.sku.problems import sku_check

RULE = Rule("SKU009", "sku-query-idle", Severity.WARNING, "A word of a query changes nothing, or cannot be judged.")
CHECK = sku_check(RULE, "contradiction", "unknown_figure", "retired_include", "idle_exclude")
