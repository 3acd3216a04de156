"""Whatever an asset says, the spec that is made of it says the same: on generated catalogues, in both layouts."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azureml_publish.asset_folders import AssetFolder, ReadFolder
from azureml_publish.assets import LayoutName
from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.documents import dump_yaml, parse_yaml
from azureml_publish.importer.cards import make_card
from azureml_publish.importer.comparison import NOTHING, compare, same
from azureml_publish.importer.defaults import propose_defaults
from azureml_publish.importer.draft import Draft, draft_spec
from azureml_publish.importer.new_folder import ImportSettings, NewFolder, make_model_folder
from azureml_publish.importer.presets import choose_presets, name_list
from azureml_publish.importer.writing import write_yaml
from azureml_publish.layouts.convert import lay_out
from azureml_publish.project import ModelFolder
from azureml_publish.render import Style, Templates, default_templates, read_sample_links
from azureml_publish.skus.catalogue import load_catalogue
from azureml_publish.skus.compute import resolve_presets
from azureml_publish.skus.query import resolve_literal
from azureml_publish.spec import ModelSpec, ProjectConfig

AS_OF = date(2026, 11, 21)
MODEL = {
    "path": {
        "type": "azureblob",
        "storage_name": "examplestorage",
        "container_name": "models",
        "container_path": "a/b",
    },
    "publish": {"description": "description.md", "type": "mlflow_model"},
}
FILES = {"asset": "asset.yaml", "spec": "spec.yaml", "model": "model.yaml", "card": "description.md"}
SIZES = ("Standard_NC6s_v3", "Standard_NC24ads_A100_v4", "Standard_DS3_v2", "Standard_DS4_v2", "Standard_E4s_v3")

words = st.text("abcXYZ019 -_.,:'\"#{}[]|&*!%@`\n\tæß→", max_size=12)
lists = st.lists(st.sampled_from(SIZES), min_size=1, max_size=5, unique=True)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("kLmn"), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def metadata(draw: st.DrawFn) -> dict[str, Any]:
    """System metadata as catalogues have it, some of it of a type that nobody expects."""
    computes = {scenario: draw(lists) for scenario in draw(st.sets(st.sampled_from(["inference", "finetune"])))}
    data: dict[str, Any] = {
        "tasks": {"inferenceTasks": ["fill-mask"]}
        | ({"fineTuningTasks": ["text-classification"]} if draw(st.booleans()) else {}),
        "SKU": {f"{scenario}RecommendedSkus": draw(st.permutations(skus)) for scenario, skus in computes.items()}
        | {f"{scenario}MinSkuSpec": draw(st.sampled_from(["4|0|14|28", "1|0|1|1"])) for scenario in computes},
        "supportedComputes": {f"{scenario}Computes": skus for scenario, skus in computes.items()},
    }
    optional = {
        "license": words,
        "languages": st.lists(st.sampled_from(["en", "no", "de"]), min_size=1, unique=True),
        "datasets": st.lists(words, min_size=1, max_size=3),
        "hiddenLayerScanned": st.booleans(),
        "sharedComputeCapacityEnabled": st.booleans(),
        "summary": words,
        "maxOutputTokens": st.integers(0, 9999) | words,
        "keywords": st.lists(words, min_size=1, max_size=3),
        "platformCapabilities": st.fixed_dictionaries({}, optional={"enableBatch": st.booleans()}),
        "deprecation": st.just({"inferenceRetirementDate": "2025-08-30T00:00:00.000000Z"}),
        "skuToNumReplicasMap": st.dictionaries(st.sampled_from(SIZES), st.integers(1, 8), min_size=1),
        "newService": anything,
        "licenseDescription": words | anything,
    }
    for key in draw(st.sets(st.sampled_from(sorted(optional)))):
        data[key] = draw(optional[key])
    return {key: value for key, value in data.items() if value != {}}


def asset_folder(spec: dict[str, Any], **more: Any) -> ReadFolder:
    document, _ = parse_yaml(dump_yaml(spec), "a/spec.yaml")
    assert document is not None
    entry = {"extra_config": "model.yaml", "spec": "spec.yaml", "type": "model", "categories": ["One"]}
    given_folder = {"asset": entry, "model": MODEL, "files": FILES, "card": "", **more}
    return ReadFolder(AssetFolder("a", Path("a"), "a", spec, **given_folder), document)


def fold(read: ReadFolder, tmp: Path = Path("/nowhere")) -> tuple[NewFolder, Draft]:
    found: list[Diagnostic] = []
    draft = draft_spec(read, found)
    assert draft is not None, found
    catalogue = load_catalogue()
    names, presets = choose_presets([draft, draft], {}, catalogue)
    config = ProjectConfig.model_validate({"presets": presets, "defaults": propose_defaults([draft, draft])})
    templates = Templates(tmp, tmp / "templates", default_templates())
    links, _ = read_sample_links(templates)
    style = Style(config, links, templates, draft.layout)
    selected = resolve_presets(config, catalogue, AS_OF)
    made = make_model_folder(draft, ImportSettings(tmp / "models", style, selected, names, catalogue, AS_OF), found)
    assert made is not None, found
    return made, draft


@settings(max_examples=120)
@given(native=metadata(), layout=st.sampled_from(["tags", "system_metadata"]), further=anything)
def test_what_an_asset_says_its_model_folder_says(native: dict[str, Any], layout: LayoutName, further: Any) -> None:
    laid_out = lay_out(native, layout)
    spec = {
        "$schema": "https://azuremlschemas.azureedge.net/latest/model.schema.json",
        "name": "a",
        "path": "./",
        "properties": {**laid_out.properties, "SHA": "abc", "nobody.knows": further},
        "tags": {**laid_out.tags, "Deprecated": further},
        "system_metadata": laid_out.system_metadata,
        "stage": further,
        "version": 3,
    }
    spec = {key: value for key, value in spec.items() if value != {} and value is not None}
    made, _ = fold(asset_folder(spec))
    assert made.unequal == ()


@given(data=st.dictionaries(words.filter(bool), anything, max_size=4))
def test_what_is_written_reads_back(data: dict[str, Any]) -> None:
    document, wrong = parse_yaml(write_yaml(data), "x.yaml")
    assert document is not None, write_yaml(data)
    assert (wrong, document.data or {}) == ((), data)


def test_texts_and_lists_are_written_for_people() -> None:
    data = {"a": ["x" * 30] * 5, "b": {"c": "one\ntwo\n", "d": "5e-6"}, "e": {"f": 1, "g": [True, None]}}
    assert write_yaml(data) == (
        f"a:\n  [{'x' * 30}, {'x' * 30}, {'x' * 30},\n   {'x' * 30}, {'x' * 30}]\n"
        "b:\n  c: |\n    one\n    two\n  d: '5e-6'\ne: {f: 1, g: [true, null]}\n"
    )


@pytest.mark.parametrize(
    ("sizes", "name"),
    [
        (("Standard_DS3_v2", "Standard_NC6s_v3"), "cpu-4c-14g"),
        (("Standard_ND96asr_v4", "Standard_NC24ads_A100_v4"), "gpu-a100"),
        (("Standard_ND96asr_v4", "Standard_ND40rs_v2"), "gpu-8x-v100"),
        (("Standard_NC4as_T4_v3",), "gpu-t4"),
    ],
)
def test_a_preset_is_called_by_its_least_machine(sizes: tuple[str, ...], name: str) -> None:
    assert name_list(resolve_literal(load_catalogue(), sizes).skus) == name


def test_types_count_in_a_comparison() -> None:
    assert not same(1, True)
    assert not same(1, 1.0)
    assert not same(["a"], "a")
    assert same({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]})
    told = list(compare("spec.yaml", {"tags": {"a": 1, "gone": 2}}, {"tags": {"a": True}, "y": 1}, "tags"))
    assert [(one.key_path, one.after) for one in told] == [
        (("tags", "a"), True),
        (("tags", "gone"), NOTHING),
        (("y",), 1),
    ]
    assert repr(NOTHING) == "nothing"


def test_the_strings_of_a_service_are_compared_as_such() -> None:
    before, after = {"tags": {"a": "16", "b": {"c": "true"}}}, {"tags": {"a": 16, "b": {"c": True}}}
    assert list(compare("spec.yaml", before, after, "tags", strings=True)) == []
    assert len(list(compare("spec.yaml", before, after, "tags"))) == 2


SPEC = {
    "name": "a",
    "version": 1,
    "source": {"huggingface": "o/a", "revision": "0" * 40},
    "tasks": {"inference": "fill-mask"},
}


def card_of(text: str, tmp_path: Path) -> tuple[dict[str, bytes], int | None]:
    templates = Templates(tmp_path, tmp_path / "templates", default_templates())
    links, _ = read_sample_links(templates)
    document, _ = parse_yaml("{}", "model.yaml")
    assert document is not None
    folder = ModelFolder("a", tmp_path / "a", ModelSpec.model_validate(SPEC), document, "card.md.j2", "")
    card = make_card(text, folder, {}, Style(ProjectConfig(), links, templates, "tags"))
    return dict(card.files), card.blocks


def test_a_card_that_the_template_would_write_becomes_its_blocks(tmp_path: Path) -> None:
    made = card_of("First.\n", tmp_path)[0]["card.md.j2"].decode()
    assert "{% block summary %}\nFirst.\n{% endblock %}" in made
    # A table that the template would show, and this card does not have.
    assert "{% block inference_samples %}{% endblock %}" in made
    sample = '## Sample input\n\n```json\n{\n    "a": 1\n}\n```'
    text = f"First {{{{ x }}}}.\n\n# License\n\nMIT\n\n# Sample inputs and outputs\n\n{sample}\n"
    files, blocks = card_of(text, tmp_path)
    assert set(files) == {"card.md.j2", "samples/input.json"}
    assert files["samples/input.json"] == b'{\n    "a": 1\n}\n'
    assert blocks == 1
    assert "{% raw %}First {{ x }}.{% endraw %}" in files["card.md.j2"].decode()


@pytest.mark.parametrize(
    "text",
    [
        "First.",
        "First.\r\n",
        "First.\n\n\n# License\n\nMIT\n",
        "# License\n\nMIT\n\n# Intended Use\n\nNone.\n",
        "First.\n\n# Something else\n\nWords.\n",
        "\ufeffFirst.\n\n# Nothing\n",
        "{% endraw %}\n",
        "# License\n\n# Intended Use\n\nx\n",
        "",
    ],
)
def test_any_other_card_stays_as_it_is(text: str, tmp_path: Path) -> None:
    assert card_of(text, tmp_path) == ({"card.md": text.encode()}, None)


@settings(max_examples=60)
@given(text=st.text("a #\n`{}%-→", max_size=60))
def test_no_card_loses_a_character(text: str) -> None:
    files, blocks = card_of(text, Path("/nowhere"))
    assert (blocks is None) == (files.get("card.md") == text.encode())


def test_what_is_of_another_type_than_a_spec_wants_is_carried(tmp_path: Path) -> None:
    native = {"tasks": {"inferenceTasks": ["fill-mask"]}, "license": ["two"], "preview": "yes", "languages": "en"}
    made, _ = fold(asset_folder({"name": "a", "version": 1, "system_metadata": native}))
    assert set(made.verbatim) >= {"system_metadata.license", "system_metadata.preview", "system_metadata.languages"}
    assert made.unequal == ()


@pytest.mark.parametrize(
    "tag",
    [
        {"apply_lora": True},
        {"apply_lora": "maybe"},
        {"unknown": 1},
        {"lr_scheduler_type": 3},
        "text",
        {"precision": [1]},
    ],
)
def test_fine_tune_defaults_that_no_type_fits_are_carried(tag: object) -> None:
    spec = {"name": "a", "version": 1, "tags": {"model_specific_defaults": tag, "task": "fill-mask"}}
    made, _ = fold(asset_folder(spec))
    assert any(one.startswith("tags.model_specific_defaults") for one in made.verbatim)
    assert made.unequal == ()


def test_sizes_that_the_catalogue_lacks_are_carried() -> None:
    native = {
        "tasks": {"inferenceTasks": ["fill-mask"]},
        "supportedComputes": {"inferenceComputes": ["Standard_New_v9", "Standard_DS3_v2"]},
    }
    made, _ = fold(asset_folder({"name": "a", "version": 1, "system_metadata": native}))
    assert "system_metadata.supportedComputes.inferenceComputes" in made.verbatim
    assert made.unequal == ()


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ({"type": "git", "uri": "https://huggingface.co/o/a", "branch": "0" * 40}, "huggingface"),
        ({"type": "git", "uri": "https://huggingface.co/o/a", "branch": "main"}, "git"),
        ({"type": "git", "uri": "https://example.org/a.git"}, "git"),
        ({"type": "local", "uri": "./weights"}, "local"),
    ],
)
def test_every_kind_of_source_comes_in(path: dict[str, str], source: str) -> None:
    spec = {"name": "a", "version": 1, "properties": {"SHA": "0" * 40}, "tags": {"task": "fill-mask"}}
    model = {"path": path, "publish": MODEL["publish"]}
    made, draft = fold(asset_folder(spec, model=model))
    assert next(iter(draft.head["source"])) == source
    assert made.unequal == ()


def test_a_container_that_cannot_be_is_told() -> None:
    found: list[Diagnostic] = []
    model = {"path": {**MODEL["path"], "storage_name": "No Such Name"}, "publish": MODEL["publish"]}
    draft = draft_spec(asset_folder({"name": "a", "version": 1, "tags": {"task": "fill-mask"}}, model=model), found)
    assert draft is not None
    catalogue = load_catalogue()
    templates = Templates(Path("/nowhere"), Path("/nowhere/templates"), default_templates())
    links, _ = read_sample_links(templates)
    style = Style(ProjectConfig(), links, templates, "tags")
    settings = ImportSettings(Path("/nowhere/models"), style, {}, {}, catalogue, AS_OF)
    assert make_model_folder(draft, settings, found) is None
    assert [(one.code, one.severity) for one in found] == [("DOC005", Severity.ERROR)]
