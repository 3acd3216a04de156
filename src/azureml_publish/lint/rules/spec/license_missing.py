"""SPEC008: nobody may use a model whose licence nobody states."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.lint.subject import AssetSubject, Check, ModelSubject

RULE = Rule("SPEC008", "license-missing", Severity.ERROR, "The spec states no licence.")


def _of_model(subject: ModelSubject) -> Iterator[Diagnostic]:
    yield from _check(subject.folder.spec.license, subject.folder.document.location(("license",)))


def _of_asset(subject: AssetSubject) -> Iterator[Diagnostic]:
    yield from _check(subject.described.metadata.get("license"), subject.described.where("license"))


def _check(license_id: object, where: Location) -> Iterator[Diagnostic]:
    if not str(license_id or "").strip():
        yield RULE.at(
            where,
            "The spec states no licence.",
            "Write the identifier on the model's Hub page, for example license: apache-2.0.",
        )


CHECK = Check(RULE, model=_of_model, asset=_of_asset)
