"""Every reporter there is, with attacks in every field of every value that it takes: a new one is found by itself."""

import collections.abc
import dataclasses
import enum
import importlib
import inspect
import json
import pkgutil
import random
import re
import types
import typing
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from pydantic import BaseModel

from azureml_publish import reporters
from azureml_publish.errors import PublishError
from azureml_publish.importer.new_folder import NewFolder
from azureml_publish.reporters import hostile_text
from azureml_publish.reporters.paint import Paint
from azureml_publish.reporters.promote import Promoted
from azureml_publish.spec.model import SkuQuery
from tests.hostile.outputs import ATTACKS, through_json, through_markdown, through_text, through_xml

KEY = "4711;"

PIECES = {
    "annotations": {"data", "attribute"},
    "diagnostics": {"as_json", "counted"},
    "differences": {"painted", "short", "unified"},
    "drift": {"made", "summary"},
    "folding": {"folded"},
    "frames": {"line_of"},
    "plan": {"latest_text"},
    "plan_markdown": {"cell", "fitting"},
    "tables": {"figure", "shortened", "size_text"},
    "hostile_text": {"below", "for_json", "for_terminal", "for_xml", "one_line", "shown", "visible"},
}
"""What returns text that a reporter puts into its own, by module."""


def found_reporters() -> Iterator[tuple[str, Callable[..., Any]]]:
    for module in pkgutil.iter_modules(reporters.__path__):
        loaded = importlib.import_module(f"{reporters.__name__}.{module.name}")
        for name, function in vars(loaded).items():
            if not inspect.isfunction(function) or function.__module__ != loaded.__name__ or name.startswith("_"):
                continue
            if name not in PIECES.get(module.name, ()) and _is_text(hints_of(function)["return"]):
                yield f"{module.name}.{name}", function


def hints_of(of: Any) -> dict[str, Any]:
    # A value of a spec or a registry refers to itself, in words that are read where it is used.
    words = {"Sequence": collections.abc.Sequence, "Mapping": collections.abc.Mapping, "Value": Any}
    return typing.get_type_hints(of, localns=words)


def _is_text(kind: Any) -> bool:
    return kind is str or (typing.get_origin(kind) is tuple and set(typing.get_args(kind)) == {str})


REPORTERS = dict(found_reporters())


OWN: dict[tuple[type, str], Any] = {(Promoted, "metadata"): "carry", (NewFolder, "files"): {"model.yaml": b"name: a\n"}}
"""Fields whose few words are chosen by the code."""


