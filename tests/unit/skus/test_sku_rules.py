"""The rules on sizes and fine-tune defaults beyond their examples: severities, inheritance, presets."""

from __future__ import annotations

from datetime import date

import pytest

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.lint.engine import ModelSubject, ProjectSubject, check, check_model, compare
from azureml_publish.skus.catalogue import load_catalogue
from azureml_publish.skus.compute import resolve_compute, resolve_presets
from tests.unit.skus.projects import project

CATALOGUE = load_catalogue()
TODAY = date(2026, 11, 21)


def found(config: str, model: str, as_of: date = TODAY) -> list[Diagnostic]:
    made = project(config, {"one": model})
    presets = resolve_presets(made.config, CATALOGUE, as_of)
    subject = ProjectSubject(made, CATALOGUE, presets, as_of)
    models = [
        ModelSubject(subject, folder, resolve_compute(folder.spec, presets, CATALOGUE, as_of), None)
        for folder in made.models
    ]
    reports = [check_model(model) for model in models]
    return [
        *check(subject),
        *(one for each, _, _ in reports for one in each),
        *compare(fact for _, facts, _ in reports for fact in facts),
    ]


def codes(config: str, model: str, as_of: date = TODAY) -> list[tuple[str, str, int]]:
    return [(one.code, str(one.severity), one.location.line) for one in found(config, model, as_of)]


def test_retired_sizes_among_others_are_one_warning_at_the_first_of_them() -> None:
    config = "presets:\n  gpu:\n    - Standard_NC4as_T4_v3\n    - Standard_NC6s_v3\n    - Standard_NV12s_v3\n"
    assert codes(config, "") == [("SKU010", "warning", 4)]
    assert found(config, "")[0].message == "2 of 3 sizes of gpu are retired: Standard_NC6s_v3, Standard_NV12s_v3."
    alone = config.replace("    - Standard_NV12s_v3\n", "")
    assert found(alone, "")[0].message == "Standard_NC6s_v3 of gpu is retired since 2025-09-30."


def test_a_list_of_retired_sizes_only_is_an_error_of_the_list() -> None:
    (one,) = found("presets: {}\n", "compute: {finetune: [Standard_NC6s_v2, Standard_NC6s_v3]}\n")
    assert (one.code, one.severity) == ("SKU010", Severity.ERROR)
    assert one.message == "Every size of one finetune is retired; the last went on 2025-09-30."


def test_the_day_decides() -> None:
    config = "presets: {gpu: [Standard_NC4as_T4_v3, Standard_NC6s_v3]}\n"
    assert codes(config, "", date(2025, 9, 29)) == [("SKU011", "warning", 1)]
    assert found(config, "", date(2025, 9, 29))[0].message == "Standard_NC6s_v3 of gpu retires on 2025-09-30."
    assert codes(config, "", date(2025, 9, 30)) == [("SKU010", "warning", 1)]
    assert codes(config, "", date(2025, 4, 3)) == [("SKU011", "warning", 1)]
    assert codes(config, "", date(2025, 4, 2)) == []


def test_a_query_mends_itself_unless_nothing_is_left() -> None:
    assert codes("presets: {gpu: {families: [NCv3, NC_A100_v4]}}\n", "", date(2025, 9, 1)) == []
    (one,) = found("presets: {gpu: {families: [NCv3]}}\n", "", date(2025, 9, 1))
    assert (one.code, one.message) == ("SKU011", "Nothing that gpu selects is left after 2025-09-30.")


def test_an_unknown_figure_is_told_with_what_could_be_derived() -> None:
    mixed = "presets:\n  gpu:\n    - Standard_NC40ads_H100_v5\n    - Standard_NC80adis_H100_v5\n"
    (one,) = found(mixed, "")
    assert (one.code, one.location.line) == ("SKU012", 4)
    assert one.message.endswith("temporary disk of Standard_NC80adis_H100_v5 in gpu: the rest of the list decides it.")
    (alone,) = found("presets: {gpu: [Standard_NC80adis_H100_v5]}\n", "")
    assert alone.message.endswith("no min-SKU spec can be derived.")


