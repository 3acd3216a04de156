"""`publish import` of model YAML of `az ml`, and of folders with other assets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.test_import import assets, models
from tests.conftest import Run

__all__ = ["assets", "models"]


def test_other_assets_are_passed_over_with_their_count(publish: Run, assets: Path, models: Path) -> None:
    schema = "$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json\n"
    for name, text in {
        "components/train/asset.yaml": "type: component\nspec: spec.yaml\n",
        "components/train/spec.yaml": schema,
        "environments/acpt/asset.yaml": "name: acpt\ntype: environment\nspec: spec.yaml\n",
        "jobs/component.yml": schema,
        "jobs/model.yaml": "x: 1\n",
        "docs/readme.md": "",
    }.items():
        (assets / name).parent.mkdir(parents=True, exist_ok=True)
        (assets / name).write_text(text, encoding="utf-8")
    ran = publish("import", str(assets), "--into", str(models), "--check")
    assert ran.code == 0, ran
    assert "Passed over: 3 assets of other kinds.\n" in ran.out


def test_a_folder_without_any_asset_is_reported(publish: Run, tmp_path: Path, models: Path) -> None:
    (tmp_path / "empty").mkdir()
    ran = publish("import", str(tmp_path / "empty"), "--into", str(models))
    assert ran.code == 4
    assert "IMP001" in ran.err
    assert not models.exists()


AZ_MODEL = "$schema: https://azuremlschemas.azureedge.net/latest/model.schema.json\n"


def test_plain_model_yaml_comes_in(publish: Run, tmp_path: Path, models: Path) -> None:
    """Every form of `path` that Microsoft's documentation shows, and each key of the schema."""
    forms: dict[str, tuple[str, dict[str, Any]]] = {
        "file": ("model.pkl", {"local": "../../../az/model.pkl"}),
        "folder": ("./weights/", {"local": "../../../az/weights"}),
        "absolute": ("file:///srv/a%20b", {"local": "/srv/a b"}),
        "job": ("azureml://jobs/j_1/outputs/artifacts/paths/model/", {"azureml": None}),
        "datastore": ("azureml://datastores/blob/paths/m", {"azureml": None}),
        "long": ("azureml://subscriptions/s/resourceGroups/g/workspaces/w/datastores/d/paths/m", {"azureml": None}),
        "registry": ("azureml://registries/r/models/m/versions/1", {"azureml": None}),
        "short": ("azureml:m@latest", {"azureml": None}),
        "run": ("runs:/0123abc/model", {"mlflow": None}),
        "named": ("models:/m/Production", {"mlflow": None}),
        "https": (
            "https://acct.blob.core.windows.net:443/models/a/b/?sv=2024&sig=x",
            {"azureblob": {"storage": "acct", "container": "models", "path": "a/b"}},
        ),
        "wasbs": (
            "wasbs://models@acct.blob.core.windows.net/a",
            {"azureblob": {"storage": "acct", "container": "models", "path": "a"}},
        ),
    }
    for name, (path, _) in forms.items():
        place = tmp_path / "az" / f"{name}.yml"
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"{AZ_MODEL}name: {name}\npath: {path}\n", encoding="utf-8")
    rest = (
        "version: 1.10\ntype: mlflow_model\ndescription: |\n  Foretells.\ntags: {accuracy: 0.850, on: true}\n"
        "properties: {owner: us}\nflavors: {sklearn: {sklearn_version: 1.5.1}}\nstage: Production\njob_name: j\n"
    )
    (tmp_path / "az/whole.yaml").write_text(f"name: whole\npath: azureml:m:1\n{rest}", encoding="utf-8")
    (tmp_path / "az/semantic.yml").write_text(f"{AZ_MODEL}name: semantic\nversion: 1.2.3\npath: m\n", encoding="utf-8")
    ran = publish("import", str(tmp_path / "az"), "--into", str(models), "--check", "-o", "json")
    told = json.loads(ran.out)
    assert ran.code == 0, told["diagnostics"]
    assert all(proof["equal"] for proof in told["proofs"])
    specs = {path.name: yaml.safe_load((path / "model.yaml").read_text()) for path in models.iterdir()}
    for name, (path, source) in forms.items():
        assert specs[name]["source"] == {key: value or path for key, value in source.items()}
        assert (specs[name]["version"], specs[name]["type"]) == (1, "custom_model")
    whole = specs["whole"]
    assert (whole["version"], whole["description"]) == (1, "Foretells.\n")
    assert whole["tags"] == {"accuracy": "0.850", "on": "True", "version": "1.10"}
    extra = {"flavors": {"sklearn": {"sklearn_version": "1.5.1"}}, "stage": "Production"}
    assert whole["extra"] == {"properties": {"owner": "us"}, "root": extra}
    assert (specs["semantic"]["version"], specs["semantic"]["semver"]) == (1, "1.2.3")
    codes = [(one["code"], one["path"].rpartition("/")[2]) for one in told["diagnostics"]]
    assert codes == [("IMP008", "semantic.yml"), ("IMP008", "whole.yaml"), ("IMP009", "whole.yaml")]
    assert "sig" not in ran.out


