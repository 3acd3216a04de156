"""FT002: a precision that nothing trains with.

Sources: 32 and 16 (mixed precision): transformers, Trainer, `fp16` (https://huggingface.co/docs/transformers/perf_train_gpu_one);
8 and 4: transformers, bitsandbytes (https://huggingface.co/docs/transformers/quantization/bitsandbytes).
"""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.finetune.choice import choice, plain
from azureml_publish.lint.subject import Check, ModelSubject

RULE = Rule("FT002", "precision-unknown", Severity.ERROR, "precision is none of 4, 8, 16 and 32 bits.")


def _check(subject: ModelSubject) -> Iterator[Diagnostic]:
    chosen = choice(subject)
    bits = chosen.number("precision")
    if bits is not None and bits not in (4, 8, 16, 32):
        yield RULE.at(
            chosen.location("precision"),
            f"Nothing trains with a precision of {plain(bits)} bits.",
            "Write 32, 16 (mixed precision), or 8 or 4 (quantised, with LoRA).",
        )


CHECK = Check(RULE, model=_check)
