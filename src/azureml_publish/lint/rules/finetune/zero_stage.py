"""FT001: a ZeRO stage that DeepSpeed does not have, or that turns ZeRO off.

Source: DeepSpeed, Configuration JSON, `zero_optimization.stage`: "Stage 0, 1, 2, and 3 refer to disabled, optimizer
state partitioning, ..." (https://www.deepspeed.ai/docs/config-json/#zero-optimizations-for-fp16-training).
"""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.finetune.choice import choice, plain
from azureml_publish.lint.subject import Check, ModelSubject

RULE = Rule("FT001", "zero-stage-unknown", Severity.ERROR, "deepspeed_stage is none of DeepSpeed's ZeRO stages 1 to 3.")


def _check(subject: ModelSubject) -> Iterator[Diagnostic]:
    chosen = choice(subject)
    stage = chosen.number("deepspeed_stage")
    if stage is None or stage in (1, 2, 3):
        return
    what = "turns ZeRO off" if stage == 0 else "is no ZeRO stage"
    yield RULE.at(
        chosen.location("deepspeed_stage"),
        f"deepspeed_stage {plain(stage)} {what}.",
        "Write 1, 2 or 3; without ZeRO leave it out and write apply_deepspeed: false.",
    )


CHECK = Check(RULE, model=_check)