class Hostile:
    """Makes values of any type that reporters take, with one attack in every text."""

    def __init__(self, attack: str, seed: int) -> None:
        self.attack = attack
        self.random = random.Random(seed)

    def arguments(self, function: Callable[..., Any]) -> dict[str, Any]:
        hints = hints_of(function)
        parameters = inspect.signature(function).parameters.values()
        return {one.name: self.make(hints[one.name]) for one in parameters if one.kind is not one.VAR_POSITIONAL}

    def make(self, kind: Any, depth: int = 0) -> Any:  # noqa: C901, PLR0911, PLR0912 - one kind after the other
        origin, inner = typing.get_origin(kind), typing.get_args(kind)
        if kind is str:
            return self.attack
        if kind is bytes:
            return self.attack.encode(errors="surrogatepass")
        if kind is Path:
            return Path("model")
        if kind is SkuQuery:
            return SkuQuery(families=(self.attack,))
        if kind is Paint:
            return Paint(enabled=True, key=KEY)
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return self.random.choice([*kind])
        if isinstance(kind, type) and issubclass(kind, BaseException):
            return PublishError(self.attack, hint=self.attack)
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            hints = hints_of(kind)
            given = {one.name: self.make(hints[one.name], depth + 1) for one in dataclasses.fields(kind)}
            return kind(**{name: OWN.get((kind, name), value) for name, value in given.items()})
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            hints = hints_of(kind)
            return kind.model_construct(**{name: self.make(hints[name], depth + 1) for name in kind.model_fields})
        if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
            return kind(*(self.make(one, depth + 1) for one in hints_of(kind).values()))
        simple: dict[Any, Callable[[], Any]] = {
            bool: lambda: self.random.random() < 0.5,
            int: lambda: self.random.randint(1, 90),
            float: lambda: 2.5,
        }
        simple |= {date: lambda: date(2026, 1, self.random.randint(1, 28)), type(None): lambda: None}
        if kind in simple:
            return simple[kind]()
        if kind in (Any, object) or isinstance(kind, typing.ForwardRef | str):
            return self.random.choice([self.attack, [self.attack, "b"], {self.attack: self.attack}, None, 7])
        if origin in (types.UnionType, typing.Union):
            return self.make(self.random.choice(inner), depth + 1)
        if origin is typing.Literal:
            return self.random.choice(inner)
        if origin is typing.Annotated:
            return self.make(inner[0], depth)
        if origin is tuple and inner[-1] is not Ellipsis:
            return tuple(self.make(one, depth + 1) for one in inner)
        if origin in (collections.abc.Mapping, dict):
            return {self.make(inner[0]): self.make(inner[1], depth + 1) for _ in range(2)}
        if origin is collections.abc.Callable:
            return lambda *_: (self.attack, *self.attack.split("\n")) * 50
        if isinstance(origin, type) and issubclass(origin, collections.abc.Iterable):
            made = [self.make(inner[0], depth + 1) for _ in range(2 if depth < 6 else 0)]
            return tuple(made) if origin in (tuple, collections.abc.Sequence) else made
        raise NotImplementedError(f"{kind} is new here: say how it is made")


def judged(name: str, said: str) -> list[str]:
    """What gets through a reporter and the filter of its form, as `publish` runs them."""
    if name.endswith(("_json", "_sarif")):
        return through_json(hostile_text.for_json(said))
    if name.endswith(("_svg", "_junit")):
        return through_xml(hostile_text.for_xml(said))
    if name.endswith(("_markdown", "_summary")) and "diagnostics" not in name:
        return through_markdown(hostile_text.for_terminal(said))
    if name.endswith("lint_issues"):  # commands of our own begin a line; an attack may follow in it
        shown = hostile_text.for_terminal(said, annotations=True)
        return through_text(re.sub(r"^##vso\[task\.logissue type=(error|warning);", "", shown, flags=re.MULTILINE))
    github = "annotation" in name
    shown = hostile_text.for_terminal(said, KEY, annotations=github)
    return through_text(shown, annotations=github, colours=said.count(f"\x1b[{KEY}"))


@pytest.mark.parametrize("name", REPORTERS)
def test_no_attack_gets_through_a_reporter(name: str) -> None:
    through = []
    for number, attack in enumerate(ATTACKS):
        for seed in range(2):
            arguments = Hostile(attack, number * 100 + seed).arguments(REPORTERS[name])
            if name.startswith("json_forms."):  # which take what the other reporters wrote as JSON
                arguments = {"text": json.dumps({"models": [{attack: attack, "of": [attack]}]})}
            said = REPORTERS[name](**arguments)
            for one in said if isinstance(said, tuple) else (said,):
                through += [f"{attack!r}: {wrong}" for wrong in judged(name, one)]
    assert not through, "\n".join(dict.fromkeys(through))


def test_the_reporters_of_every_form_are_found() -> None:
    assert {"plan.plan_text", "lint.lint_json", "github.github_summary", "sku_svg.chart_svg"} <= set(REPORTERS)
    assert len(REPORTERS) > 45


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_judge_sees_an_attack_that_nothing_holds(attack: str) -> None:
    """What judges is no use if it passes everything."""
    assert through_text(f"{attack}\n") or through_markdown(f"{attack}\n") or MarkdownIt().render(attack) != attack
