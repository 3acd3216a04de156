"""Rules on fine-tune defaults that cannot work together."""

from azureml_publish.lint.rules.finetune import (
    companion,
    deepspeed_gpus,
    lora_task,
    ort_zero3,
    precision,
    quantised,
    zero_stage,
)
from azureml_publish.lint.subject import Check

CHECKS: tuple[Check, ...] = (
    zero_stage.CHECK,
    precision.CHECK,
    companion.CHECK,
    quantised.CHECK,
    ort_zero3.CHECK,
    deepspeed_gpus.CHECK,
    lora_task.CHECK,
)
