"""Reads YAML with the line and column of each key, so that one value can be replaced and every other byte kept."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import yaml

from azureml_publish.assets import Value
from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.documents.scalars import FLOAT, INT, MERGE, Loader
from azureml_publish.documents.trees import KeyPath, value_at, walk

MALFORMED = Rule("DOC001", "malformed-document", Severity.ERROR, "The file cannot be read as UTF-8 YAML or JSON.")
DUPLICATE_KEY = Rule(
    "DOC002", "duplicate-key", Severity.ERROR, "A mapping has the same key twice; one value would be lost."
)

MAX_NODES = 200_000
"""Values in one document, aliases expanded. The largest file of a catalogue has thousands, an alias bomb billions."""

MAX_DEPTH = 60

MAX_DIGITS = 400
"""Digits of a whole number. Python refuses to read thousands; a float has at most 309 before its point."""


class Span(NamedTuple):
    """The position of a value: line and column of its key (or list item), and its own characters, end excluded.

    `key` is the index at which the key (or list item) begins.
    """

    line: int
    column: int
    start: int
    end: int
    key: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed YAML file.

    Attributes:
        path: the path in messages, relative to the project.
        text: the file, decoded, without a byte order mark.
        data: plain dictionaries, lists, strings, numbers, booleans and None.
        spans: for each key path its place in `text`.
        spellings: for each number that Python would write otherwise (`1.10`, `1e3`, `007`) its text.
    """

    path: str
    text: str
    data: Value
    spans: Mapping[KeyPath, Span]
    spellings: Mapping[KeyPath, str] = field(default_factory=dict)

    def location(self, key_path: KeyPath = ()) -> Location:
        """The location of a key; if it is not in the file, of the nearest key around it."""
        while key_path not in self.spans and key_path:
            key_path = key_path[:-1]
        span = self.spans.get(key_path)
        return Location(self.path, span.line, span.column) if span else Location(self.path)

    def location_of(self, word: str, *, below: KeyPath, last: bool = False) -> Location:
        """The location where a text first (or last) occurs as a value below a key; the key itself if it does not."""
        places = self.places_of(word, below=below) or [below]
        return self.location(places[-1 if last else 0])

    def places_of(self, word: str, *, below: KeyPath) -> list[KeyPath]:
        """All locations where a text occurs as a value below a key."""
        return [key_path for key_path, value in walk(value_at(self.data, below), below) if value == word]


class _Refused(Exception):
    """A construct that cannot be read; carries the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class _Builder:
    """Turns composed nodes into data and spans, within the bounds on size and depth."""

    def __init__(self, path: str, loader: Loader) -> None:
        self.path = path
        self.loader = loader
        self.spans: dict[KeyPath, Span] = {}
        self.spellings: dict[KeyPath, str] = {}
        self.found: list[Diagnostic] = []
        self.nodes = 0

    def build(self, node: yaml.Node, key_path: KeyPath, key: yaml.Node | None = None) -> Any:
        self.nodes += 1
        start = node.start_mark
        if self.nodes > MAX_NODES or len(key_path) > MAX_DEPTH:
            raise _Refused(_boundless(self.path, start))
        anchor = start if key is None else key.start_mark
        self.spans[key_path] = Span(anchor.line + 1, anchor.column + 1, start.index, node.end_mark.index, anchor.index)
        if isinstance(node, yaml.ScalarNode):
            if node.tag == Loader.DEFAULT_SCALAR_TAG:
                return str(node.value)
            value = self._scalar(node)
            if type(value) in (int, float) and str(value) != node.value:
                self.spellings[key_path] = str(node.value)
            return value
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self._mapping(node, key_path)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            return [self.build(child, (*key_path, index)) for index, child in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, key_path: KeyPath) -> dict[str, Any]:
        first: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _Refused(MALFORMED.at(self._at(key), "A key is not plain text.", "Use a string as the key."))
            if key.value in first and key.tag != MERGE:
                self.found.append(
                    DUPLICATE_KEY.at(
                        self._at(key),
                        f"The key '{key.value}' already stands in line {first[key.value]}.",
                        "Keep one of the two.",
                    )
                )
            first.setdefault(key.value, key.start_mark.line + 1)
        if any(key.tag == MERGE for key, _ in node.value):
            self.loader.flatten_mapping(node)
        data: dict[str, Any] = {}
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _Refused(MALFORMED.at(self._at(key), "A key is not plain text.", "Use a string as the key."))
            data[key.value] = self.build(child, (*key_path, key.value), key)
        return data

    def _scalar(self, node: yaml.Node) -> Value:
        text = str(node.value)
        match node.tag.rpartition(":")[2]:
            case "str":
                return text
            case "null" if text.lower() in ("", "~", "null"):
                return None
            case "bool" if text.lower() in ("true", "false"):
                return text.lower() == "true"
            case "int" if INT.fullmatch(text) and len(text) <= MAX_DIGITS:
                return int(text)
            case "float" if FLOAT.fullmatch(text) and math.isfinite(float(text)):
                return float(text)
            case "int" | "float" if FLOAT.fullmatch(text):
                hint = "Write a smaller number, or put it in quotes as text."
                raise _Refused(MALFORMED.at(self._at(node), "The number is too large.", hint))
        raise _Refused(
            MALFORMED.at(
                self._at(node),
                f"The tag '{node.tag}' does not fit here.",
                "Write a plain value: text, a number, true or false, a list or a mapping.",
            )
        )

    def _at(self, node: yaml.Node) -> Location:
        return _place(self.path, node.start_mark)


def _place(path: str, mark: Any) -> Location:
    return Location(path, mark.line + 1, mark.column + 1)


def _holds_several(text: str) -> bool:
    """Whether a text is YAML, of more than one document."""
    try:
        return sum(isinstance(event, yaml.DocumentStartEvent) for event in yaml.parse(text, yaml.CSafeLoader)) > 1
    except yaml.YAMLError:
        return False


def _problem_place(text: str, path: str, error: yaml.MarkedYAMLError) -> Location:
    """The location to report: for an error at the end of the file, where the unfinished construct began."""
    end = len(text.rstrip())
    for mark in (error.problem_mark, error.context_mark):
        if mark and mark.index < end:
            return _place(path, mark)
    before = text[: max(end - 1, 0)]
    return Location(path, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _boundless(path: str, mark: Any) -> Diagnostic:
    return MALFORMED.at(
        _place(path, mark),
        "The document grows without bound: too many or too deeply nested values, aliases expanded.",
        "Write the values out instead of nesting anchors and aliases.",
    )


def _refuse_boundless(text: str, path: str) -> None:
    """Check the document's events before nodes are built from them, which recurses and would overflow the C stack."""
    if is_shallow(text):
        return
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        if depth > MAX_DEPTH or count > 3 * MAX_NODES:  # a key and its value, and the end of each start
            raise _Refused(_boundless(path, event.start_mark))
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


