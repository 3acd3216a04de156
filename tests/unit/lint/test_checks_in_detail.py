"""The edges of single rules, beyond what the examples show."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from azureml_publish.diagnostics import Diagnostic
from azureml_publish.pipeline.check import check
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.run import RunContext

COMMIT = "5532cc56f74641d4bb33641f5c76a55d11f846e0"
SPEC = f"""\
name: little
version: 1
source: {{huggingface: org/little, revision: {COMMIT}}}
license: mit
tasks: {{inference: fill-mask}}
"""


def lint(
    root: Path, spec: str = SPEC, card: str = "A card.\n", publish: str = "", models: tuple[str, ...] = ()
) -> list[Diagnostic]:
    folder = root / "models" / "little"
    folder.mkdir(parents=True, exist_ok=True)
    (root / "publish.yaml").write_text(publish, encoding="utf-8")
    (folder / "model.yaml").write_text(spec, encoding="utf-8")
    (folder / "card.md.j2").write_text(card, encoding="utf-8")
    run = RunContext(root, {}, date(2026, 11, 21))
    return list(check(run, load(run, models, Settings())).found)


def reported(found: list[Diagnostic]) -> list[tuple[str, int, int]]:
    return [(one.code, one.location.line, one.location.column) for one in found]


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        ("main", "branch or tag"),
        ("v1.0", "branch or tag"),
        (COMMIT[:12], "not a full commit"),
        (COMMIT.upper(), "not a full commit"),
        (COMMIT + "0", "branch or tag"),
        (f"'{COMMIT}\\n'", "branch or tag"),
    ],
)
def test_only_a_full_commit_in_lower_case_is_a_revision(tmp_path: Path, revision: str, said: str) -> None:
    (found,) = lint(tmp_path, SPEC.replace(COMMIT, revision))
    assert reported([found]) == [("SPEC006", 3, 35)]
    assert said in found.message


def test_a_local_source_has_no_revision_to_judge(tmp_path: Path) -> None:
    spec = SPEC.replace(f"huggingface: org/little, revision: {COMMIT}", "local: files")
    assert {found.code for found in lint(tmp_path, spec)} == {"PKG019"}


@pytest.mark.parametrize("name", ["a", "A1", "bert-base_cased", "1st", "x" * 255])
def test_names_that_a_registry_takes(tmp_path: Path, name: str) -> None:
    assert lint(tmp_path, SPEC.replace("name: little", f"name: '{name}'")) == []


@pytest.mark.parametrize("name", ["", "-a", "_a", "a b", "a/b", "é", "x" * 256])
def test_names_that_a_registry_does_not_take(tmp_path: Path, name: str) -> None:
    assert reported(lint(tmp_path, SPEC.replace("name: little", f"name: '{name}'"))) == [("SPEC002", 1, 1)]


@pytest.mark.parametrize(
    ("version", "codes"), [(-1, ["SPEC003"]), (0, ["SPEC003"]), (1, []), (2**31 - 1, []), (2**31, ["SPEC003"])]
)
def test_versions_count_from_1(tmp_path: Path, version: int, codes: list[str]) -> None:
    assert [one.code for one in lint(tmp_path, SPEC.replace("version: 1", f"version: {version}"))] == codes


@pytest.mark.parametrize(
    ("license", "codes"),
    [
        ("Apache-2.0", []),
        ("custom", ["SPEC009"]),
        ("' '", ["SPEC008"]),
        ("''", ["SPEC008"]),
        ("apache", ["SPEC031"]),
        ("mine", ["SPEC031"]),
    ],
)
def test_licences(tmp_path: Path, license: str, codes: list[str]) -> None:  # noqa: A002 - the word of the field
    assert [one.code for one in lint(tmp_path, SPEC.replace("mit", license))] == codes


@pytest.mark.parametrize(
    ("row", "good"),
    [
        ("| a | b |", True),
        ("a | b", True),
        (r"| a \| b | c |", True),
        ("| a |  |", True),
        ("| a | b", True),
        ("| a | b | c |", False),
        ("| a |", False),
        (r"| a \| b |", False),
        (r"| a | b \|", True),
    ],
)
def test_cells_are_counted_as_github_counts_them(tmp_path: Path, row: str, good: bool) -> None:
    found = lint(tmp_path, card=f"Text.\n\n| one | two |\n| --- | --- |\n{row}\n")
    assert reported(found) == ([] if good else [("CARD001", 5, 1)])


def test_a_table_in_a_code_block_is_no_table(tmp_path: Path) -> None:
    assert lint(tmp_path, card="```\n| one | two |\n| --- | --- |\n| a |\n```\n") == []


def test_a_row_that_a_loop_made_is_reported_where_the_loop_writes_it(tmp_path: Path) -> None:
    card = "| one | two |\n| --- | --- |\n{% for a in [1] %}\n| {{ a }} |\n{% endfor %}\n"
    (found,) = lint(tmp_path, card=card)
    assert (found.location.path, found.location.line, found.location.column) == ("models/little/card.md.j2", 4, 1)


def test_a_min_sku_without_an_allow_list_is_reported(tmp_path: Path) -> None:
    (found,) = lint(tmp_path, SPEC + "min_sku: {finetune: 4|1|28|64}\n")
    assert reported([found]) == [("SKU004", 6, 11)]
    assert found.hint == "Add compute.finetune."


def test_an_unknown_preset_is_reported_once(tmp_path: Path) -> None:
    spec = SPEC + "compute: {inference: nowhere}\nmin_sku: {inference: 4|1|28|64}\n"
    assert reported(lint(tmp_path, spec)) == [("SKU007", 6, 11)]


def test_a_presets_mistake_is_reported_once_however_many_models_use_it(tmp_path: Path) -> None:
    publish = "presets:\n  cpu: [Standard_DS3v2]\n"
    other = tmp_path / "models" / "other"
    other.mkdir(parents=True)
    spec = SPEC.replace("little", "other").replace(COMMIT, COMMIT[::-1]) + "compute: {inference: cpu}\n"
    (other / "model.yaml").write_text(spec, encoding="utf-8")
    (other / "card.md.j2").write_text("A card.\n", encoding="utf-8")
    found = lint(tmp_path, SPEC + "compute: {inference: cpu, evaluation: cpu}\n", publish=publish)
    assert [(one.code, one.location.path, one.location.line) for one in found] == [("SKU003", "publish.yaml", 2)]


def test_findings_come_in_the_order_of_their_places(tmp_path: Path) -> None:
    found = lint(tmp_path, SPEC.replace("version: 1", "version: 0").replace("mit", "mine"), card="{{ nothing }}")
    assert [one.code for one in found] == ["TMPL001", "SPEC003", "SPEC031"]


def test_mistakes_of_models_that_were_not_asked_for_are_left_out(tmp_path: Path) -> None:
    other = tmp_path / "models" / "other"
    other.mkdir(parents=True)
    spec = SPEC.replace("little", "other").replace(COMMIT, COMMIT[::-1]).replace("mit", "mine")
    (other / "model.yaml").write_text(spec, encoding="utf-8")
    (other / "card.md.j2").write_text("A card.\n", encoding="utf-8")
    assert lint(tmp_path, models=("little",)) == []
    assert [one.code for one in lint(tmp_path)] == ["SPEC031"]


def test_a_sample_of_a_model_folder_is_judged_where_it_lies(tmp_path: Path) -> None:
    samples = tmp_path / "models" / "little" / "samples"
    samples.mkdir(parents=True)
    (samples / "input.json").write_text('{\n  "input_data": {\n    "text": ["A [MASK]."]\n  }\n}\n', encoding="utf-8")
    (found,) = lint(tmp_path)
    assert (found.code, found.location.path) == ("SMPL002", "models/little/samples/input.json")
    assert (found.location.line, found.location.column) == (2, 3)


def test_two_models_of_one_commit_are_reported_at_their_revisions(tmp_path: Path) -> None:
    other = tmp_path / "models" / "other"
    other.mkdir(parents=True)
    (other / "model.yaml").write_text(SPEC.replace("little", "other"), encoding="utf-8")
    (other / "card.md.j2").write_text("A card.\n", encoding="utf-8")
    found = lint(tmp_path)
    assert [(one.code, one.location.path, one.location.line, one.location.column) for one in found] == [
        ("SPEC005", "models/little/model.yaml", 3, 35),
        ("SPEC005", "models/other/model.yaml", 3, 34),
    ]


def test_a_sample_in_the_notes_is_a_sample(tmp_path: Path) -> None:
    spec = SPEC + "compute: {inference: [Standard_DS3_v2]}\nmetadata: {notes: notes.md}\n"
    files = tmp_path / "models" / "little" / "files"
    files.mkdir(parents=True)
    (files / "notes.md").write_text("Nothing.\n", encoding="utf-8")
    assert "SMPL004" in [one.code for one in lint(tmp_path, spec, card="# Card\n\nText.\n")]
    fence = '# Sample input\n\n```json\n{"input_data": ["A [MASK]."]\n```\n'
    (files / "notes.md").write_text(fence, encoding="utf-8")
    found = lint(tmp_path, spec, card="# Card\n\nText.\n")
    assert "SMPL004" not in [one.code for one in found]
    assert [one.location.path for one in found if one.code == "SMPL001"] == ["models/little/files/notes.md"]
