"""What a registry holds: a table, a page about one version, and JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from azureml_publish.assets import MANIFEST_PROPERTY, AssetId, RegisteredAsset
from azureml_publish.reporters.paint import Paint
from azureml_publish.reporters.registered import asset_text, assets_json, assets_text

BERT = RegisteredAsset(
    id=AssetId("local", "bert", 18),
    type="mlflow_model",
    description="# bert\n\nA card.\n",
    tags={"license": "apache-2.0", "Preview": ""},
    properties={MANIFEST_PROPERTY: "f" * 64, "languages": "en"},
    system_metadata={
        "tasks": {"inferenceTasks": ["fill-mask"], "fineTuningTasks": ["a", "b"]},
        "scanned": True,
        "epochs": 1.5,
        "nothing": None,
        "none": [],
        "maps": [{"n": 1}],
    },
    path="https://one.blob.core.windows.net/c-1/abc/mlflow_model_folder",
    created_at="2026-11-21T07:06:05.123456+00:00",
)
DISTIL = RegisteredAsset(AssetId("local", "distilbert", 2), "custom_model", "", {}, {}, {}, "https://one/c-2/m")


class TestTable:
    def test_a_version_is_a_line_below_the_titles(self) -> None:
        assert assets_text([BERT, DISTIL]) == (
            "MODEL       VERSION  TYPE          CREATED (UTC)        ASSET\n"
            "bert        18       mlflow_model  2026-11-21 07:06:05  azureml://registries/local/models/bert/versions/18\n"
            "distilbert  2        custom_model                       "
            "azureml://registries/local/models/distilbert/versions/2\n"
        )

    def test_an_archived_version_is_marked_in_a_column_that_is_there_for_it(self) -> None:
        titles, bert, distil = assets_text([replace(BERT, archived=True), DISTIL]).splitlines()
        assert "07:06:05  archived  azureml://" in bert
        assert "archived" not in titles + distil
        assert titles.index("ASSET") == bert.index("azureml://") == distil.index("azureml://")

    def test_no_versions_are_a_sentence(self) -> None:
        assert assets_text([]) == "No models are registered.\n"
        assert assets_text([], Paint(enabled=True)) == "No models are registered.\n"

    def test_colour_changes_nothing_but_colour(self) -> None:
        painted = assets_text([BERT, DISTIL], Paint(enabled=True))
        assert painted.startswith("\x1b[1mMODEL ")
        assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == assets_text([BERT, DISTIL])


class TestPage:
    def test_a_version_is_told_field_by_field_and_then_its_card(self) -> None:
        assert asset_text(BERT) == (
            "asset                                  azureml://registries/local/models/bert/versions/18\n"
            "type                                   mlflow_model\n"
            "created                                2026-11-21T07:06:05.123456+00:00\n"
            "archived                               no\n"
            "files                                  https://one.blob.core.windows.net/c-1/abc/mlflow_model_folder\n"
            "tags.Preview\n"
            "tags.license                           apache-2.0\n"
            "properties.languages                   en\n"
            f"properties.publish.manifest            {'f' * 64}\n"
            "system_metadata.epochs                 1.5\n"
            'system_metadata.maps                   {"n": "1"}\n'
            "system_metadata.none\n"
            "system_metadata.nothing\n"
            "system_metadata.scanned                True\n"
            "system_metadata.tasks.fineTuningTasks  a, b\n"
            "system_metadata.tasks.inferenceTasks   fill-mask\n"
            "\n"
            "| # bert\n"
            "|\n"
            "| A card.\n"
        )

    def test_an_archived_version_says_so(self) -> None:
        assert "archived  yes\n" in asset_text(replace(DISTIL, archived=True))

    @pytest.mark.parametrize("card", ["", "\n\n", "# card", "# card\n", "# card\n\n\n"])
    @pytest.mark.parametrize("paint", [Paint(), Paint(enabled=True)], ids=["plain", "painted"])
    def test_it_ends_in_one_newline_whatever_the_card_ends_in(self, card: str, paint: Paint) -> None:
        text = asset_text(replace(DISTIL, description=card), paint)
        assert text.endswith("\n")
        assert not text.endswith("\n\n")

    def test_a_card_stands_behind_bars(self) -> None:
        card = "one\ntwo\n\n    code\nerror: \x1b[2J\n"
        shown = "| one\n| two\n|\n|     code\n| error: \u241b[2J\n"
        assert asset_text(replace(BERT, description=card)).endswith(f"\n\n{shown}")

    def test_a_value_of_many_lines_stays_at_its_name(self) -> None:
        text = asset_text(replace(BERT, tags={"a\nb": "one\ntype  forged"}))
        assert "tags.a\u240ab" in text
        assert not re.search("^type +forged", text, re.MULTILINE)

    def test_names_are_bold_and_colour_changes_nothing_but_colour(self) -> None:
        painted = asset_text(BERT, Paint(enabled=True))
        assert "\x1b[1mtags.license" in painted
        assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == asset_text(BERT)


class TestJson:
    def test_a_version_is_whole(self) -> None:
        assert json.loads(assets_json([BERT])) == {
            "schema_version": 1,
            "assets": [
                {
                    "asset_id": "azureml://registries/local/models/bert/versions/18",
                    "model": "bert",
                    "version": 18,
                    "type": "mlflow_model",
                    "archived": False,
                    "created_at": "2026-11-21T07:06:05.123456+00:00",
                    "path": "https://one.blob.core.windows.net/c-1/abc/mlflow_model_folder",
                    "manifest": "f" * 64,
                    "description": "# bert\n\nA card.\n",
                    "tags": {"license": "apache-2.0", "Preview": ""},
                    "properties": {MANIFEST_PROPERTY: "f" * 64, "languages": "en"},
                    "system_metadata": dict(BERT.system_metadata),
                }
            ],
        }

    def test_a_version_of_another_tool_has_no_manifest(self) -> None:
        (asset,) = json.loads(assets_json([replace(DISTIL, archived=True)]))["assets"]
        assert asset["manifest"] is None
        assert asset["archived"] is True

    def test_no_versions_are_an_empty_list(self) -> None:
        assert json.loads(assets_json([])) == {"schema_version": 1, "assets": []}

    @pytest.mark.parametrize("assets", [[], [BERT], [BERT, DISTIL]])
    def test_it_ends_in_one_newline(self, assets: list[RegisteredAsset]) -> None:
        assert assets_json(assets).endswith("}\n")
