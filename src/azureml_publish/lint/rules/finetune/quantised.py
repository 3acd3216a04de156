"""FT004: quantised weights without LoRA: nothing is left to train.

Source: peft, Quantization: a quantised model is not trained further by itself, an adapter on top of it is
(https://huggingface.co/docs/peft/developer_guides/quantization). transformers' Trainer refuses purely quantised models.
"""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.finetune.choice import choice, plain
from azureml_publish.lint.subject import Check, ModelSubject

RULE = Rule("FT004", "quantised-without-lora", Severity.ERROR, "8 or 4 bits without LoRA leave nothing to train.")


def _check(subject: ModelSubject) -> Iterator[Diagnostic]:
    chosen = choice(subject)
    bits = chosen.number("precision")
    if bits is not None and bits in (4, 8) and not chosen.on("apply_lora"):
        yield RULE.at(
            chosen.location("precision"),
            f"Weights of {plain(bits)} bits cannot be trained; only adapters on top of them can.",
            "Write apply_lora: true, or precision: 16.",
        )


CHECK = Check(RULE, model=_check)
