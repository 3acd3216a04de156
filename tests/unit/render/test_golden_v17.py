"""bert-base-cased, version 17: every tag and every property that the registry's page showed is rendered."""

from __future__ import annotations

import ast
import json
import warnings
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from azureml_publish.assets import LayoutName, RenderedModel
from azureml_publish.layouts.convert import gather
from azureml_publish.layouts.wire import encode
from azureml_publish.project import load_project
from azureml_publish.render import Style, Templates, default_templates, read_sample_links, render_model
from azureml_publish.skus.catalogue import load_catalogue
from azureml_publish.skus.compute import resolve_compute, resolve_presets

ROOT = Path(__file__).parent / "golden_v17"
AS_OF = date(2026, 11, 21)
EXPECTED = yaml.safe_load((ROOT / "expected.yaml").read_text(encoding="utf-8"))
STRUCTURED = (
    "model_specific_defaults",
    "inference_compute_allow_list",
    "evaluation_compute_allow_list",
    "finetune_compute_allow_list",
)


def render(layout: LayoutName | None = None) -> RenderedModel:
    project, mistakes = load_project(ROOT)
    assert mistakes == ()
    assert project is not None
    (folder,) = project.models
    catalogue = load_catalogue()
    compute = resolve_compute(folder.spec, resolve_presets(project.config, catalogue, AS_OF), catalogue, AS_OF)
    assert compute.problems == ()
    templates = Templates(ROOT, project.templates, default_templates())
    links, _ = read_sample_links(templates)
    style = Style(project.config, links, templates, layout or project.config.layout)
    rendered, found = render_model(folder, compute.allow_lists, style)
    assert found == ()
    assert rendered is not None
    return rendered


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    """The asset YAML, as a reader of YAML 1.1 sees it, which azure-ai-ml is."""
    read: dict[str, Any] = yaml.safe_load(render().file("spec.yaml").text)
    return read


def test_name_and_version(spec: dict[str, Any]) -> None:
    assert (spec["name"], spec["version"], spec["path"]) == ("bert-base-cased", 17, "./")
    assert set(spec) == {"$schema", "name", "path", "properties", "tags", "version"}


@pytest.mark.parametrize("section", ["tags", "properties"])
def test_nothing_is_missing_and_nothing_is_extra(spec: dict[str, Any], section: str) -> None:
    assert spec[section] == EXPECTED[section]


@pytest.mark.parametrize("scenario", ["inference", "evaluation", "finetune"])
def test_the_skus_stand_in_their_order(spec: dict[str, Any], scenario: str) -> None:
    listed = spec["tags"][f"{scenario}_compute_allow_list"]
    assert listed == EXPECTED["tags"][f"{scenario}_compute_allow_list"]
    assert ", ".join(listed) == spec["properties"][f"{scenario}-recommended-sku"]


def test_the_min_sku_specs_are_derived(spec: dict[str, Any]) -> None:
    derived = {key: value for key, value in spec["properties"].items() if key.endswith("min-sku-spec")}
    assert derived == {
        "inference-min-sku-spec": "2|0|8|28",
        "evaluation-min-sku-spec": "4|0|28|56",
        "finetune-min-sku-spec": "4|1|28|64",
    }


def test_a_flag_is_an_empty_tag_and_a_true_property(spec: dict[str, Any]) -> None:
    assert spec["tags"]["SharedComputeCapacityEnabled"] == ""
    assert spec["properties"]["SharedComputeCapacityEnabled"] == "True"


@pytest.mark.parametrize("section", ["tags", "properties"])
def test_on_the_wire_all_is_text_and_says_the_same(section: str) -> None:
    rendered = render().asset
    sent = {key: encode(value) for key, value in getattr(rendered, section).items()}
    assert set(sent) == set(EXPECTED[section])
    for key, wanted in EXPECTED[section].items():
        if key in STRUCTURED:
            assert json.loads(sent[key]) == wanted
            assert ast.literal_eval(sent[key]) == wanted
        else:
            assert sent[key] == wanted
    assert {key for key in STRUCTURED if key in sent} == (set(STRUCTURED) if section == "tags" else set())


def test_the_other_layout_says_the_same() -> None:
    metadata = render("system_metadata").asset
    read = gather(EXPECTED["properties"], EXPECTED["tags"], {})
    assert metadata.system_metadata == read.metadata
    assert metadata.tags == read.tags
    assert metadata.properties == read.properties
    assert read.conflicts == ()


@pytest.mark.parametrize("layout", ["tags", "system_metadata"])
def test_azure_ai_ml_loads_it(layout: LayoutName, tmp_path: Path) -> None:
    rendered = render(layout)
    for file in rendered.files:
        (tmp_path / file.path).write_text(file.text, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="azure|marshmallow|msrest|promptflow")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        from azure.ai.ml import load_model

        model = load_model(tmp_path / "spec.yaml")
    assert (model.name, model.version) == ("bert-base-cased", "17")
    if layout == "tags":
        assert dict(model.tags) == EXPECTED["tags"]
        assert dict(model.properties) == EXPECTED["properties"]
    else:
        # azure-ai-ml takes the section and keeps it to itself; there is no public name for it.
        assert vars(model)["_system_metadata"] == rendered.asset.system_metadata
        assert dict(model.properties) == {"SHA": EXPECTED["properties"]["SHA"]}
