"""Cards for the tests of their rules: described as a model folder or an asset folder would describe them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from azureml_publish.assets import Value
from azureml_publish.diagnostics import Diagnostic, Location, in_order
from azureml_publish.lint.engine import ALL_CHECKS, Card, Described, check

ABOUT = ("CARD", "SMPL", "SPEC021")


def described(
    text: str,
    name: str = "little",
    *,
    task: str = "fill-mask",
    finetune: Sequence[str] = ("text-classification",),
    hub: str = "",
    config: Mapping[str, Value] | None = None,
    tokenizer: Mapping[str, Value] | None = None,
    tags: Mapping[str, Value] | None = None,
) -> Described:
    metadata: dict[str, Value] = {"tasks": {"inferenceTasks": [task], "fineTuningTasks": list(finetune)}}
    metadata["supportedComputes"] = {"inferenceComputes": ["Standard_DS3_v2"]}
    if hub:
        metadata["huggingFaceModelId"] = hub
    card = Card(text, lambda line, column: Location("card.md", line, column))
    return Described(
        name,
        name,
        1,
        "mlflow_model",
        metadata,
        tags or {},
        {},
        card,
        lambda _: Location("model.yaml"),
        config=config,
        tokenizer=tokenizer,
    )


def findings(model: Described, *codes: str) -> tuple[Diagnostic, ...]:
    """What the rules on cards and samples find, in order; only the codes, where some are given."""
    chosen = [one for one in ALL_CHECKS if one.rule.code.startswith(codes or ABOUT)]
    return in_order(check(model, checks=chosen))


def places(model: Described, *codes: str) -> list[str]:
    return [f"{one.location.line}:{one.location.column} {one.code}" for one in findings(model, *codes)]


def fixed(model: Described, *codes: str) -> str:
    """The card after the fixes of the findings, the safe and the others, each applied from the end."""
    lines = model.card.text.split("\n")
    edits = sorted({edit for one in findings(model, *codes) if one.fix for edit in one.fix.edits}, reverse=True)
    for edit in edits:
        head, tail = lines[edit.line - 1][: edit.column - 1], lines[edit.end_line - 1][edit.end_column - 1 :]
        lines[edit.line - 1 : edit.end_line] = f"{head}{edit.text}{tail}".split("\n")
    return "\n".join(lines)
