"""Finding a project and reading its folders: what is read, what is left out, and how models are chosen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from azureml_publish.diagnostics import Diagnostic
from azureml_publish.errors import NotFound, UsageProblem
from azureml_publish.files import MAX_FILE_BYTES
from azureml_publish.project import Project, find_root, load_project, select_models, shown_path

SPEC = "name: {name}\nversion: 1\nsource: {{huggingface: org/a, revision: main}}\ntasks: {{inference: fill-mask}}\n"
CARD = '{% extends "card.md.j2" %}\n'


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def folder(name: str, **other: str | bytes) -> dict[str, str | bytes]:
    files: dict[str, str | bytes] = {"model.yaml": SPEC.format(name=name), "card.md.j2": CARD}
    return {f"models/{name}/{path}": content for path, content in (files | other).items()}


def load(root: Path, files: Mapping[str, str | bytes]) -> tuple[Project, tuple[Diagnostic, ...]]:
    project, found = load_project(write(root, {"publish.yaml": "", **files}))
    assert project is not None
    return project, found


def places(found: tuple[Diagnostic, ...]) -> list[str]:
    return [f"{one.location.path}:{one.location.line}:{one.location.column} {one.code}" for one in found]


def test_the_root_is_the_nearest_folder_upwards_with_publish_yaml(tmp_path: Path) -> None:
    write(tmp_path, {"publish.yaml": "", "inner/publish.yaml": "", "inner/models/a/model.yaml": ""})
    assert find_root(tmp_path) == tmp_path
    assert find_root(tmp_path / "inner" / "models" / "a") == tmp_path / "inner"


def test_without_publish_yaml_the_way_to_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "publish.yaml").mkdir()  # a folder of that name is no project
    with pytest.raises(UsageProblem, match=r"publish\.yaml") as problem:
        find_root(tmp_path)
    assert "publish -C" in problem.value.hint


def test_a_project_without_models_is_one(tmp_path: Path) -> None:
    project, found = load(tmp_path, {})
    assert (project.models, project.unreadable, found) == ((), (), ())
    assert project.templates == tmp_path / "templates"


def test_models_are_read_in_the_order_of_their_folders(tmp_path: Path) -> None:
    samples = {"samples/input.json": '{"input_data": ["é"]}', "samples/output.json": "[1]"}
    files = folder("b") | folder("a", **samples) | {"models/README.md": "# Models\n", "models/.hidden/x": ""}
    project, found = load(tmp_path, files)
    assert found == ()
    assert [model.folder for model in project.models] == ["a", "b"]
    first = project.models[0]
    assert (first.spec.name, first.card, first.card_path) == ("a", CARD, "models/a/card.md.j2")
    assert [(sample.name, sample.data) for sample in first.samples] == [
        ("input", {"input_data": ["é"]}),
        ("output", [1]),
    ]


@pytest.mark.parametrize("content", ["layout: flat\n", "layout: [\n", "layuot: tags\n", b"\xff\xfe"])
def test_without_a_sound_publish_yaml_there_is_no_project(tmp_path: Path, content: str | bytes) -> None:
    project, found = load_project(write(tmp_path, {"publish.yaml": content, **folder("a")}))
    assert project is None
    assert [one.location.path for one in found] == ["publish.yaml"]


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        ({"model.yaml": "name: [\n"}, "models/b/model.yaml:1:7 DOC001"),
        ({"model.yaml": SPEC.format(name="b") + "lisence: mit\n"}, "models/b/model.yaml:5:1 DOC003"),
        ({"model.yaml": SPEC.format(name="b") + "name: c\n"}, "models/b/model.yaml:5:1 DOC002"),
        ({"model.yaml": b"name: \xff\n"}, "models/b/model.yaml:1:7 DOC001"),
        ({"card.md.j2": b"\x89PNG\r\n\x1a\n"}, "models/b/card.md.j2:1:1 DOC001"),
        ({"card.md.j2": "x" * (MAX_FILE_BYTES + 1)}, "models/b/card.md.j2:1:1 SPEC015"),
        ({"samples/input.json": '{"a": [1,\n  2 3]}'}, "models/b/samples/input.json:2:5 SMPL001"),
        ({"samples/output.json": ""}, "models/b/samples/output.json:1:1 SMPL001"),
        ({"samples/output.json": "[NaN]"}, "models/b/samples/output.json:1:1 SMPL001"),
        ({"samples/output.json": "[1e999]"}, "models/b/samples/output.json:1:1 SMPL001"),
        ({"samples/output.json": '["\\ud800"]'}, "models/b/samples/output.json:1:1 SMPL001"),
        ({"samples/output.json": "[" * 100 + "]" * 100}, "models/b/samples/output.json:1:1 SMPL001"),
        ({"samples/output.json": "[" * 100_000 + "]" * 100_000}, "models/b/samples/output.json:1:1 SMPL001"),
        ({"samples/output.json": "9" * 5000}, "models/b/samples/output.json:1:1 SMPL001"),
    ],
)
def test_a_model_that_cannot_be_read_is_left_out_and_named(
    tmp_path: Path, broken: dict[str, str | bytes], place: str
) -> None:
    project, found = load(tmp_path, folder("a") | folder("b", **broken))
    assert places(found) == [place]
    assert [model.folder for model in project.models] == ["a"]
    assert project.unreadable == ("b",)


@pytest.mark.parametrize("missing", ["model.yaml", "card.md.j2"])
def test_a_file_that_is_not_there_is_told_by_its_name(tmp_path: Path, missing: str) -> None:
    files = folder("a")
    del files[f"models/a/{missing}"]
    project, found = load(tmp_path, files)
    assert places(found) == [f"models/a/{missing}:1:1 SPEC015"]
    assert found[0].hint.startswith(f"Create models/a/{missing}.")
    assert ("What is no model belongs elsewhere." in found[0].hint) is (missing == "model.yaml")
    assert ("`description:` in model.yaml" in found[0].hint) is (missing == "card.md.j2")
    assert project.unreadable == ("a",)


def test_a_folder_where_a_file_should_be_is_told(tmp_path: Path) -> None:
    files = folder("a")
    del files["models/a/card.md.j2"]
    project, found = load(tmp_path, files | {"models/a/card.md.j2/x": ""})
    assert places(found) == ["models/a/card.md.j2:1:1 SPEC015"]
    assert "cannot be read" in found[0].message
    assert project.models == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"publish.yaml": "", **folder("a")})
    (tmp_path / "models/a/card.md.j2").chmod(0)
    _, found = load_project(tmp_path)
    assert places(found) == ["models/a/card.md.j2:1:1 SPEC015"]


def test_all_mistakes_of_all_models_are_told_at_once(tmp_path: Path) -> None:
    files = folder("a", **{"model.yaml": "", "samples/input.json": "{"}) | folder("b", **{"card.md.j2": b"\xff"})
    project, found = load(tmp_path, files)
    assert {one.location.path for one in found} == {
        "models/a/model.yaml", "models/a/samples/input.json", "models/b/card.md.j2",
    }  # fmt: skip
    assert project.unreadable == ("a", "b")


def test_two_models_of_one_name_are_told_at_the_second(tmp_path: Path) -> None:
    files = folder("a") | folder("b", **{"model.yaml": "# the second\n" + SPEC.format(name="a")})
    project, found = load(tmp_path, files)
    assert places(found) == ["models/b/model.yaml:2:1 SPEC030"]
    assert "models/a/model.yaml" in found[0].message
    assert len(project.models) == 2


def test_two_names_that_differ_in_capitals_alone_are_told_too(tmp_path: Path) -> None:
    files = folder("a") | folder("b", **{"model.yaml": SPEC.format(name="A")})
    _, found = load(tmp_path, files)
    assert [str(one.message) for one in found] == ["'A' is also the name of models/a/model.yaml, but for capitals."]


@pytest.fixture
def several(tmp_path: Path) -> Project:
    files = folder("bert-base") | folder("bert-large") | folder("gpt2")
    files |= folder("folder-name", **{"model.yaml": SPEC.format(name="asset-name")})
    files |= folder("broken", **{"model.yaml": "name: ["})
    return load(tmp_path, files)[0]


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        ([], ["bert-base", "bert-large", "folder-name", "gpt2"]),
        (["gpt2"], ["gpt2"]),
        (["bert-*"], ["bert-base", "bert-large"]),
        (["gpt2", "bert-b*", "*2"], ["bert-base", "gpt2"]),
        (["asset-name"], ["folder-name"]),
        (["folder-name"], ["folder-name"]),
        (["*"], ["bert-base", "bert-large", "folder-name", "gpt2"]),
        (["broken"], []),
        (["b?rt-[bl]*"], ["bert-base", "bert-large"]),
    ],
)
def test_models_are_chosen_by_name_or_glob(several: Project, patterns: list[str], chosen: list[str]) -> None:
    assert [model.folder for model in select_models(several, patterns)] == chosen


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("bert-bse", "Did you mean bert-base or bert-large?"),
        ("BERT-LARGE", "There are: bert-base, bert-large, broken, folder-name, gpt2."),
        ("zzz*", "There are: bert-base, bert-large, broken, folder-name, gpt2."),
    ],
)
def test_a_name_that_means_no_model_is_answered_with_near_ones(several: Project, pattern: str, hint: str) -> None:
    with pytest.raises(NotFound, match="No model folder matches") as problem:
        select_models(several, ["gpt2", pattern])
    assert problem.value.hint == hint


def test_a_path_is_shown_as_the_user_knows_it(tmp_path: Path) -> None:
    assert shown_path(tmp_path, tmp_path / "models" / "a" / "model.yaml") == "models/a/model.yaml"
    assert shown_path(tmp_path / "here", tmp_path / "there") == "../there"


@pytest.mark.parametrize("name", ["model.yml", "Model.yaml"])
def test_a_misnamed_spec_is_reported_with_its_right_name(tmp_path: Path, name: str) -> None:
    project, found = load(tmp_path, {f"models/a/{name}": SPEC.format(name="a"), "models/a/card.md.j2": CARD})
    assert project.unreadable == ("a",)
    assert places(found) == [f"models/a/{name}:1:1 SPEC015"]
    assert found[0].hint == f"Rename it: git mv models/a/{name} models/a/model.yaml"


def test_a_misnamed_project_file_is_reported(tmp_path: Path) -> None:
    write(tmp_path, {"publish.yml": "", "models/a/model.yaml": ""})
    with pytest.raises(UsageProblem, match=r"is called publish\.yaml") as problem:
        find_root(tmp_path / "models")
    assert problem.value.hint == "Rename it: git mv publish.yml publish.yaml"


def test_a_description_stands_for_a_card_in_a_spec_with_mistakes_too(tmp_path: Path) -> None:
    text = SPEC.format(name="a").replace("version: 1", "version: one") + "description: Finds churn.\n"
    _, found = load(tmp_path, {"models/a/model.yaml": text})
    assert [one.code for one in found] == ["DOC005"]
