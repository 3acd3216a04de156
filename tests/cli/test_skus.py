"""`publish skus`: what a person meets, offline."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.cli.skus import VERBS
from azureml_publish.lint.rules.vocabularies import vocabulary
from azureml_publish.project import load_project
from azureml_publish.skus.catalogue import load_catalogue
from azureml_publish.skus.compute import resolve_presets
from tests.cli.test_startup import without_sdk
from tests.conftest import REPOSITORY, Run, edit

RETIRED = """\
presets:
  cpu-small: {families: [Dasv4, Esv3], min: 2|0|8|28}
  cpu-medium:                        # as agreed in May
    - Standard_D4as_v4
    - Standard_D8as_v4
  gpu-t4:
    - Standard_NC6s_v3               # V100
    - Standard_NC4as_T4_v3
    - Standard_NC64as_T4_v3
"""


@pytest.fixture
def aged(project: Path) -> Path:
    """The shipped project with a literal list that names a retired size."""
    config = project / "publish.yaml"
    text = config.read_text(encoding="utf-8")
    start, end = text.index("presets:"), text.index("defaults:")
    config.write_text(f"{text[:start]}{RETIRED}\n{text[end:]}", encoding="utf-8")
    return project


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(publish: Run, verb: str) -> None:
    shown = publish("skus", verb, "--help")
    assert shown.code == 0
    assert shown.out.startswith(f"Usage: publish skus {verb}")


OFFLINE = [
    ["--help"],
    ["list", "--family", "NC_A100_v4"],
    ["min"],
    ["show", "bert-base-cased"],
    ["fit", "--weights", "1GiB"],
    ["retiring"],
    ["prune"],
    ["refresh", "--help"],
]


def test_offline_verbs_import_no_sdk(project: Path) -> None:
    assert without_sdk(project, [["skus", *verb] for verb in OFFLINE])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["lst"], 2, "Did you mean list?"),
        (["list", "--family", "NCasT5"], 2, "Did you mean NCasT4_v3? There are: Dsv2, Dv2, "),
        (["list", "--include", "Standard_NC6s_v33"], 2, "Did you mean Standard_NC6s_v3 or"),
        (["list", "--gpu-model", "H1000"], 2, "H100"),
        (["list", "--min", "4|1|28"], 2, "vCPUs|GPUs|memory GiB|disk GiB, for example 4|1|28|64"),
        (["list", "--family", "NC_A100_v4", "--min", "1|8|1|1"], 2, "`min: 1|8|1|1` leaves out all 3 sizes"),
        (["list", "--family", "NCv3"], 2, "all 4 sizes of the query are retired"),
        (["list", "--max-gpus", "-1"], 2, "--max-gpus"),
        (["min", "Standard_NC6s_v33"], 2, "Did you mean Standard_NC6s_v3"),
        (["min", "--preset", "gpu"], 3, "There are: cpu-small, cpu-medium, gpu-t4."),
        (["min", "Standard_NC6s_v3", "bert-base-cased"], 2, "either sizes or models"),
        (["min", "bert-base-case"], 3, "bert-base-cased"),
        (["show"], 2, "MODEL"),
        (["show", "bert-*", "-o", "svg"], 2, "a picture shows one"),
        (["show", "gpt2"], 3, "gpt2"),
        (["fit"], 2, "--weights"),
        (["fit", "--weights", "much"], 2, "12GiB"),
        (["fit", "--weights", "0GiB"], 2, "12GiB"),
        (["fit", "--weights", "1GiB", "--full"], 2, "--scenario finetune"),
        (["fit", "--weights", "1GiB", "--scenario", "finetune", "--cpu"], 2, "without GPUs"),
        (["fit", "--weights", "1GiB", "--precision", "int4", "--scenario", "finetune", "--full"], 2, "--lora"),
        (["fit", "--weights", "1GiB", "--scenario", "finetune", "--zero-stage", "4"], 2, "1<=x<=3"),
        (["fit", "--weights", "1GiB", "--scenario", "finetune", "--hidden", "768"], 2, "--layers, --sequence"),
        (["retiring", "--within", "soon"], 2, "180d or 26w"),
        (["refresh"], 2, "AZURE_SUBSCRIPTION_ID"),
    ],
)
def test_a_wrong_argument_gets_its_code_and_the_mend(publish: Run, arguments: list[str], code: int, said: str) -> None:
    ran = publish("skus", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_list_takes_the_words_of_publish_yaml(publish: Run, project: Path) -> None:
    words = ["--family", "NCasT4_v3", "--family", "NC_A100_v4", "--family", "ND_A100_v4", "--min", "4|1|28|64"]
    shown = publish("skus", "list", *words, "--exclude", "Standard_ND96asr_v4", "--max-gpus", "4", "-o", "json")
    listed = json.loads(shown.out)
    assert listed["min_sku"] == "4|1|28|64"
    names = [size["name"] for size in listed["sizes"]]
    assert names[0] == "Standard_NC4as_T4_v3"
    query = (
        "{families: [NCasT4_v3, NC_A100_v4, ND_A100_v4], min: 4|1|28|64, max_gpus: 4, exclude: [Standard_ND96asr_v4]}"
    )
    edit(project / "models/bert-base-cased/model.yaml", "finetune: gpu-t4", f"finetune: {query}")
    asked = json.loads(publish("skus", "min", "bert-base-cased", "-o", "json").out)["lists"]
    assert next(one["sizes"] for one in asked if one["list"] == "bert-base-cased finetune") == names


def test_list_as_a_table(publish: Run) -> None:
    ran = publish("skus", "list", "--gpu-model", "A100 40GB")
    assert ran.out == (
        "SIZE                VCPUS  GPUS  MEM GIB  DISK GIB  GPU               FAMILY        RETIRES\n"
        "Standard_ND96asr_v4     96     8      900      6000  NVIDIA A100 40GB  NDasrA100_v4\n"
        "\nmin 96|8|900|6000\n"
    ).replace("SIZE                VCPUS", "SIZE                 VCPUS")
    assert ran.err == "1 size as of " + ran.err.rpartition(" ")[2]


def test_list_without_words_shows_what_is_not_retired(publish: Run) -> None:
    now = json.loads(publish("skus", "list", "--as-of", "2026-11-21", "-o", "json").out)["sizes"]
    all_gone = json.loads(publish("skus", "list", "--as-of", "2030-01-01", "-o", "json").out)["sizes"]
    assert len(now) > len(all_gone) > 100
    assert not any(size["name"].endswith("s_v3") and "_NC" in size["name"] for size in now)


def test_what_a_query_leaves_out_is_told_beside_the_table(publish: Run) -> None:
    ran = publish("skus", "list", "--family", "NC_H100_v5", "--min", "1|1|1|64")
    assert ran.code == 0
    assert "Standard_NC80adis_H100_v5' is left out" in ran.err
    assert "NC80adis" not in ran.out


def test_min_says_which_size_sets_what(publish: Run) -> None:
    ran = publish("skus", "min", "Standard_NC24ads_A100_v4", "Standard_NC4as_T4_v3")
    assert ran.out == (
        "these sizes  4|1|28|64  from 2 sizes\n"
        "  vCPUs           4  set by NC4as_T4_v3\n"
        "  GPUs            1  set by NC24ads_A100_v4, NC4as_T4_v3\n"
        "  memory GiB     28  set by NC4as_T4_v3\n"
        "  disk GiB       64  set by NC24ads_A100_v4\n"
    )


def test_min_derives_what_it_can_and_says_what_it_could_not(publish: Run) -> None:
    ran = publish("skus", "min", "Standard_NC80adis_H100_v5")
    assert "80|2|640|?" in ran.out
    assert "unknown of NC80adis_H100_v5" in ran.out
    listed = json.loads(publish("skus", "min", "Standard_NC80adis_H100_v5", "-o", "json").out)["lists"][0]
    assert listed["min_sku"] is None
    assert [one["value"] for one in listed["figures"]] == [80, 2, 640, None]


def test_min_of_presets_and_models(publish: Run) -> None:
    every = json.loads(publish("skus", "min", "-o", "json").out)["lists"]
    assert [(one["list"], one["min_sku"]) for one in every] == [
        ("cpu-small", "2|0|8|32"),
        ("cpu-medium", "4|0|28|64"),
        ("gpu-t4", "4|1|28|64"),
    ]
    one = json.loads(publish("skus", "min", "--preset", "gpu-*", "-o", "json").out)["lists"]
    assert [found["list"] for found in one] == ["gpu-t4"]
    model = json.loads(publish("skus", "min", "distilbert*", "-o", "json").out)["lists"]
    assert [found["list"] for found in model] == ["cpu-small", "cpu-medium"]


def test_shipped_lists_hold_what_stays_and_what_microsofts_catalogue_takes() -> None:
    shipped, mistakes = load_project(REPOSITORY)
    assert shipped is not None
    assert not mistakes
    retiring = {size.name for size in load_catalogue() if size.retirement}
    taken = set(vocabulary()["SKU.inferenceRecommendedSkus"].values)
    for name, selection in resolve_presets(shipped.config, load_catalogue(), date(2026, 11, 28)).items():
        sizes = {size.name for size in selection.skus}
        assert sizes, name
        assert not sizes & retiring, name
        assert sizes <= taken, name


def test_without_a_project_the_catalogue_still_answers(publish: Run, project: Path) -> None:
    (project / "publish.yaml").unlink()
    assert publish("skus", "list", "--family", "NC_A100_v4").code == 0
    assert publish("skus", "fit", "--weights", "1GiB").code == 0
    assert publish("skus", "retiring").code == 2


def test_an_overlay_is_used_and_its_contradictions_are_told(publish: Run, project: Path) -> None:
    overlay = project / "skus.overlay.csv"
    overlay.write_text("name,memory_gib,source\nStandard_NC4as_T4_v3,29,our test\n", encoding="utf-8")
    assert "4|1|29|64" in publish("skus", "min", "--preset", "gpu-t4").out
    lint = publish("lint", "-o", "json")
    assert lint.code == 0
    (found,) = json.loads(lint.out)["diagnostics"]
    assert (found["code"], found["severity"], found["path"], found["line"]) == (
        "SKU013",
        "warning",
        "skus.overlay.csv",
        2,
    )
    overlay.write_text("name,memory_gib\nStandard_NC4as_T4_v3,much\n", encoding="utf-8")
    assert publish("lint").code == 4
    assert publish("plan").code == 4


def test_fit_shows_its_arithmetic_and_its_sources(publish: Run) -> None:
    ran = publish("skus", "fit", "--weights", "12GiB", "--precision", "fp16", "--scenario", "inference")
    assert "weights   12.0" in ran.out
    assert "overhead   2.4" in ran.out
    assert "[2] accelerate" in ran.out
    assert "Too small: NV6ads_A10_v5" in ran.out
    assert "Not judged" in ran.out
    assert "NV4ads_V710_v5" in ran.out
    found = json.loads(
        publish(
            "skus", "fit", "--weights", "12GiB", "--scenario", "finetune", "--full", "--zero-stage", "3", "-o", "json"
        ).out
    )
    assert [part["name"] for part in found["parts"]] == ["weights", "gradients", "optimiser"]
    assert all(part["divided"] and part["source"] for part in found["parts"])
    fits = {size["name"]: size["fits"] for size in found["sizes"]}
    assert fits["Standard_NC24ads_A100_v4"] is False
    assert fits["Standard_NC48ads_A100_v4"] is True
    assert fits["Standard_NV4ads_V710_v5"] is None


def test_fit_says_that_nothing_fits(publish: Run) -> None:
    ran = publish("skus", "fit", "--weights", "9TiB", "--scenario", "finetune", "--full")
    assert ran.code == 0
    assert "No size holds it" in ran.out


def test_retiring_tells_lists_days_specs_and_consequences(publish: Run, aged: Path) -> None:
    ran = publish("skus", "retiring", "--within", "60d", "--as-of", "2025-09-01", "--layout", "tags")
    assert ran.out == (
        "gpu-t4 (list, publish.yaml): goes on 2025-09-30\n"
        "  loses   NC6s_v3; 2 stay\n"
        "  min     4|1|28|176 stays\n"
        "  serves  bert-base-cased finetune, bert-large-cased finetune\n"
        "  means   once it is pruned, a new version each: the layout tags keeps lists in properties, "
        "which never change\n"
        "\n1 list loses sizes from 2025-09-01 to 2025-10-31; 2 do not.\n"
    )
    now = json.loads(publish("skus", "retiring", "-o", "json", "--as-of", "2026-11-21").out)
    (loss,) = now["losses"]
    assert (loss["list"], loss["gone"], loss["sizes"], loss["new_version"]) == (
        "gpu-t4",
        True,
        ["Standard_NC6s_v3"],
        False,
    )
    assert now["layout"] == "system_metadata"


def test_prune_shows_the_difference_and_writes_only_when_told(publish: Run, aged: Path) -> None:
    config = aged / "publish.yaml"
    before = config.read_text(encoding="utf-8")
    shown = publish("skus", "prune", "--as-of", "2026-11-21")
    assert shown.code == 0
    assert shown.out == (
        "--- a/publish.yaml\n+++ b/publish.yaml\n@@ -11,7 +11,6 @@\n"
        "     - Standard_D4as_v4\n     - Standard_D8as_v4\n   gpu-t4:\n"
        "-    - Standard_NC6s_v3               # V100\n"
        "     - Standard_NC4as_T4_v3\n     - Standard_NC64as_T4_v3\n \n"
    )
    assert shown.err == "gpu-t4: without NC6s_v3\nNothing is written; --write does.\n"
    assert config.read_text(encoding="utf-8") == before

    written = publish("skus", "prune", "--write", "-o", "json")
    assert json.loads(written.out)["written"] is True
    assert config.read_text(encoding="utf-8") == before.replace("    - Standard_NC6s_v3               # V100\n", "")
    again = publish("skus", "prune", "--write")
    assert (again.code, again.out) == (0, "")
    assert again.err.startswith("Nothing is retired as of ")


def test_prune_refuses_to_empty_a_list(publish: Run, aged: Path) -> None:
    edit(aged / "models/bert-base-cased/model.yaml", "finetune: gpu-t4", "finetune: [Standard_NC6s_v3]")
    ran = publish("skus", "prune", "--write", "bert-base-cased")
    assert ran.code == 4
    assert "refused bert-base-cased finetune (models/bert-base-cased/model.yaml): its only size is retired" in ran.err
    assert "[Standard_NC6s_v3]" in (aged / "models/bert-base-cased/model.yaml").read_text(encoding="utf-8")


def test_prune_bumps_just_the_models_that_need_it(publish: Run, aged: Path) -> None:
    """In the layout `tags` the two models with the list need a version each, the third does not."""
    edit(aged / "publish.yaml", "layout: system_metadata", "layout: tags")
    assert publish("apply", "--yes").code == 0
    ran = publish("skus", "prune", "--bump", "--write")
    assert ran.code == 0, ran.err
    assert "bert-base-cased: version 18 → 19" in ran.err
    assert "bert-large-cased: version 21 → 22" in ran.err
    assert "distilbert" not in ran.err
    assert "-version: 18\n+version: 19\n" in ran.out
    planned = actions(publish("plan", "-o", "json").out)
    assert planned == {
        "bert-base-cased": "create",
        "bert-large-cased": "create",
        "distilbert-base-uncased": "unchanged",
    }


def test_prune_bumps_nothing_where_a_change_is_in_place(publish: Run, aged: Path) -> None:
    assert publish("apply", "--yes").code == 0
    ran = publish("skus", "prune", "--bump", "--write")
    assert ran.code == 0, ran.err
    assert "version" not in ran.err
    assert set(actions(publish("plan", "-o", "json").out).values()) == {"update", "unchanged"}


def actions(text: str) -> dict[str, str]:
    return {action["model"]: action["action"] for action in json.loads(text)["actions"]}


def test_show_draws_text_json_and_a_picture(publish: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    shown = publish("skus", "show", "bert-base-cased", "--as-of", "2026-11-21")
    assert re.search(r"^NCasT4_v3 +T4 16GB +●●●● +●●●● +●●●●$", shown.out, re.MULTILINE)
    assert re.search(r"^min +2\|0\|8\|32 +4\|0\|28\|64 +4\|1\|28\|64$", shown.out, re.MULTILINE)
    monkeypatch.setenv("COLUMNS", "40")
    assert max(map(len, publish("skus", "show", "bert-base-cased").out.splitlines())) <= 40

    drawn: dict[str, Any] = json.loads(publish("skus", "show", "bert*", "-o", "json").out)
    assert [model["model"] for model in drawn["models"]] == ["bert-base-cased", "bert-large-cased"]
    assert drawn["models"][0]["min_sku"]["finetune"] == "4|1|28|64"

    picture = publish("skus", "show", "distilbert*", "-o", "svg", "--as-of", "2026-11-21").out
    assert ET.fromstring(picture).tag.endswith("svg")
    wrote = publish("skus", "show", "distilbert*", "-o", "svg", "--out", "chart.svg", "--as-of", "2026-11-21")
    assert (wrote.out, wrote.err) == ("", "Written: chart.svg.\n")
    assert (project / "chart.svg").read_text(encoding="utf-8") == picture


def test_the_shipped_models_are_clean_as_of_today(publish: Run) -> None:
    ran = publish("lint", "--as-of", "2026-11-21")
    assert (ran.code, ran.out, ran.err) == (0, "", "No findings in 3 models.\n")


@pytest.mark.parametrize(("answer", "written"), [("y\n", True), ("n\n", False)])
def test_prune_asks_on_a_terminal(
    publish: Run, aged: Path, monkeypatch: pytest.MonkeyPatch, answer: str, *, written: bool
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(answer))
    ran = publish("skus", "prune")
    assert ran.code == 0
    assert "Write 1 file?" in ran.err
    assert ("Standard_NC6s_v3" not in (aged / "publish.yaml").read_text(encoding="utf-8")) is written


def test_the_verbs_named_like_builtins_do_not_get_in_their_way(publish: Run) -> None:
    assert publish("skus", "list").code == publish("skus", "min").code == 0
    assert publish("skus", "--help").code == 0
    assert publish("--help").code == 0
