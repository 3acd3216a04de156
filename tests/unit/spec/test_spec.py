"""What people write: both files are read as they are documented, and every mistake is told where it stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from azureml_publish.cli.schema import SCHEMAS
from azureml_publish.diagnostics import Diagnostic
from azureml_publish.documents import parse_yaml
from azureml_publish.spec import (
    HubSource,
    LocalSource,
    ModelSpec,
    ProjectConfig,
    RegistryConfig,
    SampleLinks,
    SkuQuery,
    read_spec,
)
from azureml_publish.spec.reading import Written

ROOT = Path(__file__).parents[3]

DOCUMENTED_MODEL = """\
# models/bert-base-cased/model.yaml
name: bert-base-cased
version: 18
type: mlflow_model                       # or custom_model, triton_model
source:
  huggingface: google-bert/bert-base-cased
  revision: 5532cc56f74641d4bb33641f5c76a55d11f846e0    # full commit; a branch or tag is refused
license: apache-2.0
languages: [en]
datasets: [bookcorpus, wikipedia]
tasks: {inference: fill-mask, finetune: [text-classification, question-answering]}
finetune_defaults: {apply_deepspeed: true, apply_lora: true, apply_ort: true}
compute:
  inference: cpu-small                   # a preset
  evaluation: cpu-medium
  finetune: {families: [NCasT4_v3, NC_A100_v4, ND_A100_v4], min: 4|1|28|64, exclude: [Standard_ND96asr_v4]}
metadata: {hiddenLayerScanned: true, sharedComputeCapacityEnabled: true}   # any other key of the service
"""

DOCUMENTED_PROJECT = """\
# publish.yaml
layout: system_metadata
registries:
  local: {emulator: .publish/registry}          # the default: embedded, on disk, no account needed
  dev:   {name: contoso-dev}
  prod:  {name: contoso-prod, protected: true}  # apply asks, or needs --yes
presets: {cpu-small: {families: [Dsv2], min: 2|0|8|28}, literal: [Standard_NC6s_v3]}
defaults: {finetune: {apply_deepspeed: true}}
"""

LEAST = """\
name: a
version: 1
source: {huggingface: org/a, revision: main}
tasks: {inference: fill-mask}
"""


def typed(text: str, kind: type[Written]) -> tuple[Any, tuple[Diagnostic, ...]]:
    document, found = parse_yaml(text, "file.yaml")
    assert document is not None
    assert found == ()
    return read_spec(document, kind)


def valid(text: str, kind: type[Written] = ModelSpec) -> Any:
    spec, found = typed(text, kind)
    assert found == ()
    return spec


def mistakes(text: str, kind: type[Written] = ModelSpec) -> list[tuple[str, int, int]]:
    spec, found = typed(text, kind)
    assert spec is None
    assert all(one.hint and one.message for one in found)
    return [(one.code, one.location.line, one.location.column) for one in found]


def only_mistake(text: str, kind: type[Written] = ModelSpec) -> Diagnostic:
    spec, (found,) = typed(text, kind)
    assert spec is None
    return found


def test_the_documented_model_is_read() -> None:
    spec = valid(DOCUMENTED_MODEL)
    assert spec.source == HubSource(
        huggingface="google-bert/bert-base-cased", revision="5532cc56f74641d4bb33641f5c76a55d11f846e0"
    )
    assert (spec.name, spec.version, spec.type, spec.license) == ("bert-base-cased", 18, "mlflow_model", "apache-2.0")
    assert spec.tasks.finetune == ("text-classification", "question-answering")
    assert spec.compute.inference == "cpu-small"
    assert spec.compute.finetune == SkuQuery(
        families=("NCasT4_v3", "NC_A100_v4", "ND_A100_v4"), min="4|1|28|64", exclude=("Standard_ND96asr_v4",)
    )
    assert spec.metadata.hidden_layer_scanned is True
    assert spec.finetune_defaults.apply_ort is True


def test_the_documented_project_is_read() -> None:
    config = valid(DOCUMENTED_PROJECT, ProjectConfig)
    assert config.layout == "system_metadata"
    assert config.registries["prod"] == RegistryConfig(name="contoso-prod", protected=True)
    assert config.registries["dev"].protected is False
    assert config.presets["cpu-small"].min == "2|0|8|28"
    assert config.presets["literal"] == ("Standard_NC6s_v3",)
    assert config.defaults.finetune.apply_deepspeed is True


def test_an_empty_publish_yaml_is_a_project_with_an_embedded_registry() -> None:
    config = valid("# nothing yet\n", ProjectConfig)
    assert config.registries == {"local": RegistryConfig(emulator=".publish/registry")}
    assert (config.registry, config.layout, config.presets) == ("local", "system_metadata", {})


def test_the_least_that_a_model_must_say() -> None:
    spec = valid(LEAST)
    assert (spec.type, spec.license, spec.languages, spec.compute.inference) == ("mlflow_model", None, (), None)
    assert mistakes("") == [("DOC004", 1, 1)] * 3


def test_every_mistake_of_a_file_is_told_at_once_and_at_its_place() -> None:
    text = """\
