"""From a model folder to its asset folder: what is written, that it reads back, and that it never varies."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from azureml_publish.assets import LayoutName, RenderedModel
from azureml_publish.documents import parse_yaml
from azureml_publish.layouts.wire import encode
from azureml_publish.spec import meant_task
from tests.unit.render.conftest import REVISION, SPEC, Workshop

FULL = f"""\
name: little
version: 3
source: {{huggingface: org/little, revision: {REVISION}}}
license: mit
languages: [no, en]
datasets: ["a: b", "1e3", "#c"]
tasks: {{inference: fill-mask, finetune: [text-classification]}}
finetune_defaults: {{apply_lora: true, apply_ort: false, learning_rate: 5e-6, deepspeed_stage: '3'}}
compute:
  inference: [Standard_NC6s_v3, Standard_DS3_v2]
metadata:
  displayName: "Little: a 'small' \\"model\\" — 小"
  summary: "one\\ntwo\\n"
  keywords: ["yes", "0x10", ".inf"]
  preview: false
  maxOutputTokens: 512
  skuToNumReplicasMap: {{Standard_NC6s_v3: 1}}
"""
LAYOUTS: list[LayoutName] = ["tags", "system_metadata"]


def digest(model: RenderedModel) -> str:
    parts = [(file.path, file.text) for file in (*model.files, *model.package)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_input_gives_the_same_bytes(workshop: Workshop, layout: LayoutName) -> None:
    assert digest(workshop.sound(layout, spec=FULL)) == digest(workshop.sound(layout, spec=FULL))


RENDER = """
import sys
from pathlib import Path
from tests.unit.render.conftest import Workshop
from tests.unit.render.test_render_models import digest
print(*(digest(Workshop(Path(sys.argv[1])).sound(layout)) for layout in ("tags", "system_metadata")))
"""


def test_the_bytes_do_not_depend_on_the_process(workshop: Workshop) -> None:
    here = [digest(workshop.sound(layout, spec=FULL)) for layout in LAYOUTS]
    for seed in ("1", "2"):
        environ = os.environ | {"PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo", "LC_ALL": "C"}
        command = [sys.executable, "-c", RENDER, str(workshop.root)]
        root = Path(__file__).parents[3]
        done = subprocess.run(command, env=environ, cwd=root, capture_output=True, text=True, check=True)
        assert done.stdout.split() == here


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_yaml_file_reads_back_as_what_it_was_rendered_from(workshop: Workshop, layout: LayoutName) -> None:
    rendered = workshop.sound(layout, spec=FULL)
    text = rendered.file("spec.yaml").text
    document, found = parse_yaml(text, "spec.yaml")
    assert found == ()
    assert document is not None
    assert isinstance(document.data, dict)
    asset = rendered.asset
    for section in ("tags", "properties", "system_metadata"):
        assert document.data.get(section, {}) == getattr(asset, section)
    assert yaml.safe_load(text) == document.data


def test_the_tags_layout_has_tags_and_properties(workshop: Workshop) -> None:
    asset = workshop.sound("tags", spec=FULL).asset
    assert asset.system_metadata == {}
    assert asset.tags["license"] == "mit"
    assert asset.tags["datasets"] == "a: b, 1e3, #c"
    assert asset.properties["languages"] == "no, en"
    assert asset.properties["SHA"] == REVISION
    assert asset.properties["inference-recommended-sku"] == "Standard_NC6s_v3, Standard_DS3_v2"


def test_the_system_metadata_layout_has_native_types(workshop: Workshop) -> None:
    asset = workshop.sound("system_metadata", spec=FULL).asset
    assert asset.properties == {"SHA": REVISION}
    metadata = asset.system_metadata
    assert metadata["languages"] == ["no", "en"]
    assert metadata["preview"] is False
    assert metadata["maxOutputTokens"] == 512
    assert metadata["huggingFaceModelId"] == "org/little"
    assert metadata["SKU"] == {
        "inferenceRecommendedSkus": ["Standard_NC6s_v3", "Standard_DS3_v2"],
        "inferenceMinSkuSpec": "4|0|14|28",
    }


def test_the_finetune_tag_is_the_projects_under_the_models_with_text_for_booleans(workshop: Workshop) -> None:
    publish = "defaults: {finetune: {apply_deepspeed: true, apply_ort: true, max_seq_length: 128}}\n"
    tag = workshop.sound(spec=FULL, publish=publish).asset.tags["model_specific_defaults"]
    assert tag == {
        "apply_deepspeed": "true",
        "deepspeed_stage": "3",
        "apply_lora": "true",
        "apply_ort": "false",
        "max_seq_length": 128,
        "learning_rate": 5e-6,
    }


def test_a_model_without_finetune_tasks_inherits_no_finetune_defaults(workshop: Workshop) -> None:
    publish = "defaults: {finetune: {apply_deepspeed: true}}\n"
    assert "model_specific_defaults" not in workshop.sound(publish=publish).asset.tags


def test_a_models_metadata_goes_before_the_projects(workshop: Workshop) -> None:
    publish = "defaults: {metadata: {publisher: project, industry: all}}\n"
    asset = workshop.sound(publish=publish, spec=SPEC + "metadata: {publisher: model}\n").asset
    assert (asset.system_metadata["publisher"], asset.system_metadata["industry"]) == ("model", "all")


def test_the_asset_folder_is_that_of_azureml_assets(workshop: Workshop) -> None:
    rendered = workshop.sound(publish="defaults: {categories: [One, Two]}\n")
    assert [file.path for file in rendered.files] == [
        "MLmodel", "asset.yaml", "description.md", "model.yaml", "spec.yaml",
    ]  # fmt: skip
    assert yaml.safe_load(rendered.file("asset.yaml").text) == {
        "extra_config": "model.yaml", "spec": "spec.yaml", "type": "model", "categories": ["One", "Two"],
    }  # fmt: skip
    assert yaml.safe_load(rendered.file("model.yaml").text) == {
        "path": {"type": "git", "uri": "https://huggingface.co/org/little", "branch": REVISION},
        "publish": {"description": "description.md", "type": "mlflow_model"},
    }
    assert rendered.file("description.md").text == rendered.asset.description
    assert rendered.asset.description.startswith("A little model.\n\n# Facts\n")


def test_an_mlflow_model_carries_its_environment(workshop: Workshop) -> None:
    rendered = workshop.sound(spec=SPEC + "mlflow: {model_class: BertForMaskedLM, torch: '2.1.0'}\n")
    package = {file.path: file.text for file in rendered.package}
    assert set(package) == {"MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt"}
    flavors = yaml.safe_load(package["MLmodel"])["flavors"]
    assert flavors["transformers"]["pipeline_model_type"] == "BertForMaskedLM"
    assert flavors["transformers"]["instance_type"] == "FillMaskPipeline"
    assert flavors["transformers"]["tokenizer_type"] == "AutoTokenizer"
    assert "torch==2.1.0" in package["requirements.txt"].splitlines()
    assert yaml.safe_load(package["conda.yaml"])["dependencies"][-1]["pip"] == package["requirements.txt"].splitlines()


@pytest.mark.parametrize(
    ("task", "settings", "expected"),
    [
        ("text-translation", "", "translation"),
        ("text-translation", "mlflow: {task: translation_en_to_de}\n", "translation_en_to_de"),
        ("translation", "mlflow: {task: translation_en_to_de}\n", "translation_en_to_de"),
        ("text2text-generation", "", "text2text-generation"),
    ],
)
def test_mlflow_is_told_the_task_by_transformers_name(
    workshop: Workshop, task: str, settings: str, expected: str
) -> None:
    told = yaml.safe_load(workshop.sound(spec=SPEC.replace("fill-mask", task) + settings).file("MLmodel").text)
    assert told["flavors"]["transformers"]["task"] == expected
    assert told["metadata"]["base_model_task"] == task


def test_a_signature_names_the_columns_that_a_task_takes(workshop: Workshop) -> None:
    told = yaml.safe_load(workshop.sound(spec=SPEC.replace("fill-mask", "question-answering")).file("MLmodel").text)
    columns = [(column["name"], column["type"]) for column in json.loads(told["signature"]["inputs"])]
    assert columns == [("question", "string"), ("context", "string")]


@pytest.mark.parametrize("kind", ["custom_model", "triton_model"])
def test_other_types_have_no_mlmodel(workshop: Workshop, kind: str) -> None:
    rendered = workshop.sound(spec=SPEC + f"type: {kind}\n")
    assert rendered.package == ()
    assert [file.path for file in rendered.files] == ["asset.yaml", "description.md", "model.yaml", "spec.yaml"]
    assert yaml.safe_load(rendered.file("model.yaml").text)["publish"]["type"] == kind


def test_a_local_source_is_rendered_as_such(workshop: Workshop) -> None:
    spec = SPEC.replace(f"{{huggingface: org/little, revision: {REVISION}}}", "{local: ../files}")
    rendered = workshop.sound("tags", spec=spec)
    assert yaml.safe_load(rendered.file("model.yaml").text)["path"] == {"type": "local", "uri": "../files"}
    assert "SHA" not in rendered.asset.properties
    assert "huggingface_model_id" not in rendered.asset.tags


def test_a_task_whose_classes_are_unknown_is_told_at_the_task(workshop: Workshop) -> None:
    found = workshop.failure(spec=SPEC.replace("fill-mask", "mind-reading"))
    assert (found.code, found.location.path, found.location.line) == ("TMPL007", "models/little/model.yaml", 5)
    assert "mind-reading" in found.message


def test_a_task_of_ones_own_is_fine_with_its_classes(workshop: Workshop) -> None:
    spec = SPEC.replace("fill-mask", "mind-reading") + "mlflow: {model_class: A, pipeline_class: B}\n"
    assert yaml.safe_load(workshop.sound(spec=spec).file("MLmodel").text)["flavors"]["transformers"]["task"] == (
        "mind-reading"
    )


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("name: {{ spec.name }}\nversion: '{{ spec.version }}'\n", "'version'"),
        ("name: {{ spec.name | upper }}\n", "'LITTLE' for 'name'"),
        ("{{ spec | yaml }}\nextra: 1\n", "1 for 'extra', not nothing"),
        ("name: [\n", "does not come out as YAML"),
        ("{{ spec | yaml }}\nname: twice\n", "does not come out as YAML"),
        ("# nothing\n", "spec.yaml says None for 'spec.yaml'"),
    ],
)
def test_a_template_that_corrupts_a_value_is_reported(workshop: Workshop, template: str, said: str) -> None:
    workshop.write({"templates/spec.yaml.j2": template})
    rendered, found = workshop.render()
    assert rendered is None
    assert {one.code for one in found} == {"TMPL006"}
    assert {one.location.path for one in found} == {"templates/spec.yaml.j2"}
    assert any(said in one.message for one in found)
    assert all("yaml" in one.hint for one in found)


def test_a_flag_that_a_template_turns_into_text_is_reported(workshop: Workshop) -> None:
    workshop.write({"templates/spec.yaml.j2": "{{ spec | yaml | replace('preview: true', 'preview: yes') }}\n"})
    found = workshop.failure(spec=SPEC + "metadata: {preview: true}\n")
    assert "'yes' for 'system_metadata.preview', not True" in found.message


@pytest.mark.parametrize("layout", ["system_metadata", "tags"])
def test_a_registry_is_given_the_text_of_a_page_that_the_asset_yaml_names(
    workshop: Workshop, layout: LayoutName
) -> None:
    workshop.write({"models/little/files/notes.md": "# Notes\n\nGood to know.\n"})
    rendered = workshop.sound(layout, spec=SPEC + "metadata: {notes: notes.md, evaluation: see the card}\n")
    values = rendered.asset.tags if layout == "tags" else rendered.asset.system_metadata
    assert values["notes"] == "# Notes\n\nGood to know.\n"
    assert values["evaluation"] == "see the card"
    assert "notes: notes.md" in rendered.file("spec.yaml").text


def test_tags_are_what_they_say_in_either_layout(workshop: Workshop) -> None:
    spec = SPEC + "tags: {release: 1.10, build: 007, exp: 1e3, f: 0.1000, plain: 5, on: true, license: ours, to: a b}\n"
    for layout in ("system_metadata", "tags"):
        tags = workshop.sound(layout, spec=spec).asset.tags
        told = {key: encode(value) for key, value in tags.items()}
        assert told | {
            "release": "1.10", "build": "007", "exp": "1e3", "f": "0.1000", "plain": "5", "on": "True",
            "license": "ours", "to": "a b",
        } == told  # fmt: skip


def test_numbers_in_extra_keep_their_spelling_where_the_service_keeps_text(workshop: Workshop) -> None:
    extra = "extra:\n  tags: {a: 1.10, nested: {b: [1e3]}}\n  properties: {c: 0.1000}\n  system_metadata: {d: 1.10}\n"
    asset = workshop.sound(spec=SPEC + extra).asset
    assert asset.tags == {"a": "1.10", "nested": {"b": ["1e3"]}}
    assert asset.properties["c"] == "0.1000"
    assert asset.system_metadata["d"] == 1.1


def test_a_description_begins_the_card_and_needs_no_file(workshop: Workshop) -> None:
    (workshop.root / "models/little/card.md.j2").unlink()
    spec = SPEC + "description: |\n  It fills in **words**.\n"
    assert workshop.sound(spec=spec).asset.description.startswith("It fills in **words**.\n")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("fillmask", "fill-mask"), ("Fill_Mask", "fill-mask"), ("text-clasification", "text-classification"),
     ("ner", "token-classification"), ("sumarization", "summarization"), ("text-to-video-3d", ""),
     ("audio-to-text", ""), ("fill-mask", "")],
)  # fmt: skip
def test_a_misspelled_task_is_known(written: str, meant: str) -> None:
    assert meant_task(written) == meant
