"""`publish import` of asset folders with a defect: it is reported with its place, and the rest is imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_import import assets, models
from tests.conftest import Run
from tests.unit.importer.catalogue import CUSTOM, NATIVE, write_asset

__all__ = ["assets", "models"]

BROKEN = {
    "without-spec": (
        lambda root: write_asset(root, "bad", "", MLmodel="x"),
        "bad/asset.yaml:2:1: error IMP001",
    ),
    "unparsable": (
        lambda root: write_asset(root, "bad", "name: [unclosed\n"),
        "bad/spec.yaml:1:7: error DOC001",
    ),
    "a key twice": (
        lambda root: write_asset(
            root, "bad", CUSTOM.replace("custom-one", "bad") + "version: 2\n", kind="custom_model"
        ),
        "bad/spec.yaml:19:1: error DOC002",
    ),
    "two of one name": (
        lambda root: write_asset(root, "zz-bad", NATIVE, notes__md="n"),
        "zz-bad/spec.yaml:1:1: error SPEC030",
    ),
    "contradiction": (
        lambda root: write_asset(
            root, "bad", NATIVE.replace("native-one", "bad").replace("tags:\n", "tags:\n  license: apache-2.0\n"),
            notes__md="n",
        ),
        "bad/spec.yaml:7:3: error IMP003",
    ),
    "author against publisher": (
        lambda root: write_asset(
            root, "bad", NATIVE.replace("native-one", "bad").replace("tags:\n", "tags:\n  author: Me\n").replace(
                "  license: mit\n", "  license: mit\n  publisher: You\n"), notes__md="n",
        ),
        "bad/spec.yaml:7:3: error IMP003",
    ),
    "missing file": (
        lambda root: write_asset(root, "bad", NATIVE.replace("native-one", "bad")),
        "bad/spec.yaml:22:3: error SPEC015",
    ),
    "missing card": (
        lambda root: write_asset(
            root, "bad", CUSTOM.replace("custom-one", "bad"), kind="custom_model", description__md=""
        ),
        "bad/model.yaml:7:3: error SPEC015",
    ),
    "duplicates": (
        lambda root: write_asset(
            root, "bad", NATIVE.replace("native-one", "bad").replace("[en, 'no']", "[en, 'no', en]"), notes__md="n"
        ),
        "bad/spec.yaml:11:25: error IMP005",
    ),
    "no version": (
        lambda root: write_asset(root, "bad", CUSTOM.replace("custom-one", "bad").replace("version: 2", "")),
        "bad/spec.yaml:1:1: error DOC004",
    ),
    "no source": (
        lambda root: write_asset(
            root, "bad", CUSTOM.replace("custom-one", "bad"), model__yaml="publish: {type: custom_model}\n"
        ),
        "bad/model.yaml:1:1: error DOC005",
    ),
    "a password in an address": (
        lambda root: write_asset(
            root,
            "bad",
            CUSTOM.replace("custom-one", "bad"),
            model__yaml="path:\n  type: git\n  uri: https://bob:SECRET@example.com/contoso/models.git\n",
        ),
        "bad/model.yaml:3:3: error DOC005",
    ),
    "an entry that is a list": (
        lambda root: write_asset(root, "bad", CUSTOM.replace("custom-one", "bad"), asset__yaml="- spec.yaml\n"),
        "bad/asset.yaml:1:1: error IMP007",
    ),
    "sections that are none": (
        lambda root: write_asset(
            root, "bad", CUSTOM.replace("custom-one", "bad").replace("tags:", "properties: 3\ntags:")
        ),
        "error DOC005",
    ),
}  # fmt: skip
WRITTEN = {"a key twice", "contradiction", "author against publisher", "missing file", "duplicates"}


@pytest.mark.parametrize("case", BROKEN)
def test_a_bad_folder_is_told_with_its_place_and_the_rest_goes_through(
    publish: Run, assets: Path, models: Path, case: str
) -> None:
    make, place = BROKEN[case]
    make(assets)
    ran = publish("import", str(assets), "--into", str(models), "--check")
    assert ran.code == 4
    assert place in ran.err.replace(str(assets), "")
    assert f"Imported {4 + (case in WRITTEN)} models of 5 into" in ran.out
    assert "NOT EQUAL" not in ran.out
    assert "SECRET" not in ran.out + ran.err
    written = {path.name for path in models.iterdir()}
    assert {"native-one", "native-two", "tagged-one", "custom-one"} <= written
    assert ("bad" in written) == (case in WRITTEN)
    assert not [path for path in models.iterdir() if path.name.startswith(".")]
