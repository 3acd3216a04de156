"""SPEC019: keys that the service's schema calls deprecated and that nothing reads.

Source: schema of azureml-registry-tools, as observed on Azure/azureml-assets up to 4b41f8ccbc. `properties.SHA` is
deprecated there as well; it stays silent here, because no other key says which commit a model was made from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.spec.removal import without_key
from azureml_publish.lint.subject import AssetSubject, Check

RULE = Rule("SPEC019", "deprecated-field", Severity.WARNING, "A key is deprecated and read by nothing.")

FIELDS = {
    ("tags", "Deprecated"): "Write isArchived: true, or the dates of `deprecation`.",
    ("tags", "batch_compute_allow_list"): "Take it out; batch endpoints use the allow-list of inference.",
    ("properties", "model_id"): "Write huggingFaceModelId in system_metadata (huggingface_model_id among the tags).",
}
"""Deprecated keys and what to write instead."""


def _check(subject: AssetSubject) -> Iterator[Diagnostic]:
    for (section, key), hint in FIELDS.items():
        values = subject.read.asset.spec.get(section)
        if isinstance(values, Mapping) and key in values:
            fix = without_key(subject.read.document, (section, key), safe=False)
            where = subject.place((section, key))
            yield RULE.at(where, f"`{section}.{key}` is deprecated; nothing reads it.", hint, fix=fix)


CHECK = Check(RULE, asset=_check)
