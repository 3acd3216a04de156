"""FT003: a ZeRO stage without DeepSpeed, which alone reads it.

Source: transformers, DeepSpeed: the stage is part of DeepSpeed's own configuration, which takes effect through the
`deepspeed` argument only (https://huggingface.co/docs/transformers/deepspeed).
"""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.finetune.choice import choice
from azureml_publish.lint.subject import Check, ModelSubject

RULE = Rule("FT003", "zero-stage-without-deepspeed", Severity.WARNING, "deepspeed_stage is set and DeepSpeed is not.")


def _check(subject: ModelSubject) -> Iterator[Diagnostic]:
    chosen = choice(subject)
    if chosen.number("deepspeed_stage") is not None and not chosen.on("apply_deepspeed"):
        yield RULE.at(
            chosen.location("deepspeed_stage"),
            "deepspeed_stage has no effect without apply_deepspeed: true.",
            "Write apply_deepspeed: true, or leave deepspeed_stage out.",
        )


CHECK = Check(RULE, model=_check)
