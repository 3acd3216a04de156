"""From one layout to the other: shown first, done when asked, and what a registry cannot follow is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from azureml_publish.emulator import Emulator
from tests.conftest import Run, edit
from tests.unit.importer.catalogue import NATIVE, TAGS, write_asset, write_catalogue


def test_a_project_is_shown_the_difference_and_left_alone(publish: Run, project: Path) -> None:
    before = (project / "publish.yaml").read_text()
    ran = publish("migrate", "--to", "tags")
    assert ran.code == 0
    assert "--- a/bert-base-cased/spec.yaml" in ran.out
    assert "+  hiddenlayerscanned: ''" in ran.out
    assert "3 models of 3 would move to the layout tags." in ran.err
    assert "--write does it" in ran.err
    assert (project / "publish.yaml").read_text() == before


def test_a_project_moves_with_its_comments(publish: Run, project: Path) -> None:
    edit(project / "publish.yaml", "layout: system_metadata", "layout: system_metadata  # since June")
    assert publish("migrate", "--to", "tags", "--write").code == 0
    assert "layout: tags  # since June" in (project / "publish.yaml").read_text()
    back = publish("migrate", "--to", "system_metadata", "--bump", "--write")
    assert back.code == 0
    assert "bert-base-cased: a registered version keeps" in back.err
    assert "version: 19" in (project / "models" / "bert-base-cased" / "model.yaml").read_text()
    assert "+version: 19" in back.out
    again = publish("migrate", "--to", "system_metadata")
    assert (again.out, again.code) == ("", 0)
    assert "0 models of 3 would move" in again.err


def test_a_bump_asks_the_registry_which_version_is_free(
    publish: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert publish("apply", "bert-base-cased", "--yes").code == 0
    edit(project / "models" / "bert-base-cased" / "model.yaml", "version: 18", "version: 21")
    assert publish("apply", "bert-base-cased", "--yes").code == 0
    edit(project / "models" / "bert-base-cased" / "model.yaml", "version: 21", "version: 18")
    moved = publish("migrate", "--to", "tags", "--bump", "--write", "-r", "local")
    assert moved.code == 0
    edit(project / "publish.yaml", "layout: tags", "layout: system_metadata")
    assert "version: 18" in (project / "models" / "bert-base-cased" / "model.yaml").read_text()
    publish("migrate", "--to", "tags", "--write")
    started: list[Emulator] = []
    start = Emulator.start

    def counted(emulator: Emulator) -> None:
        started.append(emulator)
        start(emulator)

    monkeypatch.setattr(Emulator, "start", counted)
    bumped = publish("migrate", "--to", "system_metadata", "--bump", "--write", "-r", "local")
    assert (bumped.code, bumped.out.count("+version: "), len(started)) == (0, 3, 1)
    assert "version: 22" in (project / "models" / "bert-base-cased" / "model.yaml").read_text()


@pytest.mark.parametrize("text", ["# ours\n\nregistry: local  # here\n", "# nothing yet\n", "registry: local\r\n", ""])
def test_a_project_without_a_layout_gets_one(publish: Run, project: Path, text: str) -> None:
    (project / "publish.yaml").write_bytes(text.encode())
    for folder in (project / "models").iterdir():
        spec = yaml.safe_load((folder / "model.yaml").read_text())
        (folder / "model.yaml").write_text(yaml.safe_dump({**spec, "compute": {"inference": ["Standard_NC6s_v3"]}}))
    assert publish("migrate", "--to", "tags", "--write").code == 0
    written = (project / "publish.yaml").read_bytes().decode()
    assert written.replace("layout: tags\r\n" if "\r" in text else "layout: tags\n", "") == text
    assert yaml.safe_load(written)["layout"] == "tags"


def test_a_broken_project_is_not_touched(publish: Run, project: Path) -> None:
    (project / "models" / "bert-base-cased" / "model.yaml").write_text("name: [\n")
    assert publish("migrate", "--to", "tags", "--write").code == 4
    assert "layout: system_metadata" in (project / "publish.yaml").read_text()


def test_asset_folders_move_in_place_and_keep_what_does_not_move(publish: Run, tmp_path: Path) -> None:
    root = tmp_path / "assets"
    write_asset(root, "tagged-one", "# ours\n" + TAGS.replace("path: ./", "path: ./   # constant"))
    shown = publish("migrate", "--assets", str(root), "--to", "system_metadata")
    assert shown.code == 0
    assert "-  author: Contoso" in shown.out
    spec = root / "tagged-one" / "spec.yaml"
    assert "author" in spec.read_text()
    ran = publish("migrate", "--assets", str(root), "--to", "system_metadata", "--write", "--bump")
    assert ran.code == 0
    text = spec.read_text()
    assert text.startswith("# ours\n$schema")
    assert "path: ./   # constant\nisArchived: true\n" in text
    assert "  azureml.copyRegistryFilesToWorkspace: true\n" in text
    assert "  model_specific_defaults: {apply_lora: 'true', precision: \"4\", learning_rate: 5e-6" in text
    data = yaml.safe_load(text)
    assert list(data) == [
        "$schema", "name", "path", "isArchived", "intellectualProperty", "properties", "tags", "system_metadata",
        "version",
    ]  # fmt: skip
    assert data["version"] == 8
    assert data["intellectualProperty"] == {"publisher": "Contoso"}
    assert data["properties"] == {"SHA": "", "azureml.copyRegistryFilesToWorkspace": True}
    assert data["system_metadata"]["languages"] == ["en"]
    assert data["system_metadata"]["platformCapabilities"] == {"enableBatch": False}
    assert data["system_metadata"]["deploymentOptions"] == ["MaaP"]
    assert "tagged-one: a registered version keeps 9 properties" in ran.err
    assert publish("migrate", "--assets", str(root), "--to", "system_metadata").out == ""


def test_a_catalogue_goes_there_and_back(publish: Run, tmp_path: Path) -> None:
    root = write_catalogue(tmp_path / "assets")
    native = root / "native-one" / "spec.yaml"
    before = yaml.safe_load(native.read_text())
    assert publish("migrate", "--assets", str(root), "--to", "tags", "--write").code == 0
    between = yaml.safe_load(native.read_text())
    assert between["tags"]["inference_compute_allow_list"] == ["Standard_NC6s_v3", "Standard_NC12s_v3"]
    assert between["tags"]["disable-batch"] == "true"
    assert between["system_metadata"] == {"newService": {"level": 3}}
    assert publish("migrate", "--assets", str(root), "--to", "system_metadata", "--write").code == 0
    assert yaml.safe_load(native.read_text()) == before


def test_a_contradiction_keeps_its_folder_back_and_nobody_else(publish: Run, tmp_path: Path) -> None:
    root = write_catalogue(tmp_path / "assets")
    bad = root / "tagged-one" / "spec.yaml"
    edit(bad, "deploymentOptions: [MaaP]", "deploymentOptions: [MaaP]\n  license: other")
    before = bad.read_text()
    ran = publish("migrate", "--assets", str(root), "--to", "system_metadata", "--write", "-o", "json")
    assert ran.code == 4
    told = json.loads(ran.out)
    assert [one["code"] for one in told["diagnostics"]] == ["IMP003"]
    assert "tagged-one" not in [one["name"] for one in told["models"]]
    assert bad.read_text() == before


def test_a_wrong_folder_is_told(publish: Run) -> None:
    ran = publish("migrate", "--assets", "nowhere", "--to", "tags")
    assert ran.code == 3
    assert "There is no folder nowhere" in ran.err


def test_a_mixture_ends_in_one_layout(publish: Run, tmp_path: Path) -> None:
    mixed = NATIVE.replace("tags:\n", "tags:\n  task: fill-mask\n  training_dataset: COCO\n")
    folder = write_asset(tmp_path / "assets", "native-one", mixed, notes__md="n")
    assert publish("migrate", "--assets", str(folder), "--to", "system_metadata", "--write").code == 0
    data = yaml.safe_load((folder / "spec.yaml").read_text())
    assert set(data["tags"]) == {"training_dataset", "model_specific_defaults"}


def test_a_byte_order_mark_stays(publish: Run, project: Path) -> None:
    config = project / "publish.yaml"
    before = b"\xef\xbb\xbf" + config.read_bytes()
    config.write_bytes(before)
    assert publish("migrate", "--to", "tags", "--write").code == 0
    assert config.read_bytes() == before.replace(b"layout: system_metadata", b"layout: tags")


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_of_a_migrated_spec_end_as_they_did_and_other_assets_are_counted(
    publish: Run, project: Path, *, end: str, last: bool
) -> None:
    write_asset(project / "assets", "one", NATIVE)
    spec = project / "assets" / "one" / "spec.yaml"
    spec.write_bytes(b"\xef\xbb\xbf" + (NATIVE if last else NATIVE.rstrip("\n")).replace("\n", end).encode())
    other = project / "assets" / "train"
    other.mkdir()
    (other / "asset.yaml").write_text("type: component\nspec: spec.yaml\n", encoding="utf-8")
    moved = publish("migrate", "--assets", "assets", "--to", "tags", "--write")
    assert moved.code == 0
    assert "Passed over: 1 asset of other kinds." in moved.err
    raw = spec.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf$schema")
    assert raw.count(b"\r\n") == (raw.count(b"\n") if end == "\r\n" else 0)
    assert raw.endswith(b"\n") is last
    back = publish("migrate", "--assets", "assets", "--to", "system_metadata", "--write")
    assert back.code == 0
    assert not {"properties", "tags"} & {key for key, value in yaml.safe_load(spec.read_bytes()).items() if not value}
