"""SKU003: a size, family or GPU model that the catalogue does not know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from azureml_publish.checks.sku.problems import sku_check
from azureml_publish.checks.sku.written import written_lists
from azureml_publish.checks.subject import AssetSubject
from azureml_publish.diagnostics import Diagnostic, Rule, Severity

RULE = Rule("SKU003", "sku-unknown", Severity.ERROR, "A size, family or GPU model is not in the catalogue.")


def _of_asset(subject: AssetSubject) -> Iterator[Diagnostic]:
    for one in written_lists(subject):
        for key, names in ((one.allowed_key, one.allowed), (one.recommended_key, one.recommended)):
            for index, name in enumerate(names or ()):
                if name not in subject.catalogue and (key == one.allowed_key or name not in (one.allowed or ())):
                    near = " or ".join(subject.catalogue.nearest(name))
                    hint = f"Did you mean {near}?" if near else "`publish skus list` shows all sizes."
                    yield RULE.at(one.place(key, index), f"The catalogue knows no size '{name}'.", hint)


CHECK = replace(sku_check(RULE, "unknown_size", "unknown_family", "unknown_gpu_model"), asset=_of_asset)
