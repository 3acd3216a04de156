"""A new model folder from a Hub repository."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from azureml_publish.files import CONFIG_FILE
from azureml_publish.importer.evidence import Evidence, choose
from azureml_publish.lint.rules.card_text import BEGINNING
from azureml_publish.project import load_project
from tests.checkpoints import BERT, write
from tests.conftest import Run, edit

COMMIT = "6cdc0aad91f5ae2e6712e91bc7b65d1cf5c05411"


def test_the_folder_is_sound_and_names_the_commit(publish: Run, project: Path) -> None:
    ran = publish("init", "distilbert/distilbert-base-uncased", "--name", "mine", "-o", "json")
    assert ran.code == 0
    told = json.loads(ran.out)
    assert told.pop("notes")[-1] == (
        "The type is mlflow_model: it is a checkpoint of transformers, and its makers name the task."
    )
    assert told == {
        "schema_version": 1,
        "model": "mine",
        "version": 1,
        "revision": COMMIT,
        "written": ["models/mine/model.yaml", "models/mine/card.md.j2", "models/mine/source.lock.json"],
    }
    spec = (project / "models/mine/model.yaml").read_text(encoding="utf-8")
    assert f"revision: {COMMIT}\n" in spec
    assert "inference: cpu-small\n" in spec
    unwritten = publish("lint", "mine")
    assert (unwritten.code, unwritten.out.count("CARD011")) == (4, 1)
    card = project / "models/mine/card.md.j2"
    edit(card, BEGINNING, "Fills in words.")
    assert publish("lint", "mine").code == 0
    assert publish("apply", "--yes", "mine").code == 0


def test_the_version_is_the_next_free_one(publish: Run, project: Path) -> None:
    publish("apply", "--yes", "bert-base-cased")
    (project / "models/bert-base-cased").rename(project / "elsewhere")
    assert json.loads(publish("init", "google-bert/bert-base-cased", "-o", "json").out)["version"] == 19


def test_nothing_that_is_there_is_touched(publish: Run, project: Path) -> None:
    before = (project / "models/bert-base-cased/model.yaml").read_bytes()
    ran = publish("init", "google-bert/bert-base-cased")
    assert (ran.code, ran.out) == (2, "")
    assert "--name" in ran.err
    assert (project / "models/bert-base-cased/model.yaml").read_bytes() == before


def test_a_repository_that_is_not_there_writes_nothing(publish: Run, project: Path) -> None:
    ran = publish("init", "nobody/nothing")
    assert ran.code == 3
    assert "hub: public" in ran.err
    assert not (project / "models/nothing").exists()


def test_a_project_brings_its_own_beginnings(publish: Run, project: Path) -> None:
    (project / "templates").mkdir()
    (project / "templates/new-card.md.j2").write_text("A card of {{ name }}.\n", encoding="utf-8")
    assert publish("init", "distilbert/distilbert-base-uncased", "--name", "mine").code == 0
    assert (project / "models/mine/card.md.j2").read_text(encoding="utf-8") == "A card of mine.\n"


def test_a_broken_beginning_is_told_at_its_place(publish: Run, project: Path) -> None:
    (project / "templates").mkdir()
    (project / "templates/new-card.md.j2").write_text("A card.\n{{ nobody }}\n", encoding="utf-8")
    ran = publish("init", "distilbert/distilbert-base-uncased", "--name", "mine")
    assert ran.code == 1
    assert "templates/new-card.md.j2:2:4" in ran.err
    assert not (project / "models/mine").exists()


@pytest.mark.parametrize("broken", ["layout: tag", "registries: ["])
def test_a_project_that_cannot_be_read_is_told(publish: Run, project: Path, broken: str) -> None:
    edit(project / "publish.yaml", "layout: system_metadata", broken)
    ran = publish("init", "distilbert/distilbert-base-uncased", "--name", "mine")
    assert ran.code == 4
    assert "publish.yaml:" in ran.err


ODD = (
    "C4, The Pile", "en]", "a[b]", "{x}", "a: b", "a:", "a #b", "#a", "it's", '"q"', "true", "null", "~", "1.10",
    "0x10", "1e3", "007", "2024-01-31", "- a", "? a", "---", "...", "@a", "`a", "%a", "|", "> b", "&a b",
    "*a", "!a", "=", "<<",
    "a\tb", "a\u2028b", "a\nb", "", "  pad ", "emoji \U0001f917", "no", "\u0645", "\x85", "\ufeff", "a\\b", "on, off",
)  # fmt: skip


@pytest.fixture
def hub_of(tmp_path: Path, publish: Run, project: Path) -> Callable[..., Run]:
    """Serve a repository from the embedded registry's Hub: `hub/ORG/NAME/COMMIT`."""

    def serve(card: Mapping[str, Any], **files: str) -> Run:
        folder = project / ".publish/registry/hub/contoso/odd" / ("0" * 38 + "17")
        folder.mkdir(parents=True)
        texts = {"README.md": f"---\n{json.dumps(card)}\n---\n# x\n"} | files
        for name, text in texts.items():
            (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
        return publish

    return serve


def test_what_a_repository_says_is_quoted_so_that_it_reads_the_same(hub_of: Callable[..., Run], project: Path) -> None:
    card = {"license": "mit", "language": ["no", "en"], "datasets": list(ODD)}
    ran = hub_of(card, config__json="{}")("init", "contoso/odd")
    assert ran.code == 0, ran
    read, found = load_project(project)
    assert read is not None
    assert [one for one in found if one.location.path.startswith("models/odd/")] == []
    (model,) = [one for one in read.models if one.folder == "odd"]
    assert model.spec.datasets == ODD
    assert model.spec.languages == ("no", "en")
    assert model.spec.source.revision == "0" * 38 + "17"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("task", "keys"),
    [
        ("feature-extraction", {"tasks": {"inference": "embeddings"}}),
        (
            "text2text-generation",
            {"tasks": {"inference": "text-generation"}, "mlflow": {"task": "text2text-generation"}},
        ),
        ("depth-estimation", {"tasks": {"inference": "depth-estimation"}}),  # the tag `task`
        ("a-task-of-ones-own", {}),
    ],
)
def test_what_the_service_would_refuse_is_not_written(
    hub_of: Callable[..., Run], project: Path, task: str, keys: Mapping[str, Any]
) -> None:
    """The Hub's names of a task and of languages are more than those that the service validates."""
    config = json.dumps({"model_type": "bert"})
    card = {"license": "mit", "language": ["en", "multilingual", "zh-Hant"], "pipeline_tag": task}
    publish = hub_of(card, config__json=config, model__safetensors="x")
    assert publish("init", "contoso/odd").code == 0
    text = (project / "models/odd/model.yaml").read_text()
    spec = yaml.safe_load(text)
    assert {key: spec.get(key) for key in ("tasks", "mlflow") if key in spec} == keys
    assert (spec["languages"], "no such language: multilingual, zh-Hant" in text) == (["en"], True)
    assert not {"GATE001", "TMPL007"} & {
        one["code"] for one in json.loads(publish("lint", "odd", "-o", "json").out)["diagnostics"]
    }


