"""Baselines that outlive moved lines, and mends that fit together."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azureml_publish.diagnostics import Diagnostic, Edit, Fix, Location, Severity
from azureml_publish.errors import UsageProblem
from azureml_publish.lint.baseline import baseline_text, new_findings, read_baseline, stale_entries
from azureml_publish.lint.fixes import apply_fixes
from azureml_publish.lint.selection import Rulebook

BOOK = Rulebook((), frozenset({"CARD001"}))


def found(message: str = "It is so.", line: int = 1, code: str = "CARD001", path: str = "a.md") -> Diagnostic:
    return Diagnostic(code, "x", Severity.ERROR, message, Location(path, line), "Mend it.")


def test_what_a_baseline_holds_is_not_reported_however_far_it_moves() -> None:
    known = read_baseline(baseline_text([found(), found(line=2), found("Twice, see line 4.")], BOOK), "b.json")
    reported, held = new_findings([found(line=7), found(line=90), found("Twice, see line 12."), found("New.")], known)
    assert [one.message for one in reported] == ["New."]
    assert held == 3


def test_one_more_of_a_kind_is_new() -> None:
    known = read_baseline(baseline_text([found()], BOOK), "b.json")
    assert len(new_findings([found(), found(line=2)], known)[0]) == 1
    assert len(new_findings([found(path="b.md")], known)[0]) == 1


def test_what_keeps_others_from_looking_is_never_in_a_baseline() -> None:
    assert json.loads(baseline_text([found(code="DOC001")], BOOK))["findings"] == []


def test_a_baseline_is_the_same_whatever_order_findings_come_in() -> None:
    one, other = found(), found("Else.")
    assert baseline_text([one, other], BOOK) == baseline_text([other, one], BOOK)


def test_what_is_gone_is_reported_at_its_line() -> None:
    text = baseline_text([found(), found(), found("Also.")], BOOK)
    reported = stale_entries([found()], read_baseline(text, "b.json"), text, "b.json")
    assert [(one.code, one.location.line) for one in reported] == [("LINT004", 7), ("LINT004", 13)]
    assert text.splitlines()[6].strip() == '"message": "Also.",'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema_version": 2, "findings": []}',
        '{"schema_version": 1, "findings": [{}]}',
        '{"schema_version": 1, "findings": [{"path": 1, "code": "C", "message": "m", "count": 1}]}',
        '{"schema_version": 1, "findings": [{"path": "p", "code": "C", "message": "m", "count": 0}]}',
        '{"schema_version": 1, "findings": [{"path": "p", "code": "C", "message": "m", "count": true}]}',
        "[" * 100_000,
    ],
)
def test_what_is_no_baseline_is_refused(text: str) -> None:
    with pytest.raises(UsageProblem, match=r"b\.json is not a baseline"):
        read_baseline(text, "b.json")


def mend(*edits: tuple[int, int, int, int, str]) -> Diagnostic:
    return Diagnostic("CARD001", "x", Severity.ERROR, "", Location("a"), "", Fix(tuple(Edit(*edit) for edit in edits)))


def test_edits_are_made_where_they_are_said() -> None:
    done = apply_fixes("one\ntwo\n", [mend((1, 1, 1, 4, "1"), (2, 4, 2, 4, "!"))])
    assert done.text == "1\ntwo!\n"
    assert len(done.done) == 1


def test_new_lines_end_as_the_files_do() -> None:
    assert apply_fixes("a\r\nb\r\n", [mend((2, 1, 2, 1, "x\ny\r\n"))]).text == "a\r\nx\r\ny\r\nb\r\n"


@pytest.mark.parametrize(
    ("other", "made"),
    [
        (mend((1, 2, 1, 4, "x")), 1),
        (mend((1, 1, 1, 1, "x")), 1),
        (mend((1, 1, 1, 3, "1")), 2),
        (mend((1, 3, 1, 4, "x")), 2),
        (mend((2, 1, 2, 2, "x"), (1, 2, 1, 2, "y")), 1),
    ],
)
def test_of_fixes_that_touch_one_waits(other: Diagnostic, made: int) -> None:
    assert len(apply_fixes("abc\nd\n", [mend((1, 1, 1, 3, "1")), other]).done) == made


@pytest.mark.parametrize(
    "edit", [(9, 1, 9, 1, ""), (1, 9, 1, 9, ""), (1, 3, 1, 2, ""), (0, 1, 1, 1, ""), (1, 0, 1, 1, "")]
)
def test_an_edit_outside_the_text_is_left_alone(edit: tuple[int, int, int, int, str]) -> None:
    assert apply_fixes("abc\n", [mend(edit)]).text == "abc\n"


@settings(deadline=None)
@given(st.text(alphabet="ab\r\n", max_size=20), st.lists(st.tuples(*[st.integers(0, 6)] * 4), max_size=6))
def test_any_edits_leave_a_text_and_say_what_they_did(text: str, edits: list[tuple[int, int, int, int]]) -> None:
    result = apply_fixes(text, [mend((*edit, "")) for edit in edits])
    assert len(result.text) <= len(text)
    assert (result.text == text) or result.done
