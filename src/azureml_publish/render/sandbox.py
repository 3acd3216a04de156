"""Jinja as templates are allowed to use it: sandboxed, strict about undefined names, and bounded in work and size."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jinja2 import BaseLoader, StrictUndefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from azureml_publish.documents import dump_yaml

MAX_STEPS = 100_000
"""Turns of all loops in one rendering, together. The largest card takes some hundred."""

MAX_CHARACTERS = 4 * 1024 * 1024
"""What one rendering may write or build up, in characters."""

MAX_NUMBER = 1_000_000
"""The largest number that a template may hand to a filter or a method, such as a width."""


class RunawayTemplate(SecurityError):
    """A template does more than any card needs."""


class _Budget:
    """What is left to one rendering."""

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.characters = MAX_CHARACTERS

    def step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise RunawayTemplate(f"more than {MAX_STEPS:,} turns of loops")

    def write(self, text: str) -> str:
        self.characters -= len(text)
        if self.characters < 0:
            raise RunawayTemplate(f"more than {MAX_CHARACTERS:,} characters")
        return text


class TemplateSandbox(ImmutableSandboxedEnvironment):
    """Compiles templates once, and renders them one at a time within a budget that each rendering renews.

    Jinja's own sandbox keeps a template from Python's insides but lets it loop and grow for ever. Here every loop
    counts, and so does all text that is put out or joined.
    """

    intercepted_binops = frozenset({"*", "**", "+", "%"})

    def __init__(self, loader: BaseLoader) -> None:
        self.budget = _Budget()
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            finalize=self._finalize,
        )
        self.filters = {name: self._bounded(function) for name, function in self.filters.items()}
        self.filters |= {"yaml": _yaml, "_each": self._each, "_joined": self._joined}
        for unsteady in ("format", "random", "pprint", "urlize", "xmlattr"):
            self.filters.pop(unsteady)
        for unsteady in ("lipsum", "cycler", "joiner"):
            self.globals.pop(unsteady)

    def renew_budget(self) -> None:
        """Begin another rendering."""
        self.budget = _Budget()

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, "_each", [], [], None, None, lineno=loop.lineno)
        return _with_counted_joins(tree)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic, but for what makes much out of little."""
        if operator == "**":
            raise RunawayTemplate("powers are not available in templates")
        sized = isinstance(left, str | list | tuple) or isinstance(right, str | list | tuple)
        if operator == "*" and sized:
            raise RunawayTemplate("text and lists cannot be multiplied in templates")
        if operator == "%" and isinstance(left, str):
            raise RunawayTemplate("'%' formatting is not available in templates; use '~' to join text")
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, str | list | tuple):
            self.budget.write(str(result))
        return result

    def call(self, context: Any, function: Any, /, *arguments: Any, **named: Any) -> Any:
        """Call what the sandbox allows, without numbers that make text explode, such as a width of a billion."""
        _refuse_large(arguments, named)
        self.budget.step()
        if getattr(function, "__name__", "") in ("format", "format_map") and isinstance(function.__self__, str):
            raise RunawayTemplate("'format' is not available in templates; use '~' to join text")
        return super().call(context, function, *arguments, **named)

    def _bounded(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A filter that takes no huge numbers, and whose text counts."""

        @functools.wraps(function)  # keeps the marks by which Jinja knows what a filter wants handed in
        def bounded(*arguments: Any, **named: Any) -> Any:
            _refuse_large(arguments, named)
            result = function(*arguments, **named)
            return self.budget.write(result) if isinstance(result, str) else result

        return bounded

    def _each(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self.budget.step()
            yield item

    def _joined(self, parts: Iterable[Any]) -> str:
        return self.budget.write("".join(str(part) for part in parts))

    def _finalize(self, value: Any) -> Any:
        self.budget.write(value if isinstance(value, str) else str(value))
        return value


def _with_counted_joins(tree: nodes.Template) -> nodes.Template:
    """Send `a ~ b` through the budget; Jinja compiles it to a plain join, out of the sandbox's reach."""
    for parent in [tree, *tree.find_all(nodes.Node)]:
        for field, value in parent.iter_fields():
            if isinstance(value, nodes.Concat):
                setattr(parent, field, _counted(value))
            elif isinstance(value, list):
                value[:] = [_counted(item) if isinstance(item, nodes.Concat) else item for item in value]
    return tree


def _counted(join: nodes.Concat) -> nodes.Filter:
    parts = nodes.List(join.nodes, lineno=join.lineno)
    return nodes.Filter(parts, "_joined", [], [], None, None, lineno=join.lineno)


def _refuse_large(arguments: Iterable[Any], named: Mapping[str, Any]) -> None:
    for number in (*arguments, *named.values()):
        if isinstance(number, int) and abs(number) > MAX_NUMBER:
            raise RunawayTemplate(f"the number {number:,} is larger than a template may use")


def _yaml(value: Any, indent: int = 0) -> str:
    return dump_yaml(value, indent=indent)
