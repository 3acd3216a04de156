"""YAML with positions: what is read, where it lies, and what is refused."""

from __future__ import annotations

import itertools
import json
import time

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from azureml_publish.diagnostics import Diagnostic, Location
from azureml_publish.documents import (
    MAX_DEPTH,
    Document,
    KeyPath,
    decode,
    parse_yaml,
    walk,
)
from azureml_publish.documents.reading import is_shallow

PATH = "models/a/model.yaml"


def read(text: str) -> Document:
    document, found = parse_yaml(text, PATH)
    assert found == ()
    assert document is not None
    return document


def refused(text: str) -> Diagnostic:
    document, (found,) = parse_yaml(text, PATH)
    assert document is None
    assert found.code == "DOC001"
    assert found.hint
    return found


@pytest.mark.parametrize(
    ("text", "key_path", "line", "column"),
    [
        ("a: 1\nb: 2\n", ("b",), 2, 1),
        ("a:\n  b:\n    c: 1\n", ("a", "b", "c"), 3, 5),
        ("é: ü\n日本: {ö: 1, ä: 2}\n", ("日本", "ä"), 2, 12),
        ("a: 1\r\nb:\r\n  c: 2\r\n", ("b", "c"), 3, 3),
        ("# 😀\n\na: [x, {b: 1}]\n", ("a", 1, "b"), 3, 9),
        ("a:\n- x\n-   - y\n    - z\n", ("a", 1, 1), 4, 7),
        ("a: {b: {c: [1, 2]}}\n", ("a", "b", "c", 1), 1, 16),
        ("base: &b\n  x: 1\nother:\n  <<: *b\n  y: 2\n", ("other", "y"), 5, 3),
        ("base: &b\n  x: 1\nother:\n  <<: *b\n", ("other", "x"), 2, 3),
        ('"quoted key": 1\n', ("quoted key",), 1, 1),
        ("%YAML 1.2\n---\na: 1\n", ("a",), 3, 1),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_key_knows_its_line_and_column(text: str, key_path: KeyPath, line: int, column: int) -> None:
    assert read(text).location(key_path) == Location(PATH, line, column)


def test_a_byte_order_mark_moves_nothing() -> None:
    text, found = decode(b"\xef\xbb\xbfa: 1\n", PATH)
    assert found == ()
    assert read(text).location(("a",)) == Location(PATH, 1, 1)


def test_a_key_that_is_not_there_has_the_place_of_the_nearest_around_it() -> None:
    document = read("a:\n  b: 1\n")
    assert document.location(("a", "missing", "deeper")) == Location(PATH, 1, 1)
    assert document.location(("nowhere",)) == Location(PATH, 1, 1)


def test_an_empty_file_has_no_data_and_still_a_place() -> None:
    document = read("# nothing but a comment\n")
    assert document.data is None
    assert document.location(("name",)) == Location(PATH, 1, 1)


def test_a_word_is_found_below_its_key() -> None:
    document = read("a: [x]\nb:\n  include: [w, x]\n")
    assert document.location_of("x", below=("b",)) == Location(PATH, 3, 16)
    assert document.location_of("y", below=("b",)) == Location(PATH, 2, 1)
    assert read("a: [x, y, x]\n").location_of("x", below=("a",), last=True) == Location(PATH, 1, 11)


def test_a_span_is_the_text_of_the_value() -> None:
    text = "é: 'one'  # first\r\nb: [2, \"three\"]\r\n"
    document = read(text)
    shown = {path: text[span.start : span.end] for path, span in document.spans.items() if path}
    assert shown == {("é",): "'one'", ("b",): '[2, "three"]', ("b", 0): "2", ("b", 1): '"three"'}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("y", "y"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("010", 10),
        ("-3", -3),
        ("5e-6", 5e-6),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("12:30", "12:30"),
        ("2021-01-01", "2021-01-01"),
        ("2021-01-01T00:00:00Z", "2021-01-01T00:00:00Z"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("=", "="),
        ("4|1|28|64", "4|1|28|64"),
        ("1.17.8", "1.17.8"),
        ("!!str 5", "5"),
        ('"5"', "5"),
    ],
)
def test_a_plain_value_means_what_yaml_1_2_says(written: str, meant: object) -> None:
    data = read(f"a: {written}\n").data
    assert isinstance(data, dict)
    assert data["a"] == meant
    assert type(data["a"]) is type(meant)


def test_a_merge_key_inherits_and_is_overridden() -> None:
    document = read("one: &one {x: 1, y: 1}\ntwo: {<<: *one, y: 2}\nthree: {<<: [{x: 7}, *one], z: 3}\n")
    assert document.data == {"one": {"x": 1, "y": 1}, "two": {"x": 1, "y": 2}, "three": {"x": 7, "y": 1, "z": 3}}


def test_every_duplicate_key_is_told_at_its_second_place() -> None:
    document, found = parse_yaml("a: 1\nb: {c: 1, c: 2}\na: 2\n", PATH)
    assert document is not None
    assert [(one.code, one.location.line, one.location.column) for one in found] == [
        ("DOC002", 3, 1),
        ("DOC002", 2, 11),
    ]
    assert "line 1" in found[0].message


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: b\n\tc: d\n", 2, 1),
        ("\ta: b\n", 1, 1),
        ("a: 1\nb: [1, 2\n\n\n", 2, 4),
        ("a: {b: 1\n", 1, 4),
        ("a: 1\nb: [\n\n", 2, 4),
        ("a: 'open\n", 1, 4),
        ("a: b: c\n", 1, 5),
        ("a: 1\n b: 2\n", 2, 3),
        ("a: *nobody\n", 1, 4),
        ("a: 1\n---\nb: 2\n", 2, 1),
        ("a: \x00\n", 1, 4),
        ("é: ü\nä: ö\x07\n", 2, 5),
        ("? [a]\n: b\n", 1, 3),
        ("a: {<<: 5}\n", 1, 9),
        ("<<: {[a]: 1}\n", 1, 6),
        ("a: !!binary aGk=\n", 1, 4),
        ("a: !custom x\n", 1, 4),
        ("a: !!set {x}\n", 1, 4),
        ("a: !!python/object/apply:os.system [x]\n", 1, 4),
        ("a: !!bool maybe\n", 1, 4),
        ("a: !!null x\n", 1, 4),
        ('a: "\\ud800"\n', 1, 7),
    ],
    ids=repr,
)
def test_what_cannot_be_read_is_told_at_its_place(text: str, line: int, column: int) -> None:
    assert refused(text).location == Location(PATH, line, column)


