"""`model.yaml`: what a person writes about one model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    StrictBool,
    StrictInt,
    Tag,
)

from azureml_publish.assets import MinSkuSpec, ModelType
from azureml_publish.documents import KeyPath
from azureml_publish.spec.extra import Extra, IntellectualProperty, Verbatim
from azureml_publish.spec.legacy import Legacy
from azureml_publish.spec.metadata import Metadata
from azureml_publish.spec.mlflow import Mlflow
from azureml_publish.spec.reading import Written
from azureml_publish.spec.silence import Silence
from azureml_publish.spec.source import Source


def _number(value: object) -> object:
    """Keep a number as it is written; `5e-6` is text in YAML 1.1 and a number in YAML 1.2."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a number is wanted")  # noqa: TRY004 - pydantic reports ValueError, not TypeError
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            raise ValueError("a number is wanted") from None
    return value


SEMANTIC_VERSION = (
    r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$"
)
"""A version by https://semver.org: MAJOR.MINOR.PATCH with optional pre-release and build."""

Number = Annotated[str | int | float, BeforeValidator(_number)]
MinSpecText = Annotated[str, AfterValidator(lambda text: str(MinSkuSpec.parse(text)))]


def _tag(value: object) -> object:
    """A value that a tag can hold; null would be an empty text, which one writes as ''."""
    if value is None:
        raise ValueError("a value is wanted")
    return value


TagValue = Annotated[Verbatim, BeforeValidator(_tag)]


class SkuQuery(Written):
    """SKUs by their properties; the result is in catalogue order, without retired sizes."""

    families: Annotated[tuple[str, ...], Field(description="VM families, for example NCasT4_v3.")] = ()
    min: Annotated[MinSpecText | None, Field(description="At least this: vCPUs|GPUs|memory GiB|disk GiB.")] = None
    max_gpus: Annotated[StrictInt | None, Field(description="At most this many GPUs.", ge=0)] = None
    gpu_models: Annotated[tuple[str, ...], Field(description="Only these GPU models, for example T4.")] = ()
    include: Annotated[tuple[str, ...], Field(description="These sizes as well.")] = ()
    exclude: Annotated[tuple[str, ...], Field(description="Never these sizes.")] = ()


def _allow_list_kind(value: Any) -> str:
    if isinstance(value, str):
        return "<preset>"
    return "<query>" if isinstance(value, Mapping | SkuQuery) else "<list>"


SkuNames = Annotated[tuple[str, ...], Field(description="Azure VM sizes; their order is kept.", min_length=1)]
PresetBody = Annotated[
    Annotated[SkuQuery, Tag("<query>")] | Annotated[SkuNames, Tag("<list>")], Discriminator(_allow_list_kind)
]
AllowList = Annotated[
    Annotated[str, Tag("<preset>")] | Annotated[SkuQuery, Tag("<query>")] | Annotated[SkuNames, Tag("<list>")],
    Discriminator(_allow_list_kind),
]


class Compute(Written):
    """The allow-list of each scenario: a preset's name, a query, or a literal list of sizes."""

    inference: AllowList | None = None
    evaluation: AllowList | None = None
    finetune: AllowList | None = None


class Recommended(Written):
    """Recommended SKUs by scenario: the sizes of the allow-list in another order."""

    inference: SkuNames | None = None
    evaluation: SkuNames | None = None
    finetune: SkuNames | None = None


class MinSku(Written):
    """Min-SKU specs that the derived ones are compared with."""

    inference: MinSpecText | None = None
    evaluation: MinSpecText | None = None
    finetune: MinSpecText | None = None


class Tasks(Written):
    """The tasks that the model does, and those that it can be fine-tuned for."""

    inference: Annotated[str, Field(description="For example fill-mask.", min_length=1)]
    finetune: Annotated[tuple[str, ...], Field(description="For example [text-classification].")] = ()


