"""The service's metadata in a spec: typed and closed, with the names of the layout `system_metadata`."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, StrictBool, StrictInt
from pydantic.alias_generators import to_camel

from azureml_publish.spec.reading import Written

PAGE_KEYS = ("notes", "evaluation")
"""Metadata whose value may name a file in the folder, which the catalogue shows beside the card."""


class _Camel(Written):
    model_config = ConfigDict(alias_generator=to_camel)


class PlatformCapabilities(_Camel):
    """What the platform offers for the model."""

    enable_batch: Annotated[
        StrictBool | None, Field(description="Batch endpoints; the tag disable-batch, inverted.")
    ] = None
    enable_maap: Annotated[StrictBool | None, Field(description="Managed compute; the tag disable-maap, inverted.")] = (
        None
    )
    maas_inference: Annotated[StrictBool | None, Field(description="Inference as a service.")] = None
    maas_fine_tuning: Annotated[StrictBool | None, Field(description="Fine-tuning as a service.")] = None


class MaasFinetuning(_Camel):
    """Fine-tuning as a service."""

    maas_finetuning_test: StrictBool | None = None
    maas_finetuning_offer: StrictBool | None = None
    maas_finetuning_deploy_regions: Annotated[
        tuple[str, ...] | None, Field(description="Azure regions, for example eastus2.")
    ] = None
    maas_finetuning_available_regions: Annotated[tuple[str, ...] | None, Field(description="Azure regions.")] = None


class Deprecation(_Camel):
    """When the model is deprecated and retired: dates as yyyy-mm-dd or yyyy-mm-ddThh:mm:ss.ffffffZ."""

    finetune_deprecation_date: str | None = None
    finetune_retirement_date: str | None = None
    inference_deprecation_date: str | None = None
    inference_legacy_date: str | None = None
    inference_retirement_date: str | None = None
    long_context_retirement_date: str | None = None


class Links(_Camel):
    """Pages that the catalogue links to."""

    pricing: str | None = None
    supported_regions: str | None = None
    languages_supported: str | None = None
    rate_limit: str | None = None


class Metadata(_Camel):
    """Further metadata of the service, by its name in the layout `system_metadata`. The layouts translate it."""

    alias: str | None = None
    aot_manifest: str | None = None
    architecture: str | None = None
    author: str | None = None
    azure_offers: tuple[str, ...] | None = None
    azure_open_ai_model_name: Annotated[str | None, Field(alias="azureOpenAIModelName")] = None
    azure_open_ai_version: Annotated[str | None, Field(alias="azureOpenAIVersion")] = None
    base_model_weights_version: Annotated[StrictInt | float | str | None, Field()] = None
    benchmark: Annotated[str | None, Field(description="Benchmark shown with the model; quality.")] = None
    component_version: str | None = None
    contact_information: str | None = None
    deployment_options: Annotated[
        tuple[str, ...] | None, Field(description="UnifiedEndpointMaaS, MaaP, ServerlessMaaS.")
    ] = None
    deprecation: Deprecation | None = None
    directory_path: str | None = None
    display_name: Annotated[str | None, Field(description="Name in the catalogue.")] = None
    domain: Annotated[tuple[str, ...] | None, Field(description="For example Biomedical Sciences.")] = None
    endpoints_supported: tuple[str, ...] | None = None
    evaluation: Annotated[str | None, Field(description="File with the evaluation page.")] = None
    feature_flags: tuple[str, ...] | None = None
    features_supported: tuple[str, ...] | None = None
    featured: Annotated[StrictBool | None, Field(description="Whether the catalogue features it.")] = None
    fine_tune_only_model: StrictBool | None = None
    foundry_local: str | None = None
    free_playground: Annotated[StrictBool | None, Field(description="Whether it can be tried free of charge.")] = None
    has_delta_weights: StrictBool | None = None
    hidden_layer_scanned: Annotated[
        StrictBool | None, Field(description="Whether its weights were scanned for malicious layers.")
    ] = None
    hugging_face_model_id: Annotated[str | None, Field(description="Repository id. [default: that of the source]")] = (
        None
    )
    industry: Annotated[
        str | None, Field(description="health-and-life-sciences, financial-services, manufacturing.")
    ] = None
    inference_environment_asset_id: str | None = None
    inference_supported_envs: Annotated[
        tuple[str, ...] | None, Field(description="Inference engines: vllm, hf, ds_mii.")
    ] = None
    input_modalities: Annotated[tuple[str, ...] | None, Field(description="text, image, data.")] = None
    invisible_until: str | None = None
    is_customer_info_required: StrictBool | None = None
    is_direct_from_azure: StrictBool | None = None
    keywords: Annotated[tuple[str, ...] | None, Field(description="For example Reasoning, Low latency.")] = None
    license_description: Annotated[str | None, Field(description="Licence text, if the identifier is not enough.")] = (
        None
    )
    lifecycle: str | None = None
    links: Links | None = None
    maap_surcharge: StrictBool | None = None
    maap_surcharge_type: str | None = None
    maas_finetuning: MaasFinetuning | None = None
    max_output_tokens: Annotated[StrictInt | None, Field(description="Tokens.")] = None
    min_fl_version: Annotated[str | None, Field(alias="minFLVersion")] = None
    mlflow_flavor: Annotated[str | None, Field(description="For example transformers.")] = None
    modalities_supported: tuple[str, ...] | None = None
    model_architecture: str | None = None
    model_capabilities: tuple[str, ...] | None = None
    model_flavor: str | None = None
    model_path: str | None = None
    notes: Annotated[str | None, Field(description="File with further notes.")] = None
    openmmlab_model_id: Annotated[str | None, Field(description="Model id of OpenMMLab.")] = None
    output_modalities: Annotated[tuple[str, ...] | None, Field(description="text, image, data, embeddings.")] = None
    parameter_count: Annotated[StrictInt | float | str | None, Field()] = None
    parameter_schema: str | None = None
    platform_capabilities: PlatformCapabilities | None = None
    playground_rate_limit_tier: Annotated[str | None, Field(description="For example low.")] = None
    preview: Annotated[StrictBool | None, Field(description="Whether it is in preview.")] = None
    prompt_template: str | None = None
    publisher: Annotated[str | None, Field(description="Organisation that made the model.")] = None
    reasoning_end: str | None = None
    reasoning_start: str | None = None
    reporting_mechanisms: str | None = None
    shared_compute_capacity_enabled: Annotated[
        StrictBool | None, Field(description="Whether it may run on shared compute.")
    ] = None
    sku_to_num_replicas_map: Annotated[
        dict[str, StrictInt] | None, Field(description="Replicas by VM size, and Default for all others.")
    ] = None
    software_requirements: str | None = None
    summary: Annotated[str | None, Field(description="One sentence.")] = None
    supports_tool_calling: StrictBool | None = None
    terms: str | None = None
    text_context_window: Annotated[StrictInt | None, Field(description="Tokens.")] = None
    tool_call_end: str | None = None
    tool_call_start: str | None = None
    tool_register_end: str | None = None
    tool_register_start: str | None = None
    tool_response_end: str | None = None
    tool_response_start: str | None = None
    tools_supported: tuple[str, ...] | None = None
    trademark_information: str | None = None
    training_data_date: Annotated[str | None, Field(description="Month and year: October 2023.")] = None
    training_information: str | None = None