DEFAULTS = "defaults:\n  finetune: {{{}}}\n"
T4 = "compute: {finetune: [Standard_NC4as_T4_v3]}\n"
A100 = "compute: {finetune: [Standard_NC96ads_A100_v4]}\n"


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("apply_deepspeed: true, deepspeed_stage: 2, precision: 16", []),
        ("apply_deepspeed: true, deepspeed_stage: '3'", []),
        ("apply_deepspeed: true, apply_lora: true, apply_ort: true", []),
        ("apply_deepspeed: true, deepspeed_stage: 0", [("FT001", "error")]),
        ("apply_deepspeed: true, deepspeed_stage: 4", [("FT001", "error")]),
        ("apply_deepspeed: true, deepspeed_stage: '2.5'", [("FT001", "error")]),
        ("precision: 12", [("FT002", "error")]),
        ("precision: '32'", []),
        ("deepspeed_stage: 2", [("FT003", "warning")]),
        ("apply_deepspeed: false, deepspeed_stage: 2", [("FT003", "warning")]),
        ("precision: 4", [("FT004", "error")]),
        ("precision: '8', apply_lora: false", [("FT004", "error")]),
        ("precision: 4, apply_lora: true", []),
        ("apply_deepspeed: true, deepspeed_stage: 3, apply_ort: true", [("FT005", "warning")]),
        ("apply_deepspeed: true, deepspeed_stage: 3, apply_lora: true", []),
    ],
)
def test_switches_and_their_companions(choice: str, expected: list[tuple[str, str]]) -> None:
    own = [one[:2] for one in codes("{}\n", f"{A100}finetune_defaults: {{{choice}}}\n")]
    inherited = codes(DEFAULTS.format(choice), A100)
    assert own == expected
    assert [one[:2] for one in inherited] == expected
    assert all(line == 2 for _, _, line in inherited)


def test_lora_with_ort_under_stage_3_is_named() -> None:
    choice = "apply_deepspeed: true, deepspeed_stage: 3, apply_ort: true, apply_lora: true"
    (one,) = found("{}\n", f"{A100}finetune_defaults: {{{choice}}}\n")
    assert one.message == "ONNX Runtime (apply_ort) does not train with LoRA under ZeRO stage 3."


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ("[Standard_NC4as_T4_v3, Standard_NC24ads_A100_v4]", ["FT006"]),
        ("[Standard_D4as_v4]", ["FT006"]),
        ("[Standard_NC4as_T4_v3, Standard_NC64as_T4_v3]", []),
        ("{families: [NCasT4_v3]}", []),
        ("{families: [NCasT4_v3], max_gpus: 1}", ["FT006"]),
    ],
)
def test_deepspeed_wants_gpus_to_divide_over(sizes: str, expected: list[str]) -> None:
    model = f"compute: {{finetune: {sizes}}}\nfinetune_defaults: {{apply_deepspeed: true}}\n"
    assert [one[0] for one in codes("{}\n", model)] == expected


def test_an_own_switch_overrules_the_inherited_one() -> None:
    assert codes(DEFAULTS.format("apply_deepspeed: true"), T4)[0][0] == "FT006"
    assert codes(DEFAULTS.format("apply_deepspeed: true"), f"{T4}finetune_defaults: {{apply_deepspeed: false}}\n") == []


def test_a_model_without_finetune_tasks_inherits_nothing() -> None:
    assert codes(DEFAULTS.format("precision: 12"), "tasks: {inference: fill-mask}\n") == []


@pytest.mark.parametrize(
    ("task", "expected"),
    [("question-answering", []), ("chat-completion", []), ("image-object-detection", [("FT007", "warning")])],
)
def test_lora_serves_the_tasks_that_peft_names(task: str, expected: list[tuple[str, str]]) -> None:
    tasks = f"tasks: {{inference: fill-mask, finetune: [{task}]}}\n"
    assert [one[:2] for one in codes(DEFAULTS.format("apply_lora: true"), tasks)] == expected
