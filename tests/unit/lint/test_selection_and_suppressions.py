"""Which findings are asked for, which are accepted and where, and which comments of a card say so."""

from __future__ import annotations

import pytest

from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.errors import UsageProblem
from azureml_publish.lint.fixes import apply_fixes
from azureml_publish.lint.selection import Rulebook, selected
from azureml_publish.lint.suppression_comments import comment_suppressions
from azureml_publish.lint.suppressions import Suppression, apply_suppressions

BROKEN = Rule("DOC001", "broken", Severity.ERROR, "Broken.")
TABLE = Rule("CARD001", "table", Severity.ERROR, "Table.")
LINK = Rule("CARD010", "link-dead", Severity.WARNING, "Link.")
SIZE = Rule("SKU001", "size", Severity.WARNING, "Size.")
BOOK = Rulebook((BROKEN, TABLE, LINK, SIZE), frozenset({"CARD001", "CARD010", "SKU001"}))


def at(rule: Rule, path: str = "models/a/card.md.j2", line: int = 1) -> Diagnostic:
    return rule.at(Location(path, line), "It is so.", "Mend it.")


@pytest.mark.parametrize(
    ("select", "ignore", "codes"),
    [
        ([], [], ["DOC001", "CARD001", "CARD010", "SKU001"]),
        (["CARD"], [], ["DOC001", "CARD001", "CARD010"]),
        (["CARD01"], [], ["DOC001", "CARD010"]),
        (["link-dead", "SKU001"], [], ["DOC001", "CARD010", "SKU001"]),
        (["CARD"], ["table"], ["DOC001", "CARD010"]),
        ([], ["CARD"], ["DOC001", "SKU001"]),
        (["ALL"], ["SKU"], ["DOC001", "CARD001", "CARD010"]),
        (["card01", "Size"], [], ["DOC001", "CARD010", "SKU001"]),
        (["all"], ["sku001"], ["DOC001", "CARD001", "CARD010"]),
        (["DOC001"], ["DOC001"], ["DOC001"]),
    ],
)
def test_rules_are_chosen_by_code_name_or_family_and_what_stops_the_others_is_always_reported(
    select: list[str], ignore: list[str], codes: list[str]
) -> None:
    found = [at(rule) for rule in BOOK.rules]
    assert [one.code for one in selected(found, BOOK, select, ignore)] == codes


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("CARD002", "CARD001"),
        ("tabel", "table"),
        ("cart", "mean CARD"),
        ("SKUU", "mean SKU"),
        ("link-", "mean link-dead?"),
        ("", "publish rule"),
        ("quite else", "publish rule"),
    ],
)
def test_a_rule_that_does_not_exist_is_a_mistake_of_usage(word: str, hint: str) -> None:
    with pytest.raises(UsageProblem) as reported:
        selected([], BOOK, [word], [])
    assert word in reported.value.message
    assert hint in reported.value.hint


@pytest.mark.parametrize(
    ("glob", "path", "covered"),
    [
        ("**", "publish.yaml", True),
        ("models/old-*/**", "models/old-a/card.md.j2", True),
        ("models/old-*/**", "models/new/card.md.j2", False),
        ("models/*", "models/a/card.md.j2", False),
        ("**/card.md.j2", "card.md.j2", True),
        ("**/card.md.j2", "models/a/card.md.j2", True),
        ("models/a/card.md.j?", "models/a/card.md.j2", True),
        ("models/a+(b)/**", "models/a+(b)/x", True),
        ("models/[a]/x", "models/a/x", False),
        ("MODELS/**", "models/a", False),
    ],
)
def test_globs_know_folders(glob: str, path: str, *, covered: bool) -> None:
    silence = Suppression("CARD001", "so", Location("publish.yaml"), glob)
    assert silence.covers(at(TABLE, path)) is covered


def silence(rule: str, *, reason: str = "so", path: str = "**", judged: bool = True) -> Suppression:
    return Suppression(rule, reason, Location("publish.yaml", 3), path, judged=judged)


