"""The Jinja environment for templates: sandboxed, strict about undefined names, and limited in work and size."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from types import CodeType
from typing import Any

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    Environment,
    StrictUndefined,
    Template,
    nodes,
    pass_context,
    pass_environment,
    pass_eval_context,
)
from jinja2.bccache import Bucket
from jinja2.filters import do_tojson, make_attrgetter
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from yaml.representer import RepresenterError

from azureml_publish.documents import dump_yaml
from azureml_publish.render.budget import (
    INCLUDE_STEPS,
    MAX_BITS,
    MAX_GROWTH,
    MAX_INDENT,
    MAX_NUMBER,
    MAX_SECONDS,
    SIZED,
    Budget,
    RunawayTemplate,
)
from azureml_publish.render.card_structure import note_structure
from azureml_publish.render.comments import SYNTAX

_GLANCES = ("defined", "undefined", "none", "boolean", "string", "mapping", "sequence", "number", "integer", "float")
"""Tests for a value's type, whose time does not depend on its size."""

_COMPILED: dict[tuple[type[Environment], str, str], CodeType] = {}
_MOST_COMPILED = 256


class _Compiled(BytecodeCache):
    """Caches compiled templates in the process: fixes and migrations read all templates several times.

    Sandboxes of different kinds do not share code, because they count and trace in different ways.
    """

    def __init__(self, kind: type[Environment]) -> None:
        self._kind = kind

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """The base's key, but for paths that are not UTF-8, too."""
        return super().get_cache_key(name, None if filename is None else os.fsencode(filename).hex())

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load the code for the same name, file and text, if there is any."""
        bucket.code = _COMPILED.get((self._kind, bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Store code; the oldest is dropped when there is too much."""
        if len(_COMPILED) >= _MOST_COMPILED:
            _COMPILED.pop(next(iter(_COMPILED)), None)
        if bucket.code is not None:
            _COMPILED[self._kind, bucket.key, bucket.checksum] = bucket.code