name: 5
version: '18'
source:
  huggingface: org/a
  revison: main
tasks: {finetune: [text-classification]}
compute:
  inference: {familys: [Dsv2], min: 4-1}
  evaluation: [Standard_NC6s_v3, 7]
languages: en
metadata: {hiddenlayerScanned: true, preview: 'yes'}
lisence: mit
"""
    spec, found = typed(text, ModelSpec)
    assert spec is None
    told = {(one.location.line, one.location.column): (one.code, one.message, one.hint) for one in found}
    assert {place: code for place, (code, _, _) in told.items()} == {
        (1, 1): "DOC005",
        (2, 1): "DOC005",
        (3, 1): "DOC004",
        (5, 3): "DOC003",
        (6, 1): "DOC004",
        (8, 15): "DOC003",
        (8, 32): "DOC005",
        (9, 34): "DOC005",
        (10, 1): "DOC005",
        (11, 12): "DOC003",
        (11, 38): "DOC005",
        (12, 1): "DOC003",
    }
    assert len(found) == len(told)
    assert told[5, 3][2] == "Did you mean 'revision'?"
    assert told[8, 15][2] == "Did you mean 'families'?"
    assert told[11, 12][2] == "Did you mean 'hiddenLayerScanned'?"
    assert told[12, 1][2] == "Did you mean 'license'?"
    assert "4|1|28|64" in told[8, 32][1]
    assert "'compute.evaluation.1' is 7" in told[9, 34][1]
    assert "full commit" in told[3, 1][2].lower()


def test_a_key_that_resembles_nothing_is_answered_with_what_is_known() -> None:
    found = only_mistake(LEAST + "compute: {zzz: cpu}\n")
    assert found.hint == "Known here: evaluation, finetune, inference."


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("version: 1.0", "a whole number"),
        ("version: true", "a whole number"),
        ("version: '1'", "a whole number"),
        ("version: 1e3", "a whole number"),
        ("name: 010", "text"),
        ("name:", "text"),
        ("name: [a]", "text"),
        ("type: mlflow", "one of 'mlflow_model', 'custom_model' or 'triton_model'"),
        ("source: org/a", "a mapping"),
        ("source: {huggingface: a b, revision: x}", "it does not match"),
        ("source: {huggingface: ../.., revision: x}", "it does not match"),
        ("source: {huggingface: a/.., revision: x}", "it does not match"),
        ("source: {huggingface: a..b/c, revision: x}", "it does not match"),
        ("source: {huggingface: .a/b, revision: x}", "it does not match"),
        ('source: {huggingface: "a/b?c", revision: x}', "it does not match"),
        ("source: {huggingface: a/%2e%2e, revision: x}", "it does not match"),
        ("tasks: fill-mask", "a mapping"),
        ("tasks: {inference: ''}", "it must not be empty"),
        ("license: 2", "text"),
        ("languages: no", "a list"),
        ("languages: [1]", "text"),
        ("datasets: {a: b}", "a list"),
        ("min_sku: {finetune: 4|1|28}", "not of the form vCPUs|GPUs"),
        ("min_sku: {finetune: [4, 1, 28, 64]}", "text"),
        ("mlflow: {python: 3.11}", "text"),
        ("finetune_defaults: {apply_lora: yes}", "true or false"),
        ("finetune_defaults: {precision: true}", "a number"),
        ("finetune_defaults: {max_seq_length: long}", "a number"),
        ("compute: {inference: []}", "at least one item"),
        ("compute: {inference: 5}", "a list"),
        ("compute: {inference: {max_gpus: -1}}", "0 or more"),
        ("metadata: {maxOutputTokens: 5.0}", "a whole number"),
        ("metadata: {keywords: fast}", "a list"),
        ("metadata: {platformCapabilities: {enableMaap: 1}}", "true or false"),
        ("metadata: {skuToNumReplicasMap: {Standard_NC6s_v3: many}}", "a whole number"),
    ],
)
def test_a_value_of_the_wrong_type_is_told_with_what_is_wanted(line: str, wanted: str) -> None:
    key = line.partition(":")[0]
    rest = [old for old in LEAST.splitlines() if not old.startswith(f"{key}:")]
    found = only_mistake("\n".join([*rest, line, ""]))
    assert found.code == "DOC005"
    assert found.location.line == len(rest) + 1
    assert wanted in found.message
    assert found.hint


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("source: {local: files, revision: main}", "It belongs to another form of 'source'; keep to one form."),
        ("source: {local: files, revison: main}", "Did you mean 'revision'?"),
    ],
)
def test_a_key_of_the_other_kind_of_source_is_told_as_such(line: str, hint: str) -> None:
    found = only_mistake(f"name: a\nversion: 1\n{line}\ntasks: {{inference: fill-mask}}\n")
    assert (found.code, found.location.line, found.location.column) == ("DOC003", 3, 24)
    assert found.hint == hint


def test_sources_are_the_hub_and_a_local_folder() -> None:
    hub = "source: {huggingface: org/a, revision: main}"
    written = LEAST.replace(hub, "source: {huggingface: org/a, revision: main, include: ['*.json'], exclude: [a.json]}")
    assert valid(written).source == HubSource(
        huggingface="org/a", revision="main", include=("*.json",), exclude=("a.json",)
    )
    assert valid(LEAST.replace(hub, "source: {local: ../files}")).source == LocalSource(local="../files")
    assert mistakes(LEAST.replace(hub, "source: {}")) == [("DOC004", 3, 1)] * 2


@pytest.mark.parametrize("written", ["{emulator: .publish/registry}", "{name: contoso-dev}", "{name: azureml}"])
def test_a_registry_is_embedded_or_of_azure(written: str) -> None:
    assert valid(f"registries: {{dev: {written}}}", ProjectConfig).registries["dev"]


@pytest.mark.parametrize("written", ["{}", "{protected: true}", "{emulator: here, name: contoso-dev}"])
def test_a_registry_that_is_neither_or_both_is_refused(written: str) -> None:
    found = only_mistake(f"registries:\n  dev: {written}\n", ProjectConfig)
    assert (found.code, found.location.line, found.location.column) == ("DOC005", 2, 3)
    assert "either 'emulator: FOLDER' or 'name: REGISTRY'" in found.message


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("layout: flat\n", 1, 1),
        ("registries:\n  a: {name: x}\n", 2, 7),
        ("registries:\n  a: {name: -abc}\n", 2, 7),
        ("registries:\n  a: {emulator: x, hub: mirror}\n", 2, 20),
        ("registries: [a]\n", 1, 1),
        ("registry: 5\n", 1, 1),
        ("registry: prod\n", 1, 1),
        ("registry: prod\nregistries:\n  dev: {name: contoso}\n", 1, 1),
        ("presets:\n  cpu: other\n", 2, 3),
        ("presets:\n  cpu: []\n", 2, 3),
        ("presets:\n  cpu: {min: 4}\n", 2, 9),
        ("defaults: {metadata: {preview: 1}}\n", 1, 23),
    ],
)
def test_a_wrong_value_of_publish_yaml_is_told_at_its_place(text: str, line: int, column: int) -> None:
    found = only_mistake(text, ProjectConfig)
    assert (found.code, found.location.line, found.location.column) == ("DOC005", line, column)
    assert "_allow_list_kind" not in found.message


@pytest.mark.parametrize("named", ["dev", "azureml://registries/contoso"])
def test_the_registry_that_is_meant_is_listed_or_an_address(named: str) -> None:
    assert valid(f"registry: {named}\nregistries:\n  dev: {{name: contoso}}\n", ProjectConfig).registry == named


@pytest.mark.parametrize("section", ["compute", "metadata", "tasks", "source", "languages"])
def test_an_empty_section_is_told_where_the_key_stands(section: str) -> None:
    rest = [line for line in LEAST.splitlines() if not line.startswith(section)]
    assert mistakes("\n".join([*rest, f"{section}:", ""])) == [("DOC005", len(rest) + 1, 1)]


@pytest.mark.parametrize("section", ["license", "min_sku", "finetune_defaults", "mlflow", "categories"])
def test_an_empty_section_that_may_be_left_out_is_as_left_out(section: str) -> None:
    assert valid(f"{LEAST}{section}:\n") == valid(LEAST)


@pytest.mark.parametrize("text", ["[]", "just text", "5"])
def test_a_file_that_is_no_mapping_is_one_mistake(text: str) -> None:
    assert mistakes(text) == [("DOC005", 1, 1)]


def test_the_language_code_no_and_small_numbers_stay_what_they_are() -> None:
    spec = valid(LEAST + "languages: [no, en]\nfinetune_defaults: {learning_rate: 5e-6, deepspeed_stage: '3'}\n")
    assert spec.languages == ("no", "en")
    assert spec.finetune_defaults.learning_rate == 5e-6
    assert spec.finetune_defaults.deepspeed_stage == "3"


def test_a_min_sku_is_kept_in_its_own_form() -> None:
    assert valid(LEAST + "min_sku: {inference: 2 | 0 | 8 | 28}\n").min_sku.inference == "2|0|8|28"


def test_the_order_of_a_literal_list_is_kept() -> None:
    spec = valid(LEAST + "compute: {inference: [Standard_NC6s_v3, Standard_DS3_v2]}\n")
    assert spec.compute.inference == ("Standard_NC6s_v3", "Standard_DS3_v2")


def test_a_spec_cannot_be_changed_once_read() -> None:
    spec = valid(LEAST)
    with pytest.raises(ValueError, match="frozen"):
        spec.version = 2


def test_a_sample_link_is_https() -> None:
    text = "inference:\n  fill-mask:\n    - notebook: {text: a, url: http://example.com}\n"
    found = only_mistake(text, SampleLinks)
    assert (found.location.line, found.location.column) == (3, 27)
    assert found.hint == "Begin it with https://."


def schema(which: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((ROOT / f"docs/schemas/{which}.schema.json").read_text(encoding="utf-8")))


def plain(text: str) -> Any:
    document, _ = parse_yaml(text, "file.yaml")
    assert document is not None
    return document.data


@pytest.mark.parametrize("which", SCHEMAS)
def test_the_shipped_schema_is_that_of_the_code(which: str) -> None:
    written = json.loads((ROOT / f"docs/schemas/{which}.schema.json").read_text(encoding="utf-8"))
    assert written.pop("$schema") == "https://json-schema.org/draft/2020-12/schema"
    assert written == SCHEMAS[which][1]()
    Draft202012Validator.check_schema(written)


@pytest.mark.parametrize("path", sorted(ROOT.glob("models/*/model.yaml")), ids=lambda path: path.parent.name)
def test_the_schema_takes_every_shipped_model(path: Path) -> None:
    assert list(schema("model").iter_errors(plain(path.read_text(encoding="utf-8")))) == []


def test_the_schema_takes_the_shipped_project_and_the_documented_files() -> None:
    assert list(schema("publish").iter_errors(plain((ROOT / "publish.yaml").read_text(encoding="utf-8")))) == []
    assert list(schema("publish").iter_errors(plain(DOCUMENTED_PROJECT))) == []
    assert list(schema("model").iter_errors(plain(DOCUMENTED_MODEL))) == []
    assert list(schema("model").iter_errors(plain(LEAST))) == []


@pytest.mark.parametrize(
    ("which", "text"),
    [
        ("model", LEAST + "lisence: mit\n"),
        ("model", LEAST + "metadata: {hiddenlayerScanned: true}\n"),
        ("model", LEAST + "compute: {inference: {familys: [Dsv2]}}\n"),
        ("model", LEAST.replace("version: 1", "version: one")),
        ("publish", "registrys: {}\n"),
        ("publish", "registries: {a: {name: contoso, protect: true}}\n"),
        ("publish", "defaults: {finetune: {apply_lor: true}}\n"),
    ],
)
def test_the_schema_refuses_what_the_code_refuses(which: str, text: str) -> None:
    assert list(schema(which).iter_errors(plain(text)))
    kind = ModelSpec if which == "model" else ProjectConfig
    assert typed(text, kind)[0] is None


@pytest.mark.parametrize("version", ["1.2.0", "0.0.0", "1.0.0-rc.1", "1.0.0-alpha+build.7", "10.20.30"])
def test_a_semantic_version_rides_along(version: str) -> None:
    document, _ = parse_yaml(f"{LEAST}semver: {version}\n", "model.yaml")
    assert document is not None
    spec, found = read_spec(document, ModelSpec)
    assert found == ()
    assert spec is not None
    assert spec.semver == version


@pytest.mark.parametrize("version", ["1.2", "v1.2.0", "01.2.0", "1.2.0-", "1.2.0-01", "1.0", "latest"])
def test_what_is_no_semantic_version_is_refused(version: str) -> None:
    document, _ = parse_yaml(f"{LEAST}semver: {version}\n", "model.yaml")
    assert document is not None
    spec, found = read_spec(document, ModelSpec)
    assert spec is None
    assert found[0].location.line == LEAST.count("\n") + 1
