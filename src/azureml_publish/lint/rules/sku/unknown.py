"""SKU003: a size, family or GPU model that the catalogue does not know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.sku.problems import sku_check
from azureml_publish.lint.rules.sku.written import written_lists
from azureml_publish.lint.subject import AssetSubject

RULE = Rule("SKU003", "sku-unknown", Severity.ERROR, "A size, family or GPU model is not in the catalogue.")


MEANT = 20
"""So many unknown names of a folder are compared with all known ones, which takes time."""


def _of_asset(subject: AssetSubject) -> Iterator[Diagnostic]:
    known: dict[str, str] = {}
    for one in written_lists(subject):
        allowed = frozenset(one.allowed or ())
        for key, names in ((one.allowed_key, one.allowed), (one.recommended_key, one.recommended)):
            for index, name in enumerate(names or ()):
                if name in subject.catalogue or (key == one.recommended_key and name in allowed):
                    continue
                if name not in known:
                    near = " or ".join(subject.catalogue.nearest(name)) if len(known) < MEANT else ""
                    known[name] = f"Did you mean {near}?" if near else "`publish skus list` shows all sizes."
                yield RULE.at(one.place(key, index), f"The catalogue knows no size '{name}'.", known[name])


CHECK = replace(sku_check(RULE, "unknown_size", "unknown_family", "unknown_gpu_model"), asset=_of_asset)
