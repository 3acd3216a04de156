"""`publish lock`: what a source holds is written down, read by plan without a network, and held against every byte."""

from __future__ import annotations

import json
import socket
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.content.sources.readers import Readers, SourceHost
from tests.cli.test_sources import add
from tests.conftest import Run
from tests.unit.content.test_source_azureblob import endpoint
from tests.unit.content.test_source_git import repository

__all__ = ["endpoint", "repository"]

LOCK = "source.lock.json"
COMMIT = "5532cc56f74641d4bb33641f5c76a55d11f846e0"

pytestmark = pytest.mark.usefixtures("azure_sdk", "project")


@pytest.fixture
def onnx(project: Path) -> Path:
    """A model folder of its own with one file of weights."""
    add(project, "onnx", "{local: weights}", "custom_model")
    folder = project / "models" / "onnx"
    (folder / "weights").mkdir()
    (folder / "weights" / "model.onnx").write_bytes(b"weights")
    return folder


def read(folder: Path) -> Any:
    return json.loads((folder / LOCK).read_text())


class TestWriting:
    def test_a_local_source_is_locked_with_bytes_and_digest(self, publish: Run, onnx: Path) -> None:
        assert publish("lock", "onnx").code == 0
        lock = read(onnx)
        assert lock["files"] == [{"path": "model.onnx", "bytes": 7, "sha256": sha256(b"weights").hexdigest()}]
        assert (lock["source"], lock["model"]["packaging"]) == ({"local": "weights"}, "custom")

    def test_the_same_source_gives_the_same_bytes(self, publish: Run, onnx: Path) -> None:
        publish("lock", "onnx")
        before = (onnx / LOCK).read_bytes()
        (onnx / LOCK).unlink()
        publish("lock", "onnx")
        assert (onnx / LOCK).read_bytes() == before

    @pytest.mark.parametrize("revision", ["main", COMMIT[:12]])
    def test_a_branch_is_refused_as_by_lint(self, publish: Run, project: Path, revision: str) -> None:
        folder = project / "models/bert-base-cased"
        spec = folder / "model.yaml"
        spec.write_text(spec.read_text().replace(COMMIT, revision))
        (found,) = json.loads(publish("lint", "bert-base-cased", "-o", "json").out)["diagnostics"]
        for arguments in ([], ["--check"]):
            ran = publish("lock", "bert-base-cased", *arguments)
            assert (ran.code, found["code"], (folder / LOCK).exists()) == (4, "SPEC006", False), ran
            assert found["message"] in ran.err
            assert found["hint"] in ran.err  # the stand-in's commits are not the Hub's

    def test_the_commit_of_a_branch_is_said_where_it_is_known(
        self, publish: Run, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Readers, "describe", lambda *_: SourceHost(COMMIT))
        spec = project / "models/bert-base-cased/model.yaml"
        spec.write_text(spec.read_text().replace(COMMIT, "main"))
        ran = publish("lock", "bert-base-cased")
        assert (ran.code, "SPEC006" in ran.err, f"Write `revision: {COMMIT}`" in ran.err) == (4, True, True), ran

    def test_a_hub_source_is_locked_with_what_its_files_say(self, publish: Run, project: Path) -> None:
        ran = publish("lock", "bert-base-cased")
        assert (ran.code, "stand-ins" in ran.err) == (0, True), ran
        lock = read(project / "models" / "bert-base-cased")
        said = {key: lock["model"][key] for key in ("packaging", "task", "model_type", "architectures", "dtype")}
        assert said == {
            "packaging": "mlflow_transformers", "task": "fill-mask", "model_type": "bert",
            "architectures": ["BertForMaskedLM"], "dtype": "float32",
        }  # fmt: skip
        assert lock["commit"] == lock["source"]["revision"]
        assert lock["stand_in"] is True
        assert lock["model"]["license_file"] == "LICENSE"
        assert all(len(file["sha256"]) == 64 for file in lock["files"])  # small files have none in the Hub's listing
        # Four bytes a parameter, and a header before them.
        weights = next(file for file in lock["files"] if file["path"].endswith(".safetensors"))
        assert 0 < weights["bytes"] - 4 * lock["model"]["parameters"] < 40_000

    def test_a_git_source_is_locked_at_the_commit_of_its_branch(
        self, publish: Run, project: Path, repository: Path
    ) -> None:
        add(project, "from-git", f"{{git: {{uri: '{repository.as_uri()}', branch: v1}}}}")
        assert publish("lock", "from-git").code == 0
        assert len(read(project / "models" / "from-git")["commit"]) == 40

    def test_an_mlflow_folder_is_locked_with_flavours_and_signature(self, publish: Run, project: Path) -> None:
        add(project, "sk", "{local: m, allow_pickle: true}")
        folder = project / "models/sk/m"
        folder.mkdir()
        columns = '[{"type": "double", "name": "x", "required": true}]'
        (folder / "MLmodel").write_text(
            "flavors:\n  sklearn: {pickled_model: model.pkl}\n  python_function: {loader_module: mlflow.sklearn}\n"
            f"signature: {{inputs: '{columns}', outputs: '{columns}', params: null}}\n"
        )
        (folder / "model.pkl").write_bytes(b"x")
        (folder / "requirements.txt").write_text("scikit-learn==1.7.2\nmlflow==3.4.0\n")
        assert publish("lock", "sk").code == 0
        model = read(project / "models/sk")["model"]
        assert model["flavors"] == ["python_function", "sklearn"]
        assert model["signature"]["inputs"] == [{"type": "double", "name": "x", "required": True}]

    def test_a_source_that_cannot_be_published_is_not_locked(self, publish: Run, onnx: Path) -> None:
        (onnx / "weights" / "model.pkl").write_bytes(b"x")
        ran = publish("lock", "onnx")
        assert (ran.code, "PKG002" in ran.err, (onnx / LOCK).exists()) == (4, True, False), ran

    def test_one_that_cannot_be_reached_is_told_and_the_others_are_locked(
        self, publish: Run, onnx: Path, project: Path
    ) -> None:
        add(project, "away", "{local: nowhere}", "custom_model")
        ran = publish("lock", "onnx", "away")
        assert (ran.code, "away" in ran.err, (onnx / LOCK).exists()) == (1, True, True), ran


