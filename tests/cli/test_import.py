"""A catalogue comes in: both layouts, nothing lost, nothing half-written, and bad folders keep nobody back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from tests.conftest import Run, edit
from tests.unit.importer.catalogue import ASSET, CARD, CUSTOM, TAGS, write_asset, write_catalogue

LAYOUTS = {"native-one": "system_metadata", "native-two": "system_metadata", "custom-one": "system_metadata"}


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    return write_catalogue(tmp_path / "assets")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "new" / "models"


def test_a_catalogue_imports_renders_and_is_the_same(publish: Run, assets: Path, models: Path, tmp_path: Path) -> None:
    ran = publish("import", str(assets), "--into", str(models), "--check")
    assert ran.code == 0, ran.err
    assert "Imported 4 models of 4" in ran.out
    assert "Proof: 4 of 4 models equal, 0 explained differences, 0 unexplained." in ran.out
    for folder in sorted(assets.iterdir()):
        layout = LAYOUTS.get(folder.name, "tags")
        built = tmp_path / "build" / folder.name
        done = publish("-C", str(models.parent), "render", folder.name, "--layout", layout, "--out", str(built.parent))
        assert done.code == 0, done.err
        assert sorted(path.name for path in built.iterdir()) == sorted(path.name for path in folder.iterdir())
        for path in folder.iterdir():
            if path.suffix == ".yaml":
                # PyYAML is upstream's reader, and knows another YAML than this project.
                assert yaml.safe_load((built / path.name).read_text()) == yaml.safe_load(path.read_text()), path
            else:
                assert (built / path.name).read_bytes() == path.read_bytes()


def test_a_catalogue_shrinks_to_names_and_what_is_special(publish: Run, assets: Path, models: Path) -> None:
    ran = publish("import", str(assets), "--into", str(models))
    assert ran.code == 0
    written = [models.parent / "publish.yaml", *models.glob("*/model.yaml")]
    lines = sum(path.read_text().count("\n") for path in written)
    originals = sum(path.read_text().count("\n") for path in assets.glob("*/*.yaml"))
    assert f"YAML: {originals} lines before, {lines} after" in ran.out
    config = yaml.safe_load((models.parent / "publish.yaml").read_text())
    assert config["layout"] == "system_metadata"
    assert config["presets"] == {"gpu-v100": ["Standard_NC6s_v3", "Standard_NC12s_v3"]}
    assert config["defaults"]["categories"] == ["Foundation Models", "Text"]
    native = yaml.safe_load((models / "native-one" / "model.yaml").read_text())
    assert native["compute"] == {"inference": "gpu-v100", "finetune": "gpu-v100"}
    assert native["recommended"] == {"inference": ["Standard_NC12s_v3", "Standard_NC6s_v3"]}
    assert native["source"] == {
        "azureblob": {
            "storage": "examplestorage",
            "container": "models",
            "path": "huggingface/native-one/17/mlflow_model_folder",
        },
        "revision": "0123456789abcdef0123456789abcdef01234567",
    }
    assert native["extra"] == {"system_metadata": {"newService": {"level": 3}}}
    assert "min_sku" not in native
    tagged = yaml.safe_load((models / "tagged-one" / "model.yaml").read_text())
    assert tagged["archived"] is True
    assert tagged["intellectual_property"] == {"publisher": "Contoso"}
    assert tagged["finetune_defaults"]["precision"] == "4"
    assert tagged["finetune_defaults"]["learning_rate"] == "5e-6"
    # A model that lacks a default declines it.
    assert tagged["finetune_defaults"]["apply_deepspeed"] is None
    assert tagged["metadata"]["deprecation"] == {"inferenceRetirementDate": "2025-08-30T00:00:00.000000Z"}
    assert tagged["legacy"] == {"copy_registry_files_to_workspace": True, "training_dataset": "COCO"}
    assert tagged["extra"]["tags"]["Deprecated"] is None
    assert tagged["extra"]["properties"]["languages"] == "EN"
    custom = yaml.safe_load((models / "custom-one" / "model.yaml").read_text())
    assert custom["type"] == "custom_model"
    assert "tasks" not in custom
    assert custom["variant_info"]["variantType"] == "ONNX"


def test_an_imported_project_renders_in_the_other_layout_without_a_trace_of_the_old_one(
    publish: Run, assets: Path, models: Path, tmp_path: Path
) -> None:
    publish("import", str(assets), "--into", str(models))
    publish("-C", str(models.parent), "render", "--layout", "system_metadata", "--out", str(tmp_path / "build"))
    spec = yaml.safe_load((tmp_path / "build" / "tagged-one" / "spec.yaml").read_text())
    assert set(spec["properties"]) == {"SHA", "azureml.copyRegistryFilesToWorkspace"}
    assert set(spec["tags"]) == {"model_specific_defaults", "training_dataset", "Deprecated"}
    assert spec["system_metadata"]["languages"] == ["en"]
    assert spec["system_metadata"]["keywords"] == ["Small", "Fast"]
    assert spec["system_metadata"]["deploymentOptions"] == ["MaaP"]
    assert spec["intellectualProperty"] == {"publisher": "Contoso"}
    assert list(spec) == [
        "$schema", "name", "path", "isArchived", "intellectualProperty", "properties", "tags", "system_metadata",
        "version",
    ]  # fmt: skip


def test_known_presets_come_first_and_comments_stay(publish: Run, assets: Path, models: Path) -> None:
    models.mkdir(parents=True)
    config = models.parent / "publish.yaml"
    config.write_text(
        "# ours\npresets:\n  ours:   # kept\n    [Standard_NC6s_v3, Standard_NC12s_v3]\n"
        "defaults: {metadata: {hiddenLayerScanned: true}}  # as well\n"
    )
    ran = publish("import", str(assets), "--into", str(models), "--check")
    assert ran.code == 0, ran.out + ran.err
    assert "Presets: 1, 0 of them new." in ran.out
    assert "# kept" in config.read_text()
    native = yaml.safe_load((models / "native-one" / "model.yaml").read_text())
    assert native["compute"]["inference"] == "ours"
    assert native["metadata"]["hiddenLayerScanned"] is None


def test_new_presets_go_behind_the_known_ones(publish: Run, assets: Path, models: Path) -> None:
    models.mkdir(parents=True)
    config = models.parent / "publish.yaml"
    config.write_text("presets:\n  ours: [Standard_NC6s_v3]   # kept\n\n# the end\nlayout: tags\n")
    assert publish("import", str(assets), "--into", str(models), "--check").code == 0
    text = config.read_text()
    assert yaml.safe_load(text)["presets"] == {
        "ours": ["Standard_NC6s_v3"],
        "gpu-v100": ["Standard_NC6s_v3", "Standard_NC12s_v3"],
    }
    assert text.startswith("presets:\n  ours: [Standard_NC6s_v3]   # kept\n  gpu-v100:")
    assert text.endswith("# the end\nlayout: tags\n")


@pytest.mark.parametrize("presets", ["presets: {}\n", "layout: tags", ""])
def test_presets_find_their_way_into_any_publish_yaml(publish: Run, assets: Path, models: Path, presets: str) -> None:
    models.mkdir(parents=True)
    (models.parent / "publish.yaml").write_text(presets)
    assert publish("import", str(assets), "--into", str(models), "--check").code == 0
    assert "gpu-v100" in yaml.safe_load((models.parent / "publish.yaml").read_text())["presets"]


def test_one_folder_alone_keeps_its_short_lists(publish: Run, assets: Path, models: Path) -> None:
    ran = publish("import", str(assets / "native-one"), "--into", str(models), "--check")
    assert ran.code == 0, ran.out + ran.err
    assert [path.name for path in models.iterdir()] == ["native-one"]


def test_a_name_that_is_not_the_folders_is_kept_and_told(publish: Run, tmp_path: Path, models: Path) -> None:
    write_asset(tmp_path / "assets", "small-letters", CUSTOM, kind="custom_model", MLmodel="")
    ran = publish("import", str(tmp_path / "assets"), "--into", str(models), "--check")
    assert ran.code == 0
    assert "info IMP002" in ran.err
    assert yaml.safe_load((models / "small-letters" / "model.yaml").read_text())["name"] == "custom-one"


def test_a_list_with_duplicates_is_an_explained_difference(publish: Run, assets: Path, models: Path) -> None:
    edit(assets / "native-one" / "spec.yaml", "[en, 'no']", "[en, 'no', en]")
    ran = publish("import", str(assets), "--into", str(models), "--check")
    assert "native-one/spec.yaml: system_metadata.languages: each item is listed once" in ran.out
    assert "3 of 4 models equal, 1 explained difference, 0 unexplained" in ran.out


def test_both_layouts_at_once_are_explained_by_the_newer_one(publish: Run, assets: Path, models: Path) -> None:
    edit(assets / "native-one" / "spec.yaml", "tags:\n", "tags:\n  license: mit\n  task: fill-mask\n")
    ran = publish("import", str(assets), "--into", str(models), "--check")
    assert ran.code == 0, ran.err
    assert "native-one/spec.yaml: tags.license: it is system_metadata.license in this layout" in ran.out
    assert "3 of 4 models equal, 2 explained differences, 0 unexplained" in ran.out


def test_what_is_there_is_not_replaced_unless_it_is_asked_for(publish: Run, assets: Path, models: Path) -> None:
    into = ("--into", str(models))
    assert publish("import", str(assets), *into).code == 0
    spec = models / "native-one" / "model.yaml"
    edit(spec, "license: mit", "license: apache-2.0")
    again = publish("import", str(assets), *into)
    assert again.code == 4
    assert "IMP004" in again.err
    assert "apache-2.0" in spec.read_text()
    checked = publish("import", str(assets), *into, "--check")
    assert checked.code == 4
    assert "native-one/spec.yaml: system_metadata.license: NOT EQUAL: 'mit' → 'apache-2.0'" in checked.out
    assert publish("import", str(assets), *into, "--overwrite", "--check").code == 0
    assert "license: mit" in spec.read_text()


def test_a_changed_card_or_file_is_no_silent_difference(publish: Run, assets: Path, models: Path) -> None:
    publish("import", str(assets), "--into", str(models))
    (models / "native-one" / "files" / "notes.md").write_text("other")
    (models / "native-two" / "files" / "more.md").write_text("more")
    (models / "tagged-one" / "files" / "MLmodel").unlink()
    (models / "custom-one" / "card.md.j2").write_text("Another card.\n")
    ran = publish("import", str(assets), "--into", str(models), "--check", "-o", "json")
    assert ran.code == 4
    proofs = {one["folder"]: one["differences"] for one in json.loads(ran.out)["proofs"]}
    assert [one["file"] for one in proofs["native-one"]] == ["notes.md"]
    assert [one["file"] for one in proofs["native-two"]] == ["more.md"]
    assert [one["file"] for one in proofs["tagged-one"]] == ["MLmodel"]
    assert [one["file"] for one in proofs["custom-one"]] == ["description.md"]
    assert all(one["reason"] is None for differences in proofs.values() for one in differences)


def test_a_disk_that_is_full_leaves_nothing_half_written(
    publish: Run, assets: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("azureml_publish.importer.placing.read_carried", full)
    ran = publish("import", str(assets / "native-one"), "--into", str(models))
    assert ran.code == 1
    assert ran.err == "error: native-one cannot be written: No space left on device.\n"
    assert list(models.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "There is nothing to import"),
        (("nowhere",), 3, "There is no folder nowhere"),
        ((".", "--into", "somewhere"), 2, "--into somewhere/models"),
    ],
)
def test_a_wrong_call_is_told(publish: Run, arguments: tuple[str, ...], code: int, said: str) -> None:
    ran = publish("import", *arguments)
    assert ran.code == code
    assert said in ran.err


def test_our_own_rendering_comes_back_as_short_as_it_was(publish: Run, project: Path, tmp_path: Path) -> None:
    publish("render", "--out", str(tmp_path / "build"))
    models = tmp_path / "back" / "models"
    ran = publish("import", str(tmp_path / "build"), "--into", str(models), "--check")
    assert ran.code == 0, ran.out + ran.err
    assert "0 unexplained" in ran.out
    for folder in (project / "models").iterdir():
        before, after = folder / "card.md.j2", models / folder.name / "card.md.j2"
        assert after.read_text().count("{% block") == before.read_text().count("{% block")
        spec = yaml.safe_load((models / folder.name / "model.yaml").read_text())
        assert spec["source"] == yaml.safe_load((folder / "model.yaml").read_text())["source"]
        assert "extra" not in spec


def test_what_is_registered_comes_back_too(publish: Run, project: Path, azure_sdk: None) -> None:
    assert publish("apply", "bert-base-cased", "distilbert-base-uncased", "--yes").code == 0
    original = (project / "models" / "bert-base-cased" / "model.yaml").read_text()
    for folder in ("bert-base-cased", "distilbert-base-uncased"):
        shutil.rmtree(project / "models" / folder)
    ran = publish("import", "-r", "local", "bert-base-cased", "--check")
    assert ran.code == 0, ran.out + ran.err
    assert "Proof: 1 of 1 model equal" in ran.out
    before = yaml.safe_load(original)
    after = yaml.safe_load((project / "models" / "bert-base-cased" / "model.yaml").read_text())
    for key in ("name", "version", "source", "license", "languages", "datasets", "tasks", "compute", "mlflow"):
        assert after[key] == before[key]
    assert "extra" not in after
    rest = publish("import", "-r", "local", "--check")
    assert rest.code == 0, rest.out + rest.err
    assert (project / "models" / "distilbert-base-uncased").is_dir()
    assert publish("import", "-r", "local", "gpt2").code == 3
    # What came back is what is registered, its content included.
    plan = json.loads(publish("plan", "bert-base-cased", "distilbert-base-uncased", "-o", "json").out)
    assert [action["action"] for action in plan["actions"]] == ["unchanged", "unchanged"]


def test_a_task_by_transformers_name_comes_back_too(publish: Run, project: Path, azure_sdk: None) -> None:
    spec = project / "models" / "distilbert-base-uncased" / "model.yaml"
    edit(spec, "inference: fill-mask", "inference: text-translation")
    edit(spec, "mlflow:\n", "mlflow:\n  task: translation_en_to_de\n")
    assert publish("apply", spec.parent.name, "--yes").code == 0
    shutil.rmtree(spec.parent)
    ran = publish("import", "-r", "local", spec.parent.name)
    assert ran.code == 0, ran.out + ran.err
    assert yaml.safe_load(spec.read_text())["mlflow"]["task"] == "translation_en_to_de"
    plan = json.loads(publish("plan", spec.parent.name, "-o", "json").out)
    assert [action["action"] for action in plan["actions"]] == ["unchanged"]


def test_a_local_source_comes_along(publish: Run, tmp_path: Path, models: Path, azure_sdk: None) -> None:
    text = "path: {type: local, uri: ./weights}\npublish: {description: description.md, type: custom_model}\n"
    licensed = CUSTOM.replace("system_metadata:\n", "system_metadata:\n  license: mit\n")
    folder = write_asset(tmp_path / "assets", "custom-one", licensed, MLmodel="", model__yaml=text)
    (folder / "weights").mkdir()
    (folder / "weights" / "model.bin").write_bytes(b"w" * 10)
    into = ("--into", str(models))
    assert publish("import", str(folder), *into, "--check").code == 0
    assert publish("-C", str(models.parent), "apply", "--yes").code == 0
    assert "1 file" in publish("-C", str(models.parent), "verify").out
    outside = tmp_path / "more" / "custom-two"
    write_asset(tmp_path / "more", "custom-two", CUSTOM.replace("custom-one", "custom-two"), model__yaml=text)
    ran = publish("import", str(outside), *into)
    assert ran.code == 4
    assert "custom-two/model.yaml:1:1: error SPEC015" in ran.err


def test_the_fixtures_show_what_they_say() -> None:
    assert "{{ nothing }}" in CARD.format(name="x")
    assert yaml.safe_load(TAGS)["tags"]["model_specific_defaults"]["learning_rate"] == "5e-6"
    assert yaml.safe_load(ASSET)["categories"] == ["Foundation Models", "Text"]
