"""The story of `make demo` and what comes after it, in the embedded registry, with the real clients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.emulator import Emulator
from tests.conftest import Run, edit

pytestmark = pytest.mark.usefixtures("shared_registry")

SHIPPED = ("bert-base-cased", "bert-large-cased", "distilbert-base-uncased")


def test_three_models_from_folder_to_verified_version(publish: Run, project: Path) -> None:
    assert publish("lint").code == 0

    rendered = publish("render")
    assert rendered.code == 0
    assert sorted(path.name for path in (project / "build").iterdir()) == list(SHIPPED)
    assert {path.name for path in (project / "build" / SHIPPED[0]).iterdir()} == {
        "MLmodel", "asset.yaml", "description.md", "model.yaml", "spec.yaml",
    }  # fmt: skip

    planned = actions(publish("plan", "-o", "json").out)
    assert {model: action["action"] for model, action in planned.items()} == dict.fromkeys(SHIPPED, "create")

    applied = publish("apply", "--yes", "-o", "json")
    assert applied.code == 0
    results = json.loads(applied.out)["results"]
    assert [result["outcome"] for result in results] == ["created"] * 3
    assert all(result["files"] == 11 and result["size"] > 100_000 for result in results)

    verified = publish("verify", "-o", "json")
    assert verified.code == 0
    assert [check["intact"] for check in json.loads(verified.out)["checks"]] == [True] * 3

    listed = json.loads(publish("list", "-o", "json").out)["assets"]
    assert [(asset["model"], asset["version"]) for asset in listed] == list(zip(SHIPPED, (18, 21, 14), strict=True))
    card = (project / "build" / SHIPPED[0] / "description.md").read_text(encoding="utf-8")
    assert listed[0]["description"] == card
    assert listed[0]["system_metadata"]["SKU"]["finetuneMinSkuSpec"] == "4|1|28|64"


def test_a_second_apply_has_nothing_to_do(publish: Run) -> None:
    assert publish("apply", "--yes").code == 0
    before = publish("list", "--all", "-o", "json").out
    again = publish("apply", "--yes")
    assert (again.code, again.out) == (0, "Nothing to do: the registry local is as the folders say.\n")
    assert without_ports(publish("list", "--all", "-o", "json").out) == without_ports(before)


def test_changed_content_without_a_bump_is_a_conflict_and_writes_nothing(publish: Run, project: Path) -> None:
    publish("apply", "--yes")
    before = publish("list", "--all", "-o", "json").out
    spec = project / "models" / "bert-base-cased" / "model.yaml"
    edit(spec, "tokenizer_class: BertTokenizerFast", "tokenizer_class: BertTokenizer")
    edit(project / "models" / "bert-large-cased" / "model.yaml", "languages: [en]", "languages: [en, de]")

    planned = publish("plan", "-o", "json")
    assert planned.code == 6
    assert actions(planned.out)["bert-base-cased"]["action"] == "conflict"
    assert "publish bump bert-base-cased" in actions(planned.out)["bert-base-cased"]["hint"]

    refused = publish("apply", "--yes")
    assert refused.code == 6
    assert "nothing was written" in refused.err
    assert without_ports(publish("list", "--all", "-o", "json").out) == without_ports(before)


def test_bump_writes_the_next_free_version_and_keeps_every_other_character(publish: Run, project: Path) -> None:
    publish("apply", "--yes", "bert-base-cased")
    spec = project / "models" / "bert-base-cased" / "model.yaml"
    edit(spec, "version: 18\n", "version: 18   # as reviewed\n")
    before = spec.read_text(encoding="utf-8")

    bumped = publish("bump", "bert-base-cased")
    assert (bumped.code, bumped.out) == (0, "bert-base-cased: 18 → 19\n")
    assert spec.read_text(encoding="utf-8") == before.replace("version: 18 ", "version: 19 ")

    assert publish("bump", "bert-base-cased").out == "bert-base-cased: 19 is still free\n"
    assert publish("apply", "--yes", "bert-base-cased").code == 0
    listed = json.loads(publish("list", "--all", "-o", "json").out)["assets"]
    assert [asset["version"] for asset in listed] == [19, 18]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            b"\xef\xbb\xbfname: bert-base-cased\r\nversion: 18\r\n",
            b"\xef\xbb\xbfname: bert-base-cased\r\nversion: 19\r\n",
        ),
        (b"version: 18 # \xc3\xa9\nname: bert-base-cased\n", b"version: 19 # \xc3\xa9\nname: bert-base-cased\n"),
    ],
)
def test_bump_keeps_byte_order_marks_and_line_ends(publish: Run, project: Path, before: bytes, after: bytes) -> None:
    publish("apply", "--yes", "bert-base-cased")
    spec = project / "models/bert-base-cased/model.yaml"
    head = b"name: bert-base-cased\nversion: 18\n"
    original = spec.read_bytes().partition(b"\n")[2]
    assert original.startswith(head)
    spec.write_bytes(original.replace(head, before))
    assert publish("bump", "bert-base-cased").code == 0
    assert spec.read_bytes() == original.replace(head, after)


def test_a_version_that_cannot_be_replaced_alone_is_left_to_its_author(publish: Run, project: Path) -> None:
    publish("apply", "--yes", "bert-base-cased")
    spec = project / "models/bert-base-cased/model.yaml"
    edit(spec, "version: 18", "version: &number 18")
    edit(spec, "metadata:\n", "metadata:\n  maxOutputTokens: *number\n")
    before = spec.read_bytes()
    ran = publish("bump", "bert-base-cased")
    assert (ran.code, spec.read_bytes()) == (2, before)
    assert "by hand" in ran.err


def test_metadata_changes_in_place_without_a_new_version(publish: Run, project: Path) -> None:
    publish("apply", "--yes")
    edit(project / "models" / "bert-base-cased" / "model.yaml", "languages: [en]", "languages: [en, de]")
    edit(project / "models" / "bert-base-cased" / "card.md.j2", "Capitals count", "Capital letters count")
    changed = actions(publish("plan", "-o", "json").out)["bert-base-cased"]
    assert changed["action"] == "update"
    assert {(one["field"], one["class"]) for one in changed["fields"]} == {
        ("description", "in-place"),
        ("system_metadata.languages", "in-place"),
    }
    assert publish("apply", "--yes").code == 0
    shown = json.loads(publish("show", "bert-base-cased", "-o", "json").out)["assets"][0]
    assert shown["system_metadata"]["languages"] == ["en", "de"]
    assert "Capital letters count" in shown["description"]
    assert shown["version"] == 18


def test_the_other_layout_is_an_update_of_tags_and_appended_properties(publish: Run) -> None:
    publish("apply", "--yes")
    changed = actions(publish("plan", "--layout", "tags", "-o", "json").out)["bert-base-cased"]
    classes = {one["field"]: one["class"] for one in changed["fields"]}
    assert classes["properties.inference-min-sku-spec"] == "append"
    assert classes["tags.task"] == "in-place"
    assert publish("apply", "--yes", "--layout", "tags").code == 0
    shown = json.loads(publish("show", "bert-base-cased", "-o", "json").out)["assets"][0]
    assert shown["tags"]["task"] == "fill-mask"
    assert shown["system_metadata"] == {}
    assert publish("apply", "--yes", "--layout", "tags").out.startswith("Nothing to do")


def test_detailed_exit_code_says_whether_there_are_changes(publish: Run) -> None:
    assert publish("plan", "--detailed-exitcode").code == 8
    publish("apply", "--yes")
    assert publish("plan", "--detailed-exitcode").code == 0


def test_render_check_notices_every_difference(publish: Run, project: Path) -> None:
    assert publish("render", "--check").code == 4
    publish("render")
    assert publish("render", "--check").code == 0
    card = project / "build" / "bert-base-cased" / "description.md"
    card.write_text(card.read_text(encoding="utf-8") + "More.\n", encoding="utf-8")
    differing = publish("render", "--check")
    assert (differing.code, differing.out) == (4, "build/bert-base-cased/description.md\n".replace("build", "build"))
    assert card.read_text(encoding="utf-8").endswith("More.\n")


def test_verify_finds_a_damaged_file(publish: Run, emulator: Emulator) -> None:
    publish("apply", "--yes", "distilbert-base-uncased")
    stored = [path for path in emulator._folder.root.rglob("*") if path.is_file()]
    needle = b'"model_type": "distilbert"'
    damaged = [path for path in stored if needle in path.read_bytes() and "hub" not in path.parts]
    assert damaged
    whole = {path: path.read_bytes() for path in damaged}
    try:
        for path, content in whole.items():
            path.write_bytes(content.replace(needle, b'"model_type": "disTilbert"'))
        found = publish("verify", "distilbert-base-uncased")
    finally:
        for path, content in whole.items():  # other tests share the emulator, and what its Hub has
            path.write_bytes(content)
    assert found.code == 1
    assert "model/config.json: its SHA-256 is" in found.out


def actions(text: str) -> dict[str, dict[str, Any]]:
    plan = json.loads(text)
    assert plan["schema_version"] == 1
    return {action["model"]: action for action in plan["actions"]}


def without_ports(text: str) -> str:
    """The embedded registry answers on another port each time."""
    document = json.loads(text)
    for asset in document["assets"]:
        asset["path"] = asset["path"].partition("://")[2].partition("/")[2]
    return json.dumps(document)
