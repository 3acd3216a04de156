"""Rules on what Microsoft's catalogue requires beyond the values of keys: required keys, tags, properties and sources.

They apply only with `profile: microsoft-catalog`. Their sources are in `vocabularies.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from azureml_publish.diagnostics import Severity
from azureml_publish.documents import KeyPath, found_at, holds
from azureml_publish.layouts.mapping import load_mapping
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.rules.vocabularies import CATALOG, vocabulary, wanted_type
from azureml_publish.lint.subject import AssetSubject, Described, ModelSubject
from azureml_publish.spec import AzuremlSource, GitSource, MlflowSource

_RESERVED = (("azureml", "azure"), ("aml",), ("model",))


@rule("GATE008", "name-reserved", Severity.ERROR, "Microsoft's catalogue does not accept the name.")
def name_reserved(model: Described) -> Findings:
    """A name with a word that Microsoft's catalogue reserves, unless it begins with `Azure-`.

    A team's own registry takes any name. In asset folders, which may be meant for the catalogue, this is a warning.
    Source: azureml-assets 1.17.8, `validate_name`.
    """
    if (model.profile != CATALOG and not model.stated) or model.name.startswith("Azure-"):
        return
    for words in _RESERVED:
        word = next((word for word in words if word in model.name.lower()), None)
        if word is not None:
            strict = model.profile == CATALOG
            yield name_reserved.at(
                model.where("name"),
                f"The name {short(model.name)} holds '{word}', which Microsoft's catalogue does not allow in names.",
                "Leave the word out; names that begin with Azure- are accepted."
                if "azure" in words
                else "Leave the word out.",
                severity=None if strict else Severity.WARNING if "azure" in words else Severity.INFO,
            )


_SCENARIOS = {"inference": "inference", "evaluation": "evaluation", "finetune": "fineTuning"}
"""The scenarios, and the beginning of the key of their tasks."""

_ROOT = frozenset(
    {
        "$schema", "defaultDeploymentTemplate", "intellectualProperty", "isArchived", "name", "path", "properties",
        "system_metadata", "tags", "variantInfo", "version",
    }
)  # fmt: skip
"""Keys at the top of spec.yaml."""


@rule("GATE005", "catalogue-key-missing", Severity.ERROR, "A key that Microsoft's catalogue requires is missing.")
def catalogue_key_missing(model: Described) -> Findings:
    """Required keys that are missing: licence, task, shared capacity, and machine sizes for every used scenario."""
    if model.profile != CATALOG:
        return
    for keys, hint in _missing(model.metadata):
        message = f"Microsoft's catalogue requires {keys}, which is missing."
        yield catalogue_key_missing.at(model.where(keys.partition(",")[0]), message, hint)
    for scenario in _SCENARIOS:
        recommended, _, allowed = (found_at(model.metadata, key.split(".")) for key in _sizes(scenario))
        if recommended and allowed and {*map(str, recommended)} != {*map(str, allowed)}:
            key, _, other = _sizes(scenario)
            yield catalogue_key_missing.at(
                model.where(key), f"{key} has other sizes than {other}.", "Name the same sizes in both."
            )


def _missing(metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Missing keys, each with the hint."""
    if not found_at(metadata, ["license"]):
        yield "license", "Write license: with one of the values that GATE001 knows; `license: other` is one."
    if found_at(metadata, ["sharedComputeCapacityEnabled"]) is None:
        yield "sharedComputeCapacityEnabled", "Write sharedComputeCapacityEnabled: true under `metadata:`."
    if not found_at(metadata, ["tasks", "inferenceTasks"]):
        yield "tasks.inferenceTasks", "Write the task under `tasks:`, for example inference: fill-mask."
    for scenario, tasks in _SCENARIOS.items():
        keys = _sizes(scenario)
        trained = scenario == "finetune" and bool(found_at(metadata, f"tasks.{tasks}Tasks".split(".")))
        named = trained or any(found_at(metadata, key.split(".")) is not None for key in keys)
        if scenario == "finetune" and named and not trained:
            yield f"tasks.{tasks}Tasks", "Write the tasks under `tasks:`, for example finetune: [text-classification]."
        if scenario == "inference" or named:
            hint = f"Write a preset, a query or a list of sizes under `compute:`, as {scenario}:."
            if lacking := [key for key in keys if not found_at(metadata, key.split("."))]:
                yield ", ".join(lacking), hint


def _sizes(scenario: str) -> tuple[str, str, str]:
    return f"SKU.{scenario}RecommendedSkus", f"SKU.{scenario}MinSkuSpec", f"supportedComputes.{scenario}Computes"


