"""`publish lint` of a project's folders: which of them are in order, and what in them nothing reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.unit.lint.assets import sound, write


def test_the_last_lines_say_how_many_models_are_in_order(publish: Run, project: Path) -> None:
    edit = (project / "models" / "bert-large-cased" / "model.yaml").read_text().replace("fill-mask", "fill-msk")
    (project / "models" / "bert-large-cased" / "model.yaml").write_text(edit)
    shown = publish("-C", str(project), "lint", "--no-cache")
    assert shown.code == 4
    assert shown.err.splitlines()[-1].startswith("Errors in 1 folder: bert-large-cased (")
    assert shown.err.splitlines()[-1].endswith("2 of 3 models are in order.")


@pytest.mark.parametrize("chosen", [(), ("bert-large-cased", "bert-base-cased", "distil*")])
def test_a_model_that_cannot_be_read_counts_as_well(publish: Run, project: Path, chosen: tuple[str, ...]) -> None:
    edit = (project / "models" / "bert-large-cased" / "model.yaml").read_text().replace("license:", "licens:")
    (project / "models" / "bert-large-cased" / "model.yaml").write_text(edit)
    lines = publish("-C", str(project), "lint", *chosen).err.splitlines()
    assert lines[-2].startswith("1 error in 3 models.")
    assert lines[-1] == "Errors in 1 folder: bert-large-cased (1). 2 of 3 models are in order."
    assert publish("-C", str(project), "plan").err.splitlines()[-1].startswith("1 error in 3 models. ")


def test_a_folder_that_leads_out_of_the_project_counts_as_well(
    publish: Run, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (project / "models" / "away").symlink_to(tmp_path_factory.mktemp("elsewhere"))
    lines = publish("-C", str(project), "lint").err.splitlines()
    assert lines[-2].startswith("1 error in 4 models.")
    assert lines[-1] == "Errors in 1 folder: away (1). 3 of 4 models are in order."


def test_one_finding_about_many_models_leaves_none_of_them_in_order(publish: Run, project: Path) -> None:
    for spec in project.glob("models/bert-*/model.yaml"):
        spec.write_text(spec.read_text(encoding="utf-8") + "extra: {system_metadata: {inHouse: 1}}\n", encoding="utf-8")
    lines = publish("-C", str(project), "lint").err.splitlines()
    assert lines[-1] == "Warnings in 2 folders. 1 of 3 models are in order."


def test_what_is_wrong_beside_the_models_leaves_them_in_order(publish: Run, project: Path) -> None:
    with (project / "publish.yaml").open("a", encoding="utf-8") as file:
        file.write("lint: {severity: {SKUU: info}}\n")
    lines = publish("-C", str(project), "lint").err.splitlines()
    assert lines[-1] == "Warnings in 1 folder. 3 of 3 models are in order."


def test_folders_of_assets_are_counted_wherever_they_lie(publish: Run, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        files: dict[str, str | bytes] = {file: text.replace("little", name) for file, text in sound().items()}
        if name != "three":
            files["spec.yaml"] = str(files["spec.yaml"]).replace("version: 1", "version: '1'")
        write(tmp_path / "assets" / "models", files, name)
    (tmp_path / "assets" / "models" / "assets").rename(tmp_path / "assets" / "models" / "system")
    for folder, prefix in (("assets", "models/system/"), ("assets/models/system", "")):
        lines = publish("-C", str(tmp_path / folder), "lint", "--assets", ".", "--select", "SPEC003").err.splitlines()
        where = f"{prefix}one (1), {prefix}two (1)"
        assert lines[-1] == f"Errors in 2 folders: {where}. 1 of 3 models are in order."


@pytest.mark.parametrize(
    ("file", "code", "hint"),
    [
        ("samples/inputs.json", "SPEC016", "Call it input.json."),
        ("card.md", "SPEC016", "card.md.j2 takes precedence: keep one of the two."),
        ("notes.md", "SPEC016", "Move it to files/, so that it is published, or remove it."),
        ("model.yml.yaml", "SPEC016", "Call it model.yaml."),
        ("files/notes.md", "SPEC014", "Add notes: notes.md to `metadata:`, or remove the file."),
        ("README.md", "", ""),
        ("notes.txt", "", ""),
        ("files/USE.md", "", ""),
    ],
)
def test_files_that_nothing_reads_are_reported(publish: Run, project: Path, file: str, code: str, hint: str) -> None:
    place = project / "models" / "bert-base-cased" / file
    place.parent.mkdir(exist_ok=True)
    place.write_text("{}\n")
    told = json.loads(publish("-C", str(project), "lint", "-o", "json").out)["diagnostics"]
    found = [(one["code"], one["path"], one["hint"]) for one in told if one["severity"] != "info"]
    assert found == ([(code, f"models/bert-base-cased/{file}", hint)] if code else [])


def test_two_models_may_publish_the_same_files(publish: Run, project: Path) -> None:
    for name in ("whole", "part"):
        (project / "models" / name).mkdir()
        (project / "models" / name / "model.yaml").write_text(
            f"name: {name}\nversion: 1\ntype: custom_model\nlicense: mit\ndescription: What it is.\n"
            "source:\n  azureblob: {storage: account, container: public, path: trained/9}\n"
        )
    ran = publish("-C", str(project), "lint", "whole", "part", "-o", "json")
    assert [one for one in json.loads(ran.out)["diagnostics"] if one["severity"] == "error"] == []
