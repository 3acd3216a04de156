"""Edits of a file that people keep: the file reads as wanted, and every other character is still there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from azureml_publish.diagnostics import Edit
from azureml_publish.documents import KeyPath, dump_yaml, parse_yaml
from azureml_publish.documents.edits import remove_items, remove_key, replace_value, set_value
from tests.unit.documents.test_documents import read

DATE = ("metadata", "deprecation", "inferenceRetirementDate")


def edited(text: str, key_path: tuple[str, ...], value: object) -> str:
    document, wrong = parse_yaml(text, "model.yaml")
    assert document is not None
    assert wrong == ()
    return set_value(document, key_path, value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("name: a\n", "name: a\nmetadata:\n  deprecation:\n    inferenceRetirementDate: '2027-01-31'\n"),
        ("name: a", "name: a\nmetadata:\n  deprecation:\n    inferenceRetirementDate: '2027-01-31'\n"),
        (
            "name: a\r\nversion: 1\r\n",
            "name: a\r\nversion: 1\r\nmetadata:\r\n  deprecation:\r\n    inferenceRetirementDate: '2027-01-31'\r\n",
        ),
        ("", "metadata:\n  deprecation:\n    inferenceRetirementDate: '2027-01-31'\n"),
        (
            "metadata: {featured: true}  # why\nlicense: mit\n",
            "metadata: {featured: true, deprecation: {inferenceRetirementDate: '2027-01-31'}}  # why\nlicense: mit\n",
        ),
        ("metadata: {}\n", "metadata: {deprecation: {inferenceRetirementDate: '2027-01-31'}}\n"),
        (
            "metadata:\nlicense: mit\n",
            "metadata: {deprecation: {inferenceRetirementDate: '2027-01-31'}}\nlicense: mit\n",
        ),
        ("metadata: null\n", "metadata: {deprecation: {inferenceRetirementDate: '2027-01-31'}}\n"),
        (
            "metadata:\n    featured: true  # by hand\n\nlicense: mit\n",
            (
                "metadata:\n    featured: true  # by hand\n    deprecation:\n"
                "      inferenceRetirementDate: '2027-01-31'\n\nlicense: mit\n"
            ),
        ),
        (
            "metadata:\n  deprecation:\n    inferenceRetirementDate: '2026-01-31'  # soon\n",
            "metadata:\n  deprecation:\n    inferenceRetirementDate: '2027-01-31'  # soon\n",
        ),
        (
            "metadata:\n  deprecation: {inferenceRetirementDate: '2026-01-31', inferenceLegacyDate: 2025-01-01}\n",
            "metadata:\n  deprecation: {inferenceRetirementDate: '2027-01-31', inferenceLegacyDate: 2025-01-01}\n",
        ),
    ],
)
def test_a_key_is_set_in_the_style_of_its_mapping(before: str, after: str) -> None:
    assert edited(before, DATE, "2027-01-31") == after


@pytest.mark.parametrize(
    "text", ["metadata: &m {featured: true}\nother: *m\n", "metadata: word\n", "metadata: [a]\n", "- a\n"]
)
def test_what_would_change_more_is_refused(text: str) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        edited(text, DATE, "2027-01-31")


KEYS = st.text("abcdefg", min_size=1, max_size=3)


@given(
    tree=st.recursive(
        st.dictionaries(KEYS, st.integers() | st.booleans() | st.text("abc :#", max_size=5), max_size=3),
        lambda inner: st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=8,
    ),
    path=st.lists(KEYS, min_size=1, max_size=3),
    flow=st.booleans(),
)
def test_every_old_line_is_still_there(tree: dict[str, object], path: list[str], flow: bool) -> None:
    import yaml

    text = "# a note\n" + (yaml.safe_dump(tree, default_flow_style=flow, width=10**9) if tree else "") + "# the end\n"
    place: object = tree
    for key in path[:-1]:
        place = place.get(key, {}) if isinstance(place, dict) else None
    if not isinstance(place, dict) or (isinstance(place.get(path[-1]), dict) and place[path[-1]]):
        return
    after = edited(text, tuple(path), "set")
    assert after.startswith("# a note\n")
    assert "# the end\n" in after
    document, _ = parse_yaml(after, "model.yaml")
    assert document is not None
    found: object = document.data
    for key in path:
        assert isinstance(found, dict)
        found = found[key]
    assert found == "set"


PLAIN = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
OLD = st.one_of(
    PLAIN,
    st.integers(0, 99).map(str),
    PLAIN.map(lambda word: f"'{word} # no comment'"),
    PLAIN.map(lambda word: f'"{word}: é"'),
    st.just("true"),
)
COMMENT = st.sampled_from(["", "  # why", " # é 😀 'quoted", "   "])


@st.composite
def commented_documents(draw: st.DrawFn) -> tuple[list[str], dict[KeyPath, int]]:
    """A document in pieces, and which piece is the value at which key path."""
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    pieces = [draw(st.sampled_from(["", f"# yaml-language-server: é{newline}", newline]))]
    places: dict[KeyPath, int] = {}

    def value(path: KeyPath) -> None:
        places[path] = len(pieces)
        pieces.append(draw(OLD))

    for key in draw(st.lists(PLAIN, min_size=1, max_size=5, unique=True)):
        pieces.append(f"{key}:")
        match draw(st.sampled_from(["scalar", "flow", "block", "list"])):
            case "scalar":
                pieces.append(draw(st.sampled_from([" ", "   "])))
                value((key,))
            case "flow":
                for number in range(draw(st.integers(1, 3))):
                    pieces.append(", " if number else " [")
                    value((key, number))
                pieces.append("]")
            case "block":
                for inner in draw(st.lists(PLAIN, min_size=1, max_size=3, unique=True)):
                    pieces.append(f"{draw(COMMENT)}{newline}  {inner}: ")
                    value((key, inner))
            case "list":
                for number in range(draw(st.integers(1, 3))):
                    pieces.append(f"{draw(COMMENT)}{newline}  - ")
                    value((key, number))
        pieces.append(draw(COMMENT) + newline)
    return pieces, places


@given(commented_documents(), st.data())
def test_replacing_a_value_keeps_every_other_character(
    written: tuple[list[str], dict[KeyPath, int]], data: st.DataObject
) -> None:
    pieces, places = written
    key_path = data.draw(st.sampled_from(sorted(places, key=str)))
    new = data.draw(st.integers(0, 1000) | PLAIN | st.booleans() | st.just("apache 2: #1"))
    text = replace_value(read("".join(pieces)), key_path, new)
    before, after = "".join(pieces[: places[key_path]]), "".join(pieces[places[key_path] + 1 :])
    assert text == before + dump_yaml(new) + after
    assert read(text).location(key_path).line == read("".join(pieces)).location(key_path).line


@pytest.mark.parametrize(
    ("text", "key_path", "value"),
    [
        ("a: &v 3\nb: *v\n", ("a",), 4),
        ("a: &v 3\nb: *v\n", ("b",), 4),
        ("base: &b {x: 1}\nother: {<<: *b}\n", ("other", "x"), 4),
        ("a:\nb: 2\n", ("a",), 5),
        ("a: [x, y]\n", ("a", 0), "c, d"),
    ],
    ids=repr,
)
def test_an_edit_that_would_change_anything_else_is_refused(text: str, key_path: KeyPath, value: str | int) -> None:
    with pytest.raises(ValueError, match="damage"):
        replace_value(read(text), key_path, value)


def test_a_value_that_is_not_there_cannot_be_replaced() -> None:
    with pytest.raises(KeyError):
        replace_value(read("a: 1\n"), ("b",), 2)


@pytest.mark.parametrize(
    ("text", "indexes", "left"),
    [
        ("a:\n  # why\n  - x  # gone\n  - y  # stays\n", {0}, "a:\n  # why\n  - y  # stays\n"),
        ("a: [x, y, z]  # list\n", {1}, "a: [x, z]  # list\n"),
        ("a: [x, y, z]\n", {1, 2}, "a: [x]\n"),
        ("a: [x]\nb: 1\n", {0}, "a: []\nb: 1\n"),
        ("a:\n- x\n- y\nb: 1\n", {0, 1}, "b: 1\n"),
        ("a: [\n  x,  # one\n  y,\n]\r\n", {0}, "a: [\n  y,\n]\r\n"),
        ("a: [x]\n", set(), "a: [x]\n"),
    ],
    ids=repr,
)
def test_items_are_taken_out_and_the_rest_stays(text: str, indexes: set[int], left: str) -> None:
    assert remove_items(read(text), ("a",), indexes) == left


@given(commented_documents(), st.data())
def test_taking_items_out_leaves_every_other_value(
    written: tuple[list[str], dict[KeyPath, int]], data: st.DataObject
) -> None:
    pieces, places = written
    lists = sorted({path[0] for path in places if len(path) == 2 and isinstance(path[1], int)}, key=str)
    assume(lists)
    document = read("".join(pieces))
    key = data.draw(st.sampled_from(lists))
    indexes = sorted(index for path in places if path[0] == key and isinstance(index := path[-1], int))
    gone = data.draw(st.sets(st.sampled_from(indexes)))
    before: Any = document.data
    left = [item for index, item in enumerate(before[key]) if index not in gone]
    assume(left or len(before) > 1)  # an empty file is no mapping any more, so that edit is refused
    after: Any = read(remove_items(document, (key,), gone)).data or {}
    assert after.get(key, []) == left
    assert {name: value for name, value in after.items() if name != key} == {
        name: value for name, value in before.items() if name != key
    }


@pytest.mark.parametrize(
    ("text", "key_path", "left"),
    [
        ("a: 1\nb: 2  # two\nc: 3\n", ("b",), "a: 1\nc: 3\n"),
        ("a:\n  b:\n    c: 1\n\n# kept\nd: 2\n", ("a",), "\n# kept\nd: 2\n"),
        ("a:\n- 1\n- 2\nb: |\n  text\n\n  more\nc: 3\n", ("b",), "a:\n- 1\n- 2\nc: 3\n"),
        ("a: [1,\n  2]\nb: 2\n", ("a",), "b: 2\n"),
        ("a: 1\r\nb:\r\nc: 3\r\n", ("b",), "a: 1\r\nc: 3\r\n"),
        ("a: 1\nb: 2", ("b",), "a: 1\n"),
        ("a:\n  b: 1\n  c:\n    d: []\ne: 1\n", ("a", "c"), "a:\n  b: 1\ne: 1\n"),
    ],
)
def test_a_key_goes_with_its_lines_and_nothing_else(text: str, key_path: KeyPath, left: str) -> None:
    document = read(text)
    assert remove_key(document, key_path) == left
    edit = Edit.between(document.text, left)
    assert (edit.line, edit.column) <= (edit.end_line, edit.end_column)


@pytest.mark.parametrize(
    ("text", "key_path"), [("{a: 1, b: 2}\n", ("a",)), ("a: {b: 1}\n", ("a", "b")), ("a:\n  b: 1\n", ("a", "b"))]
)
def test_a_key_that_shares_its_line_or_is_alone_stays(text: str, key_path: KeyPath) -> None:
    with pytest.raises(ValueError, match="would damage the file"):
        remove_key(read(text), key_path)


def test_a_key_that_is_not_there_cannot_go() -> None:
    with pytest.raises(KeyError):
        remove_key(read("a: 1\n"), ("b",))
