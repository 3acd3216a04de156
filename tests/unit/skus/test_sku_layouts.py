"""Derived specs into both layouts, and derived again from what both layouts hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.assets import AllowList, LayoutName
from azureml_publish.layouts.convert import gather, lay_out
from azureml_publish.render.metadata import metadata
from azureml_publish.skus.catalogue import load_catalogue
from azureml_publish.skus.derive import derive_min_spec
from azureml_publish.skus.query import resolve_literal
from azureml_publish.spec import Defaults
from tests.unit.skus.projects import project

CATALOGUE = load_catalogue()
PUBLISHED = json.loads((Path(__file__).parent / "published_lists.json").read_text(encoding="utf-8"))["lists"]
SPEC = project("{}", {"one": "compute: {}\n"}).models[0].spec


@pytest.mark.parametrize("layout", ["tags", "system_metadata"])
@pytest.mark.parametrize("published", PUBLISHED, ids=lambda row: row["min"])
def test_a_derived_spec_survives_either_layout(published: dict[str, Any], layout: LayoutName) -> None:
    names = tuple(f"Standard_{name}" for name in published["skus"].split())
    derived = derive_min_spec(resolve_literal(CATALOGUE, names).skus).spec
    laid_out = lay_out(metadata(SPEC, Defaults(), {"inference": AllowList(names, derived)}), layout)
    if layout == "tags":
        assert laid_out.properties["inference-min-sku-spec"] == published["min"]
    gathered: Any = gather(laid_out.properties, laid_out.tags, laid_out.system_metadata).metadata
    assert gathered["SKU"]["inferenceMinSkuSpec"] == published["min"]
    again = gathered["SKU"]["inferenceRecommendedSkus"]
    assert again == list(names) == gathered["supportedComputes"]["inferenceComputes"]
    assert str(derive_min_spec(resolve_literal(CATALOGUE, again).skus).spec) == published["min"]
