"""Plans that are saved, carried elsewhere, and applied later; bumps, archiving, and where fields come from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Run, edit

pytestmark = pytest.mark.usefixtures("shared_registry")

MODEL = "bert-base-cased"


@pytest.fixture
def registered(publish: Run, project: Path) -> Path:
    """The spec of one model that is registered; the others are left out of the project."""
    for other in ("bert-large-cased", "distilbert-base-uncased"):
        shutil.rmtree(project / "models" / other)
    assert publish("apply", "--yes", "-q").code == 0
    return project / "models" / MODEL / "model.yaml"


def action(publish: Run) -> dict[str, Any]:
    (found,) = json.loads(publish("plan", "-o", "json").out)["actions"]
    return dict(found)


def held(publish: Run) -> list[dict[str, Any]]:
    """What is registered; the embedded registry answers on another port each time."""
    assets = json.loads(publish("list", "--all", "-o", "json").out)["assets"]
    return [{key: value for key, value in asset.items() if key != "path"} for asset in assets]


def test_a_saved_plan_is_carried_out_without_asking_and_once(publish: Run, registered: Path) -> None:
    edit(registered, "languages: [en]", "languages: [en, de]")
    planned = publish("plan", "--out", "p.json")
    assert planned.code == 0
    assert "publish apply p.json" in planned.err
    applied = publish("apply", "p.json")
    assert (applied.code, "1 updated" in applied.out) == (0, True)
    again = publish("apply", "p.json")
    assert (again.code, again.out) == (0, "Nothing to do: the registry local is as the folders say.\n")


def test_a_plan_that_was_overtaken_writes_nothing_and_says_what_moved(publish: Run, registered: Path) -> None:
    edit(registered, "languages: [en]", "languages: [en, de]")
    publish("plan", "--out", "p.json")
    edit(registered, "license: apache-2.0", "license: mit")
    before = held(publish)
    refused = publish("apply", "p.json")
    assert (refused.code, held(publish)) == (6, before)
    assert f"{MODEL}: system_metadata.license, in the model folders\n" in refused.err
    assert "publish plan --out p.json" in refused.err

    publish("apply", "--yes")  # somebody else was faster
    edit(registered, "license: mit", "license: apache-2.0")
    overtaken = publish("apply", "p.json")
    assert overtaken.code == 6
    assert f"{MODEL}: system_metadata.license, in the registry\n" in overtaken.err
    assert "languages" not in overtaken.err  # they wrote what the plan would have


def test_a_plan_keeps_its_models_layout_and_day(publish: Run, registered: Path) -> None:
    publish("plan", "--layout", "tags", "--as-of", "2026-01-31", "--out", "p.json", "bert*")
    assert publish("apply", "p.json").code == 0
    assert held(publish)[0]["tags"]["task"] == "fill-mask"


def test_plans_that_cannot_be_applied_are_refused_with_the_mend(publish: Run, project: Path, registered: Path) -> None:
    edit(registered, "languages: [en]", "languages: [en, de]")
    publish("plan", "--out", "p.json")
    text = (project / "p.json").read_text(encoding="utf-8")
    (project / "report.json").write_text(publish("plan", "-o", "json").out, encoding="utf-8")
    (project / "edited.json").write_text(text.replace('"update"', '"unchanged"'), encoding="utf-8")
    (project / "broken.json").write_text(text[:200], encoding="utf-8")
    edit(project / "publish.yaml", "registries:", "registries:\n  other: {name: other}")
    before = held(publish)
    for arguments, code, said in (
        (["edited.json"], 2, "was changed after it was written"),
        (["broken.json"], 2, "broken.json:"),
        (["report.json"], 2, "is the report of a plan"),
        (["missing.json"], 3, "There is no plan missing.json"),
        (["p.json", "-r", "other"], 2, "a plan for the registry local, not for other"),
        (["p.json", "--layout", "tags"], 2, "says itself which layout"),
        (["p.json", MODEL], 2, "stands beside other arguments"),
    ):
        refused = publish("apply", *arguments)
        assert (refused.code, said in refused.err, "help:" in refused.err) == (code, True, True), refused
    assert held(publish) == before


def test_a_plan_with_a_conflict_is_saved_and_not_applied(publish: Run, project: Path, registered: Path) -> None:
    edit(registered, "tokenizer_class: BertTokenizerFast", "tokenizer_class: BertTokenizer")
    assert publish("plan", "--out", "p.json").code == 6
    assert json.loads((project / "p.json").read_text(encoding="utf-8"))["actions"][0]["action"] == "conflict"
    assert publish("apply", "p.json").code == 6


@pytest.mark.parametrize("path", ["p.txt", "missing/p.json"])
def test_a_plan_is_saved_where_apply_finds_it_or_not_at_all(publish: Run, project: Path, path: str) -> None:
    refused = publish("plan", "--out", path)
    assert (refused.code, refused.out, (project / path).exists()) == (2, "", False)


def test_required_bumps_are_those_that_the_plan_needs(publish: Run, project: Path, registered: Path) -> None:
    assert publish("bump", "--required").err == "No model needs another version in the registry local.\n"
    edit(registered, "languages: [en]", "languages: [en, de]")
    assert publish("bump", "--required", "-o", "json").code == 0
    assert "version: 18\n" in registered.read_text(encoding="utf-8")
    edit(registered, "tokenizer_class: BertTokenizerFast", "tokenizer_class: BertTokenizer")
    bumped = publish("bump", "--required")
    assert bumped.out == f"{MODEL}: 18 → 19 (content cannot change in a registered version)\n"
    assert action(publish)["action"] == "create"
    assert publish("bump", "--required").out == ""


def test_required_bumps_are_the_text_of_a_pull_request_with_the_cards_changes(publish: Run, registered: Path) -> None:
    assert publish("bump", "--required", "--format", "markdown").out == ""
    edit(registered, "tokenizer_class: BertTokenizerFast", "tokenizer_class: BertTokenizer")
    edit(registered.with_name("card.md.j2"), "The smaller", "The <b>smaller</b>")
    text = publish("bump", "--required", "--format", "markdown").out
    assert "version: 19\n" in registered.read_text(encoding="utf-8")
    assert "| <code>bert-base-cased</code> | 18 → 19 | <code>content cannot change in a registered version" in text
    card, _, others = text.partition("#### The card of <code>bert-base-cased</code>")[2].partition("<details>")
    assert "\n-" in card
    assert "\n+ The <b>smaller</b>" in card
    assert "content" not in card
    assert "content" in others
    assert text.count("```diff") == text.count("\n```\n") == 2


def test_a_number_of_ones_own_must_be_free(publish: Run, registered: Path) -> None:
    before = registered.read_text(encoding="utf-8")
    for number in ("17", "18"):
        refused = publish("bump", "--to", number)
        assert (refused.code, registered.read_text(encoding="utf-8")) == (6, before)
        assert "The next free version is 19" in refused.err
    assert publish("bump", "--to", "0").code == 2
    assert publish("bump", "--to", "30", "--required").code == 2
    assert publish("bump", "--to", "30").out == f"{MODEL}: 18 → 30\n"
    assert registered.read_text(encoding="utf-8") == before.replace("version: 18", "version: 30")
    planned = action(publish)
    assert (planned["action"], planned["latest"]) == ("create", {"before": 18, "after": 30})


def test_a_version_is_archived_and_restored_by_its_folder(publish: Run, registered: Path) -> None:
    original = registered.read_text(encoding="utf-8")
    registered.write_text(f"{original}archived: true\n", encoding="utf-8")
    assert action(publish)["action"] == "archive"
    assert publish("apply", "--yes").code == 0
    assert held(publish)[0]["archived"] is True
    assert action(publish)["action"] == "unchanged"

    registered.write_text(original.replace("[en]", "[en, de]"), encoding="utf-8")
    planned = action(publish)
    assert planned["action"] == "update"
    assert [one["field"] for one in planned["fields"]] == ["description", "system_metadata.languages", "archived"]
    assert publish("apply", "--yes").code == 0
    assert held(publish)[0]["archived"] is False
    registered.write_text(f"{original.replace('[en]', '[en, de]')}archived: true\n", encoding="utf-8")
    assert publish("bump", "--to", "19").code == 0
    assert publish("apply", "--yes").code == 0
    assert [(asset["version"], asset["archived"]) for asset in held(publish)] == [(19, True), (18, False)]


def test_annotations_name_the_file_from_the_top_of_the_repository(
    publish: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.parent))
    told = publish("plan", "-o", "github", MODEL).out
    place = f"file={project.name}/models/{MODEL}/model.yaml,line=3,col=1"
    assert told.startswith(f"::notice {place},title=create {MODEL} 18 in local::")


class TestExplain:
    """Every field of a shipped model has an origin, and each origin is where it says."""

    @pytest.mark.parametrize("layout", ["tags", "system_metadata"])
    def test_every_field_is_traced_to_lines_that_are_there(self, publish: Run, project: Path, layout: str) -> None:
        publish("render", MODEL, "--layout", layout)
        spec = yaml.safe_load((project / "build" / MODEL / "spec.yaml").read_text(encoding="utf-8"))
        fields = [f"{part}.{key}" for part in ("tags", "properties", "system_metadata") for key in spec.get(part, {})]
        assert len(fields) > 8
        for field in ["name", "version", "type", "archived", "content", "description", *fields]:
            ran = publish("explain", field, "-m", MODEL, "--layout", layout, "-o", "json")
            assert ran.code == 0, field
            told = json.loads(ran.out)
            assert told["origins"], field
            for origin in told["origins"]:
                if origin["path"] and not origin["path"].startswith("<defaults>"):
                    lines = (project / origin["path"]).read_text(encoding="utf-8").splitlines()
                    if origin["path"].endswith(".yaml") and origin["column"] > 1:
                        assert lines[origin["line"] - 1].strip() == origin["text"]

    @pytest.mark.parametrize(
        ("field", "place", "kind"),
        [
            ("system_metadata.license", "license: apache-2.0", "spec"),
            ("system_metadata.SKU.inferenceMinSkuSpec", "cpu-small:", "preset"),
            ("system_metadata.publisher", "publisher: huggingface", "default"),
            ("properties.more", "more: 1", "spec"),
            ("system_metadata.a.b", "a.b: 2", "spec"),
            ("tags.semver", "semver: 1.2.0", "spec"),
        ],
    )
    def test_a_change_at_the_origin_changes_the_field(
        self, publish: Run, project: Path, field: str, place: str, kind: str
    ) -> None:
        spec = project / "models" / MODEL / "model.yaml"
        with spec.open("a", encoding="utf-8") as written:
            written.write("semver: 1.2.0\nextra:\n  properties:\n    more: 1\n  system_metadata:\n    a.b: 2\n")
        edit(project / "publish.yaml", "defaults:\n", "defaults:\n  metadata:\n    publisher: huggingface\n")
        told = json.loads(publish("explain", field, "-m", MODEL, "-o", "json").out)
        (origin,) = [one for one in told["origins"] if one["kind"] == kind]
        assert origin["text"] == place
        file = project / origin["path"]
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        following = {"cpu-small:": ("min: 2|0|8|28", "min: 8|0|8|28")}
        changes = {
            "apache-2.0": "mit",
            "huggingface": "contoso",
            "more: 1": "more: 7",
            "b: 2": "b: 7",
            "1.2.0": "1.2.1",
        }
        before, after = following.get(place) or next(pair for pair in changes.items() if pair[0] in place)
        number = next(n for n in range(origin["line"] - 1, len(lines)) if before in lines[n])
        lines[number] = lines[number].replace(before, after)
        file.write_text("".join(lines), encoding="utf-8")
        again = json.loads(publish("explain", field, "-m", MODEL, "-o", "json").out)
        assert again["value"] != told["value"]

    def test_it_says_what_a_change_means(self, publish: Run) -> None:
        told = publish("explain", "properties.SHA", "-m", MODEL).out
        assert f"models/{MODEL}/model.yaml:7:3  revision: 5532cc56" in told
        assert "changing it needs a new version" in told
        assert "taking it away does nothing" in told
        assert "is done in place" in publish("explain", "description", "-m", MODEL).out

    @pytest.mark.parametrize(
        ("end", "whole"),
        [
            ("license", "system_metadata.license"),
            ("inferenceMinSkuSpec", "system_metadata.SKU.inferenceMinSkuSpec"),
            ("SKU.inferenceMinSkuSpec", "system_metadata.SKU.inferenceMinSkuSpec"),
        ],
    )
    def test_the_end_of_a_field_is_enough_where_one_alone_has_it(self, publish: Run, end: str, whole: str) -> None:
        ran = publish("explain", end, "-m", MODEL, "-o", "json")
        assert ran.code == 0, ran
        assert json.loads(ran.out)["field"] == whole

    @pytest.mark.parametrize(
        ("field", "hint"),
        [
            ("system_metadata.licence", "Did you mean system_metadata.license"),
            ("licence", "Did you mean system_metadata.license"),
            ("tags.license", "Its value is system_metadata.license there."),
            ("system_metadata.", "Did you mean system_metadata."),
            ("zzz", "There are: name, version, type"),
        ],
    )
    def test_an_unknown_field_is_not_found_with_what_may_be_meant(self, publish: Run, field: str, hint: str) -> None:
        ran = publish("explain", field, "-m", MODEL)
        assert (ran.code, ran.out, hint in ran.err) == (3, "", True), ran

    def test_one_model_is_explained_at_a_time(self, publish: Run) -> None:
        ran = publish("explain", "version")
        assert (ran.code, "--model" in ran.err) == (2, True)