def test_no_task_is_guessed(hub_of: Callable[..., Run], project: Path) -> None:
    config = json.dumps({"model_type": "bert"})
    publish = hub_of({"license": "mit"}, config__json=config, model__safetensors="x")
    assert "Nothing says its task" in publish("init", "contoso/odd").err
    text = (project / "models/odd/model.yaml").read_text()
    assert "# tasks: {inference: }\n" in text
    assert yaml.safe_load(text).get("tasks") is None
    assert "TMPL007" in publish("lint", "odd").out


def test_a_licence_without_identifier_keeps_its_name_and_link(hub_of: Callable[..., Run], project: Path) -> None:
    card = {"license": "other", "license_name": "lfm1.0", "license_link": "LICENSE", "base_model": "org/base"}
    config = json.dumps({"model_type": "bert", "architectures": ["BertForMaskedLM"]})
    assert hub_of(card, config__json=config, model__safetensors="x")("init", "contoso/odd").code == 0
    spec = yaml.safe_load((project / "models/odd/model.yaml").read_text())
    assert (spec["license"], spec["tasks"]) == ("other", {"inference": "fill-mask"})
    assert spec["metadata"]["licenseDescription"].startswith("lfm1.0: https://huggingface.co/contoso/odd/blob/0000")
    assert spec["tags"] == {"base_model": "org/base"}


