"""Jinja as templates are allowed to use it: sandboxed, strict about undefined names, and bounded in work and size."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from types import CodeType
from typing import Any

from jinja2 import BaseLoader, BytecodeCache, Environment, StrictUndefined, Template, Undefined, nodes, pass_context
from jinja2.bccache import Bucket
from jinja2.exceptions import SecurityError
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from yaml.representer import RepresenterError

from azureml_publish.documents import dump_yaml
from azureml_publish.render.comments import SilenceComments

MAX_STEPS = 100_000
"""Turns of all loops in one rendering, together. The largest card takes some hundred."""

MAX_CHARACTERS = 4 * 1024 * 1024
"""What one rendering may write or build up, in characters."""

MAX_WORK = 500_000
"""What one rendering may hand to filters, methods and comparisons: items, and text by the line of 16 characters."""

MAX_GROWTH = 64 * 1024 * 1024
"""The most that one filter or method may make, in characters, judged by what it is given."""

MAX_NUMBER = 1_000_000
"""The largest number that a template may hand to a filter or a method, such as a width."""

MAX_BITS = 1024
"""The longest number that a template may compute, in bits."""

_GLANCES = ("defined", "undefined", "none", "boolean", "string", "mapping", "sequence", "number", "integer", "float")
"""Tests that ask for a value's type alone, which takes no longer with a large one."""

_SIZED = (str, bytes, list, tuple, Mapping, range, set, frozenset, KeysView, ValuesView, ItemsView)


class RunawayTemplate(SecurityError):
    """A template does more than any card needs."""


class _Budget:
    """What is left to one rendering."""

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.characters = MAX_CHARACTERS
        self.work = MAX_WORK

    def step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise RunawayTemplate(f"more than {MAX_STEPS:,} turns of loops")

    def write(self, length: int) -> None:
        self.characters -= length
        if self.characters < 0:
            raise RunawayTemplate(f"more than {MAX_CHARACTERS:,} characters")

    def weigh(self, value: Any, *, strict: bool = False) -> int:
        """Charge the work that reading a value takes, parts that stand in it several times each time.

        Returns:
            its size: characters of text, plus items.

        Raises:
            RunawayTemplate: it is too much.
            UndefinedError: something in it is undefined, and that is not to be (`strict`).
        """
        waiting = [value]
        size = 0
        while waiting:
            one = waiting.pop()
            size += 1
            self.work -= 1
            kind = type(one)
            if kind is str:
                size += len(one)
                self.work -= len(one) // 16
            elif kind is dict:
                waiting += one
                waiting += one.values()
            elif kind is list or kind is tuple:
                if len(one) <= self.work:
                    waiting += one
                else:
                    self.work = -1
            elif one is not None and kind not in (bool, int, float):
                size += self._weigh_unusual(one, waiting, strict=strict)
            if self.work < 0:
                raise RunawayTemplate("it handles more text and longer lists than any card needs")
        return size

    def _weigh_unusual(self, one: Any, waiting: list[Any], *, strict: bool) -> int:
        """Charge what is of no type of its own; its parts go to those that wait. Its characters or items come back."""
        if isinstance(one, str):
            self.work -= len(one) // 16
            return len(one)
        if isinstance(one, Mapping):
            waiting += one.keys()
            waiting += one.values()
        elif isinstance(one, list | tuple):
            if len(one) <= self.work:
                waiting += one
            else:
                self.work = -1
        elif isinstance(one, Namespace):
            waiting.append(one._Namespace__attrs)  # noqa: SLF001 - it has no other way in
        elif strict and isinstance(one, Undefined):
            str(one)  # raises, and says what is missing
        elif isinstance(one, _SIZED):
            self.work -= len(one)
            return len(one)
        return 0


_COMPILED: dict[tuple[type[Environment], str, str], CodeType] = {}
_MOST_COMPILED = 256