@rule("GATE006", "tag-not-taken", Severity.ERROR, "Microsoft's catalogue does not accept a tag or property.")
def tag_not_taken(model: Described) -> Findings:
    """A tag or property that is not one of the few that have no place in the system metadata."""
    if model.profile != CATALOG:
        return
    for section, held in (("tags", model.tags), ("properties", model.properties)):
        known = vocabulary(section)
        for name, value in held.items():
            place, key = model.where(f"{section}.{name}"), known.get(name)
            if key is None:
                message = f"{section}.{name}: Microsoft's catalogue does not accept it."
                yield tag_not_taken.at(place, message, "Leave it out, or write it as metadata that the catalogue has.")
            elif (form := wanted_type(value, key)) is not None:
                yield tag_not_taken.at(place, f"{section}.{name} is {value!r}.", f"Write {form}.")
            elif key.values and value not in key.values:
                message = f"{section}.{name}: Microsoft's catalogue does not accept {value}."
                yield tag_not_taken.at(place, message, f"Write one of {', '.join(map(str, key.values))}.")


@tag_not_taken.also
def old_key_not_taken(subject: AssetSubject) -> Findings:
    """An asset folder with metadata among its tags or properties."""
    if subject.described.profile != CATALOG:
        return
    for rows in load_mapping().values():
        for row in rows:
            held = subject.read.asset.spec.get(row.section)
            if isinstance(held, Mapping) and row.key in held:
                message = f"{row.old_name}: Microsoft's catalogue accepts it only as system metadata."
                hint = f"Move it to system_metadata.{'.'.join(row.path)}."
                yield tag_not_taken.at(subject.place((row.section, row.key)), message, hint)


@tag_not_taken.also
def old_key_of_a_folder(model: ModelSubject) -> Findings:
    """A model folder that writes metadata as a tag or property."""
    config, rendered = model.project.project.config, model.rendered
    if config.profile != CATALOG or rendered is None or config.layout == "tags":  # GATE004 reports that layout
        return
    document = model.folder.document
    for rows in load_mapping().values():
        for row in rows:
            if row.key in getattr(rendered.asset, row.section):
                written: KeyPath = (row.section, row.key)
                place = written if holds(document.data, written) else ("extra", *written)
                message = f"{row.old_name}: Microsoft's catalogue accepts it only as system metadata."
                hint = f"Write it as metadata, {'.'.join(row.path)}, or with the key of the spec that says it."
                yield tag_not_taken.at(document.location(place), message, hint)


_TAKEN: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("asset", "type"): ("model",),
    ("model", "publish", "type"): ("custom_model", "mlflow_model", "triton_model"),
    ("model", "publish", "description"): ("description.md",),
}
"""Keys that `extra` may overwrite, and the values it may write: the catalogue's tools read them before anything else.
"""


@rule("GATE007", "source-not-taken", Severity.ERROR, "Microsoft's catalogue does not accept files from such a source.")
def source_not_taken(model: ModelSubject) -> Findings:
    """Sources that the catalogue's tools cannot read, and keys that spec.yaml may not have."""
    if model.project.project.config.profile != CATALOG:
        return
    spec, document = model.folder.spec, model.folder.document
    if isinstance(spec.source, AzuremlSource | MlflowSource):
        kind = "azureml" if isinstance(spec.source, AzuremlSource) else "mlflow"
        message = f"Microsoft's validator refuses files of the kind {kind}."
        hint = "Name a blob container, a repository of the Hub or of git with its branch, or a folder."
        yield source_not_taken.at(document.location(("source", kind)), message, hint)
    elif isinstance(spec.source, GitSource) and spec.source.git.branch is None:
        message = "Microsoft's validator requires the branch of a git repository."
        hint = "Write branch: beside uri:, for example branch: main."
        yield source_not_taken.at(document.location(("source", "git")), message, hint)
    over = {"asset": spec.extra.asset, "model": spec.extra.model} if spec.extra is not None else {}
    for key_path, values in _TAKEN.items():
        value = found_at(over, key_path)
        if holds(over, key_path) and value not in values:
            message = f"Microsoft's validator does not accept {value} here."
            hint = f"Write {' or '.join(values)}, or leave it out."
            yield source_not_taken.at(document.location(("extra", *key_path)), message, hint)
    for key in sorted((spec.extra.root if spec.extra is not None else {}).keys() - _ROOT):
        message = f"Microsoft's catalogue does not know the key {key} at the top of spec.yaml."
        yield source_not_taken.at(document.location(("extra", "root", key)), message, "Leave it out.")