def test_the_next_free_version_is_that_of_the_registry(publish: Run, project: Path, tmp_path: Path) -> None:
    publish("apply", "--yes", "bert-base-cased")
    (project / "models/bert-base-cased").rename(tmp_path / "elsewhere")
    (tmp_path / "m.yml").write_text(f"{AZ_MODEL}name: bert-base-cased\nversion: v2\npath: m\n", encoding="utf-8")
    assert publish("import", str(tmp_path / "m.yml"), "--into", "models").code == 0
    spec = yaml.safe_load((project / "models/bert-base-cased/model.yaml").read_text())
    assert (spec["version"], spec["tags"]) == (19, {"version": "v2"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path: m\n", "DOC004 The key 'name' is missing."),
        ("name: a\n", "DOC004 The key 'path' is missing."),
        ("name: a\npath: ftp://host/m\n", "DOC005 'path' is an address that no source can be: ftp."),
        ("name: a\npath: m\ntype: another\n", "DOC005"),
        ("name: a\npath: ${{parent.jobs.train.outputs.model}}\n", "only a pipeline of Azure ML fills in"),
        ("name: a\npath: https://huggingface.co/org/name/tree/main\n", "`publish init org/name`"),
        ("name: a\npath: https://onelake.dfs.fabric.microsoft.com/w/m\n", "no source can be: https."),
        ("name: a\npath: {type: azureblob}\n", "'path' is not text"),
        ("name: a\npath: wasbs://c@acct.blob.core.windows.net/m\n", "Correct the address in path"),
        ("name: <model_name>\npath: m\n", "m.yml:2:1: error IMP007 The model '<model_name>' was not imported"),
        ("name: a\npath: m\n---\nname: b\npath: m\n", "DOC001 This file holds several YAML documents"),
    ],
)
def test_a_model_yaml_that_cannot_come_in_says_why(
    publish: Run, tmp_path: Path, models: Path, text: str, said: str
) -> None:
    (tmp_path / "m.yml").write_text(AZ_MODEL + text, encoding="utf-8")
    ran = publish("import", str(tmp_path / "m.yml"), "--into", str(models), "--check")
    assert ran.code == 4
    assert said in ran.err
    assert "publish.yaml" not in ran.err
    assert not models.exists()


def test_a_file_of_another_kind_is_called_one(publish: Run, tmp_path: Path, models: Path) -> None:
    schema = AZ_MODEL.replace("/model.", "/managedOnlineDeployment.")
    (tmp_path / "m.yml").write_text(f"{schema}name: blue\nmodel: {{path: m}}\n", encoding="utf-8")
    ran = publish("import", str(tmp_path / "m.yml"), "--into", str(models))
    assert (ran.code, "describes a managedOnlineDeployment" in ran.err) == (4, True)


def test_a_file_without_schema_is_known_by_its_keys_however_it_is_written(
    publish: Run, tmp_path: Path, models: Path
) -> None:
    forms = {
        "short.yml": "name: short\npath: ./w\n",
        "caps.yaml": "name: caps\ntype: MLflow_Model\nmodel_uri: runs:/0123abc/model\n",
        "windows.yml": "name: windows\nversion: '7'\ndescription: |\n  Two\n  lines.\npath: .\\sub\\net.onnx\n",
        "drive.yml": "name: drive\npath: C:\\models\\net.onnx\n",
        "anchors.yml": "name: &name anchors\ntags: &tags {team: *name}\nproperties: {<<: *tags}\npath: azureml:m:1\n",
        "plain.yml": "name: plain\npath: http://acct.blob.core.windows.net/models/p\ntags: [a]\n",
        "gone.yml": "name: gone\ntype: mlflow_model\npath: ./not-here\n",
        "environment.yml": "name: env\nimage: x\npath: ./w\n",
        "data.yml": "name: data\ntype: uri_folder\npath: ./w\n",
        "other.yml": "name: other\n",
    }
    for name, text in forms.items():
        (tmp_path / "az" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "az" / name).write_text(text, encoding="utf-8", newline="\r\n")
    ran = publish("import", str(tmp_path / "az"), "--into", str(models), "--check", "-o", "json")
    told = json.loads(ran.out)
    assert ran.code == 0, told["diagnostics"]
    specs = {path.name: yaml.safe_load((path / "model.yaml").read_text()) for path in models.iterdir()}
    assert sorted(specs) == ["anchors", "caps", "drive", "gone", "plain", "short", "windows"]
    assert "type" not in specs["caps"] or specs["caps"]["type"] == "mlflow_model"
    assert specs["windows"]["source"] == {"local": "../../../az/sub/net.onnx"}
    assert (specs["windows"]["version"], specs["windows"]["description"]) == (7, "Two\nlines.\n")
    assert specs["drive"]["source"] == {"local": "C:/models/net.onnx"}
    assert specs["anchors"]["tags"] == {"team": "anchors"}
    assert specs["plain"]["source"] == {"azureblob": {"storage": "acct", "container": "models", "path": "p"}}
    assert [(one["code"], one["message"]) for one in told["diagnostics"]] == [
        ("IMP009", "'tags' was left out: it is not a mapping.")
    ]
