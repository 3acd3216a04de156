"""SPEC012: the two places of SharedComputeCapacityEnabled, a tag and a property, which upstream wants both.

Source: azureml-assets 1.17.8, `validate_model_spec`: the tag must be there and the property be truthy, each by itself;
properties are strings in the service, and `"True"` is what all published folders of 2026 write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.spec.native_types import replaced
from azureml_publish.lint.subject import AssetSubject, Check

RULE = Rule(
    "SPEC012",
    "shared-compute-bool-vs-string",
    Severity.ERROR,
    "Tag and property SharedComputeCapacityEnabled do not fit each other.",
)

KEY = "SharedComputeCapacityEnabled"


def _check(subject: AssetSubject) -> Iterator[Diagnostic]:
    spec = subject.read.asset.spec
    tags, properties = (
        section if isinstance(section := spec.get(name), Mapping) else {} for name in ("tags", "properties")
    )
    if subject.described.type != "mlflow_model" or (KEY not in tags and KEY not in properties):
        return
    native = spec.get("system_metadata")
    if isinstance(native, Mapping) and native.get("sharedComputeCapacityEnabled") is not None:
        return  # the new key wins; that the old ones are still there is told by others
    value = properties.get(KEY)
    if KEY not in tags or KEY not in properties:
        there, lacking, write = (
            ("property", "tag", f"tags.{KEY}: ''")
            if KEY in properties
            else ("tag", "property", f'properties.{KEY}: "True"')
        )
        where = subject.place(("properties" if KEY in properties else "tags", KEY))
        yield RULE.at(
            where, f"The {there} {KEY} is there, the {lacking} is not; validation wants both.", f"Add {write}."
        )
    elif str(value).strip().lower() != "true":
        where = subject.place(("properties", KEY))
        fix = replaced(subject, ("properties", KEY), "True")
        yield RULE.at(where, f"The tag {KEY} says yes, the property '{value}'.", 'Write "True".', fix=fix)
    elif value is True:
        finding = RULE.at(
            subject.place(("properties", KEY)),
            f"The property {KEY} is a truth value; properties are text in the service.",
            'Write "True" in quotes.',
            fix=replaced(subject, ("properties", KEY), "True"),
        )
        yield replace(finding, severity=Severity.WARNING)


CHECK = Check(RULE, asset=_check)