class TestChecking:
    def test_it_fails_where_there_is_none_or_the_source_moved(self, publish: Run, onnx: Path) -> None:
        missing = publish("lock", "onnx", "--check")
        assert (missing.code, "There is no source.lock.json" in missing.err, (onnx / LOCK).exists()) == (4, True, False)
        publish("lock", "onnx")
        assert publish("lock", "onnx", "--check").code == 0
        (onnx / "weights" / "model.onnx").write_bytes(b"WEIGHTS")
        moved = publish("lock", "onnx", "--check", "-o", "json")
        assert (moved.code, "LOCK003" in moved.err, "model.onnx" in moved.err) == (4, True, True), moved
        assert json.loads(moved.out)["locks"][0]["state"] == "stale"

    def test_lint_tells_a_lock_for_something_else(self, publish: Run, onnx: Path) -> None:
        publish("lock", "onnx")
        spec = onnx / "model.yaml"
        spec.write_text(spec.read_text().replace("{local: weights}", "{local: weights, exclude: ['*.txt']}"))
        ran = publish("lint", "onnx")
        assert (ran.code, "models/onnx/model.yaml:4:1: error LOCK001" in ran.out + ran.err) == (4, True), ran

    @pytest.mark.parametrize("text", ["<<<<<<< HEAD\n", "[]", '{"schema_version": 2}', '{"files": [{"bytes": -1}]}'])
    def test_one_that_cannot_be_read_is_told_with_its_place(self, publish: Run, onnx: Path, text: str) -> None:
        (onnx / LOCK).write_text(text)
        ran = publish("lint", "onnx")
        assert (ran.code, "models/onnx/source.lock.json:1:1: error LOCK002" in ran.out + ran.err) == (4, True), ran
        assert publish("lock", "onnx").code == 0