class _Compiled(BytecodeCache):
    """Keeps what was compiled for the life of the process: a mend or a migration reads all templates again and again.

    One kind of sandbox never takes the code of another, which counts and traces otherwise.
    """

    def __init__(self, kind: type[Environment]) -> None:
        self._kind = kind

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """The base's key; a path need not be UTF-8, which the base takes for granted."""
        return super().get_cache_key(name, None if filename is None else os.fsencode(filename).hex())

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take the code of the same name, file and text, where there is one."""
        bucket.code = _COMPILED.get((self._kind, bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep code; the oldest goes where there is much."""
        if len(_COMPILED) >= _MOST_COMPILED:
            _COMPILED.pop(next(iter(_COMPILED)), None)
        if bucket.code is not None:
            _COMPILED[self._kind, bucket.key, bucket.checksum] = bucket.code


class TemplateSandbox(ImmutableSandboxedEnvironment):
    """Compiles templates once, and renders them one at a time within a budget that each rendering renews.

    Jinja's own sandbox keeps a template from Python's insides but lets it loop and grow for ever. Here every loop
    counts, so does all text that is put out or joined, and what is handed to filters and methods is weighed before.
    """

    intercepted_binops = frozenset({"*", "**", "+", "%"})

    def __init__(self, loader: BaseLoader) -> None:
        self.budget = _Budget()
        self._loader = loader
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            finalize=self._finalize,
            extensions=[SilenceComments],
            bytecode_cache=_Compiled(type(self)),
            auto_reload=False,
        )
        for known in (self.filters, self.tests):
            functions: dict[str, Any] = dict(known)
            bounded = functions.keys() - (_GLANCES if known is self.tests else ())
            known.update({name: self._bounded(functions[name]) for name in bounded})
        self.filters |= {
            "yaml": self._yaml,
            "_each": self._each,
            "_joined": self._joined,
            "_weighed": self._weighed,
            "_static": self._static,
        }
        for unsteady in ("format", "random", "pprint", "urlize", "xmlattr"):
            self.filters.pop(unsteady)
        for unsteady in ("lipsum", "cycler", "joiner"):
            self.globals.pop(unsteady)

    def renew_budget(self) -> None:
        """Begin another rendering."""
        self.budget = _Budget()

    def load(self, name: str) -> Template:
        """A template as it is now, such as a card: it is rendered once, and what is kept serves the others."""
        return self._loader.load(self, name, self.make_globals(None))

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for loop in tree.find_all(nodes.For):
            loop.iter = _counted(loop.iter, "_each", _text_in(loop))
        for comparison in tree.find_all(nodes.Compare):
            comparison.expr = _counted(comparison.expr, "_weighed")
            for operand in comparison.ops:
                operand.expr = _counted(operand.expr, "_weighed")
        tree = _with_counted_joins(tree)
        tree.body.insert(0, nodes.ExprStmt(_counted(nodes.Const(_text_in(tree), lineno=1), "_static"), lineno=1))
        return tree

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic, but for what makes much out of little."""
        if operator == "**":
            raise RunawayTemplate("powers are not available in templates")
        sized = isinstance(left, _SIZED) or isinstance(right, _SIZED)
        if operator == "*" and sized:
            raise RunawayTemplate("text and lists cannot be multiplied in templates")
        if operator == "%" and sized:
            raise RunawayTemplate("'%' formatting is not available in templates; use '~' to join text")
        if sized:
            self.budget.write(self.budget.weigh(left) + self.budget.weigh(right))
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, int) and result.bit_length() > MAX_BITS:
            raise RunawayTemplate("a number grows larger than a template may use")
        return result

    def call(self, context: Any, function: Any, /, *arguments: Any, **named: Any) -> Any:
        """Call what the sandbox allows, without numbers that make text explode, such as a width of a billion."""
        self.budget.step()
        method = getattr(function, "__wrapped__", function)  # the sandbox wraps str.format
        subject = getattr(method, "__self__", None)
        if isinstance(subject, str) and method.__name__ in ("format", "format_map"):
            raise RunawayTemplate("'format' is not available in templates; use '~' to join text")
        self._check_growth(subject if isinstance(subject, _SIZED) else "", arguments, named)
        if isinstance(function, LoopContext):  # a recursive loop goes into another list
            arguments = tuple(self._each(None, items) for items in arguments)
        return self._checked(super().call(context, function, *arguments, **named))

    def _bounded(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A filter or test that takes no huge numbers, and whose text counts."""

        @functools.wraps(function)  # keeps the marks by which Jinja knows what a filter wants handed in
        def bounded(*arguments: Any, **named: Any) -> Any:
            given = arguments[1:] if isinstance(arguments[0], Context | EvalContext | Environment) else arguments
            self._check_growth(given[0] if given else "", given[1:], named)
            return self._checked(function(*arguments, **named))

        return bounded

    def _check_growth(
        self, subject: Any, arguments: Iterable[Any], named: Mapping[str, Any], *, strict: bool = False
    ) -> None:
        """Refuse what could make very much of a subject, such as replacing each of its characters by a page."""
        factor = 1
        for argument in (*arguments, *named.values()):
            if isinstance(argument, int) and abs(argument) > MAX_NUMBER:
                raise RunawayTemplate(f"the number {argument:,} is larger than a template may use")
            factor = max(factor, abs(argument) if isinstance(argument, int) else self.budget.weigh(argument))
        if self.budget.weigh(subject, strict=strict) * factor > MAX_GROWTH:
            raise RunawayTemplate("a filter or method would make too much text")

    def _checked(self, result: Any) -> Any:
        if isinstance(result, str):
            self.budget.write(len(result))
        elif isinstance(result, bytes):
            raise RunawayTemplate("bytes are not available in templates")
        elif isinstance(result, Iterator):
            return list(self._each(None, result))  # what is lazy could not be weighed
        return result

    # The four counters take the context, so that Jinja never evaluates them while it compiles.

    @pass_context
    def _each(self, _context: Any, items: Iterable[Any], text: int = 0) -> Iterator[Any]:
        for item in items:
            self.budget.step()
            self.budget.write(text)
            yield item

    @pass_context
    def _joined(self, _context: Any, parts: Iterable[Any]) -> str:
        joined = "".join(str(self._weighed(None, part)) for part in parts)
        self.budget.write(len(joined))
        return joined

    @pass_context
    def _weighed(self, _context: Any, value: Any) -> Any:
        self.budget.weigh(value)
        return value

    @pass_context
    def _static(self, _context: Any, text: int) -> None:
        self.budget.write(text)

    def _yaml(self, value: Any, indent: int = 0) -> str:
        self._check_growth(value, (indent,), {}, strict=True)
        try:
            text = dump_yaml(value, indent=indent)
        except RepresenterError:
            raise TypeError(f"{type(value).__name__} cannot be written as YAML") from None
        self.budget.write(len(text))
        return text

    def _finalize(self, value: Any) -> Any:
        self.budget.weigh(value, strict=True)
        self.budget.write(len(value if isinstance(value, str) else str(value)))
        return value


def _text_in(node: nodes.Node) -> int:
    return sum(len(text.data) for text in node.find_all(nodes.TemplateData))


def _with_counted_joins(tree: nodes.Template) -> nodes.Template:
    """Send `a ~ b` through the budget; Jinja compiles it to a plain join, out of the sandbox's reach."""
    for parent in [tree, *tree.find_all(nodes.Node)]:
        for field, value in parent.iter_fields():
            if isinstance(value, nodes.Concat):
                setattr(parent, field, _counted_join(value))
            elif isinstance(value, list):
                value[:] = [_counted_join(item) if isinstance(item, nodes.Concat) else item for item in value]
    return tree


def _counted_join(join: nodes.Concat) -> nodes.Filter:
    return _counted(nodes.List(join.nodes, lineno=join.lineno), "_joined")


def _counted(expression: Any, counter: str, *given: int) -> nodes.Filter:
    line = expression.lineno
    arguments: list[nodes.Expr] = [nodes.Const(number, lineno=line) for number in given]
    return nodes.Filter(expression, counter, arguments, [], None, None, lineno=line)
