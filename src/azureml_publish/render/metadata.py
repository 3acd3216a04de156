"""From a spec to the service's metadata: one neutral form, which the layouts then lay out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from azureml_publish.assets import AllowList, Scenario, Value
from azureml_publish.spec import Defaults, FinetuneDefaults, HubSource, Metadata, ModelSpec


def metadata(spec: ModelSpec, defaults: Defaults, compute: Mapping[Scenario, AllowList]) -> dict[str, Value]:
    """The metadata of a model by the names and types of the `system_metadata` layout."""
    tasks = {"fineTuningTasks": list(spec.tasks.finetune), "inferenceTasks": [spec.tasks.inference]}
    data: dict[str, Value] = {
        "languages": list(spec.languages),
        "tasks": {key: value for key, value in tasks.items() if value},
        "SKU": _skus(compute),
        "datasets": list(spec.datasets),
        "license": spec.license,
        "supportedComputes": {f"{scenario}Computes": list(allow.skus) for scenario, allow in compute.items()},
    }
    if isinstance(spec.source, HubSource):
        data["huggingFaceModelId"] = spec.source.huggingface
    data |= _written(defaults.metadata) | _written(spec.metadata)
    return {key: value for key, value in data.items() if value not in (None, [], {})}


def finetune_tag(spec: ModelSpec, inherited: FinetuneDefaults | None) -> dict[str, Value]:
    """The tag `model_specific_defaults`: the project's fine-tune defaults under the model's; booleans as text.

    A model without fine-tune tasks inherits nothing.
    """
    layers = [inherited if spec.tasks.finetune else None, spec.finetune_defaults]
    chosen: dict[str, Any] = {}
    for layer in layers:
        if layer is not None:
            chosen |= layer.model_dump(exclude_none=True)
    in_order = (key for key in FinetuneDefaults.model_fields if key in chosen)
    return {key: str(chosen[key]).lower() if isinstance(chosen[key], bool) else chosen[key] for key in in_order}


def _skus(compute: Mapping[Scenario, AllowList]) -> dict[str, Value]:
    lists = {f"{scenario}RecommendedSkus": list(allow.skus) for scenario, allow in compute.items()}
    specs = {f"{scenario}MinSkuSpec": str(allow.min_sku) for scenario, allow in compute.items() if allow.min_sku}
    return {**lists, **specs}


def _written(part: Metadata) -> dict[str, Value]:
    """What is set in a part of the metadata, by the service's names, with lists for tuples."""
    return {key: _plain(value) for key, value in part.model_dump(by_alias=True, exclude_none=True).items()}


def _plain(value: Any) -> Value:
    if isinstance(value, BaseModel):
        return _plain(value.model_dump(by_alias=True, exclude_none=True))
    if isinstance(value, Mapping):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(child) for child in value]
    plain: Value = value
    return plain
