"""Makes the service's metadata from a spec, in one neutral form that the layouts then write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azureml_publish.assets import AllowList, LayoutName, Scenario, Value
from azureml_publish.documents import plain
from azureml_publish.layouts.mapping import Section
from azureml_publish.render.carry import without
from azureml_publish.spec import PLACES, Defaults, FinetuneDefaults, HubSource, Legacy, Metadata, ModelSpec
from azureml_publish.spec.tasks import TASK_TAG, has_service_name


def metadata(spec: ModelSpec, defaults: Defaults, compute: Mapping[Scenario, AllowList]) -> dict[str, Value]:
    """The metadata of a model with the names and types of the layout `system_metadata`."""
    inference = [spec.tasks.inference] if spec.tasks.inference else []
    tasks = {"fineTuningTasks": list(spec.tasks.finetune), "inferenceTasks": inference}
    data: dict[str, Value] = {
        "languages": list(spec.languages),
        "tasks": {key: value for key, value in tasks.items() if value},
        "SKU": _skus(spec, compute),
        "datasets": list(spec.datasets),
        "license": spec.license,
        "supportedComputes": {f"{scenario}Computes": list(allow.skus) for scenario, allow in compute.items()},
    }
    if isinstance(spec.source, HubSource):
        data["huggingFaceModelId"] = spec.source.huggingface
    data |= _written(defaults.metadata) | _written(spec.metadata)
    for key in _refused(spec.metadata):
        data.pop(key, None)
    return {key: value for key, value in data.items() if value not in (None, [], {})}


def with_task_tag(
    data: dict[str, Value], spec: ModelSpec, layout: LayoutName
) -> tuple[dict[str, Value], dict[str, Value]]:
    """The metadata, and the tag of a task that the service has no name for: its system metadata would be refused."""
    task = spec.tasks.inference
    if layout == "tags" or not task or has_service_name(task):
        return data, {}
    return without(data, ("tasks", "inferenceTasks")), {TASK_TAG: task}


def finetune_tag(spec: ModelSpec, inherited: FinetuneDefaults | None) -> dict[str, Value]:
    """The tag `model_specific_defaults`: the model's fine-tune defaults, then the project's; booleans as text.

    A model without fine-tune tasks inherits none, and no model inherits a key that it sets to null.
    """
    layers = [inherited if spec.tasks.finetune else None, spec.finetune_defaults]
    chosen: dict[str, Any] = {}
    for layer in layers:
        if layer is not None:
            chosen |= layer.model_dump(exclude_unset=True)
    chosen = {key: value for key, value in chosen.items() if value is not None}
    in_order = (key for key in FinetuneDefaults.model_fields if key in chosen)
    return {key: str(chosen[key]).lower() if isinstance(chosen[key], bool) else chosen[key] for key in in_order}


def _skus(spec: ModelSpec, compute: Mapping[Scenario, AllowList]) -> dict[str, Value]:
    lists: dict[str, Value] = {}
    specs: dict[str, Value] = {}
    for scenario, allow in compute.items():
        recommended = getattr(spec.recommended, scenario, None) or allow.skus
        lists[f"{scenario}RecommendedSkus"] = list(recommended)
        if least := getattr(spec.min_sku, scenario, None) or allow.min_sku:
            specs[f"{scenario}MinSkuSpec"] = str(least)
    return {**lists, **specs}


def _refused(part: Metadata) -> list[str]:
    """The keys that a model sets to null, so that it does not inherit them."""
    names = (name for name in part.model_fields_set if getattr(part, name) is None)
    return [Metadata.model_fields[name].alias or name for name in names]


def _written(part: Metadata) -> dict[str, Value]:
    """The set values of a part of the metadata, by the service's names, with lists for tuples."""
    return {key: plain(value) for key, value in part.model_dump(by_alias=True, exclude_none=True).items()}


def legacy_values(legacy: Legacy | None) -> dict[Section, dict[str, Value]]:
    """The values of `legacy`, by section. A missing key, or a presence that is false, gives none."""
    written: dict[Section, dict[str, Value]] = {"tags": {}, "properties": {}}
    for name, place in PLACES.items():
        value = getattr(legacy, name, None)
        if value is None or (place.form == "presence" and not value):
            continue
        kept = list(value) if place.form == "list" else value
        written[place.section][place.key] = "" if place.form == "presence" else kept
    return written
