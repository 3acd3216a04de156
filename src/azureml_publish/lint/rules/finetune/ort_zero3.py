"""FT005: ONNX Runtime training with ZeRO stage 3, with LoRA or without.

Source: Optimum, How to accelerate training with ONNX Runtime: "DeepSpeed is supported by ONNX Runtime(only ZeRO stage 1
and 2 for the moment)" (https://huggingface.co/docs/optimum/v1.7.1/onnxruntime/usage_guides/trainer). onnxruntime 1.17
has stage 3 behind ORTMODULE_ENABLE_ZERO_STAGE3 (microsoft/onnxruntime#17187), hence a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.finetune.choice import choice
from azureml_publish.lint.subject import Check, ModelSubject

RULE = Rule("FT005", "ort-with-zero-3", Severity.WARNING, "ONNX Runtime trains with ZeRO stages 1 and 2 only.")


def _check(subject: ModelSubject) -> Iterator[Diagnostic]:
    chosen = choice(subject)
    if chosen.on("apply_ort") and chosen.on("apply_deepspeed") and chosen.number("deepspeed_stage") == 3:
        lora = " with LoRA" if chosen.on("apply_lora") else ""
        yield RULE.at(
            chosen.location("deepspeed_stage"),
            f"ONNX Runtime (apply_ort) does not train{lora} under ZeRO stage 3.",
            "Write deepspeed_stage: 2, or apply_ort: false.",
        )


CHECK = Check(RULE, model=_check)
