"""The sample inputs and outputs of a model, and the signature that MLflow logged."""

from __future__ import annotations

import bisect
import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from markdown_it.token import Token

from azureml_publish.diagnostics import Location
from azureml_publish.documents import MAX_DEPTH, Document, KeyPath, mapping_of, parse_yaml
from azureml_publish.documents.strict_json import refuse_constant
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.subject import Described, SampleText
from azureml_publish.patterns import pattern

_JSON = frozenset({"json", "JSON", "Json"})
_LEFT_OUT = pattern(r'"(?:[^"\\]|\\.)*"|(?P<dots>\.\.\.|…)|(?P<placeholder><\w[^<>"\n]*>)')
"""Strings, and dots or placeholders in the place of a value between them."""


class NotJsonError(ValueError):
    """The sample is not JSON, for the reason in the message; `line` and `column` in the sample count from 1."""

    def __init__(self, why: str, line: int = 1, column: int = 1) -> None:
        super().__init__(why)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a signature: name (may be empty), MLflow's type, and whether it is required."""

    name: str
    type: str
    required: bool


@functools.lru_cache(maxsize=2)
def json_texts(model: Described) -> tuple[SampleText, ...]:
    """Every sample of a model: its files, and the JSON fences of its card and pages.

    A fence is an `input` or an `output` by the nearest lines or heading above it; other fences have no name.
    """
    return (*model.samples, *(sample for page in model.cards for sample in _fences(page)))


def inputs(model: Described) -> Sequence[tuple[SampleText, Any]]:
    """The sample inputs that are JSON, with their data: files first, then fences."""
    return _parsed(model, "input")


def outputs(model: Described) -> Sequence[tuple[SampleText, Any]]:
    """The sample outputs that are JSON, in the same way."""
    return _parsed(model, "output")


@functools.lru_cache(maxsize=4)
def _parsed(model: Described, name: str) -> Sequence[tuple[SampleText, Any]]:
    found = []
    own = not model.stated and any(sample.name == name for sample in model.samples)  # the card shows these files
    for sample in model.samples if own else json_texts(model):
        if sample.name == name:
            try:
                found.append((sample, parse_sample(sample.text)))
            except NotJsonError:
                continue
    return found


def parse_sample(text: str) -> Any:
    """The data of a sample. Deep nesting is refused.

    Raises:
        NotJsonError: it is not JSON.
    """
    try:
        data = json.loads(text, parse_constant=refuse_constant)
    except json.JSONDecodeError as error:
        raise NotJsonError(error.msg, error.lineno, error.colno) from None
    except RecursionError:
        raise NotJsonError(f"it is nested deeper than {MAX_DEPTH}") from None
    except ValueError as error:  # a number with thousands of digits, or the message above
        raise NotJsonError(str(error)) from None
    return data


def is_fragment(text: str) -> bool:
    """Whether a text is JSON without its outer braces, JSON Lines, or JSON after a request line."""
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        if request := _REQUEST.match(text):
            parse_sample(text[request.end() :])
        elif text.lstrip().startswith('"'):
            parse_sample("{" + text.strip().removesuffix(",") + "}")
        else:
            for line in lines:
                parse_sample(line)
    except NotJsonError:
        return False
    return len(lines) > 0


_REQUEST = pattern(r"\s*(?:POST|PUT|PATCH|DELETE|GET) /?[\w:/.{}<>-]+(?: HTTP/[0-9.]+)?[ \t]*\n")


def left_out(text: str) -> str:
    """The dots or the placeholder (`[<image-url>]`) in the place of a value; empty where there is none.

    With a placeholder everything else must be JSON. Dots may replace several values.
    """
    marks = [match for match in _LEFT_OUT.finditer(text) if match.lastgroup]
    if dots := next((match for match in marks if match["dots"]), None):
        return dots[0]
    try:
        parse_sample(_LEFT_OUT.sub(lambda match: '""' if match.lastgroup else match[0], text))
    except NotJsonError:
        return ""
    return marks[0][0] if marks else ""


def place_in(sample: SampleText, key_path: KeyPath) -> Location:
    """The location of a value in a sample, found by the YAML reader, since JSON is YAML."""
    document = _positions(sample.text)
    if document is None:
        return sample.place(1, 1)
    where = document.location(key_path)
    return sample.place(where.line, where.column)


@functools.lru_cache(maxsize=4)
def _positions(text: str) -> Document | None:
    return parse_yaml(text.replace("\t", " "), "")[0]


def signature(mlmodel: Document | None, side: Literal["inputs", "outputs"] = "inputs") -> tuple[Column, ...] | None:
    """One side of MLflow's signature; None where there is none, or only tensors, which have no columns."""
    columns = _side(mlmodel, side)
    if not columns or any(column.get("type") == "tensor" for column in columns):
        return None
    return tuple(
        Column(str(column.get("name") or ""), str(column.get("type")), column.get("required", True) is not False)
        for column in columns
    )


def tensor_type(mlmodel: Document | None, side: Literal["inputs", "outputs"]) -> str:
    """The number type of a side that is a single tensor, as numpy calls it; else empty."""
    listed = _side(mlmodel, side)
    return str(mapping_of(listed[0].get("tensor-spec")).get("dtype") or "") if len(listed) == 1 else ""


def _side(mlmodel: Document | None, side: str) -> list[dict[str, Any]]:
    """The columns or tensors of one side of the signature; none where they cannot be read."""
    data = mapping_of(mlmodel.data if mlmodel is not None else None)
    listed = mapping_of(data.get("signature")).get(side)
    try:
        found = json.loads(listed) if isinstance(listed, str) else None
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) and all(isinstance(one, dict) for one in found) else []


def is_offered(model: Described) -> bool:
    """Whether the catalogue offers to deploy the model: inference sizes are listed and it is not archived."""
    computes = model.metadata.get("supportedComputes")
    return isinstance(computes, Mapping) and bool(computes.get("inferenceComputes")) and not model.archived


@functools.lru_cache(maxsize=8)
def _fences(page: Card) -> tuple[SampleText, ...]:
    """The JSON fences of a page, found once for all rules."""
    return tuple(_find_fences(page))


def _find_fences(page: Card) -> Iterator[SampleText]:
    starts = [heading.line - 1 for heading in page.headings]
    for token in page.tokens:
        if token.type != "fence" or not token.map or token.info.strip().split(" ")[0] not in _JSON:
            continue
        above = bisect.bisect(starts, token.map[0]) - 1
        title = page.headings[above].text.lower() if above >= 0 else ""
        yield SampleText(_kind(title, page, token), token.content, _fence_place(page, token))


def _kind(title: str, page: Card, token: Token) -> str:
    """`input`, `output` or empty, by the lines between heading and fence, else by the heading."""
    first = (token.map or [0])[0]
    near = " ".join(page.lines[max(first - 3, 0) : first]).lower()
    for text in (near, title):
        sides = [word for word in ("input", "output") if word in text]
        if len(sides) == 1 and "sample" in f"{title} {near}":
            return sides[0]
    return ""


def _fence_place(page: Card, token: Token) -> Any:
    """Converts line and column in a fence's content to those of the card."""
    first = (token.map or [0])[0]
    contents = token.content.split("\n")

    def place(line: int, column: int) -> Location:
        row = page.lines[first + line] if first + line < len(page.lines) else ""
        content = contents[line - 1] if line <= len(contents) else ""
        indent = row.find(content) if content else 0
        return page.place(first + line + 1, column + max(indent, 0))

    return place
