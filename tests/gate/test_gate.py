"""What is rendered passes Microsoft's validator of its catalogue, run as it is from its package (`make gate`)."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from azureml_publish.lint.rules.vocabularies import vocabulary
from tests.conftest import REPOSITORY, Run, lacking
from tests.unit.lint.examples import compose, shown_codes

pytestmark = pytest.mark.gate

PYTHON = REPOSITORY / ".venv-gate" / "bin" / "python"
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
STRICT = [f"GATE00{number}" for number in range(1, 8)]
"""Examples in the profile `microsoft-catalog`."""

GENERAL = "license: MIT\ntasks: {inference: fill-mask}\ncompute: {inference: [Standard_D4a_v4, Standard_D8a_v4]}\n"


@pytest.fixture(autouse=True)
def installed() -> None:
    if not PYTHON.exists():
        lacking("gate", "make gate installs Microsoft's validator into .venv-gate")


def passes(folders: Iterable[Path], home: Path) -> dict[Path, str]:
    """Asset folders, and why the validator refuses each; empty where it passes one."""
    ran = subprocess.run(
        [str(PYTHON), str(Path(__file__).with_name("validate_all.py"))],
        input=json.dumps([str(folder) for folder in folders]),
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
    )
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    return {Path(folder): "" if "All validations passed" in text else text for folder, text in said.items()}


def rendered(project: Path, publish: Run) -> list[Path]:
    ran = publish("-C", str(project), "render", "--out", str(project / "gate"))
    return sorted(path.parent for path in (project / "gate").rglob("asset.yaml")) if ran.code == 0 else []


def in_strict_profile(project: Path) -> None:
    """The project as it is, for the catalogue."""
    config = project / "publish.yaml"
    text = config.read_text(encoding="utf-8")
    if "profile:" not in text:
        config.write_text(f"{text}\nprofile: microsoft-catalog\n", encoding="utf-8")


def has_errors(project: Path, publish: Run) -> bool:
    return publish("-C", str(project), "lint").code != 0


def test_the_shipped_models_and_the_one_of_readme_pass(publish: Run, tmp_path: Path) -> None:
    project = tmp_path / "shipped"
    project.mkdir()
    shutil.copyfile(REPOSITORY / "publish.yaml", project / "publish.yaml")
    shutil.copytree(REPOSITORY / "models", project / "models")

    def block(language: str, beginning: str) -> str:
        found = re.search(rf"```{language}\n({re.escape(beginning)}.*?)```", README, re.DOTALL)
        assert found, beginning
        return found[1]

    folder = tmp_path / "walk" / "models" / "my-bert"
    folder.mkdir(parents=True)
    (tmp_path / "walk" / "publish.yaml").write_text("profile: microsoft-catalog\n", encoding="utf-8")
    spec = block("yaml", "name: my-bert") + block("yaml", "  finetune:")
    (folder / "model.yaml").write_text(spec, encoding="utf-8")
    (folder / "card.md.j2").write_text(block("jinja", "{% extends"), encoding="utf-8")
    assert not has_errors(tmp_path / "walk", publish)
    folders = [*rendered(project, publish), *rendered(tmp_path / "walk", publish)]
    assert len(folders) == 4
    assert not [why for why in passes(folders, tmp_path).values() if why]


def test_what_lints_clean_in_the_strict_profile_passes(publish: Run, tmp_path: Path) -> None:
    """Every good example that is a model and lints clean in this profile; and the bad ones of its own rules do not."""
    clean: list[Path] = []
    for code in shown_codes("good"):
        project = compose("good", code, tmp_path / code)
        if (project / "models").is_dir() and (project / "publish.yaml").is_file():
            in_strict_profile(project)
            if not has_errors(project, publish):
                clean.extend(rendered(project, publish))
    assert {code for code in STRICT if not any(code in folder.parts for folder in clean)} == set()
    refused: list[Path] = []
    for code in STRICT:
        project = compose("bad", code, tmp_path / f"bad-{code}")
        assert has_errors(project, publish)
        if code != "GATE004":  # of the layout, which a model without tags of its own need not show
            refused.extend(rendered(project, publish))
    said = passes([*clean, *refused], tmp_path)
    assert {folder: said[folder] for folder in clean if said[folder]} == {}
    assert [folder for folder in refused if not said[folder]] == []


@pytest.mark.parametrize("section", ["metadata", "tags", "scenarios"])
def test_lint_and_the_validator_agree(publish: Run, tmp_path: Path, section: str) -> None:
    """Of generated models, the strict profile and the validator find fault with the same ones."""
    models = GENERATED[section]
    project = compose("good", "GATE005", tmp_path / "generated")
    shutil.rmtree(project / "models" / "little")
    head = "source: {huggingface: org/little, revision: 5532cc56f74641d4bb33641f5c76a55d11f846e0}\n"
    for number, text in enumerate(models):
        folder = project / "models" / f"m{number:03}"
        folder.mkdir()
        (folder / "model.yaml").write_text(f"name: m{number:03}\nversion: 1\n{head}{text}", encoding="utf-8")
        shutil.copyfile(REPOSITORY / "tests/examples/base/project/models/little/card.md.j2", folder / "card.md.j2")
    ran = publish("-C", str(project), "lint", "--format", "json")
    found = json.loads(ran.out)["diagnostics"]
    linted = {Path(one["path"]).parts[1] for one in found if one["severity"] == "error"}
    folders = rendered(project, publish)
    assert len(folders) == len(models)
    refused = {folder.name for folder, why in passes(folders, tmp_path).items() if why}
    assert refused == linted, [models[int(name[1:])] for name in refused ^ linted]
    assert refused
    assert len(refused) < len(models)


def with_metadata(text: str) -> str:
    return f"{GENERAL}metadata: {{sharedComputeCapacityEnabled: true}}\nextra: {{system_metadata: {{{text}}}}}\n"


SHARED = "metadata: {sharedComputeCapacityEnabled: true}\n"
SIZES = "[Standard_NC24ads_A100_v4]"
TRAINED = "tasks: {inference: fill-mask, finetune: [summarization]}\n"
GENERATED = {
    "metadata": [
        with_metadata(text)
        for text in (
            "maapSurcharge: true", "maapSurcharge: 'true'", "featureFlags: [OpenAITest]", "featureFlags: OpenAITest",
            "maasFinetuning: {maasFinetuningTest: true, maasFinetuningOffer: true}",
            "maasFinetuning: {maasFinetuningOffer: 'x'}", "datasets: [5]", "datasets: [squad]", "datasets: squad",
            "skuToNumReplicasMap: {default: 1}", "skuToNumReplicasMap: {default: '1'}",
            "skuToNumReplicasMap: {default: 0}", "deploymentOptionDetails: {MaaP: text}",
            "deploymentOptionDetails: {zzz: text}", "deploymentOptionDetails: {MaaP: 1}", "links: {zzz: 1}",
            "links: {pricing: https://example.org}", "links: {pricing: example.org}", "baseModelWeightsVersion: 1.0",
            "baseModelWeightsVersion: v1", "baseModelWeightsVersion: [1]", "baseModelWeightsVersion: true",
            "keywords: [Agents, Vision, RAG]", "keywords: [Agentz]", "displayName: ''",
            "languages: [en, de]", "languages: [EN]", "textContextWindow: 0", "textContextWindow: 4096",
            "invisibleUntil: '2027-01-01T00:00:00.0Z'", "invisibleUntil: '2027-01-01'", "trainingDataDate: May 2023",
            "trainingDataDate: 2023", "isDirectFromAzure: false", "foundryLocal: test", "foundryLocal: true",
            "tasks: {fineTuningMethods: [x]}", "tasks: {fineTuningMethods: [3]}", "zzz: 1", "platformCapabilities: 1",
        )
    ],
    "tags": [
        GENERAL + SHARED + text
        for text in (
            "tags: {Deprecated: ''}\n", "tags: {training_dataset: COCO}\n", "tags: {team: search}\n", "semver: 1.2.3\n",
            "extra: {tags: {contextLength: 5}}\n", "extra: {tags: {contextLength: x}}\n",
            "extra: {tags: {_aml_system_vanity_registry: zzz}}\n", "extra: {properties: {zzz: x}}\n",
            "extra: {tags: {_aml_system_vanity_registry: azureml-phi}}\n",
            "extra: {properties: {baseWeightsId: Llama-2-7b}}\n", "extra: {properties: {baseWeightsId: zzz}}\n",
            "extra: {properties: {azureml.copyRegistryFilesToWorkspace: true}}\n", "extra: {root: {zzz: 1}}\n",
            "extra: {properties: {azureml.x: y}}\n", "extra: {root: {stage: Production}}\n", "archived: true\n",
            "tags: {license: zzz}\n", "tags: {task: flying}\n", "tags: {Preview: ''}\n", "tags: {author: ''}\n",
            "tags: {hiddenlayerscanned: ''}\n", "tags: {SharedComputeCapacityEnabled: ''}\n",
            "tags: {maas-inference: 'true'}\n", "tags: {finetune_compute_allow_list: zzz}\n",
            "extra: {tags: {license: MIT}}\n", "extra: {asset: {type: zzz}}\n", "extra: {asset: {type: model}}\n",
            "extra: {model: {publish: {type: zzz}}}\n", "extra: {model: {publish: {description: nothing.md}}}\n",
        )
    ],
    "scenarios": [
        "license: MIT\n" + text
        for text in (
            f"tasks: {{inference: fill-mask}}\ncompute: {{inference: {SIZES}}}\n{SHARED}",
            f"tasks: {{inference: fill-mask}}\ncompute: {{inference: {SIZES}}}\n",
            f"tasks: {{inference: fill-mask}}\n{SHARED}",
            f"tasks: {{inference: fill-mask}}\ncompute: {{inference: {SIZES}, evaluation: {SIZES}}}\n{SHARED}",
            f"tasks: {{inference: fill-mask}}\ncompute: {{inference: {SIZES}, finetune: {SIZES}}}\n{SHARED}",
            f"{TRAINED}compute: {{inference: {SIZES}, finetune: {SIZES}}}\n{SHARED}",
            f"{TRAINED}compute: {{inference: {SIZES}}}\n{SHARED}",
            f"tasks: {{inference: fill-mask}}\ncompute: {{evaluation: {SIZES}}}\n{SHARED}",
        )
    ],
}  # fmt: skip
"""The keys of models from the licence on, by what varies."""


def test_values_of_the_vocabulary_are_taken(publish: Run, tmp_path: Path) -> None:
    """Every value of every closed list in one model, but for keywords, of which three may be named."""
    keys = {
        name: key
        for name, key in vocabulary().items()
        if key.type == "array" and key.values and "." not in name and name != "keywords"
    }
    project = compose("good", "GATE003", tmp_path / "strict")
    spec = project / "models" / "little" / "model.yaml"
    lines = [f"    {name}: {[str(value) for value in key.values]}" for name, key in keys.items() if name != "languages"]
    spec.write_text(spec.read_text() + "extra:\n  system_metadata:\n" + "\n".join(lines) + "\n", encoding="utf-8")
    assert not has_errors(project, publish)
    assert not [why for why in passes(rendered(project, publish), tmp_path).values() if why]
