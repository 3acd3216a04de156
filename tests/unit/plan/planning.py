"""One model, as a folder asks for it and as a registry holds it, with differences."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from azureml_publish.assets import (
    MANIFEST_PROPERTY,
    SOURCE_PROPERTY,
    AssetId,
    RegisteredAsset,
    RegistryState,
    RenderedAsset,
)
from azureml_publish.layouts.wire import record_of
from azureml_publish.plan.actions import Action, Desired
from azureml_publish.plan.diff import plan_model

ASSET = RenderedAsset(
    name="little",
    version=3,
    type="mlflow_model",
    description="# little\n",
    tags={"license": "mit", "skus": ["Standard_NC6s_v3", "Standard_DS3_v2"], "defaults": {"apply_lora": True, "n": 2}},
    properties={"languages": "en", "datasets": ["a", "b"], "SHA": "5532cc56"},
    system_metadata={"languages": ["en"], "tasks": {"inferenceTasks": ["fill-mask"]}, "scanned": True, "epochs": 1.5},
)
WANTED = Desired(ASSET, "5" * 64)
PROVENANCE = {SOURCE_PROPERTY: WANTED.source_digest, MANIFEST_PROPERTY: "f" * 64}


def registered(wanted: Desired = WANTED, **changed: Any) -> RegisteredAsset:
    """What a registry holds once this was registered; the JSON on the way makes no other values of it."""
    record = record_of(wanted.asset, {SOURCE_PROPERTY: wanted.source_digest, MANIFEST_PROPERTY: "f" * 64})
    held = RegisteredAsset(
        id=AssetId("local", record.name, record.version),
        type=record.type,
        description=record.description,
        tags=dict(record.tags),
        properties=dict(record.properties),
        system_metadata=json.loads(json.dumps(dict(record.system_metadata))),
        path="https://one.blob.core.windows.net/c-1/abc/mlflow_model_folder",
        archived=wanted.asset.archived,
    )
    return replace(held, **changed)


def holding(asset: RegisteredAsset) -> RegistryState:
    return RegistryState(asset, asset.id.version, asset.id.version + 1)


def against(**changed: Any) -> Action:
    """The action for ASSET where the registry holds it but for these fields."""
    return plan_model(WANTED, holding(registered(**changed)))


def asking(**changed: Any) -> Action:
    """The action for a changed ASSET where the registry holds ASSET."""
    return plan_model(replace(WANTED, asset=replace(ASSET, **changed)), holding(registered()))


def properties(**changed: str) -> dict[str, str]:
    return {**registered().properties, **changed}


def wanted_as(name: str, version: int = 1) -> Desired:
    return replace(WANTED, asset=replace(ASSET, name=name, version=version))