@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 5000, "1e999", "-1e999"], ids=lambda text: text[:6])
def test_a_number_beyond_all_bounds_is_refused(number: str) -> None:
    found = refused(f"a: {number}\n")
    assert found.location == Location(PATH, 1, 4)
    assert "too large" in found.message


def test_bytes_that_are_not_utf_8_are_told_by_line_and_character() -> None:
    text, (found,) = decode("a: é\nb: é".encode() + b"\xff\n", PATH)
    assert text == ""
    assert found.code == "DOC001"
    assert found.location == Location(PATH, 2, 5)
    assert "0xff" in found.message


def test_utf_16_is_told_as_not_utf_8() -> None:
    _, (found,) = decode("a: 1".encode("utf-16"), PATH)
    assert found.location == Location(PATH, 1, 1)


def bomb(link: str) -> str:
    letters = "abcdefghij"
    levels = [
        f"{one}: &{one} {link.format(', '.join([f'*{before}'] * 9))}" for before, one in itertools.pairwise(letters)
    ]
    return "\n".join(["a: &a {x: lol}", *levels, ""])


@pytest.mark.parametrize(
    "text",
    [
        bomb("[{}]"),
        "a: &a [*a]\n",
        "a: &a {b: *a}\n",
        "a: &a {b: &b {<<: *a}}\n",
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 100_000,
        "\n".join(" " * depth + "a:" for depth in range(500)),
        "a: [" + "1," * 210_000 + "]",
    ],
    ids=["aliases", "itself", "itself in a map", "itself merged", "brackets", "braces", "dashes", "indents", "items"],
)
def test_a_document_without_bound_is_refused_in_a_moment(text: str) -> None:
    begun = time.thread_time()
    assert refused(text).code == "DOC001"  # which of the two limits it meets, the library's or ours, is not promised
    assert time.thread_time() - begun < 10


def test_merges_of_merges_stay_small() -> None:
    begun = time.thread_time()
    document = read(bomb("{{<<: [{}]}}"))
    assert time.thread_time() - begun < 10
    assert isinstance(document.data, dict)
    assert document.data["j"] == {"x": "lol"}


def test_as_deep_as_allowed_is_read() -> None:
    data = read("[" * MAX_DEPTH + "]" * MAX_DEPTH).data
    assert sum(1 for _ in walk(data)) == MAX_DEPTH


# Any text that a YAML file can hold: no control characters, no halves of surrogate pairs.
@given(st.text(max_size=200) | st.text("-[]{}:,#&*!|>'\"%@ \n\tab1", max_size=60))
def test_no_text_whatever_breaks_the_reader(text: str) -> None:
    document, found = parse_yaml(text, PATH)
    assert (document is None) <= bool(found)
    for one in found:
        assert one.location.line <= text.count("\n") + text.count("\r") + text.count("\x85") + 2
        assert one.location.column >= 1


@given(st.binary(max_size=100))
def test_no_bytes_whatever_break_the_decoder(raw: bytes) -> None:
    text, found = decode(raw, PATH)
    assert bool(found) or text.encode() in (raw, raw[3:])


def test_walking_gives_every_value_with_its_path() -> None:
    data = json.loads('{"a": [1, {"b": null}]}')
    assert list(walk(data)) == [
        ((), data),
        (("a",), data["a"]),
        (("a", 0), 1),
        (("a", 1), {"b": None}),
        (("a", 1, "b"), None),
    ]


rows = st.lists(
    st.tuples(
        st.integers(0, 30), st.sampled_from(["a:", "- b", "- - c", "? d", "- e:", "[", "{", "x", "- ? - f:", "|", "'"])
    ),
    max_size=40,
)


@given(rows, st.sampled_from(["\n", "\r\n", "\u2028", "\r"]))
@example([(n, "- e:") for n in range(0, 60, 2)], "\n")
@example([(n // 2, "a:" if n % 2 else "-") for n in range(60)], "\n")
@example([(n, "a:") for n in range(70)], "\u2028")
@example([(0, "- " * 70 + "x")], "\n")
@example([(0, "? " * 70 + "x")], "\n")
def test_what_characters_sayis_shallowis_shallow(lines: list[tuple[int, str]], end: str) -> None:
    """The quick look at a text never lets pass what the slow one at its events would refuse."""
    text = end.join(" " * indent + row for indent, row in lines)
    if not is_shallow(text):
        return
    depth = deepest = 0
    try:
        for event in yaml.parse(text, yaml.CSafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            deepest = max(deepest, depth)
    except yaml.YAMLError:
        pass
    assert deepest <= MAX_DEPTH