class TestPlanning:
    def test_a_plan_reads_the_lock_and_asks_nobody(
        self, publish: Run, project: Path, endpoint: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PUBLISH_BLOB_ENDPOINT", endpoint)
        add(project, "from-blob", "{azureblob: {storage: account, container: public, path: models/bert}}")
        assert publish("lock", "from-blob").code == 0
        with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and never answers one
            monkeypatch.setenv("PUBLISH_BLOB_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}/{{storage}}")
            ran = publish("plan", "from-blob", "-o", "json")
        assert ran.code == 0, ran
        fields = {one["field"]: one["after"] for one in json.loads(ran.out)["actions"][0]["fields"]}
        lock = read(project / "models/from-blob")
        assert fields["files"] == len(lock["files"])
        assert fields["bytes"] == sum(file["bytes"] for file in lock["files"])

    def test_apply_refuses_a_container_that_changed_under_its_name(
        self, publish: Run, project: Path, endpoint: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PUBLISH_BLOB_ENDPOINT", endpoint)
        add(project, "from-blob", "{azureblob: {storage: account, container: public, path: models/bert}}")
        publish("lock", "from-blob")
        path = project / "models/from-blob" / LOCK
        lock = json.loads(path.read_text())
        lock["files"][0]["sha256"] = "0" * 64
        path.write_text(json.dumps(lock))
        ran = publish("apply", "from-blob", "--yes")
        assert ran.code == 1, ran
        assert "not " + "0" * 64 in ran.out + ran.err
        assert publish("show", "from-blob:1").code == 3

    def test_plan_and_apply_refuse_local_weights_that_differ(self, publish: Run, onnx: Path) -> None:
        publish("lock", "onnx")
        (onnx / "weights" / "model.onnx").write_bytes(b"longer weights")
        for verb in (("plan",), ("apply", "--yes")):
            ran = publish(*verb, "onnx")
            assert (ran.code, "LOCK003" in ran.err, "14 bytes, not 7" in ran.err) == (4, True, True), ran

    def test_local_weights_of_another_content_and_the_same_size_are_no_registered_version(
        self, publish: Run, onnx: Path
    ) -> None:
        publish("lock", "onnx")
        assert publish("apply", "onnx", "--yes").code == 0
        (onnx / "weights" / "model.onnx").write_bytes(b"WEIGHTS")
        ran = publish("plan", "onnx")
        assert (ran.code, "weights: model.onnx" in ran.out) == (6, True), ran
        assert publish("bump", "onnx", "--required").code == 0
        assert publish("lock", "onnx", "--check").code == 0
        assert publish("apply", "onnx", "--yes").code == 0

    def test_a_stale_lock_stops_a_plan_without_a_look_as_well(self, publish: Run, onnx: Path) -> None:
        publish("lock", "onnx")
        spec = onnx / "model.yaml"
        spec.write_text(spec.read_text().replace("{local: weights}", "{local: weights, exclude: ['*.txt']}"))
        ran = publish("plan", "onnx", "--offline")
        assert (ran.code, "LOCK001" in ran.err) == (4, True), ran

    def test_a_lock_of_the_real_hub_is_not_held_against_the_emulators(self, publish: Run, project: Path) -> None:
        publish("lock", "bert-base-cased")
        path = project / "models/bert-base-cased" / LOCK
        lock = json.loads(path.read_text())
        real = {**lock, "files": [{**file, "bytes": file["bytes"] * 1000} for file in lock["files"]]}
        del real["stand_in"]
        path.write_text(json.dumps(real))
        ran = publish("apply", "bert-base-cased", "--yes")
        assert (ran.code, "LOCK004" in ran.err) == (0, True), ran
        checked = publish("lock", "bert-base-cased", "--check")
        assert (checked.code, "LOCK004" in checked.err) == (0, True), checked
        assert json.loads(path.read_text()) == real
        path.write_text(json.dumps({**lock, "files": real["files"]}))
        (project / "models/bert-base-cased/model.yaml").write_text(
            (project / "models/bert-base-cased/model.yaml").read_text().replace("version: 18", "version: 19")
        )
        ran = publish("apply", "bert-base-cased", "--yes")
        assert (ran.code, "LOCK003" in ran.err, "the emulator's Hub" in ran.err) == (4, True, True), ran

    def test_render_shows_the_mlmodel_that_is_published(self, publish: Run, project: Path) -> None:
        publish("render", "bert-base-cased")
        built = project / "build/bert-base-cased/MLmodel"
        before = built.read_text()
        publish("lock", "bert-base-cased")
        publish("render", "bert-base-cased")
        assert "torch_dtype: torch.float32" in built.read_text()
        assert "torch_dtype" not in before

    def test_a_lock_changes_no_identity(self, publish: Run) -> None:
        assert publish("apply", "bert-base-cased", "--yes").code == 0
        publish("lock", "bert-base-cased")
        (action,) = json.loads(publish("plan", "bert-base-cased", "-o", "json").out)["actions"]
        # The card says now how many files there are.
        assert [one["field"] for one in action["fields"]] == ["description"]


class TestCreate:
    def test_a_create_shows_what_it_is(self, publish: Run) -> None:
        ran = publish("plan", "bert-base-cased", "-o", "json")
        fields = {one["field"]: one for one in json.loads(ran.out)["actions"][0]["fields"]}
        said = {name: fields[name]["after"] for name in ("source", "type", "task", "license")}
        assert said == {
            "source": "huggingface: google-bert/bert-base-cased", "type": "mlflow_model", "task": "fill-mask",
            "license": "apache-2.0",
        }  # fmt: skip
        assert all(one["before"] is None for one in fields.values())
        assert len(fields["revision"]["after"]) == 40
        assert fields["sizes.inference"]["after"][0].startswith("Standard_")
        assert "apply_lora" in fields["tags.model_specific_defaults"]["after"]
        assert publish("apply", "bert-base-cased", "--yes").code == 0
        # What it promised is what is registered.
        verified = publish("verify", "bert-base-cased").out
        assert f"{fields['files']['after']} files" in verified
        for form, line in (
            ("text", "license           apache-2.0"),
            ("markdown", "- license: <code>apache-2.0</code>"),
        ):
            assert line in publish("plan", "bert-large-cased", "-o", form).out

    def test_offline_shows_all_but_the_files_and_says_so(self, publish: Run) -> None:
        ran = publish("plan", "bert-base-cased", "--offline")
        assert "not looked into (--offline)" in ran.err
        assert ("license" in ran.out, "bytes" in ran.out) == (True, False), ran.out


class TestConflict:
    def test_a_conflict_says_which_versions_moved(self, publish: Run, project: Path) -> None:
        assert publish("apply", "bert-base-cased", "--yes").code == 0
        spec = project / "models/bert-base-cased/model.yaml"
        spec.write_text(spec.read_text().replace("\nmlflow:\n", "\nmlflow:\n  transformers: 4.56.2\n"))
        for ran in (publish("plan", "bert-base-cased"), publish("apply", "bert-base-cased", "--yes")):
            assert (ran.code, "transformers 4.57.1 → 4.56.2" in ran.out + ran.err) == (6, True), ran
        change = json.loads(publish("plan", "bert-base-cased", "-o", "json").out)["actions"][0]["fields"][0]
        assert (change["field"], change["moved"]) == ("content", ["transformers 4.57.1 → 4.56.2"])

    def test_a_conflict_says_which_files_moved(self, publish: Run, onnx: Path) -> None:
        (onnx / "weights" / "labels.txt").write_text("cat\n")
        assert publish("apply", "onnx", "--yes").code == 0
        (onnx / "weights" / "model.onnx").write_bytes(b"WEIGHTS")
        (onnx / "weights" / "labels.txt").write_text("dog\n")
        (onnx / "weights" / "new.txt").write_text("x")
        shown = publish("plan", "onnx", "-o", "markdown").out
        assert "weights: model.onnx" in shown
        assert "files: labels.txt, new.txt" in shown

    def test_what_is_said_is_no_part_of_the_digest(self, publish: Run, onnx: Path) -> None:
        digests = set()
        publish("apply", "onnx", "--yes")
        (onnx / "weights" / "model.onnx").write_bytes(b"WEIGHTS")
        for options in ((), ("--offline",)):
            digests.add(json.loads(publish("plan", "onnx", *options, "-o", "json").out)["digest"])
        assert len(digests) == 1

    def test_a_saved_plan_says_what_moved(self, publish: Run, onnx: Path, project: Path) -> None:
        publish("apply", "onnx", "--yes")
        (onnx / "weights" / "model.onnx").write_bytes(b"WEIGHTS")
        publish("plan", "onnx", "--out", "p.json")
        change = json.loads((project / "p.json").read_text())["actions"][0]["fields"][0]
        assert (change["field"], change["moved"]) == ("content", ["weights: model.onnx"])


class TestIdentity:
    @pytest.fixture
    def blob(self, publish: Run, project: Path, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A registered model of a blob container, without a lock."""
        monkeypatch.setenv("PUBLISH_BLOB_ENDPOINT", endpoint)
        add(project, "from-blob", "{azureblob: {storage: account, container: public, path: models/bert}}")
        assert publish("apply", "from-blob", "--yes").code == 0
        return project / "models" / "from-blob"

    def action(self, publish: Run) -> Any:
        return json.loads(publish("plan", "from-blob", "--offline", "-o", "json").out)["actions"][0]

    def test_a_lock_of_what_is_registered_changes_nothing_and_one_of_other_bytes_does(
        self, publish: Run, blob: Path
    ) -> None:
        publish("lock", "from-blob")
        assert self.action(publish)["action"] == "unchanged"
        lock = read(blob)
        lock["files"][0]["sha256"] = "0" * 64
        (blob / LOCK).write_text(json.dumps(lock))
        assert self.action(publish)["action"] == "conflict"

    def test_bump_looks_again(self, publish: Run, blob: Path) -> None:
        lock = read(blob) if (blob / LOCK).exists() else None
        assert lock is None
        assert publish("bump", "from-blob").code == 0
        assert len(read(blob)["files"]) == 2
        (blob / LOCK).write_text(json.dumps({**read(blob), "asked": "0" * 16}))
        assert publish("lint", "from-blob").code == 4
        assert publish("bump", "from-blob").code == 0
        assert publish("lint", "from-blob").code == 0


def test_apply_shows_files_and_bytes_of_a_create_without_a_lock(publish: Run, onnx: Path) -> None:
    assert not (onnx / LOCK).exists()
    shown = publish("apply", "onnx", "--yes").err
    assert {"files            1", "bytes            7"} <= {line.strip() for line in shown.splitlines()}, shown
    assert "stand-in" not in shown


def test_every_source_that_is_not_there_is_told_at_its_key(publish: Run, project: Path) -> None:
    for name in ("gone", "lost"):
        add(project, name, f"{{local: {name}/weights}}", "custom_model")
    ran = publish("plan", "gone", "lost")
    assert ran.code == 4
    for name in ("gone", "lost"):
        assert f"models/{name}/model.yaml:4:10: error PKG001" in ran.err, ran


class TestBeginning:
    def test_import_locks_what_is_at_hand_and_says_what_is_not(self, publish: Run, project: Path) -> None:
        (project / "in" / "w").mkdir(parents=True)
        (project / "in" / "w" / "m.onnx").write_bytes(b"x")
        (project / "in" / "m.yml").write_text("name: mine\npath: w\nversion: 3\ntype: custom_model\n")
        (project / "in" / "n.yml").write_text("name: gone\npath: nowhere\nversion: 1\ntype: custom_model\n")
        ran = publish("import", "in", "--into", "new/models")
        assert ran.code == 0, ran
        assert [file["path"] for file in read(project / "new/models/mine")["files"]] == ["m.onnx"]
        assert f"{LOCK} of gone was not written" in ran.err
        assert not (project / "new/models/gone" / LOCK).exists()

    def test_no_repository_of_git_is_cloned_on_the_way(self, publish: Run, project: Path) -> None:
        folder = project / "models" / "mine"
        folder.mkdir()
        source = "{git: {uri: 'https://git.contoso.invalid/weights', branch: main}}"
        (folder / "model.yaml").write_text(
            f"name: mine\nversion: 1\ntype: custom_model\nsource: {source}\nlicense: mit\n"
        )
        (folder / "card.md").write_text("Says little.\n")
        ran = publish("bump", "mine")
        assert (ran.code, "git would clone a repository whole" in ran.err) == (0, True), ran

    def test_init_leaves_nothing_where_it_is_interrupted(
        self, publish: Run, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (project / "w.onnx").write_bytes(b"x")
        elsewhere = project / "elsewhere"
        elsewhere.mkdir()

        def interrupted(*_arguments: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("azureml_publish.pipeline.init.lock_new", interrupted)
        assert publish("-C", str(elsewhere), "init", "../w.onnx").code == 130
        assert list(elsewhere.iterdir()) == []