@pytest.mark.parametrize(
    ("files", "kind", "said"),
    [
        ({"MLmodel": "flavors: {sklearn: {}}\n", "model.pkl": "x"}, "mlflow_model", "allow_pickle: true"),
        ({"adapter_config.json": '{"base_model_name_or_path": "org/b"}', "adapter_model.safetensors": "x"},
         "custom_model", "an adapter for org/b"),
        ({"a.Q4.gguf": "x", "a.Q8.gguf": "x"}, "custom_model", "2 GGUF files"),
        ({"a-00001-of-00002.gguf": "x", "a-00002-of-00002.gguf": "x"}, "custom_model", "GGUF alone"),
        ({"m/config.pbtxt": "", "m/1/model.onnx": "x"}, "triton_model", "config.pbtxt"),
        ({"m/1/model.onnx": "x"}, "triton_model", "numbered folders"),
        ({"model.onnx": "x"}, "custom_model", "not a checkpoint of transformers"),
        ({"model.onnx": "x", "config.json": '{"model_type": "bert"}'}, "custom_model", "not a checkpoint"),
        ({"A.GGUF": "x"}, "custom_model", "GGUF alone"),
        ({"deep/MLmodel": "flavors: {sklearn: {}}\n", "deep/m": "x"}, "custom_model", "deep/MLmodel does not lie"),
        ({"last/adapter_config.json": '{"base_model_name_or_path": "org/b"}', "last/adapter_model.safetensors": "x"},
         "custom_model", "an adapter for org/b"),
        ({"config.json": '{"model_type": "bert"}', "adapter_config.json": "{}", "model.safetensors": "x"},
         "mlflow_model", "a checkpoint of transformers"),
        ({"lightning.ckpt": "x"}, "custom_model", "pickles"),
        ({"config.json": '{"model_type": "t", "architectures": ["TForTokenClassification"]}', "w.safetensors": "x"},
         "mlflow_model", "architecture says the task"),
    ],
)  # fmt: skip
def test_a_folder_of_this_machine_is_taken_for_what_its_files_are(
    publish: Run, project: Path, files: Mapping[str, str], kind: str, said: str
) -> None:
    for name, text in files.items():
        path = project / "weights" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    ran = publish("init", "./weights", "--name", "mine")
    assert ran.code == 0, ran
    spec = yaml.safe_load((project / "models/mine/model.yaml").read_text())
    assert (spec.get("type", "mlflow_model"), spec["source"]) == (kind, {"local": "../../weights"})
    assert said in ran.err
    assert f"The type is {kind}: " in ran.err
    assert "# license:" in (project / "models/mine/model.yaml").read_text()


def test_pickles_are_named_once(publish: Run, project: Path) -> None:
    (project / "mine.pkl").write_bytes(b"x")
    ran = publish("init", "./mine.pkl")
    assert ran.err.count("mine.pkl") == 1, ran
    assert "write allow_pickle: true into source" in ran.err
    assert "`publish lock mine` writes it once that is done." in ran.err


@pytest.mark.parametrize("what", [".", ".."])
def test_a_folder_that_holds_the_project_is_no_model(publish: Run, project: Path, what: str) -> None:
    before = sorted(project.rglob("*"))
    ran = publish("init", what, "--name", "mine")
    assert ran.code == 2, ran
    assert "holds the project itself" in ran.err
    assert sorted(project.rglob("*")) == before


def test_a_name_keeps_its_letters_without_their_accents(publish: Run, project: Path) -> None:
    (project / "ohne Ümläut & né.onnx").write_bytes(b"x")
    assert publish("init", "./ohne Ümläut & né.onnx").code == 0
    assert (project / "models/ohne-Umlaut-ne/model.yaml").is_file()


@pytest.mark.parametrize(
    ("kind", "architecture", "task"),
    [
        ("wav2vec2", "Wav2Vec2ForSequenceClassification", "audio-classification"),
        ("tapas", "TapasForQuestionAnswering", "table-question-answering"),
        ("vilt", "ViltForQuestionAnswering", "visual-question-answering"),
        ("layoutlm", "LayoutLMForQuestionAnswering", "document-question-answering"),
        ("layoutlmv3", "LayoutLMv3ForQuestionAnswering", ""),  # of texts, or of documents
        ("bert", "BertForQuestionAnswering", "question-answering"),
        ("t5", "T5ForConditionalGeneration", ""),
        ("clip", "CLIPModel", ""),
    ],
)
def test_an_architecture_says_the_task_that_transformers_loads_it_for(kind: str, architecture: str, task: str) -> None:
    config = {"model_type": kind, "architectures": [architecture]}
    evidence = Evidence(("config.json", "model.safetensors"), lambda _: True, {"config.json": config})
    assert choose(evidence).task == task


