"""The project's frozen dataclasses beside the standard library's: a program cannot tell one from the other."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable, Mapping
from dataclasses import FrozenInstanceError, field
from typing import Any, ClassVar

import pytest

from azureml_publish.frozen import dataclass


def define(kind: Callable[..., Any]) -> tuple[type[Any], type[Any], type[Any], type[Any]]:
    """The same four classes by one of the two decorators."""

    @kind(frozen=True, slots=True)
    class Plain:
        """What it is."""

        known: ClassVar[int] = 3
        name: str
        count: int = 0
        made: Mapping[str, int] = field(default_factory=dict)
        hidden: str = field(default="h", repr=False, compare=False)
        inside: list[int] = field(default_factory=list, init=False, repr=False, compare=False)

        @property
        def doubled(self) -> int:
            return self.count * 2

    @kind(frozen=True, slots=True, kw_only=True)
    class Named:
        one: int
        other: str = "o"

    @kind(frozen=True, slots=True)
    class Own:  # noqa: PLW1641 - the decorator adds it
        value: str
        upper: str = field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "upper", self.value.upper())

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Own) and self.upper == other.upper

    @kind(frozen=True, slots=True)
    class Empty:
        pass

    return Plain, Named, Own, Empty


OURS, THEIRS = define(dataclass), define(dataclasses.dataclass)


def seen(kinds: tuple[type[Any], ...]) -> Any:
    """Everything that a program sees of them."""
    plain, named, own, empty = kinds
    one = plain("a", made={"x": 1})
    own_one = own("v")
    yield [(each.__name__, each.__slots__, each.__match_args__, repr(each.__dataclass_params__)) for each in kinds]
    yield [inspect.signature(each) for each in (plain, named, own, empty)][1:]
    yield [[(each.name, each.type, each.init, each.kw_only) for each in dataclasses.fields(kind)] for kind in kinds]
    yield [repr(each).replace("define.<locals>.", "") for each in (one, named(one=1), own_one, empty())]
    yield one == plain("a", 0, {"x": 1}, "other"), one == plain("b", made={"x": 1}), one == "a"
    yield hash(named(one=1)) == hash(named(one=1, other="o")), empty() == empty(), named(one=1) == own_one
    yield own_one == own("V"), own_one.upper, dataclasses.asdict(one), dataclasses.replace(one, count=4).doubled
    yield one.hidden, one.inside, plain("z").made is plain("z").made, plain.known
    yield copy.copy(one) == one, copy.deepcopy(one) == one, copy.deepcopy(one).made is one.made
    match one:
        case plain(name, count):
            yield name, count


def test_a_program_sees_the_same() -> None:
    assert list(seen(OURS)) == list(seen(THEIRS))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda plain, _: plain(),
        lambda plain, _: plain("a", unknown=1),
        lambda plain, _: plain("a", inside=[]),
        lambda _, named: named(1),
        lambda plain, _: hash(plain("a")),
        lambda plain, _: dataclasses.replace(plain("a"), inside=[]),
        lambda plain, _: setattr(plain("a"), "name", "b"),
        lambda plain, _: delattr(plain("a"), "name"),
    ],
)
def test_what_is_refused_is_refused_alike(wrong: Callable[[Any, Any], Any]) -> None:
    raised = []
    for kinds in (OURS, THEIRS):
        with pytest.raises((TypeError, ValueError, FrozenInstanceError)) as error:
            wrong(*kinds[:2])
        raised.append((error.type, str(error.value).partition("() ")[2]))
    assert raised[0] == raised[1]


@dataclass(frozen=True, slots=True)
class Sent:
    """At the top of a module, for pickle."""

    name: str
    count: int = 2


@dataclass(frozen=True, slots=True)
class Inheriting(Sent):
    """What inherits is the standard library's."""

    more: tuple[str, ...] = ()


@pytest.mark.parametrize("value", [Sent("a"), Inheriting("a", 3, ("b",))])
def test_values_go_to_other_processes(value: Sent) -> None:
    assert pickle.loads(pickle.dumps(value)) == value
    with pytest.raises(FrozenInstanceError):
        value.name = "b"  # type: ignore[misc]
