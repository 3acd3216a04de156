"""Rules on a model's name and version."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from azureml_publish.assets import LARGEST_VERSION
from azureml_publish.diagnostics import Severity
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.typing_errors import almost
from azureml_publish.lint.check import Findings, finds, rule
from azureml_publish.lint.names.variants import alphanumeric
from azureml_publish.lint.subject import AssetSubject, Described, Fact, ModelSubject
from azureml_publish.lint.yaml_fixes import replaced_by, whole_number
from azureml_publish.patterns import pattern
from azureml_publish.project import DUPLICATE_NAME


@rule("SPEC001", "model-name-not-folder", Severity.INFO, "A model has another name than its folder.")
def model_name_not_folder(model: Described) -> Findings:
    """A model with another name than its folder."""
    if model.stated and model.name and alphanumeric(model.name) != alphanumeric(model.folder):
        message = f"The folder is called {model.folder}, and the model {model.name}."
        hint = f"Rename the folder to {model.name}, so that people find it; a registered model keeps its name."
        yield model_name_not_folder.at(model.where("name"), message, hint)


_NAME = pattern(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}")
"""Names in Azure's own catalogue, such as Phi-3.5-mini-instruct, and the pattern of its public asset repository."""


@rule("SPEC002", "name-pattern", Severity.ERROR, "The name is not one that a registry takes.")
def name_pattern(subject: ModelSubject | AssetSubject) -> Findings:
    """A name that a registry does not take."""
    if isinstance(subject, ModelSubject):
        name, where = subject.folder.spec.name, subject.folder.document.location(("name",))
    else:
        name, where = subject.described.name, subject.place(("name",))
    if _NAME.fullmatch(name):
        return
    valid = re.sub(r"[^a-zA-Z0-9._-]+", "-", name).strip("._-")[:255] or "my-model"
    message = f"A registry does not take the name '{name}'."
    hint = f"Use letters, digits, '-', '_' and '.', at most 255, beginning with a letter or digit: {valid}."
    yield name_pattern.at(where, message, hint)


@rule("SPEC003", "version-not-positive", Severity.ERROR, "The version is not a whole number from 1.")
def version_not_positive(subject: ModelSubject) -> Findings:
    """A version that is not a whole number from 1."""
    version = subject.folder.spec.version
    if not 1 <= version <= LARGEST_VERSION:
        message = f"{version} cannot be a registry's version."
        hint = "Begin with 1; `publish bump` writes the next free one."
        yield version_not_positive.at(subject.folder.document.location(("version",)), message, hint)


@version_not_positive.also
def _version_number_of_asset(subject: AssetSubject) -> Findings:
    version = subject.described.version
    if subject.read.entry is not None and _TEMPLATE.fullmatch(str(version)):
        version = subject.read.asset.asset.get("version")
    if isinstance(version, int) and not isinstance(version, bool) and 1 <= version <= LARGEST_VERSION:
        return
    meant = whole_number(version) if isinstance(version, str) else None
    sound = meant is not None and 1 <= meant <= LARGEST_VERSION
    yield version_not_positive.at(
        subject.place(("version",)),
        f"{version!r} cannot be a registry's version." if version is not None else "The asset YAML states no version.",
        f"Write version: {meant}, without quotes." if sound else "Write a whole number from 1.",
        fix=replaced_by(subject.read.document, ("version",), meant) if sound and meant is not None else None,
    )


@rule("SPEC035", "asset-entry-contradicts", Severity.ERROR, "asset.yaml states another name or version than the spec.")
def asset_entry_contradicts(subject: AssetSubject) -> Findings:
    """A name or version in asset.yaml that differs from the spec's: publishing tools read one or the other."""
    asset, entry = subject.read.asset, subject.read.entry
    if entry is None:
        return
    for key in asset.asset:
        if meant := almost(str(key), _KEYS):
            message = f"{asset.files['asset']} has the key {short(str(key))}, which nothing reads; {meant} was meant."
            yield asset_entry_contradicts.at(
                entry.location((key,)), message, f"Write {meant}.", severity=Severity.WARNING
            )
    for key in ("name", "version"):
        stated, meant = asset.asset.get(key), asset.spec.get(key)
        if _contradicts(stated, meant):
            message = f"{asset.files['asset']} says {key} {stated}, {asset.files['spec']} says {meant}."
            hint = f"Write {key}: {meant}, or leave the key out: the one in {asset.files['spec']} is used then."
            yield asset_entry_contradicts.at(entry.location((key,)), message, hint)


@asset_entry_contradicts.also
def _carried_entry_contradicts(subject: ModelSubject) -> Findings:
    spec = subject.folder.spec
    carried = spec.extra.asset if spec.extra else {}
    for key, meant in (("name", spec.name), ("version", spec.version)):
        if _contradicts(carried.get(key), meant):
            message = f"asset.yaml would say {key} {carried[key]}, and spec.yaml {meant}."
            hint = f"Take {key} out of extra.asset: asset.yaml needs none."
            yield asset_entry_contradicts.at(subject.folder.document.location(("extra", "asset", key)), message, hint)


_KEYS = ("name", "version", "type", "spec", "extra_config", "categories")
"""Keys of asset.yaml (azureml-assets 1.17.8, `AssetConfig`)."""
_TEMPLATE = pattern(r"\{\{ ?asset\.(?:name|version) ?\}\}")
"""Expressions in a spec that publishing replaces by values of asset.yaml (azureml-assets 1.17.8, `update_spec`)."""


def _contradicts(stated: object, meant: object) -> bool:
    """Whether a name or version differs; `auto` means that of the spec."""
    return stated not in (None, "auto") and str(stated) != str(meant) and not _TEMPLATE.fullmatch(str(meant))


@finds(DUPLICATE_NAME)
def asset_name_taken(facts: Sequence[Fact]) -> Findings:
    """Two asset folders with the same name and version. Reading a project compares its model folders."""
    first: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        other = first.setdefault((fact.value, fact.key), fact)
        if other is not fact:
            message = f"'{fact.model}' is also the name of {other.location.path}, in the same version."
            hint = "Give one of the two another name; a registry holds one model of a name."
            yield asset_name_taken.at(fact.location, message, hint)


@asset_name_taken.keeps
def _duplicate_name_facts(model: Described) -> Iterator[Fact]:
    if model.stated and model.name:
        yield Fact(asset_name_taken.rule.code, model.name, str(model.version), model.name, model.where("name"))
