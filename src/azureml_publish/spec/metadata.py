"""The service's metadata as people write it: typed and closed, by the names of the `system_metadata` layout."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, StrictBool, StrictInt
from pydantic.alias_generators import to_camel

from azureml_publish.spec.reading import Written


class _Camel(Written):
    model_config = ConfigDict(alias_generator=to_camel)


class PlatformCapabilities(_Camel):
    """What the platform offers for the model."""

    enable_batch: StrictBool | None = None
    enable_maap: StrictBool | None = None
    maas_inference: StrictBool | None = None
    maas_fine_tuning: StrictBool | None = None


class MaasFinetuning(_Camel):
    """Fine-tuning as a service."""

    maas_finetuning_test: str | None = None
    maas_finetuning_offer: str | None = None
    maas_finetuning_deploy_regions: tuple[str, ...] | None = None
    maas_finetuning_available_regions: tuple[str, ...] | None = None


class Deprecation(_Camel):
    """When the model goes: dates as yyyy-mm-dd or yyyy-mm-ddThh:mm:ss.ffffffZ."""

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
    """The service's further metadata, by the names of the `system_metadata` layout. The layouts translate them."""

    alias: str | None = None
    aot_manifest: str | None = None
    azure_offers: tuple[str, ...] | None = None
    azure_open_ai_model_name: Annotated[str | None, Field(alias="azureOpenAIModelName")] = None
    azure_open_ai_version: Annotated[str | None, Field(alias="azureOpenAIVersion")] = None
    base_model_weights_version: Annotated[StrictInt | float | str | None, Field()] = None
    benchmark: str | None = None
    component_version: str | None = None
    deployment_options: tuple[str, ...] | None = None
    deprecation: Deprecation | None = None
    directory_path: str | None = None
    display_name: str | None = None
    domain: tuple[str, ...] | None = None
    evaluation: Annotated[str | None, Field(description="File with the evaluation page.")] = None
    feature_flags: str | None = None
    featured: StrictBool | None = None
    fine_tune_only_model: StrictBool | None = None
    foundry_local: str | None = None
    free_playground: StrictBool | None = None
    has_delta_weights: StrictBool | None = None
    hidden_layer_scanned: StrictBool | None = None
    hugging_face_model_id: Annotated[str | None, Field(description="Repository id; else the source's.")] = None
    industry: str | None = None
    inference_environment_asset_id: str | None = None
    inference_supported_envs: tuple[str, ...] | None = None
    input_modalities: tuple[str, ...] | None = None
    invisible_until: str | None = None
    is_customer_info_required: StrictBool | None = None
    is_direct_from_azure: StrictBool | None = None
    keywords: tuple[str, ...] | None = None
    license_description: str | None = None
    lifecycle: str | None = None
    links: Links | None = None
    maap_surcharge: str | None = None
    maap_surcharge_type: str | None = None
    maas_finetuning: MaasFinetuning | None = None
    max_output_tokens: StrictInt | None = None
    min_fl_version: Annotated[str | None, Field(alias="minFLVersion")] = None
    mlflow_flavor: str | None = None
    model_architecture: str | None = None
    model_capabilities: tuple[str, ...] | None = None
    model_flavor: str | None = None
    model_path: str | None = None
    notes: Annotated[str | None, Field(description="File with further notes.")] = None
    openmmlab_model_id: str | None = None
    output_modalities: tuple[str, ...] | None = None
    parameter_schema: str | None = None
    platform_capabilities: PlatformCapabilities | None = None
    playground_rate_limit_tier: str | None = None
    preview: StrictBool | None = None
    prompt_template: str | None = None
    publisher: str | None = None
    reasoning_end: str | None = None
    reasoning_start: str | None = None
    shared_compute_capacity_enabled: StrictBool | None = None
    sku_to_num_replicas_map: dict[str, StrictInt] | None = None
    summary: str | None = None
    supports_tool_calling: StrictBool | None = None
    text_context_window: Annotated[StrictInt | None, Field(description="Tokens.")] = None
    tool_call_end: str | None = None
    tool_call_start: str | None = None
    tool_register_end: str | None = None
    tool_register_start: str | None = None
    tool_response_end: str | None = None
    tool_response_start: str | None = None
    training_data_date: Annotated[str | None, Field(description="Month and year: October 2023.")] = None
