"""Rules from other distributions, found by their entry points in the group `azureml_publish.checks`.

    [project.entry-points."azureml_publish.checks"]
    contoso = "contoso_rules"

An entry point names a module, all of whose rules are added, or a rule, or a list or tuple of rules.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, distributions
from types import ModuleType
from typing import TypeVar

from azureml_publish.diagnostics import Diagnostic
from azureml_publish.errors import PublishError
from azureml_publish.lint.built_in import BUILT_IN
from azureml_publish.lint.check import ONLINE_SUBJECTS, Check
from azureml_publish.lint.subject import Fact
from azureml_publish.patterns import pattern

GROUP = "azureml_publish.checks"

T = TypeVar("T")

_FORM = pattern(r"[A-Z]+[0-9]{3}")


class UnusablePlugin(PublishError):
    """A distribution whose rules cannot be used. Linting stops, or a team would believe that they are followed."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry point of a distribution, and the rules that it adds."""

    distribution: str
    version: str
    checks: tuple[Check, ...]

    def __str__(self) -> str:
        """Name and version."""
        return f"{self.distribution} {self.version}"

    def state(self) -> str:
        """What the cache depends on: the version and, for editable installs, the size and time of the rules' files."""
        paths = sorted(
            {inspect.unwrap(look).__code__.co_filename for check in self.checks for look in check.looks.values()}
        )
        stats = [(path, os.stat(path)) for path in paths if os.path.isfile(path)]  # noqa: PTH113, PTH116
        return f"{self} {[(path, one.st_size, one.st_mtime_ns) for path, one in stats]}"


@cache
def plugins() -> tuple[Plugin, ...]:
    """The installed plug-ins in order of their names, loaded once a process.

    Raises:
        UnusablePlugin: one cannot be imported, names no rule, or uses a code or name that is taken.
    """
    # The first on the path counts. entry_points() would parse the metadata of every distribution.
    adding = {one.name: one for one in [*distributions()][::-1] if GROUP in (one.read_text("entry_points.txt") or "")}
    found = [entry for one in adding.values() for entry in one.entry_points.select(group=GROUP)]
    loaded = tuple(_load(one) for one in sorted(found, key=lambda one: (_distribution(one), one.name, one.value)))
    taken = {word: "azureml-publish" for rule in BUILT_IN for word in (rule.code, rule.name)}
    for plugin in loaded:
        for check in plugin.checks:
            for word in (check.rule.code, check.rule.name):
                if word in taken:
                    raise _unusable(str(plugin), f"'{word}' is a rule of {taken[word]} already")
                taken[word] = str(plugin)
    return loaded


def plugin_checks() -> tuple[Check, ...]:
    """The rules of all plug-ins."""
    return tuple(check for plugin in plugins() for check in plugin.checks)


def _load(entry: EntryPoint) -> Plugin:
    named = _distribution(entry)
    try:
        target = entry.load()
    except (Exception, SystemExit) as error:  # importing runs any code
        raise _unusable(named, f"{entry.value} cannot be imported: {type(error).__name__}: {error}") from error
    checks = tuple(_guarded(one, named) for one in dict.fromkeys(_checks(target, named, entry.value)))
    if not checks:
        raise _unusable(named, f"{entry.value} defines no rule")
    name, _, version = named.rpartition(" ")
    return Plugin(name, version, checks)


def _checks(target: object, named: str, value: str) -> Iterator[Check]:
    if isinstance(target, ModuleType):
        given: list[object] = [one for one in vars(target).values() if isinstance(one, Check)]
    else:
        given = list(target) if isinstance(target, list | tuple) else [target]
    for one in given:
        if not isinstance(one, Check):
            raise _unusable(named, f"{value} leads to '{type(one).__name__}', which is not a rule")
        if not _FORM.fullmatch(one.rule.code):
            raise _unusable(named, f"the code '{one.rule.code}' is not capitals with three digits")
        if ONLINE_SUBJECTS & one.looks.keys():
            raise _unusable(named, f"{one.rule.code} looks at answers from the network, which only built-in rules do")
        yield one


def _guarded(check: Check, named: str) -> Check:
    """The same rule, where an exception or a wrong result ends the run with a message that names the distribution."""
    guarded = Check(check.rule)
    guarded.looks = {subject: _guard(look, check, named, Diagnostic) for subject, look in check.looks.items()}
    guarded.facts = None if check.facts is None else _guard(check.facts, check, named, Fact)
    return guarded


def _guard(look: Callable[..., Iterator[T]], check: Check, named: str, kind: type[T]) -> Callable[..., Iterator[T]]:
    @functools.wraps(look)
    def guarded(*seen: object) -> Iterator[T]:
        try:
            for one in look(*seen):
                if not isinstance(one, kind):
                    raise TypeError(f"it yields '{type(one).__name__}' and not '{kind.__name__}'")  # noqa: TRY301
                yield one
        except Exception as error:  # the rule may raise anything
            what = f"{check.rule.code} ({check.rule.name}) failed with {type(error).__name__}: {error}"
            raise _unusable(named, what) from error

    return guarded


def _distribution(entry: EntryPoint) -> str:
    """Name and version of an entry point's distribution."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else "(unknown) 0"


def _unusable(named: str, reason: str) -> UnusablePlugin:
    return UnusablePlugin(
        f"The rules of {named} cannot be used: {reason}.",
        hint=f"Correct that distribution, or remove it: pip uninstall {named.partition(' ')[0]}",
    )
