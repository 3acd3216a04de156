"""Models whose files lie in a git repository or a blob container: applied, verified, and told in the manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.unit.content.test_source_azureblob import endpoint
from tests.unit.content.test_source_git import repository

__all__ = ["endpoint", "repository"]

SPEC = """\
name: {name}
version: 1
type: {kind}
source: {source}
license: mit
tasks: {{inference: fill-mask}}
compute: {{inference: [Standard_NC24ads_A100_v4]}}
"""


def add(project: Path, name: str, source: str, kind: str = "mlflow_model") -> None:
    folder = project / "models" / name
    folder.mkdir()
    (folder / "model.yaml").write_text(SPEC.format(name=name, source=source, kind=kind))
    (folder / "card.md").write_text("A card that is no template: {{ as it is }}.\n")
    (folder / "files").mkdir()
    (folder / "files" / "MLmodel").write_text("shown beside the card\n")


def test_a_git_repository_is_published_as_it_is(publish: Run, project: Path, repository: Path, azure_sdk: None) -> None:
    add(project, "from-git", f"{{git: {{uri: '{repository.as_uri()}', branch: v1}}, revision: abc}}")
    assert publish("apply", "from-git", "--yes").code == 0
    verified = publish("verify", "from-git")
    assert (verified.code, "2 files" in verified.out) == (0, True), verified.out
    assert publish("plan", "from-git", "--format", "json").out.count('"unchanged"') == 1
    shown = publish("show", "from-git").out
    assert "abc" in shown
    assert "{{ as it is }}" in shown


def test_text_that_is_no_utf_8_is_refused(publish: Run, project: Path) -> None:
    add(project, "odd", "{local: weights}")
    (project / "models/odd/weights").mkdir()
    (project / "models/odd/weights/a.bin").write_bytes(b"\0")
    (project / "models/odd/files/MLmodel").write_bytes("flavors: {}\n# größer\n".encode("latin-1"))
    ran = publish("render", "odd")
    assert (ran.code, "models/odd/files/MLmodel:2:5: error DOC001 Byte 0xf6 is not UTF-8." in ran.err) == (4, True), ran


def test_a_blob_folder_is_published_as_it_is(
    publish: Run, project: Path, endpoint: str, azure_sdk: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLISH_BLOB_ENDPOINT", endpoint)
    add(project, "from-blob", "{azureblob: {storage: account, container: public, path: models/bert}}")
    assert publish("apply", "from-blob", "--yes").code == 0
    assert "2 files" in publish("verify", "from-blob").out


def test_a_source_that_is_no_model_of_mlflow_or_transformers_is_refused(
    publish: Run, project: Path, endpoint: str, azure_sdk: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLISH_BLOB_ENDPOINT", endpoint)
    add(project, "from-blob", "{azureblob: {storage: account, container: public, path: models}}")
    ran = publish("apply", "from-blob", "--yes")
    assert ran.code == 4
    assert "PKG008 MLmodel lies in bert-large/" in ran.out + ran.err


def test_carried_files_are_rendered_beside_the_others(publish: Run, project: Path, tmp_path: Path) -> None:
    add(project, "from-blob", "{azureblob: {storage: account, container: public}}")
    (project / "models" / "from-blob" / "files" / "notes.md").write_bytes(b"one\r\ntwo")
    built = tmp_path / "out" / "from-blob"
    assert publish("render", "from-blob", "--out", str(built.parent)).code == 0
    assert (built / "MLmodel").read_text() == "shown beside the card\n"
    assert (built / "notes.md").read_bytes() == b"one\r\ntwo"
    assert (built / "description.md").read_text() == "A card that is no template: {{ as it is }}.\n"
    assert "storage_name: account" in (built / "model.yaml").read_text()
    assert publish("render", "from-blob", "--out", str(built.parent), "--check").code == 0
    (project / "models" / "from-blob" / "files" / "notes.md").write_bytes(b"three")
    assert publish("render", "from-blob", "--out", str(built.parent), "--check").code == 4


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("azureml://jobs/calm_river/outputs/artifacts/paths/model", "{azureml: …}"),
        ("azureml:churn:3", "{azureml: …}"),
        ("runs:/0123abc/model", "{mlflow: …}"),
        ("models:/churn/3", "{mlflow: …}"),
        ("https://huggingface.co/org/name", "{huggingface: ORG/NAME"),
        ("git+https://contoso.com/m.git", "{git: {uri: …"),
        ("https://acct.blob.core.windows.net/models/a", "{azureblob: {storage: …"),
        ("s3://bucket/m", "{azureblob: {storage: …"),
    ],
)
def test_an_address_is_not_a_local_source_and_the_hint_names_the_key_for_it(
    publish: Run, project: Path, address: str, hint: str
) -> None:
    add(project, "elsewhere", f"{{local: '{address}'}}")
    ran = publish("lint", "-o", "json")
    told = json.loads(ran.out)
    assert ran.code == 4
    (found,) = [one for one in told["diagnostics"] if one["path"] == "models/elsewhere/model.yaml"]
    assert (found["code"], found["line"], hint in found["hint"]) == ("DOC005", 4, True)
    planned = json.loads(publish("plan", "bert-base-cased", "-o", "json").out)
    assert [one["model"] for one in planned["actions"]] == ["bert-base-cased"]
