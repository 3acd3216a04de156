"""`publish promote`: a version to another registry, within one storage and between two, and what can go wrong."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.assets import MANIFEST_PROPERTY, SOURCE_PROPERTY, Origin
from azureml_publish.emulator import Emulator, Fault, Quirks
from tests.conftest import ControlPlane, Run, edit
from tests.unit.test_git import disguise

MODEL = "tiny"
DEV, PROD = "azureml://registries/dev", "azureml://registries/prod"
LARGE = 9 * 1024 * 1024
"""Bytes of a file of more than one block; smaller ones are sent: that is one request, to have them fetched is two."""

SPEC = """\
name: tiny
version: 3
type: custom_model
source: {local: weights}
license: mit
languages: [en]
compute: {inference: [Standard_DS4_v2]}
"""


@pytest.fixture
def tiny(project: Path) -> Path:
    """The project with one small model, whose files are local; its folder."""
    for other in ("bert-base-cased", "bert-large-cased", "distilbert-base-uncased"):
        shutil.rmtree(project / "models" / other)
    folder = project / "models" / MODEL
    (folder / "weights" / "sub dir").mkdir(parents=True)
    (folder / "model.yaml").write_text(SPEC, encoding="utf-8")
    (folder / "card.md").write_text("A small model.\n", encoding="utf-8")
    (folder / "weights" / "weights.bin").write_bytes(os.urandom(70_000))
    (folder / "weights" / "empty").touch()
    (folder / "weights" / "sub dir" / "ä & b.txt").write_text("named so that it must be quoted\n", encoding="utf-8")
    return folder


@pytest.fixture
def in_dev(publish: Run, tiny: Path, emulator_environment: dict[str, str]) -> Path:
    """The model, registered in `dev` of an emulator that runs elsewhere; its folder."""
    assert emulator_environment
    ran = publish("apply", "--yes", "-q", "-r", DEV)
    assert ran.code == 0, ran
    return tiny


def asset(publish: Run, registry: str) -> dict[str, Any]:
    (found,) = (json.loads(publish("show", MODEL, "-r", registry, "-o", "json").out)["assets"],)
    return dict(found[0])


def promote(publish: Run, *options: str, model: str = MODEL) -> dict[str, Any]:
    ran = publish("promote", model, "--from", DEV, "--to", PROD, "--yes", "-o", "json", *options)
    assert ran.code == 0, ran
    assert "sig=" not in ran.out + ran.err
    return dict(json.loads(ran.out)["results"][0])


def test_the_storage_fetches_and_what_is_there_is_the_same(
    publish: Run, tiny: Path, emulator: Emulator, emulator_environment: dict[str, str], project: Path
) -> None:
    assert emulator_environment
    (tiny / "weights" / "weights.bin").write_bytes(os.urandom(LARGE))
    assert publish("apply", "--yes", "-q", "-r", DEV).code == 0
    (project / ".gitignore").write_text(".publish/\n", encoding="utf-8")  # state that git tracks is refused
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]):
        subprocess.run(["git", "-C", str(project), *command], check=True, timeout=120)
    emulator.quirks = Quirks(stale_reads=2)
    done = promote(publish)
    assert (done["outcome"], done["metadata"], done["files"]) == ("created", "render", 3)
    assert (done["kept"], done["fetched"]) == (0, LARGE)
    emulator.quirks = Quirks()
    source, target = asset(publish, DEV), asset(publish, PROD)
    for key in ("type", "description", "tags", "system_metadata", "manifest"):
        assert source[key] == target[key]
    properties = target["properties"]
    assert properties[MANIFEST_PROPERTY] == source["properties"][MANIFEST_PROPERTY]
    assert properties[SOURCE_PROPERTY] == source["properties"][SOURCE_PROPERTY]
    origin = Origin.of(properties)
    assert origin.promoted_from == "azureml://registries/dev/models/tiny/versions/3"
    head = subprocess.run(["git", "-C", str(project), "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert origin.commit == head.stdout.strip()
    assert len(origin.plan) == 64
    assert origin.tool.startswith("azureml-publish/")
    assert len([key for key in properties if key.startswith("publish.")]) == 3
    assert publish("verify", MODEL, "-r", PROD).code == 0
    assert publish("plan", "-r", PROD, "--detailed-exitcode").code == 0
    assert promote(publish)["outcome"] == "unchanged"


def test_one_failure_of_the_storage_does_not_end_its_fetching(
    publish: Run, tiny: Path, emulator: Emulator, emulator_environment: dict[str, str]
) -> None:
    assert emulator_environment
    (tiny / "weights" / "weights.bin").write_bytes(os.urandom(LARGE))
    assert publish("apply", "--yes", "-q", "-r", DEV).code == 0
    emulator.faults.add(service="blobs", method="PUT", path="comp=block&", status=503, times=1)
    assert promote(publish)["fetched"] == LARGE


def test_a_project_that_looks_like_a_bare_repository_runs_nothing(
    publish: Run, in_dev: Path, project: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    disguise(project, f"[core]\nfsmonitor = touch {mark}\n")
    assert promote(publish)["outcome"] == "created"
    assert not mark.exists()
    assert Origin.of(asset(publish, PROD)["properties"]).commit == ""


def test_metadata_is_rendered_from_the_folder_or_carried_as_it_is(
    publish: Run, in_dev: Path, control: ControlPlane
) -> None:
    edit(in_dev / "model.yaml", "languages: [en]", "languages: [en, de]")
    assert promote(publish, "--metadata", "carry")["metadata"] == "carry"
    assert asset(publish, PROD)["system_metadata"]["languages"] == ["en"]
    # It is there with the same files; the folder's newer metadata is a matter of plan and apply.
    again = publish("promote", MODEL, "--from", DEV, "--to", PROD)
    assert (again.code, "its metadata differs" in again.err) == (0, True)
    control.call("DELETE", f"{control.models('prod')}/tiny:3").raise_for_status()
    gone = publish("promote", MODEL, "--from", DEV, "--to", PROD, "--yes")
    assert (gone.code, "was deleted" in gone.err) == (6, True)
    rendered = publish("promote", MODEL, "--from", DEV, "--to", "azureml://registries/stage", "--yes")
    assert rendered.code == 0, rendered
    assert "metadata from its folder" in rendered.out
    assert asset(publish, "azureml://registries/stage")["system_metadata"]["languages"] == ["en", "de"]


def test_a_version_that_no_folder_names_is_carried(publish: Run, in_dev: Path) -> None:
    edit(in_dev / "model.yaml", "version: 3", "version: 4")
    refused = publish("promote", f"{MODEL}:3", "--from", DEV, "--to", PROD, "--yes", "--metadata", "render")
    assert (refused.code, "--metadata carry" in refused.err) == (2, True)
    assert promote(publish, model=f"{MODEL}:3")["metadata"] == "carry"
    missing = publish("promote", MODEL, "--from", DEV, "--to", PROD, "--yes")
    assert (missing.code, "no version 4" in missing.err) == (3, True)


def test_conflicts_write_nothing(publish: Run, in_dev: Path, control: ControlPlane) -> None:
    (in_dev / "weights" / "weights.bin").write_bytes(b"others")
    other = publish("promote", MODEL, "--from", DEV, "--to", PROD, "--yes")
    assert (other.code, "has other files" in other.err) == (6, True)
    control.register(MODEL, "3", "prod")
    there = publish("promote", MODEL, "--from", DEV, "--to", PROD, "--yes", "--metadata", "carry")
    assert (there.code, "version 3 is there with other files" in there.err) == (6, True)
    unknown = publish("promote", MODEL, "--from", PROD, "--to", DEV, "--yes", "--metadata", "carry")
    assert (unknown.code, "has no property publish.manifest" in unknown.err) == (1, True)
    verified = publish("verify", f"{MODEL}:3", "-r", PROD)
    assert (verified.code, "  unknown   azureml://registries/prod/" in verified.out) == (1, True)
    assert verified.out.endswith("\nVerified: 0 intact, 0 damaged, 1 unknown.\n")
    same = publish("promote", MODEL, "--from", DEV, "--to", DEV, "--yes")
    assert (same.code, "are the same registry" in same.err) == (2, True)
    assert asset(publish, PROD)["properties"] == {}


def test_a_run_that_failed_is_carried_on_and_damage_is_found(publish: Run, in_dev: Path, emulator: Emulator) -> None:
    emulator.faults.add(Fault(service="blobs", method="GET", path="weights.bin", corrupt=True, times=1))
    damaged = publish("--debug", "promote", MODEL, "--from", DEV, "--to", PROD, "--yes")
    assert (damaged.code, "weights.bin: its SHA-256 is" in damaged.out) == (1, True), damaged
    assert "sig=" not in damaged.out + damaged.err

    emulator.faults.reset()
    emulator.faults.add(Fault(service="registry", method="PUT", path="/models/tiny/versions/3", status=403))
    assert publish("promote", MODEL, "--from", DEV, "--to", PROD, "--yes").code == 5
    assert json.loads(publish("list", "-r", PROD, "-o", "json").out)["assets"] == []
    emulator.faults.reset()
    assert promote(publish)["kept"] == 3
    assert publish("verify", MODEL, "-r", PROD).code == 0


def test_signatures_that_end_early_are_asked_for_again(publish: Run, in_dev: Path, emulator: Emulator) -> None:
    emulator.quirks = Quirks(sas_requests=5)
    # One at a time: a signature for five requests would not serve several.
    assert promote(publish, "--connections", "1")["files"] == 3
    emulator.quirks = Quirks()
    assert publish("verify", MODEL, "-r", PROD).code == 0


def test_a_damaged_source_goes_nowhere(publish: Run, in_dev: Path, emulator: Emulator) -> None:
    manifest = "publish-manifest.json"
    emulator.faults.add(Fault(service="blobs", method="GET", path=manifest, corrupt=True, times=1))
    refused = publish("promote", MODEL, "--from", DEV, "--to", PROD, "--yes")
    assert (refused.code, manifest in refused.out) == (1, True), refused
    assert json.loads(publish("list", "-r", PROD, "-o", "json").out)["assets"] == []


@pytest.mark.long
def test_two_embedded_registries_and_two_in_one_folder(publish: Run, tiny: Path, project: Path) -> None:
    (project / "publish.yaml").write_text(
        "registry: dev\nregistries:\n  dev: {emulator: .publish/a}\n  prod: {emulator: .publish/b, protected: true}\n"
        "  stage: {emulator: .publish/a}\n",
        encoding="utf-8",
    )
    (tiny / "weights" / "weights.bin").write_bytes(os.urandom(LARGE))
    assert publish("apply", "--yes", "-q").code == 0
    before = {name: value for name, value in os.environ.items() if name.startswith(("AZUREML", "ARM_", "REQUESTS"))}
    done = json.loads(publish("promote", MODEL, "--from", "dev", "--to", "prod", "--yes", "-o", "json").out)
    assert done["results"][0]["fetched"] == 0, done  # neither emulator reads from another
    after = {name: value for name, value in os.environ.items() if name.startswith(("AZUREML", "ARM_", "REQUESTS"))}
    assert before == after
    assert publish("verify", MODEL, "-r", "prod").code == 0
    staged = json.loads(publish("promote", MODEL, "--from", "dev", "--to", "stage", "--yes", "-o", "json").out)
    assert staged["results"][0]["fetched"] == LARGE
    assert publish("verify", MODEL, "-r", "stage").code == 0
    assert [one["asset_id"] for one in json.loads(publish("list", "-r", "prod", "-o", "json").out)["assets"]] == [
        "azureml://registries/prod/models/tiny/versions/3"
    ]


def test_a_question_shows_the_plan_that_it_is_about_with_quiet_too(publish: Run, in_dev: Path) -> None:
    asked = publish("promote", MODEL, "--from", DEV, "--to", PROD, "-q")
    assert asked.code == 2
    assert asked.err.startswith("Plan for registry prod\n")
    assert publish("promote", MODEL, "--from", DEV, "--to", PROD, "-q", "--yes").err == ""
