"""Rules on fine-tuning defaults that cannot work together."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from azureml_publish.diagnostics import Location, Severity
from azureml_publish.documents import mapping_of
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.subject import AssetSubject, ModelSubject
from azureml_publish.spec import FinetuneDefaults


@rule("FT001", "zero-stage-unknown", Severity.ERROR, "deepspeed_stage is not one of DeepSpeed's ZeRO stages 1 to 3.")
def zero_stage_unknown(subject: ModelSubject | AssetSubject) -> Findings:
    """A ZeRO stage that DeepSpeed does not have, or that turns ZeRO off.

    Source: DeepSpeed, Configuration JSON, `zero_optimization.stage`: "Stage 0, 1, 2, and 3 refer to disabled, optimizer
    state partitioning, ..." (https://www.deepspeed.ai/docs/config-json/#zero-optimizations-for-fp16-training).
    """
    chosen = _choice(subject)
    stage = chosen.number("deepspeed_stage")
    if stage is None or stage in (1, 2, 3):
        return
    what = "turns ZeRO off" if stage == 0 else "is not a ZeRO stage"
    message = f"deepspeed_stage {_plain(stage)} {what}."
    hint = "Write 1, 2 or 3; without ZeRO leave it out and write apply_deepspeed: false."
    yield zero_stage_unknown.at(chosen.location("deepspeed_stage"), message, hint)


@rule("FT002", "precision-unknown", Severity.ERROR, "precision is not 4, 8, 16 or 32 bits.")
def precision_unknown(subject: ModelSubject | AssetSubject) -> Findings:
    """A precision that no library trains with.

    Sources: 32 and 16 (mixed precision): transformers, Trainer, `fp16`
    (https://huggingface.co/docs/transformers/perf_train_gpu_one); 8 and 4: transformers, bitsandbytes
    (https://huggingface.co/docs/transformers/quantization/bitsandbytes).
    """
    chosen = _choice(subject)
    bits = chosen.number("precision")
    if bits is not None and bits not in (4, 8, 16, 32):
        message = f"Nothing trains with a precision of {_plain(bits)} bits."
        hint = "Write 32, 16 (mixed precision), or 8 or 4 (quantised, with LoRA)."
        yield precision_unknown.at(chosen.location("precision"), message, hint)


@rule("FT003", "zero-stage-without-deepspeed", Severity.WARNING, "deepspeed_stage is set and DeepSpeed is not.")
def zero_stage_without_deepspeed(subject: ModelSubject | AssetSubject) -> Findings:
    """A ZeRO stage without DeepSpeed, which alone reads it.

    Source: transformers, DeepSpeed: the stage is part of DeepSpeed's own configuration, which takes effect through the
    `deepspeed` argument only (https://huggingface.co/docs/transformers/deepspeed).
    """
    chosen = _choice(subject)
    if chosen.number("deepspeed_stage") is not None and not chosen.on("apply_deepspeed"):
        message = "deepspeed_stage has no effect without apply_deepspeed: true."
        hint = "Write apply_deepspeed: true, or leave deepspeed_stage out."
        yield zero_stage_without_deepspeed.at(chosen.location("deepspeed_stage"), message, hint)


@rule("FT004", "quantised-without-lora", Severity.ERROR, "Weights of 8 or 4 bits cannot be trained without LoRA.")
def quantised_without_lora(subject: ModelSubject | AssetSubject) -> Findings:
    """Quantised weights without LoRA: nothing is left to train.

    Source: peft, Quantization: a quantised model is not trained further by itself, an adapter on top of it is
    (https://huggingface.co/docs/peft/developer_guides/quantization). transformers' Trainer refuses purely quantised
    models.
    """
    chosen = _choice(subject)
    bits = chosen.number("precision")
    if bits is not None and bits in (4, 8) and not chosen.on("apply_lora"):
        message = f"Weights of {_plain(bits)} bits cannot be trained; only adapters on top of them can."
        hint = "Write apply_lora: true, or precision: 16."
        yield quantised_without_lora.at(chosen.location("precision"), message, hint)


@rule("FT005", "ort-with-zero-3", Severity.WARNING, "ONNX Runtime trains with ZeRO stages 1 and 2 only.")
def ort_with_zero_3(subject: ModelSubject | AssetSubject) -> Findings:
    """ONNX Runtime training with ZeRO stage 3, with LoRA or without.

    Source: Optimum, How to accelerate training with ONNX Runtime: "DeepSpeed is supported by ONNX Runtime(only ZeRO
    stage 1 and 2 for the moment)" (https://huggingface.co/docs/optimum/v1.7.1/onnxruntime/usage_guides/trainer).
    onnxruntime 1.17 has stage 3 behind ORTMODULE_ENABLE_ZERO_STAGE3 (microsoft/onnxruntime#17187), hence a warning.
    """
    chosen = _choice(subject)
    if chosen.on("apply_ort") and chosen.on("apply_deepspeed") and chosen.number("deepspeed_stage") == 3:
        lora = " with LoRA" if chosen.on("apply_lora") else ""
        message = f"ONNX Runtime (apply_ort) does not train{lora} under ZeRO stage 3."
        hint = "Write deepspeed_stage: 2, or apply_ort: false."
        yield ort_with_zero_3.at(chosen.location("deepspeed_stage"), message, hint)


@rule("FT006", "deepspeed-without-gpus", Severity.WARNING, "No size for fine-tuning has GPUs for ZeRO to divide.")
def deepspeed_without_gpus(subject: ModelSubject) -> Findings:
    """DeepSpeed on sizes without several GPUs.

    Sources: transformers, DeepSpeed: ZeRO shards over GPUs; on one GPU it helps by offloading alone
    (https://huggingface.co/docs/transformers/deepspeed). DeepSpeed, Getting Started: NCCL, which joins GPUs, is the
    default backend (https://www.deepspeed.ai/getting-started/). Offloading is possible, hence a warning.
    """
    chosen = _choice(subject)
    allowed = subject.compute.allow_lists.get("finetune")
    if not chosen.on("apply_deepspeed") or allowed is None:
        return
    counts = [sku.gpus for name in allowed.skus if (sku := subject.project.catalogue.get(name)) is not None]
    known = [count for count in counts if count is not None]
    if len(known) < len(counts) or max(known, default=2) >= 2:
        return
    what = "more than one GPU" if max(known) == 1 else "a GPU"
    message = f"apply_deepspeed: no size that fine-tunes {subject.folder.spec.name} has {what} for ZeRO to divide over."
    hint = "Allow a size with several GPUs (`publish skus list --min 1|2|1|1`), or write apply_deepspeed: false."
    yield deepspeed_without_gpus.at(subject.folder.document.location(("compute", "finetune")), message, hint)


_SERVED = {
    "text-classification": "SEQ_CLS",
    "zero-shot-classification": "SEQ_CLS",
    "token-classification": "TOKEN_CLS",
    "question-answering": "QUESTION_ANS",
    "text-generation": "CAUSAL_LM",
    "chat-completion": "CAUSAL_LM",
    "summarization": "SEQ_2_SEQ_LM",
    "translation": "SEQ_2_SEQ_LM",
    "text2text-generation": "SEQ_2_SEQ_LM",
    "feature-extraction": "FEATURE_EXTRACTION",
    "embeddings": "FEATURE_EXTRACTION",
    "image-classification": "task guide",
    "image-segmentation": "task guide",
}
"""Tasks, and peft's name for each."""


@rule("FT007", "lora-task-unserved", Severity.WARNING, "LoRA is on for a task that peft does not name.")
def lora_task_unserved(subject: ModelSubject) -> Findings:
    """LoRA for a task that peft does not name.

    Source: peft, PEFT types, `TaskType` (https://huggingface.co/docs/peft/package_reference/peft_types): text and token
    classification, question answering, causal and sequence-to-sequence language modelling, feature extraction; and
    peft's task guides on image classification and semantic segmentation
    (https://huggingface.co/docs/peft/task_guides/semantic_segmentation_lora). LoRA may be made to work elsewhere, hence
    a warning.
    """
    chosen = _choice(subject)
    if not chosen.on("apply_lora"):
        return
    document = subject.folder.document
    for task in subject.folder.spec.tasks.finetune:
        if task not in _SERVED:
            message = f"apply_lora: peft does not name a task like '{task}'."
            hint = "Write finetune_defaults: {apply_lora: false}, or check the task's name."
            yield lora_task_unserved.at(document.location_of(task, below=("tasks", "finetune")), message, hint)


_SWITCHES = ("apply_deepspeed", "apply_lora", "apply_ort", "ignore_mismatched_sizes")
_COUNTS = (
    *("deepspeed_stage", "precision", "max_seq_length", "num_train_epochs", "per_device_train_batch_size"),
    *("per_device_eval_batch_size", "gradient_accumulation_steps", "logging_steps", "save_total_limit"),
)
_RATES = ("learning_rate_min", "learning_rate", "learning_rate_max")


_AT_LEAST_ONE = ("per_device_train_batch_size", "per_device_eval_batch_size", "gradient_accumulation_steps")


@rule("FT008", "defaults-not-usable", Severity.ERROR, "A fine-tuning default has an invalid value.")
def defaults_not_usable(subject: AssetSubject) -> Findings:
    """A switch that is neither true nor false, a count that is not a number, a rate outside its own bounds.

    In a model folder these are typed, and DOC005 reports them.
    """
    chosen = _choice(subject)
    for key in (key for key in (*_SWITCHES, *_COUNTS, *_RATES) if key in chosen.values):
        written = chosen.values[key]
        wanted = "true or false" if key in _SWITCHES else "a number"
        sound = str(written).strip().lower() in ("true", "false") if key in _SWITCHES else _number(written) is not None
        if not sound:
            yield defaults_not_usable.at(chosen.location(key), f"{key} is '{written}'.", f"Write {wanted}.")
        elif (number := _number(written)) is not None and (
            (key in _AT_LEAST_ONE and number < 1) or (key in _RATES and number >= 1)
        ):
            bound = "below 1, such as 5e-6" if key in _RATES else "of 1 or more"
            yield defaults_not_usable.at(chosen.location(key), f"{key} is {written}.", f"Write a number {bound}.")
    rates = [(key, rate) for key in _RATES if (rate := _number(chosen.values.get(key))) is not None]
    for (low, least), (high, most) in itertools.pairwise(rates):
        if least > most:
            message = f"{low} {chosen.values[low]} is above {high} {chosen.values[high]}."
            yield defaults_not_usable.at(chosen.location(low), message, "Write the smaller one as the lower bound.")


@dataclass(frozen=True, slots=True)
class _Choice:
    """The effective fine-tuning defaults of a model: its own, over the project's if it has a fine-tuning task."""

    values: Mapping[str, Any]
    location: Callable[[str], Location]

    def on(self, switch: str) -> bool:
        """Whether a switch is true; asset folders may write it as text."""
        return str(self.values.get(switch)).strip().lower() == "true"

    def number(self, key: str) -> float | None:
        """A value as a number, which may be written as text; None where it is missing or not a number."""
        return _number(self.values.get(key))


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _choice(subject: ModelSubject | AssetSubject) -> _Choice:
    """The fine-tuning defaults of a model that take effect."""
    if isinstance(subject, AssetSubject):
        values = mapping_of(subject.described.tags.get("model_specific_defaults"))
        return _Choice(values, lambda key: subject.described.where(f"tags.model_specific_defaults.{key}"))
    spec, project = subject.folder.spec, subject.project.project
    inherited = project.config.defaults.finetune if spec.tasks.finetune else None
    own = _given(spec.finetune_defaults)

    def location(key: str) -> Location:
        if key in own:
            return subject.folder.document.location(("finetune_defaults", key))
        return project.document.location(("defaults", "finetune", key))

    return _Choice(_given(inherited) | own, location)


def _given(layer: FinetuneDefaults | None) -> dict[str, Any]:
    return {} if layer is None else layer.model_dump(exclude_none=True)


def _plain(number: float) -> str:
    """A number without a trailing `.0`."""
    return f"{number:g}"