_ODD_BREAKS = re.compile("[\t\x85\u2028\u2029]|\r(?!\n)")
"""Characters that YAML treats as white space or line ends, besides the usual ones."""

_INDENT = re.compile(r"\n[ ?\-]+")


def is_shallow(text: str) -> bool:
    """Whether the text alone rules out that a document is too large or too deep, as it does for nearly every file.

    Each level of block collections begins at least as far right as the one around it, and no more than two at one
    column (a list in a mapping); each level of flow collections has its bracket.
    """
    usual = text.isascii() and "\t" not in text and "\r" not in text  # much faster, and nearly always true
    if len(text) > MAX_NODES or (not usual and _ODD_BREAKS.search(text)):
        return False
    column = max(map(len, _INDENT.findall(f"\n{text}")), default=1) - 1
    return 2 * (column + 1) + text.count("[") + text.count("{") < MAX_DEPTH


def decode(raw: bytes, path: str) -> tuple[str, tuple[Diagnostic, ...]]:
    """The text of a UTF-8 file without its byte order mark. Empty, with a diagnostic, if it is not UTF-8."""
    try:
        return raw.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8-sig" if line == 1 else "utf-8")) + 1
        message = f"Byte 0x{raw[error.start]:02x} is not UTF-8."
        return "", (MALFORMED.at(Location(path, line, column), message, "Save the file as UTF-8."),)


def parse_yaml(text: str, path: str) -> tuple[Document | None, tuple[Diagnostic, ...]]:
    """Parse one YAML document.

    Returns:
        the document, or None if the text cannot be parsed; and every mistake.
    """
    try:
        _refuse_boundless(text, path)
        loader = Loader(text)
        node = loader.get_single_node()
        if node is None:
            return Document(path, text, None, MappingProxyType({})), ()
        builder = _Builder(path, loader)
        data = builder.build(node, ())
    except yaml.MarkedYAMLError as error:
        where = _problem_place(text, path, error)
        if _holds_several(text):
            hint = "Put each document into a file of its own."
            return None, (MALFORMED.at(where, "This file holds several YAML documents, and one is read.", hint),)
        what = ", ".join(part for part in (error.context, error.problem) if part)
        hint = "Correct the YAML here or in the line above: indentation, a missing colon, quote or bracket."
        return None, (MALFORMED.at(where, f"This is not YAML: {what}.", hint),)
    except yaml.reader.ReaderError as error:
        before = text.encode()[: error.position].decode(errors="ignore")  # libyaml counts bytes
        where = Location(path, before.count("\n") + 1, len(before) - before.rfind("\n"))
        return None, (MALFORMED.at(where, f"This is not YAML: {error.reason}.", "Remove the character."),)
    except _Refused as refused:
        return None, (refused.diagnostic,)
    spans, spellings = MappingProxyType(builder.spans), MappingProxyType(builder.spellings)
    return Document(path, text, data, spans, spellings), tuple(builder.found)
