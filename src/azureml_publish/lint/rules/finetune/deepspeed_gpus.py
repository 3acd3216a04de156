"""FT006: DeepSpeed on sizes where it has nothing to divide.

Sources: transformers, DeepSpeed: ZeRO shards over GPUs; on one GPU it helps by offloading alone
(https://huggingface.co/docs/transformers/deepspeed). DeepSpeed, Getting Started: NCCL, which joins GPUs, is the default
backend (https://www.deepspeed.ai/getting-started/). Offloading is possible, hence a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.finetune.choice import choice
from azureml_publish.lint.subject import Check, ModelSubject

RULE = Rule("FT006", "deepspeed-without-gpus", Severity.WARNING, "No size for fine-tuning has GPUs for ZeRO to divide.")


def _check(subject: ModelSubject) -> Iterator[Diagnostic]:
    chosen = choice(subject)
    allowed = subject.compute.allow_lists.get("finetune")
    if not chosen.on("apply_deepspeed") or allowed is None:
        return
    counts = [sku.gpus for name in allowed.skus if (sku := subject.project.catalogue.get(name)) is not None]
    known = [count for count in counts if count is not None]
    if len(known) < len(counts) or max(known, default=2) >= 2:
        return
    what = "more than one GPU" if max(known) == 1 else "a GPU"
    yield RULE.at(
        subject.folder.document.location(("compute", "finetune")),
        f"apply_deepspeed: no size that fine-tunes {subject.folder.spec.name} has {what} for ZeRO to divide over.",
        "Allow a size with several GPUs (`publish skus list --min 1|2|1|1`), or write apply_deepspeed: false.",
    )


CHECK = Check(RULE, model=_check)