def test_a_suppression_takes_the_findings_of_its_rule_alone_and_keeps_its_reason() -> None:
    reported, suppressed = apply_suppressions([at(TABLE), at(LINK)], [silence("table")], BOOK, lambda _: True)
    assert [one.code for one in reported] == ["CARD010"]
    assert [(one.found.code, one.by.reason) for one in suppressed] == [("CARD001", "so")]


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        (silence("CARD001"), ["LINT001"]),
        (silence("CARD001", judged=False), []),
        (silence("SKU001"), []),
        (silence("DOC001"), ["LINT002"]),
        (silence("CARD1"), ["LINT002"]),
        (silence("CARD010", reason=" "), ["LINT003", "LINT001"]),
    ],
)
def test_what_is_wrong_with_suppressions_is_reported(given: Suppression, codes: list[str]) -> None:
    reported, _ = apply_suppressions([], [given], BOOK, lambda code: code != "SKU001")
    assert [one.code for one in reported] == codes
    assert all(one.location == Location("publish.yaml", 3) for one in reported)


def test_two_suppressions_of_one_finding_are_both_used() -> None:
    reported, suppressed = apply_suppressions([at(TABLE)], [silence("CARD001"), silence("table")], BOOK, lambda _: True)
    assert reported == ()
    assert len(suppressed) == 1


CARD = """\
# Results

<!-- publish: ignore CARD001 cut on purpose -->

| a | b |
| --- | --- |
| x |

| c | <!-- publish: ignore CARD010,table beside -->
{# publish: ignore link-dead in the block #}
```
fence

more
```
after
"""


def test_a_comment_means_the_next_block_or_the_line_that_it_stands_in() -> None:
    found = [(one.rule, one.reason, one.where.line, one.lines) for one in comment_suppressions(CARD, "c", judged=True)]
    assert found == [
        ("CARD001", "cut on purpose", 3, (3, 7)),
        ("CARD010", "beside", 9, (9, 9)),
        ("table", "beside", 9, (9, 9)),
        ("link-dead", "in the block", 10, (10, 15)),
    ]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("<!-- publish: ignore-file SKU001 generated -->", [("SKU001", "generated", None)]),
        ("{#- publish: ignore-file SKU001 generated -#}", [("SKU001", "generated", None)]),
        ("<!--publish:ignore SKU001-->", [("SKU001", "", (1, 1))]),
        ("<!-- publish: ignore -->", [("", "", (1, 1))]),
        ("<!-- publish: ignored SKU001 -->", []),
        ("<!-- published: ignore SKU001 -->", []),
        ("<!-- publish: ignore SKU001 #}", []),
        ("{# publish: ignore SKU001 -->", []),
        ("<!-- publish: ignore SKU001\nno -->", []),
    ],
)
def test_what_is_a_suppression_and_what_is_not(text: str, rules: list[tuple[str, str, object]]) -> None:
    assert [(one.rule, one.reason, one.lines) for one in comment_suppressions(text, "c", judged=True)] == rules


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a\n<!-- publish: ignore SKU001 b -->\nc\n", "a\nc\n"),
        ("a\r\n  {# publish: ignore SKU001 b #}  \r\nc\r\n", "a\r\nc\r\n"),
        ("a <!-- publish: ignore SKU001 b -->\nc\n", "a\nc\n"),
        ("a <!-- publish: ignore SKU001 b --> c\n", "a c\n"),
        ("a\n<!-- publish: ignore SKU001 b -->", "a\n"),
    ],
)
def test_taking_a_comment_out_takes_its_line_along_where_nothing_else_is_there(text: str, left: str) -> None:
    (one,) = comment_suppressions(text, "c", judged=True)
    finding = Diagnostic("X", "x", Severity.INFO, "", one.where, "", one.fix)
    assert apply_fixes(text, [finding]).text == left
