"""`publish rule`: the page of a rule on a terminal."""

from __future__ import annotations

import json

import pytest

from azureml_publish.lint.rule_book import rulebook
from tests.conftest import REPOSITORY, Run


@pytest.mark.parametrize("written", ["FT007", "ft007", "lora-task-unserved"])
def test_a_rule_is_shown_as_its_page_has_it(publish: Run, written: str) -> None:
    shown = publish("rule", written)
    assert shown.code == 0
    title, summary, blank, *parts, address = shown.out.splitlines()
    assert address.startswith("Page:   file://")
    assert address.endswith("/finetuning.md#ft007-lora-task-unserved")
    assert title == "FT007 lora-task-unserved (warning)"
    assert summary == "LoRA is on for a task that peft does not name."
    assert not blank
    page = (
        (REPOSITORY / "docs/rules/finetuning.md")
        .read_text(encoding="utf-8")
        .partition("## FT007 ")[2]
        .partition("##")[0]
    )
    for word in ("What", "Why", "Bad", "Good", "Fix"):
        assert f"- **{word}:** " in page
        assert any(line.startswith(f"{word}:") for line in parts)
    on_the_page = page.replace("- **", "").replace(":**", ":").partition("\n\n")[2].rpartition("Severity:")[0]
    assert " ".join(" ".join(parts).split()) == " ".join(on_the_page.split())
    assert max(map(len, parts)) <= 100


def test_a_list_on_a_page_is_a_list_on_the_terminal(publish: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    shown = publish("rule", "CARD071").out.splitlines()
    what = shown.index("What:   A figure in the card is impossible.")
    why = next(number for number, line in enumerate(shown) if line.startswith("Why:"))
    items = shown[what + 1 : why]
    assert items[0].startswith("        - A table or a sentence gives accuracy, ")
    assert items[-2:] == ["        - Splits such as 70/20/20; counts such as `12,34", "          tokens`."]
    assert all(line.startswith(("        - ", "          ")) and len(line) <= 60 for line in items)
    (page,) = json.loads(publish("rule", "CARD071", "-o", "json").out)["rules"]
    told = page["what"].splitlines()[1:]
    assert len(told) > 2
    assert all(line.startswith("- ") for line in told)


def test_json_has_every_part_of_every_rule(publish: Run) -> None:
    shown = json.loads(publish("rule", "-o", "json").out)
    assert shown["schema_version"] == 1
    assert [one["code"] for one in shown["rules"]] == [rule.code for rule in rulebook().rules]
    for one in shown["rules"]:
        assert all(one[key] for key in ("name", "severity", "summary", "what", "why", "bad", "good", "fix")), one
    one = json.loads(publish("rule", "CARD001", "-o", "json").out)["rules"]
    assert one == [rule for rule in shown["rules"] if rule["code"] == "CARD001"]


def test_without_a_rule_all_are_listed(publish: Run) -> None:
    lines = publish("rule").out.splitlines()
    assert [line.split() for line in lines] == [[one.code, one.severity, one.name] for one in rulebook().rules]
    assert publish("rule", "lock").out.splitlines() == [line for line in lines if line.startswith("LOCK")]


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("CARD01x", "Did you mean CARD0"),
        ("SKUU", "Did you mean SKU"),
        ("link-htp", "Did you mean link-http"),
        ("xyz", "`publish rule` lists"),
    ],
)
def test_a_rule_that_is_none(publish: Run, written: str, hint: str) -> None:
    shown = publish("rule", written)
    assert (shown.code, shown.out) == (3, "")
    assert f"No rule is called '{written}'." in shown.err
    assert hint in shown.err