class TemplateSandbox(ImmutableSandboxedEnvironment):
    """Compiles templates once, and renders them one at a time within a budget that each rendering renews.

    Jinja's own sandbox keeps a template from Python's internals but lets it loop and grow without end. Here loops,
    written and joined text, and the arguments of filters and methods count against a budget.
    """

    intercepted_binops = frozenset({"*", "**", "+", "%"})

    def __init__(self, loader: BaseLoader, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self.renew_budget()
        self._loader = loader
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=False,
            finalize=self._finalize,
            bytecode_cache=_Compiled(type(self)),
            auto_reload=False,
            **SYNTAX,
        )
        for known in (self.filters, self.tests):
            functions: dict[str, Any] = {**known, **({"sum": _sum, "tojson": _tojson} if known is self.filters else {})}
            bounded = functions.keys() - (_GLANCES if known is self.tests else ())
            known.update({name: self._bounded(functions[name]) for name in bounded})
        self.filters |= {
            "yaml": self._yaml,
            ":each": self._each,
            ":joined": self._joined,
            ":weighed": self._weighed,
            ":copied": self._copied,
            ":static": self._static,
        }
        # What is not the same each time, or takes the square of a text's length, as the last two do.
        for unsteady in ("format", "random", "pprint", "urlize", "xmlattr", "striptags", "wordwrap"):
            self.filters.pop(unsteady)
        for unsteady in ("lipsum", "cycler", "joiner"):
            self.globals.pop(unsteady)

    def renew_budget(self, deadline: float | None = None) -> None:
        """Begin a new rendering, which ends by itself at a time of the sandbox's clock."""
        self.budget = Budget(self._clock, self._clock() + MAX_SECONDS if deadline is None else deadline)

    def load(self, name: str) -> Template:
        """Compile a template such as a card without caching it: it is rendered once."""
        return self._loader.load(self, name, self.make_globals(None))

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        note_structure(source, tree)
        texts: dict[nodes.Node, int] = {}
        _measure(tree, texts)
        everything = tuple(texts)
        _count_joins(everything)
        for node in everything:
            if isinstance(node, nodes.For):
                node.iter = _counted(node.iter, ":each", texts[node])
            elif isinstance(node, nodes.Compare | nodes.Operand):
                node.expr = _counted(node.expr, ":weighed")
            elif isinstance(node, nodes.Pair) and not isinstance(node.key, nodes.Const):
                node.key = _counted(node.key, ":weighed")  # hashing a key reads all of it
            elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
                node.node = _counted(node.node, ":copied")
        for body in [tree.body, *(block.body for block in everything if isinstance(block, nodes.Block))]:
            text = sum(texts[node] for node in body)  # a block is put out as often as another template calls for it
            body.insert(0, nodes.ExprStmt(_counted(nodes.Const(text, lineno=1), ":static"), lineno=1))
        return tree

    def _load_template(self, name: str, namespace: MutableMapping[str, Any] | None) -> Template:
        self.budget.step(INCLUDE_STEPS)
        return super()._load_template(name, namespace)

    def call_filter(self, name: str, *arguments: Any, **named: Any) -> Any:
        """As Jinja's, for the filters that a template may name as text, such as those of `map`."""
        if name.startswith(":"):
            raise RunawayTemplate(f"there is no filter '{name}' for templates")
        return super().call_filter(name, *arguments, **named)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """An item; its key is hashed."""
        self.budget.labour(1)
        if not isinstance(argument, str | int):
            self.budget.weigh(argument)
        return super().getitem(obj, argument)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic without operations whose result is much larger than their operands."""
        if operator == "**":
            raise RunawayTemplate("powers are not available in templates")
        sized = isinstance(left, SIZED) or isinstance(right, SIZED)
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
        """Call what the sandbox allows, without numbers that produce huge text, such as a width of a billion."""
        self.budget.step()
        method = getattr(function, "__wrapped__", function)  # the sandbox wraps str.format
        subject = getattr(method, "__self__", None)
        if isinstance(subject, str) and method.__name__ in ("format", "format_map"):
            raise RunawayTemplate("'format' is not available in templates; use '~' to join text")
        if isinstance(subject, str) and method.__name__ == "striptags":
            raise RunawayTemplate("'striptags' is not available in templates")
        self._check_growth(subject if isinstance(subject, SIZED) else "", arguments, named)
        if isinstance(function, LoopContext):  # a recursive loop iterates over another list
            arguments = tuple(self._each(None, items) for items in arguments)
        return self._checked(super().call(context, function, *arguments, **named))

    def _bounded(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a filter or test, so that huge numbers are refused and its text is charged."""

        @functools.wraps(function, assigned=())  # keeps Jinja's marks for filters that take the context
        def bounded(*arguments: Any, **named: Any) -> Any:
            given = arguments[1:] if isinstance(arguments[0], Context | EvalContext | Environment) else arguments
            self._check_growth(given[0] if given else "", given[1:], named)
            return self._checked(function(*arguments, **named))

        return bounded

    def _check_growth(
        self, subject: Any, arguments: Iterable[Any], named: Mapping[str, Any], *, strict: bool = False
    ) -> None:
        """Refuse calls with huge results, such as replacing each character by a page."""
        factor = 1
        for argument in (*arguments, *named.values()):
            if isinstance(argument, int) and abs(argument) > MAX_NUMBER:
                raise RunawayTemplate(f"the number {argument:,} is larger than a template may use")
            factor = max(factor, abs(argument) if isinstance(argument, int) else self.budget.weigh(argument))
        if self.budget.weigh(subject, strict=strict) * factor > MAX_GROWTH:
            raise RunawayTemplate("a filter or method would produce too much text")

    def _checked(self, result: Any) -> Any:
        if isinstance(result, str):
            self.budget.write(len(result))
        elif isinstance(result, bytes):
            raise RunawayTemplate("bytes are not available in templates")
        elif isinstance(result, Iterator):
            return list(self._each(None, result))  # lazy values could not be weighed
        return result

    # The counters take the context, so that Jinja does not evaluate them at compile time.

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
    def _copied(self, _context: Any, value: Any) -> Any:
        if isinstance(value, SIZED):
            self.budget.labour(len(value) // 16 if isinstance(value, str) else len(value))
        return value

    @pass_context
    def _static(self, _context: Any, text: int) -> None:
        self.budget.step()
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


@pass_environment
def _sum(environment: Environment, items: Iterable[Any], attribute: str | int | None = None, start: float = 0) -> float:
    """Jinja's filter for numbers alone: adding up lists takes the square of their length."""
    if not isinstance(start, int | float):
        raise RunawayTemplate("'sum' adds numbers in templates")
    return sum(items if attribute is None else map(make_attrgetter(environment, attribute), items), start)


@pass_eval_context
def _tojson(context: EvalContext, value: Any, indent: int | None = None) -> str:
    """Jinja's filter, with an indent that nested values do not multiply to very much."""
    if indent is not None and not 0 <= indent <= MAX_INDENT:  # text is not a number, which fails by itself
        raise RunawayTemplate(f"JSON is indented by at most {MAX_INDENT} in templates")
    return do_tojson(context, value, indent)


def _measure(node: nodes.Node, texts: dict[nodes.Node, int]) -> int:
    """Note how much text is below each node, a node before those in it; returns that of this one with its own.

    One walk, where one for each loop and block would take half as long as to compile the template.
    """
    texts[node] = 0
    texts[node] = sum(_measure(child, texts) for child in node.iter_child_nodes())
    return texts[node] + (len(node.data) if isinstance(node, nodes.TemplateData) else 0)


def _count_joins(everything: Iterable[nodes.Node]) -> None:
    """Charge `a ~ b` to the budget; Jinja compiles it to a plain join that the sandbox does not see."""
    for parent in everything:
        for field, value in parent.iter_fields():
            if isinstance(value, nodes.Concat):
                setattr(parent, field, _counted_join(value))
            elif isinstance(value, list):
                value[:] = [_counted_join(item) if isinstance(item, nodes.Concat) else item for item in value]


def _counted_join(join: nodes.Concat) -> nodes.Filter:
    return _counted(nodes.List(join.nodes, lineno=join.lineno), ":joined")


def _counted(expression: Any, counter: str, *given: int) -> nodes.Filter:
    line = expression.lineno
    arguments: list[nodes.Expr] = [nodes.Const(number, lineno=line) for number in given]
    return nodes.Filter(expression, counter, arguments, [], None, None, lineno=line)
