"""`publish drift`: what somebody did to a registry behind the folders, and `--fix`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.emulator import Emulator, Quirks
from tests.conftest import ControlPlane, Run, edit

MODEL = "distilbert-base-uncased"
THERE = "azureml://registries/local"
LISTS = """\
compute:
  inference:
    - Standard_DS3_v2       # the smallest that holds it
    - Standard_DS4_v2       # for batches
    - Standard_DS5_v2
"""

Console = Callable[..., None]


@pytest.fixture
def remote(publish: Run, project: Path, emulator_environment: dict[str, str]) -> Run:
    """The command line against an emulator that runs elsewhere; one model, which is registered."""
    assert emulator_environment
    for other in ("bert-base-cased", "bert-large-cased"):
        shutil.rmtree(project / "models" / other)
    spec = project / "models" / MODEL / "model.yaml"
    edit(spec, "compute:\n  inference: cpu-small\n", LISTS)
    edit(spec, "metadata:\n", "metadata:\n  # in words\n")

    def run(verb: str, *rest: str) -> Any:
        return publish(verb, *rest, "-r", THERE)

    assert run("plan", "--out", "p.json").code == 0
    assert run("apply", "p.json").code == 0
    return run


@pytest.fixture
def console(control: ControlPlane) -> Console:
    """Change a registered version as somebody does in a console: `path=value`, as JSON Patch."""

    def patch(version: int = 14, **changes: Any) -> None:
        body = [
            {"op": "remove" if value is None else "replace", "path": f"/{path.replace('__', '/')}", "value": value}
            for path, value in changes.items()
        ]
        headers = {"Content-Type": "application/json-patch+json"}
        control.call("PATCH", f"{control.models()}/{MODEL}:{version}", json=body, headers=headers).raise_for_status()

    return patch


def drift(remote: Run, *options: str) -> dict[str, Any]:
    ran = remote("drift", "-o", "json", *options)
    told: dict[str, Any] = json.loads(ran.out)
    assert ran.code == (9 if told["drift"] and "--fix" not in options else ran.code), ran
    return told


def moved(told: dict[str, Any]) -> dict[str, str]:
    return {field["field"]: field["moved"] for field in told["models"][0]["fields"]}


def test_a_registry_that_is_as_the_folders_say_has_none(remote: Run) -> None:
    for form in ("text", "json", "markdown", "github"):
        ran = remote("drift", "-o", form)
        assert ran.code == 0, ran
    assert remote("drift").out.endswith("Drift: none.\n")


def test_a_console_edit_is_told_field_by_field_with_who_and_when(remote: Run, console: Console) -> None:
    console(systemMetadata__license="mit", systemMetadata__languages=["en", "de"], isArchived=True)
    ran = remote("drift")
    assert ran.code == 9, ran
    assert "      differs  system_metadata.license\n          - apache-2.0\n          + mit\n" in ran.out
    assert "          + de\n" in ran.out
    assert "differs  archived" in ran.out
    assert "last changed 20" in ran.out
    assert "by emulator" in ran.out
    (model,) = drift(remote)["models"]
    assert (model["standing"], model["modified_by"]) == ("differs", "emulator")
    (licence,) = [one for one in model["fields"] if one["field"] == "system_metadata.license"]
    assert (licence["before"], licence["after"], licence["class"]) == ("apache-2.0", "mit", "in-place")
    assert "::warning file=" in remote("drift", "-o", "github").out
    shown = remote("drift", "-o", "markdown").out
    assert "system&#95;metadata.license" in shown or "system_metadata.license" in shown


def test_with_the_plan_that_was_applied_both_sides_are_told_apart(remote: Run, console: Console, project: Path) -> None:
    spec = project / "models" / MODEL / "model.yaml"
    edit(spec, "datasets: [bookcorpus, wikipedia]", "datasets: [bookcorpus]")
    told = drift(remote, "--since", "p.json")
    assert (told["drift"], moved(told)) == (False, {"system_metadata.datasets": "folder"})
    assert remote("drift", "--since", "p.json").out.endswith("Drift: none, 1 not applied yet.\n")
    assert moved(drift(remote)) == {"system_metadata.datasets": "unknown"}

    edit(spec, "languages: [en]", "languages: [en, de]")
    console(systemMetadata__license="mit", systemMetadata__languages=["fr"], properties__more="1")
    told = drift(remote, "--since", "p.json")
    assert moved(told) == {
        "description": "folder",  # the card names the languages
        "system_metadata.datasets": "folder",
        "system_metadata.languages": "both",
        "system_metadata.license": "registry",
        "properties.more": "registry",
    }
    assert drift(remote)["models"][0]["fields"][0]["drift"] is False  # a property that stays, and nobody knows why

    ran = remote("drift", "--since", "p.json", "--fix")
    assert ran.code == 9, ran
    text = spec.read_text(encoding="utf-8")
    assert "license: mit\nlanguages: [en, de]\ndatasets: [bookcorpus]\n" in text
    assert "Not taken over: properties.more, system_metadata.languages; `publish plan` and `apply` put" in ran.out


def test_fix_takes_over_what_a_key_says_and_keeps_comments(remote: Run, console: Console, project: Path) -> None:
    folder = project / "models" / MODEL
    metadata = json.loads(remote("show", MODEL, "-o", "json").out)["assets"][0]["system_metadata"]
    computes = {**metadata["supportedComputes"], "inferenceComputes": ["Standard_DS4_v2", "Standard_DS5_v2"]}
    skus = {**metadata["SKU"], "inferenceRecommendedSkus": ["Standard_DS4_v2", "Standard_DS5_v2"]}
    skus["inferenceMinSkuSpec"] = "8|0|28|56"
    console(
        systemMetadata__license="mit",
        systemMetadata__languages=None,
        systemMetadata__hiddenLayerScanned=None,
        systemMetadata__displayName="DistilBERT",
        systemMetadata__deprecation={"inferenceDeprecationDate": "2027-01-31T00:00:00.000000Z"},
        systemMetadata__supportedComputes=computes,
        systemMetadata__SKU=skus,
        isArchived=True,
        tags__semver="1.2.0",
    )
    ran = remote("drift", "--fix")
    text = (folder / "model.yaml").read_text(encoding="utf-8")
    assert ran.code == 0, ran.out + text
    assert f"in models/{MODEL}/model.yaml" in ran.out
    for line in ("license: mit\n", "languages: []\n", "# for batches\n", "  # in words\n", "displayName: DistilBERT\n"):
        assert line in text
    assert "DS3_v2" not in text
    assert "The card is made of the same values" in ran.out
    assert moved(drift(remote)) == {"description": "unknown"}
    assert remote("apply", "--yes").code == 0
    assert remote("drift").code == 0


def test_fix_takes_over_tags_and_the_description(remote: Run, console: Console, project: Path) -> None:
    folder = project / "models" / MODEL
    (folder / "card.md.j2").unlink()
    spec = folder / "model.yaml"
    spec.write_text(spec.read_text() + "description: A small model.\ntags: {team: nlp, gone: 1}\n")
    assert remote("bump").code == 0
    assert remote("apply", "--yes").code == 0
    there = json.loads(remote("show", f"{MODEL}:15", "-o", "json").out)["assets"][0]
    console(
        15,
        tags__team="vision",
        tags__gone=None,
        tags__accuracy="0.850",
        description=there["description"].replace("A small model.", "A fine model."),
    )
    ran = remote("drift", "--fix")
    assert ran.code == 0, ran
    assert spec.read_text().endswith("description: A fine model.\ntags: {team: vision, accuracy: '0.850'}\n")


def test_fix_reads_the_layout_of_tags(remote: Run, console: Console, project: Path) -> None:
    spec = project / "models" / MODEL / "model.yaml"
    # Without fine-tune tasks a model inherits no defaults, so it says its own.
    edit(spec, "mlflow:\n", "finetune_defaults: {apply_lora: true, precision: 16}\nmlflow:\n")
    assert remote("bump").code == 0
    assert remote("apply", "--yes", "--layout", "tags").code == 0
    tags = json.loads(remote("show", f"{MODEL}:15", "-o", "json").out)["assets"][0]["tags"]
    assert tags["license"] == "apache-2.0"
    defaults = tags["model_specific_defaults"].replace("true", "false").replace("16", "32")
    console(15, tags__license="mit", tags__model_specific_defaults=defaults, tags__whoever="me")
    ran = remote("drift", "--layout", "tags", "--fix", "-o", "json")
    fields = {one["field"]: one["fixed"] for one in json.loads(ran.out)["models"][0]["fields"]}
    assert fields == {"tags.license": True, "tags.model_specific_defaults": True, "tags.whoever": True}
    text = spec.read_text(encoding="utf-8")
    assert "license: mit\n" in text
    assert "finetune_defaults: {apply_lora: false, precision: 32}\n" in text


def test_what_no_key_says_is_left_to_plan_and_apply(remote: Run, console: Console, project: Path) -> None:
    spec = project / "models" / MODEL / "model.yaml"
    before = spec.read_text(encoding="utf-8")
    card = project / "models" / MODEL / "card.md.j2"
    console(description="Nothing to see here.\n", systemMetadata__notOurs=1)
    ran = remote("drift", "--fix", "-o", "json")
    assert (ran.code, json.loads(ran.out)["models"][0]["written"]) == (9, [])
    assert spec.read_text(encoding="utf-8") == before
    assert "Nothing to see" not in card.read_text(encoding="utf-8")
    assert remote("apply", "--yes").code == 0
    assert remote("drift").code == 0


def test_a_finished_card_is_taken_over(remote: Run, console: Console, project: Path) -> None:
    folder = project / "models" / MODEL
    (folder / "card.md.j2").unlink()
    (folder / "card.md").write_text("A card of our own.\n", encoding="utf-8")
    assert remote("apply", "--yes").code == 0
    console(description="A card from the console.\n")
    ran = remote("drift", "--fix")
    assert ran.code == 0, ran
    assert (folder / "card.md").read_text(encoding="utf-8") == "A card from the console.\n"


def test_unknown_versions_unknown_models_and_deleted_ones(
    remote: Run, emulator: Emulator, control: ControlPlane, project: Path
) -> None:
    control.register(MODEL, "15")
    control.register("somebodys-model", "3")
    control.register("scratch-1", "1")
    emulator.quirks = Quirks(stale_reads=1)
    told = drift(remote, "--ignore", "scratch-*")
    assert [one["version"] for one in told["models"][0]["unknown_versions"]] == [15]
    assert [(one["model"], one["version"]) for one in told["unknown_models"]] == [("somebodys-model", 3)]
    assert drift(remote, MODEL)["unknown_models"] == []
    assert "version 15 is registered, and no folder names it" in remote("drift").out
    emulator.quirks = Quirks()
    for version in ("14", "15"):
        control.call("DELETE", f"{control.models()}/{MODEL}:{version}").raise_for_status()
    (model,) = drift(remote, MODEL)["models"]
    assert (model["standing"], model["unknown_versions"]) == ("missing", [])
    edit(project / "models" / MODEL / "model.yaml", "version: 14", "version: 16")
    assert drift(remote, MODEL)["models"][0]["standing"] == "not-applied"


def test_a_plan_for_another_registry_tells_nothing(remote: Run, publish: Run) -> None:
    other = publish("drift", "--since", "p.json", "-r", "azureml://registries/other")
    assert (other.code, "is a plan for the registry local, not for other" in other.err) == (2, True)
    assert remote("drift", "--since", "none.json").code == 3