README = """\
\ufeff---
library_name: transformers
license: [other]
license_name: churn-1.0
license_link: https://contoso.com/churn
base_model: [google-bert/bert-base-cased, org/second]
language: [en, multilingual]
datasets: contoso/orders
pipeline_tag: token-classification
tags: [generated_from_trainer, reasoning, churn, "license:other"]
model-index:
- name: churn
  results:
  - task: {type: token-classification, name: Token {{ tagging }}}
    dataset: {name: "orders | 2025", type: contoso/orders, split: test}
    metrics:
    - {type: f1, value: 0.9310}
    - {type: accuracy, name: "Accuracy *", value: 88}
    - {type: broken, value: [1]}
---
# Churn
"""


def test_what_the_readme_of_a_folder_states_is_taken(publish: Run, project: Path) -> None:
    write(project / "weights", {**BERT, "README.md": README.replace("Token {{ tagging }}", "'Token {{ tagging }}'")})
    ran = publish("init", "weights", "--name", "mine")
    assert ran.code == 0, ran
    spec = yaml.safe_load((project / "models/mine/model.yaml").read_text())
    assert {key: spec[key] for key in spec if key not in ("name", "version", "source", "compute")} == {
        "license": "other",
        "languages": ["en"],
        "datasets": ["contoso/orders"],
        "tags": {"base_model": "google-bert/bert-base-cased, org/second"},
        "tasks": {"inference": "token-classification"},
        "metadata": {"licenseDescription": "churn-1.0: https://contoso.com/churn", "keywords": ["Reasoning"]},
    }
    assert "stay behind: churn." in ran.err
    edit(project / "models/mine/card.md.j2", BEGINNING, "Says who leaves.")
    assert publish("render", "mine").code == 0
    card = (project / "build/mine/description.md").read_text()
    assert "| Token &#123;&#123; tagging }} | orders \\| 2025, test | f1 | 0.9310 |\n" in card
    assert "| Accuracy \\* | 88 |\n" in card
    assert "broken" not in card


@pytest.mark.parametrize(
    ("front", "said"),
    [("a: [", "is not a YAML mapping (README.md, line 2)"), ("base_model: ./out/checkpoint-3", "'./out/checkpoint-3'")],
)
def test_a_readme_that_says_nothing_of_use_is_told(publish: Run, project: Path, front: str, said: str) -> None:
    write(project / "weights", {**BERT, "README.md": f"---\n{front}\n---\n# Mine\n"})
    ran = publish("init", "weights", "--name", "mine")
    assert (ran.code, said in ran.err) == (0, True), ran
    assert "tags" not in yaml.safe_load((project / "models/mine/model.yaml").read_text())


def test_a_snapshot_of_the_hubs_cache_is_taken_from_the_hub(publish: Run, project: Path) -> None:
    ran = publish("init", f"cache/models--distilbert--distilbert-base-uncased/snapshots/{COMMIT}")
    assert (ran.code, f"publish init distilbert/distilbert-base-uncased --revision {COMMIT}" in ran.err) == (2, True), (
        ran
    )


def test_a_file_is_a_model_too_and_gives_it_its_name(publish: Run, project: Path) -> None:
    (project / "tiny q.gguf").write_text("x")
    assert publish("init", "tiny q.gguf").code == 0
    spec = yaml.safe_load((project / "models/tiny-q/model.yaml").read_text())
    assert (spec["name"], spec["source"]) == ("tiny-q", {"local": "../../tiny q.gguf"})


def test_a_failed_beginning_leaves_nothing_behind(publish: Run, project: Path) -> None:
    elsewhere = project.parent / "elsewhere"
    elsewhere.mkdir()
    for what, code in (("./nothing", 3), ("nobody/nothing", 3), ("a b", 2)):
        assert publish("-C", str(elsewhere), "init", what).code == code
        assert list(elsewhere.iterdir()) == []


def test_a_new_project_ignores_what_nobody_commits(publish: Run, project: Path) -> None:
    elsewhere = project.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".gitignore").write_bytes(b"venv/\r\n/build")
    init = ("-C", str(elsewhere), "init", "distilbert/distilbert-base-uncased")
    assert publish(*init).code == 0
    assert (elsewhere / CONFIG_FILE).read_text() == "registries:\n  local: {emulator: .publish/registry}\n"
    assert (elsewhere / ".gitignore").read_bytes() == b"venv/\r\n/build\r\n.publish/\r\n"
    assert publish(*init, "--name", "again").code == 0
    assert (elsewhere / ".gitignore").read_bytes().count(b".publish/") == 1
