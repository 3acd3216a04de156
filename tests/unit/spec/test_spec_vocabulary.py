"""Metadata and fine-tune defaults that Azure/azureml-assets used at 4b41f8ccbc can be written, each as a typed key."""

from __future__ import annotations

import typing
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from azureml_publish.layouts.mapping import load_mapping
from azureml_publish.spec import PLACES, FinetuneDefaults, Metadata, ModelSpec

METADATA = """
benchmark baseModelWeightsVersion datasets deploymentOptions deprecation.finetuneDeprecationDate
deprecation.finetuneRetirementDate deprecation.inferenceDeprecationDate deprecation.inferenceLegacyDate
deprecation.inferenceRetirementDate displayName domain evaluation featured freePlayground hiddenLayerScanned
huggingFaceModelId industry inferenceSupportedEnvs inputModalities keywords licenseDescription
maasFinetuning.maasFinetuningDeployRegions maxOutputTokens mlflowFlavor notes openmmlabModelId outputModalities
platformCapabilities.enableBatch platformCapabilities.maasInference playgroundRateLimitTier preview publisher
sharedComputeCapacityEnabled skuToNumReplicasMap summary textContextWindow trainingDataDate
"""

BESIDE = """
properties.SharedComputeCapacityEnabled properties.baseWeightsId properties.azureml.copyRegistryFilesToWorkspace
properties.model_id tags.Deprecated tags._aml_system_vanity_registry tags.batch_compute_allow_list tags.disable-batch
tags.training_dataset tags.training_datasets
"""

FINETUNE = """
apply_deepspeed apply_lora apply_ort deepspeed_stage gradient_accumulation_steps ignore_mismatched_sizes learning_rate
learning_rate_max learning_rate_min logging_steps logging_strategy lr_scheduler_type max_seq_length num_train_epochs
per_device_eval_batch_size per_device_train_batch_size precision save_total_limit
"""


def paths(model: type[BaseModel], before: str = "") -> Iterator[str]:
    for name, info in model.model_fields.items():
        path = before + (info.alias or name)
        yield path
        for kind in typing.get_args(info.annotation) or (info.annotation,):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from paths(kind, f"{path}.")


@pytest.mark.parametrize("key", METADATA.split())
def test_a_key_of_the_metadata_can_be_written(key: str) -> None:
    assert key in {*paths(Metadata), *ModelSpec.model_fields}


@pytest.mark.parametrize("key", FINETUNE.split())
def test_a_fine_tune_default_can_be_written(key: str) -> None:
    assert key in FinetuneDefaults.model_fields


@pytest.mark.parametrize("key", BESIDE.split())
def test_a_tag_or_property_is_moved_by_a_layout_or_typed_where_it_is(key: str) -> None:
    section, _, name = key.partition(".")
    moved = {(rule.section, rule.key) for rules in load_mapping().values() for rule in rules if rule.writes}
    assert (section, name) in moved | {(place.section, place.key) for place in PLACES.values()}


def test_the_other_sections_of_a_spec_can_be_written() -> None:
    assert {"license", "languages", "datasets", "tasks", "compute", "archived", "extra"} <= set(ModelSpec.model_fields)
