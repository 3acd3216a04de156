"""Renders a card a second time to find the origin of each character: a template, an expression, a field of the spec.

The same templates get text with origins instead of plain text. The origins survive joins, macros and trimming filters.
The card itself comes from the plain rendering; a trace with another result is not used.
"""

from __future__ import annotations

import bisect
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self

from jinja2 import BaseLoader, nodes, pass_context

from azureml_publish.diagnostics import Location
from azureml_publish.origins import Stretch
from azureml_publish.render.sandbox import TemplateSandbox

_NEWLINE = re.compile(r"\r\n|\r|\n")


class Traced(str):
    """Text with the origin of each of its parts."""

    __slots__ = ("stretches",)
    stretches: tuple[Stretch, ...]

    def __new__(cls, stretches: Iterable[Stretch]) -> Self:
        """The text of all parts."""
        kept = tuple(stretches)
        made = super().__new__(cls, "".join(one.text for one in kept))
        made.stretches = kept
        return made

    def __str__(self) -> str:
        return self  # a plain copy would lose the origins

    def part(self, start: int, end: int) -> Iterator[Stretch]:
        """The parts of a slice of it."""
        position = 0
        for one in self.stretches:
            first, last = max(start - position, 0), min(end - position, len(one.text))
            if first < last:
                yield one.part(first, last)
            position += len(one.text)

    def became(self, result: str) -> Traced:
        """Its result after a filter: a slice of it, the same number of lines, or else new text at its place."""
        start = self.find(result)
        if start >= 0:
            return Traced(self.part(start, start + len(result)))
        before, after = self.splitlines(keepends=True), result.splitlines(keepends=True)
        if len(before) != len(after):
            return Traced([Stretch(result, self._place(0))])
        made, position = [], 0
        for old, new in zip(before, after, strict=True):
            kept = new.find(old)
            if kept < 0:
                made.append(Stretch(new, self._place(position)))
            else:
                made.append(Stretch(new[:kept], None))
                made.extend(self.part(position, position + len(old)))
                made.append(Stretch(new[kept + len(old) :], None))
            position += len(old)
        return Traced(made)

    def _place(self, offset: int) -> Location | None:
        return next((one.place for one in self.part(offset, len(self))), None)


def joined(parts: Iterable[str]) -> str:
    """Joined text; parts without an origin have none."""
    return Traced(
        one
        for part in parts
        for one in (part.stretches if isinstance(part, Traced) else (Stretch(str.__str__(part), None),))
    )


class TracingSandbox(TemplateSandbox):
    """The sandbox of all templates, for text with origins."""

    concat = staticmethod(joined)

    def __init__(
        self, loader: BaseLoader, shown: Callable[[str], str], clock: Callable[[], float] = time.thread_time
    ) -> None:
        super().__init__(loader, clock)
        self._shown = shown
        self.filters |= {":written": self._written, ":expressed": self._expressed}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        places = self._places(source)
        outputs = [*tree.find_all(nodes.Output)]  # in source order
        texts = [
            child.data if isinstance(child, nodes.TemplateData) else None for out in outputs for child in out.nodes
        ]
        if texts != [text for text, _, _ in places]:
            return tree
        path = self._shown(filename or name or "")
        following = iter(places)
        for output in outputs:
            output.nodes = [_marked(child, path, *next(following)[1:]) for child in output.nodes]
        return tree

    def _places(self, source: str) -> list[tuple[str | None, int, int]]:
        """Line and column of every text of a template, and of every output expression (without text)."""
        whole = _NEWLINE.sub("\n", self.preprocess(source))
        lines = [0, *(found.end() for found in re.finditer("\n", whole))]
        places, position = [], 0
        for _, kind, value in self.lex(self.preprocess(source)):
            while not whole.startswith(value, position):  # white space removed by block tags
                position += 1
            if kind == "variable_begin" or (kind == "data" and value):
                line = bisect.bisect_right(lines, position)
                text = value if kind == "data" else None
                places.append((text, line, position - lines[line - 1] + 1))
            position += len(value)
        return places

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """See the base class."""
        result = super().call_binop(context, operator, left, right)
        return joined((left, right)) if isinstance(result, str) else result

    def call(self, context: Any, function: Any, /, *arguments: Any, **named: Any) -> Any:
        """See the base class."""
        result = super().call(context, function, *arguments, **named)
        return _after(getattr(getattr(function, "__wrapped__", function), "__self__", None), result)

    def _bounded(self, function: Callable[..., Any]) -> Callable[..., Any]:
        bounded = super()._bounded(function)

        def traced(*arguments: Any, **named: Any) -> Any:
            subject = next((one for one in arguments if isinstance(one, Traced)), None)
            return _after(subject, bounded(*arguments, **named))

        traced.__dict__.update(bounded.__dict__)
        return traced

    def _yaml(self, value: Any, indent: int = 0) -> str:
        return super()._yaml(_plain(value), indent)

    @pass_context
    def _joined(self, _context: Any, parts: Iterable[Any]) -> str:
        text = joined(str(self._weighed(None, part)) for part in parts)
        self.budget.write(len(text))
        return text

    @pass_context
    def _written(self, _context: Any, text: str, path: str, line: int, column: int) -> str:
        return Traced([Stretch(text, Location(path, line, column), verbatim=True)])

    @pass_context
    def _expressed(self, _context: Any, value: Any, path: str, line: int, column: int) -> str:
        """An expression's value; without an origin of its own, its origin is the expression."""
        self.budget.weigh(value, strict=True)
        known = value if isinstance(value, Traced) else joined([str(value)])
        here = Location(path, line, column)
        return Traced(
            one if one.place is not None else Stretch(one.text, here) for one in getattr(known, "stretches", ())
        )


def _marked(child: nodes.Expr, path: str, line: int, column: int) -> nodes.Filter:
    number = child.lineno
    where: list[nodes.Expr] = [nodes.Const(one, lineno=number) for one in (path, line, column)]
    if isinstance(child, nodes.TemplateData):
        return nodes.Filter(nodes.Const(child.data, lineno=number), ":written", where, [], None, None, lineno=number)
    return nodes.Filter(child, ":expressed", where, [], None, None, lineno=number)


def _after(subject: Any, result: Any) -> Any:
    if isinstance(subject, Traced) and isinstance(result, str) and not isinstance(result, Traced):
        return subject.became(result)
    return result


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return "".join(value)
    if isinstance(value, Mapping):
        return {_plain(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def traced_values(
    value: Any, place: Callable[[tuple[str | int, ...]], Location], at: tuple[str | int, ...] = ()
) -> Any:
    """Values of a spec, with the origins of their texts."""
    if isinstance(value, str):
        return Traced([Stretch(value, place(at))])
    if isinstance(value, Mapping):
        return {key: traced_values(one, place, (*at, key)) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(traced_values(one, place, (*at, index)) for index, one in enumerate(value))
    return value
