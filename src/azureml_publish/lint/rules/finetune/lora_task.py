"""FT007: LoRA for a task that peft does not name.

Source: peft, PEFT types, `TaskType` (https://huggingface.co/docs/peft/package_reference/peft_types): text and token
classification, question answering, causal and sequence-to-sequence language modelling, feature extraction; and peft's
task guides on image classification and semantic segmentation
(https://huggingface.co/docs/peft/task_guides/semantic_segmentation_lora).
LoRA may be made to work elsewhere, hence a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.finetune.choice import choice
from azureml_publish.lint.subject import Check, ModelSubject

RULE = Rule("FT007", "lora-task-unserved", Severity.WARNING, "LoRA is on for a task that peft does not name.")

SERVED = {
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
"""Tasks by peft's own name for them."""


def _check(subject: ModelSubject) -> Iterator[Diagnostic]:
    chosen = choice(subject)
    if not chosen.on("apply_lora"):
        return
    document = subject.folder.document
    for task in subject.folder.spec.tasks.finetune:
        if task not in SERVED:
            yield RULE.at(
                document.location_of(task, below=("tasks", "finetune")),
                f"apply_lora: peft names no task such as '{task}'.",
                "Write finetune_defaults: {apply_lora: false}, or check the task's name.",
            )


CHECK = Check(RULE, model=_check)