class FinetuneDefaults(Written):
    """Settings of DeepSpeed, LoRA and ONNX Runtime for fine-tuning; the tag `model_specific_defaults`."""

    apply_deepspeed: StrictBool | None = None
    deepspeed_stage: Annotated[Number | None, Field(description="ZeRO stage.")] = None
    apply_lora: StrictBool | None = None
    apply_ort: StrictBool | None = None
    precision: Annotated[Number | None, Field(description="Bits per weight: 4, 8, 16 or 32.")] = None
    max_seq_length: Annotated[Number | None, Field(description="Tokens.")] = None
    ignore_mismatched_sizes: StrictBool | None = None
    num_train_epochs: Number | None = None
    per_device_train_batch_size: Number | None = None
    per_device_eval_batch_size: Number | None = None
    gradient_accumulation_steps: Number | None = None
    learning_rate: Number | None = None
    learning_rate_min: Number | None = None
    learning_rate_max: Number | None = None
    lr_scheduler_type: str | None = None
    logging_strategy: str | None = None
    logging_steps: Number | None = None
    save_total_limit: Number | None = None


class ModelSpec(Written):
    """`models/<name>/model.yaml`: one model."""

    as_spelled: ClassVar[tuple[KeyPath, ...]] = (("tags",), ("extra", "tags"), ("extra", "properties"))

    name: Annotated[str, Field(description="The asset's name in a registry.")]
    version: Annotated[StrictInt, Field(description="The registry's version; not the Hub's revision.")]
    semver: Annotated[
        str | None,
        Field(
            description="The team's own semantic version, for example 1.2.0; the tag semver.",
            pattern=SEMANTIC_VERSION,
        ),
    ] = None
    type: ModelType = "mlflow_model"
    source: Annotated[Source, Field(description="Where the files come from.")]
    description: Annotated[
        str | None,
        Field(description="What the card begins with, in Markdown; a card needs no file then.", min_length=1),
    ] = None
    license: Annotated[str | None, Field(description="Identifier, for example apache-2.0.")] = None
    languages: Annotated[tuple[str, ...], Field(description="ISO 639 codes, for example en.")] = ()
    datasets: Annotated[tuple[str, ...], Field(description="Datasets that it was trained on.")] = ()
    tags: Annotated[
        dict[str, TagValue], Field(description="Tags, as they are: text, numbers as they are spelled, true, false.")
    ] = Field(default_factory=dict)
    tasks: Annotated[Tasks, Field(description="Its tasks; only a transformers model must name them.")] = Field(
        default_factory=lambda: Tasks.model_construct(inference="", finetune=())
    )
    finetune_defaults: FinetuneDefaults | None = None
    compute: Compute = Compute.model_construct()
    recommended: Annotated[
        Recommended | None, Field(description="Recommended SKUs, if their order differs from the allow-list's.")
    ] = None
    min_sku: Annotated[
        MinSku | None, Field(description="Expected min-SKU specs, which are compared with the derived ones. Optional.")
    ] = None
    mlflow: Mlflow | None = None
    categories: tuple[str, ...] | None = None
    metadata: Metadata = Metadata.model_construct()
    legacy: Annotated[Legacy | None, Field(description="Older tags and properties, if a catalogue needs them.")] = None
    archived: Annotated[StrictBool | None, Field(description="Whether this version is hidden from the catalogue.")] = (
        None
    )
    intellectual_property: Annotated[IntellectualProperty | None, Field(description="The owner of the model.")] = None
    variant_info: Annotated[
        dict[str, Verbatim] | None,
        Field(description="The models that this one is a variant of, in the service's form."),
    ] = None
    default_deployment_template: Annotated[
        dict[str, Verbatim] | str | None, Field(description="The deployment template, in the service's form.")
    ] = None
    silence: Annotated[tuple[Silence, ...], Field(description="Findings of the linter that are accepted.")] = ()
    extra: Annotated[
        Extra | None, Field(description="Keys of the asset that no other key covers, written verbatim.")
    ] = None
