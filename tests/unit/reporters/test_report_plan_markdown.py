"""Plans for GitHub: Markdown that shows just what it should and fits, and annotations that cannot break out."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from azureml_publish.diagnostics import Location
from azureml_publish.plan.actions import Action, ActionKind, FieldChange, Plan
from azureml_publish.plan.rules import ChangeClass
from azureml_publish.reporters.annotations import annotation, plan_annotations
from azureml_publish.reporters.plan_markdown import MOST, cell, plan_markdown
from tests.unit.reporters.test_report_plans import CONFLICT, PLAN, UPDATE

CARD = "".join(f"line {number} of a card that changes everywhere\n" for number in range(400))


def test_a_plan_reads_like_this() -> None:
    assert plan_markdown(Plan("prod", (UPDATE, CONFLICT))) == (
        "### Plan for registry <code>prod</code>\n"
        "\n"
        "**1 to update, 1 conflict**\n"
        "\n"
        "| | model | version | action | differences |\n"
        "| --- | --- | ---: | --- | --- |\n"
        "| `!` | <code>little</code> | 3 | conflict | needs a new version: <code>type</code> |\n"
        "| `~` | <code>distilbert-base-uncased</code> | 14 | update | changes in place: <code>tags.license</code>"
        "<br>is added: <code>properties.new</code><br>stays, as properties do: <code>properties.old</code>"
        "<br><code>latest&#58; stays 15</code> |\n"
        "\n"
        "<details><summary><code>little 3</code>: conflict</summary>\n"
        "\n"
        "<code>type cannot change in a registered version</code>\n"
        "\n"
        "```diff\n"
        "  needs a new version: type\n"
        "- mlflow_model\n"
        "+ custom_model\n"
        "```\n"
        "\n"
        "> Run <code>publish bump little</code>: the next free version is 4.\n"
        "\n"
        "</details>\n"
        "\n"
        "<details><summary><code>distilbert-base-uncased 14</code>: update</summary>\n"
        "\n"
        "```diff\n"
        "  changes in place: tags.license\n"
        "- gpl\n"
        "+ mit\n"
        "  is added: properties.new\n"
        "+ x\n"
        "  stays, as properties do: properties.old\n"
        "- kept\n"
        "```\n"
        "\n"
        "</details>\n"
        f"\n<sub>Plan {Plan('prod', (UPDATE, CONFLICT)).digest}</sub>\n"
    )


def test_a_plan_without_changes_is_two_lines() -> None:
    text = plan_markdown(Plan("prod", (Action("a", 1, ActionKind.UNCHANGED, ""),)))
    assert "**1 unchanged**" in text
    assert "|" not in text


@pytest.mark.parametrize("models", [3, 300, 3000])
def test_it_fits_into_a_comment_and_counts_what_does_not(models: int) -> None:
    fields = (
        FieldChange("description", ChangeClass.IN_PLACE, "", CARD),
        FieldChange("tags.é", ChangeClass.IN_PLACE, "ä" * 900, "ö"),
    )
    plan = Plan("r", tuple(replace(UPDATE, model=f"model-{number}", fields=fields) for number in range(models)))
    text = plan_markdown(plan)
    assert len(text.encode()) <= MOST
    rows = len(re.findall(r"^\| `~`", text, re.MULTILINE))
    said = re.search(r"^(\d+) more models are not shown", text, re.MULTILINE)
    assert rows + (int(said[1]) if said else 0) == models
    sections = text.count("<details>")
    assert sections == text.count("</details>") > 0
    more = re.search(r"^(\d+) more models differ", text, re.MULTILINE)
    assert sections + (int(more[1]) if more else 0) == models


def test_conflicts_are_kept_where_not_all_fits() -> None:
    fields = (FieldChange("description", ChangeClass.IN_PLACE, "", CARD),)
    many = tuple(replace(UPDATE, model=f"a-{number}", fields=fields) for number in range(2000))
    assert "<code>little</code>" in plan_markdown(Plan("r", (*many, CONFLICT)))


EXAMPLES = settings(max_examples=60)
NASTY = st.text(st.sampled_from("a1 |`<>&@#*_[]()!~:/\\\n\r\t-+=$éあ\x1b"), max_size=30)


@EXAMPLES
@given(NASTY)
def test_a_cell_shows_its_text_and_nothing_else(text: str) -> None:
    (row,) = [
        t
        for t in MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(f"|a|b|\n|-|-|\n|{cell(text)}|x|\n")
        if t.type == "inline" and t.content.startswith("<code>")
    ]
    assert row.children is not None
    kinds = {child.type for child in row.children}
    assert kinds <= {"html_inline", "text", "text_special"}
    shown = "".join(child.content for child in row.children if child.type != "html_inline")
    assert shown == text.translate({0x0A: "\u240a", 0x0D: "\u240d", 0x09: "    ", 0x1B: "\u241b"})


@EXAMPLES
@given(NASTY, NASTY, NASTY)
def test_no_value_leaves_its_fence(field: str, before: str, after: str) -> None:
    change = FieldChange(f"tags.{field}", ChangeClass.IN_PLACE, before, after)
    text = plan_markdown(Plan("r", (replace(UPDATE, fields=(change,)),)))
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(text)
    assert [token.info for token in tokens if token.type == "fence"] == ["diff"]
    assert sum(token.type == "html_block" for token in tokens) == 2  # what unfolds, and its end
    assert sum(token.type == "tr_open" for token in tokens) == 2


class TestAnnotations:
    PLACES = {"little": Location("models/little/model.yaml", 3, 1)}  # noqa: RUF012

    def test_a_conflict_is_an_error_and_a_change_a_notice(self) -> None:
        assert plan_annotations(PLAN, self.PLACES) == (
            "::error file=models/little/model.yaml,line=3,col=1,title=conflict little 3 in prod::"
            "type cannot change in a registered version%0Aneeds a new version: type%0A"
            "Run `publish bump little`: the next free version is 4.\n"
            "::notice title=create bert 2 in prod::latest: 1 → 2\n"
            "::notice title=update distilbert-base-uncased 14 in prod::changes in place: tags.license%0A"
            "is added: properties.new%0Astays, as properties do: properties.old%0Alatest: stays 15\n"
            "Plan: 1 to create, 1 to update, 1 unchanged, 1 conflict.\n"
        )

    def test_what_would_end_a_command_is_escaped(self) -> None:
        said = annotation("error", "50% of\r\n::error::x", Location("a,b:c.yaml", 1, 2), "one: two, 3%\n")
        assert said == "::error file=a%2Cb%3Ac.yaml,line=1,col=2,title=one%3A two%2C 3%25%0A::50%25 of%0D%0A::error::x"

    @EXAMPLES
    @given(st.text(), st.text(), st.text())
    def test_a_command_is_one_line(self, message: str, path: str, title: str) -> None:
        said = annotation("notice", message, Location(path), title)
        assert not set(said) & {"\r", "\n"}
        assert re.match(r"::notice file=[^:,]*,line=1,col=1,title=[^:,]*::", said)
