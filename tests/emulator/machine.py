"""A machine that makes up histories of a catalogue, and holds every state against what plan and apply promise."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from azureml_publish.assets import MANIFEST_PROPERTY
from azureml_publish.emulator import Quirks
from azureml_publish.errors import Conflict, PublishError, UnusableSource
from azureml_publish.execute.apply import Result
from azureml_publish.execute.outcome import Outcome
from azureml_publish.plan.actions import ActionKind
from azureml_publish.plan.diff import plan_model
from tests.emulator.catalogue import MODELS, REGISTRIES, Catalogue, Saved
from tests.emulator.crash_points import Fuse
from tests.emulator.strategies import CARD, CONSOLE, FOLDER, MODEL, ODD, REGISTRY

REFUSED = [{"method": method, "status": 403} for method in ("PUT", "POST", "PATCH", "DELETE")]
"""Faults under which nothing can be written."""
DONE = {Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED}


class CatalogueMachine(RuleBasedStateMachine):
    """Folders and two registries."""

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__()
        self.catalogue = catalogue
        self.contents: dict[tuple[str, str, int], dict[str, str]] = {}
        self.kept: dict[tuple[str, str, int], tuple[str, str]] = {}
        self.gone: set[tuple[str, str, int]] = set()
        self.conflicting: set[str] = set()
        self.judged: dict[tuple[str, Quirks], str] = {}

    @initialize(first=st.lists(FOLDER, max_size=2), registry=st.none() | REGISTRY)
    def begin(self, first: list[dict[str, Any]], registry: str | None) -> None:
        self.catalogue.begin()
        for name in MODELS:
            self.edit(name, first)
        if registry is not None:
            self.apply(registry, 2)
        self.holds()

    # A person

    @rule(
        name=MODEL,
        changes=st.lists(FOLDER, max_size=3),
        card=st.none() | CARD,
        file=st.none() | st.tuples(st.sampled_from(["weights.bin", "more.bin"]), st.sampled_from(["one", "two"])),
    )
    def edit(
        self, name: str, changes: list[dict[str, Any]], card: str | None = None, file: tuple[str, str] | None = None
    ) -> None:
        for changed in changes:
            self.catalogue.edit(name, changed)
        if card is not None:
            self.catalogue.write_card(name, card)
        if file is not None:
            self.catalogue.write_file(name, *file)

    @rule(layout=st.sampled_from(["tags", "system_metadata"]), least=st.sampled_from(["2|0|8|28", "4|0|16|28"]))
    def edit_project(self, layout: str, least: str) -> None:
        self.catalogue.set_project(layout=layout, least=least)

    @rule(registry=REGISTRY, name=st.none() | MODEL, to=st.none() | st.just(7))
    def bump(self, registry: str, name: str | None, to: int | None) -> None:
        names = MODELS if name is None else (name,)
        try:
            self.catalogue.bump(registry, *names, to=to)
        except Conflict:
            assert to is not None
            assert any(self.last_used(registry, one) >= to for one in names)
        else:
            assert to is None or {self.catalogue.specs[one]["version"] for one in names} == {to}

    @precondition(lambda self: self.conflicting)
    @rule(data=st.data())
    def bump_required(self, data: st.DataObject) -> None:
        self.bump_the_conflicts(data.draw(st.sampled_from(sorted(self.conflicting))))

    def bump_the_conflicts(self, registry: str) -> None:
        needed = {action.model for action in self.catalogue.plan(registry).conflicts}
        before = {name: spec["version"] for name, spec in self.catalogue.specs.items()}
        self.catalogue.bump(registry, required=True)
        after = {name: spec["version"] for name, spec in self.catalogue.specs.items()}
        assert {name for name in MODELS if after[name] != before[name]} == needed
        assert not self.catalogue.plan(registry).conflicts

    # The tool

    @rule(registry=REGISTRY, jobs=st.sampled_from([1, 2]))
    def apply(self, registry: str, jobs: int) -> None:
        catalogue = self.catalogue
        before = catalogue.held(registry)
        results = catalogue.apply(registry, jobs=jobs)
        if results is None:
            self.bump_the_conflicts(registry)
            results = catalogue.apply(registry, jobs=jobs)
        assert results is not None
        self.went_through(registry, before, results)

    def went_through(self, registry: str, before: dict[tuple[str, int], Any], results: tuple[Result, ...]) -> None:
        """What was said to be created is there and whole, and nothing else is, and a second apply does nothing."""
        catalogue = self.catalogue
        catalogue.settle()
        after = catalogue.held(registry)
        assert set(before) <= set(after)
        created = {(one.model, one.version) for one in results if one.outcome is Outcome.CREATED}
        for name, version in created:
            assert catalogue.verify(registry, name, version) == ()
        if not {one.outcome for one in results} <= DONE:
            assert catalogue.emulator.quirks.ignore_archive, results
            return
        assert set(after) - set(before) == created
        self.nothing_is_left(registry)

    def nothing_is_left(self, registry: str) -> None:
        """A second apply writes nothing, even where every write is refused."""
        catalogue = self.catalogue
        before = catalogue.held(registry)
        again = catalogue.apply(registry, faults=REFUSED)
        assert {one.outcome for one in again or ()} == {Outcome.UNCHANGED}
        assert catalogue.held(registry) == before

    @rule(registry=REGISTRY, steps=st.integers(0, 14), after=st.booleans())
    def crash(self, registry: str, steps: int, after: bool) -> None:
        """A run ends in the middle: one model at a time, as with two it is chance which of them had come how far."""
        before = self.catalogue.held(registry)
        self.catalogue.apply(registry, Fuse(steps, after))
        self.catalogue.settle()
        assert set(before) <= set(self.catalogue.held(registry))

    @rule(
        registry=REGISTRY,
        service=st.sampled_from(["registry", "blobs"]),
        method=st.sampled_from(["PUT", "PATCH", "POST", "GET"]),
        passed=st.integers(0, 4),
        status=st.sampled_from([400, 403, 404, 409]),
    )
    def refuse(self, registry: str, service: str, method: str, passed: int, status: int) -> None:
        """One request of apply is refused, wherever in it that is."""
        before = self.catalogue.held(registry)
        fault = {"service": service, "method": method, "after": passed, "times": 1, "status": status}
        self.catalogue.apply(registry, faults=[fault])
        self.catalogue.settle()
        assert set(before) <= set(self.catalogue.held(registry))

    @rule(
        registry=REGISTRY,
        steps=st.integers(0, 14),
        after=st.booleans(),
        name=MODEL,
        first=st.lists(FOLDER, min_size=1, max_size=2),
        second=st.lists(FOLDER, max_size=2),
    )
    def apply_while_another_does(
        self,
        *,
        registry: str,
        steps: int,
        after: bool,
        name: str,
        first: list[dict[str, Any]],
        second: list[dict[str, Any]],
    ) -> None:
        """Between two steps of a run another one starts and ends, perhaps with folders that say something new."""
        catalogue = self.catalogue
        self.edit(name, first)
        if catalogue.plan(registry).conflicts:
            self.bump_the_conflicts(registry)
        others: list[tuple[Result, ...] | None] = []

        def meanwhile() -> None:
            self.edit(name, second)
            others.append(catalogue.apply(registry))

        before = catalogue.held(registry)
        ran = catalogue.apply(registry, Fuse(steps, after, meanwhile))
        assert ran is not None
        catalogue.settle()
        assert set(before) <= set(catalogue.held(registry))
        other = others[0] if others else ()
        left = [one for one in (*ran, *(other or ())) if one.outcome not in DONE]
        if catalogue.emulator.quirks.ignore_archive:
            return
        for one in left:
            if one.error is not None:  # the rest is skipped
                assert isinstance(one.error, Conflict), one
                assert f"{one.model} version {one.version}" in one.error.message
                assert one.error.hint
        if other is not None and not left:
            assert not catalogue.plan(registry).changes
        self.apply(registry, 1)

    @rule(
        registry=REGISTRY,
        name=MODEL,
        first=st.lists(FOLDER, max_size=1),
        then=st.lists(FOLDER, max_size=1),
        operations=st.lists(CONSOLE, max_size=1),
        times=st.integers(1, 2),
    )
    def apply_a_saved_plan(
        self,
        *,
        registry: str,
        name: str,
        first: list[dict[str, Any]],
        then: list[dict[str, Any]],
        operations: list[dict[str, Any]],
        times: int,
    ) -> None:
        """Something moves after it was saved, or nothing does."""
        self.edit(name, first)
        if self.catalogue.plan(registry).conflicts:
            self.bump_the_conflicts(registry)
        plan = self.catalogue.save_plan(registry)
        saved = Saved(plan, self.seen(registry, self.catalogue.held(registry)), self.differing(registry))
        self.edit(name, then)
        there = [version for model, version in self.catalogue.held(registry) if model == name]
        if operations and there:
            self.catalogue.patch(registry, name, max(there), *operations)
            self.catalogue.settle()
        for _ in range(times):
            self.apply_saved(registry, saved)

    def apply_saved(self, registry: str, saved: Saved) -> None:
        """It is refused where something moved, and else does what it said, or what is left of that."""
        catalogue = self.catalogue
        try:
            plan, contents = catalogue.read_plan(registry)
        except Conflict:
            assert self.seen(registry, catalogue.held(registry)) != saved.seen
            return
        for was, now in zip(saved.plan.actions, plan.actions, strict=True):
            if was.kind is ActionKind.CREATE:  # a run that was cut off may have left it visible
                assert now == was or now.kind in (ActionKind.UNCHANGED, ActionKind.ARCHIVE)
            else:
                assert now == was or all(one in was.fields for one in now.fields)
        if plan == saved.plan:
            assert self.differing(registry) == saved.differing
        if plan.conflicts:
            return
        before = catalogue.held(registry)
        results = catalogue.carry_out(plan, contents, Fuse(), jobs=2)
        assert results is not None
        self.went_through(registry, before, results)
        if not catalogue.emulator.quirks.ignore_archive:
            said = {ActionKind.UNCHANGED: Outcome.UNCHANGED, ActionKind.CREATE: Outcome.CREATED}
            expected = {action.model: said.get(action.kind, Outcome.UPDATED) for action in plan.actions}
            assert {one.model: one.outcome for one in results} == expected

    def seen(self, registry: str, held: dict[tuple[str, int], dict[str, Any]]) -> str:
        """All that a plan can be made from, and more."""
        numbers = [self.last_used(registry, name) for name in MODELS]
        return json.dumps([self.catalogue.desired(), numbers, sorted(held.items())], sort_keys=True)

    def differing(self, registry: str) -> dict[str, list[str]]:
        held = self.catalogue.held(registry)
        return {name: self.catalogue.differences(name, held, self.contents_of(registry, name)) for name in MODELS}

    @precondition(lambda self: self.kept)
    @rule(
        data=st.data(),
        new=st.booleans(),
        carry=st.booleans(),
        steps=st.none() | st.integers(0, 14),
        after=st.booleans(),
    )
    def promote(self, data: st.DataObject, new: bool, carry: bool, steps: int | None, after: bool) -> None:
        """A version goes to the other registry, perhaps in two attempts."""
        catalogue = self.catalogue
        other = dict(zip(REGISTRIES, reversed(REGISTRIES), strict=True))
        source, name, version = self.one_of_those_there(data)
        target = other[source]
        if new and version <= self.last_used(target, name):  # there is nothing to do as it is
            for registry in REGISTRIES:
                catalogue.bump(registry, name)
            catalogue.apply(source)
            catalogue.settle()
            self.holds()
            version = catalogue.specs[name]["version"]
        if (source, name, version) not in self.kept:  # the other model had a conflict
            return
        before = catalogue.held(target)
        try:
            promotion = catalogue.plan_promotion(source, target, name, version, carry=carry)
        except (Conflict, UnusableSource):
            return
        if promotion.action.kind is ActionKind.CONFLICT:
            return
        try:
            done = catalogue.promote(promotion, target, Fuse(steps, after))
            if done.died:
                catalogue.settle()
                promotion = catalogue.plan_promotion(source, target, name, version, carry=carry)
                catalogue.promote(promotion, target)
        except PublishError:
            assert catalogue.emulator.quirks.ignore_archive
            return
        catalogue.settle()
        held = catalogue.held(target)
        assert set(held) == {*before, (name, version)}
        assert held[name, version]["properties"][MANIFEST_PROPERTY] == promotion.source.properties[MANIFEST_PROPERTY]
        files = catalogue.files(target, name, version, held[name, version]["url"])
        assert files == self.contents[source, name, version]
        if (name, version) not in before:
            assert catalogue.verify(target, name, version) == ()
            state = catalogue.registries[target].state(name, version)
            assert plan_model(promotion.wanted, state).kind is ActionKind.UNCHANGED
        again = catalogue.plan_promotion(source, target, name, version, carry=carry)
        assert again.action.kind is ActionKind.UNCHANGED
        assert catalogue.promote(again, target, faults=REFUSED).copied is None
        assert catalogue.held(target) == held

    # Others

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), operations=st.lists(CONSOLE, min_size=1, max_size=3))
    def edit_in_the_console(self, data: st.DataObject, operations: list[dict[str, Any]]) -> None:
        self.catalogue.patch(*self.one_of_those_there(data), *operations)
        self.catalogue.settle()

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        key = self.one_of_those_there(data)
        self.catalogue.delete(*key)
        self.catalogue.settle(key)
        self.gone.add(key)
        del self.kept[key]

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def import_elsewhere(self, data: st.DataObject) -> None:
        """A version goes to the other registry as the service copies it, with all its properties."""
        source, name, version = self.one_of_those_there(data)
        target = next(registry for registry in REGISTRIES if registry != source)
        if version > self.last_used(target, name):
            self.catalogue.copy(source, target, name, version)

    @rule(quirks=ODD)
    def change_quirks(self, quirks: Quirks) -> None:
        self.catalogue.emulator.quirks = quirks

    def one_of_those_there(self, data: st.DataObject) -> tuple[str, str, int]:
        return data.draw(st.sampled_from(sorted(self.kept)))

    def last_used(self, registry: str, name: str) -> int:
        """The highest number that a name ever had, 0 for none."""
        return max((v for r, n, v in {*self.kept, *self.gone} if (r, n) == (registry, name)), default=0)

    def contents_of(self, registry: str, name: str) -> dict[str, str]:
        return self.contents.get((registry, name, self.catalogue.specs[name]["version"]), {})

    # What holds always

    @invariant()
    def holds(self) -> None:
        for registry in REGISTRIES:
            held = self.catalogue.held(registry)
            self.no_number_is_used_twice_and_no_content_changes(registry, held)
            case, seen = (registry, self.catalogue.emulator.quirks), self.seen(registry, held)
            if self.judged.get(case) != seen:  # else the plan is the one of the step before
                self.a_plan_knows_what_differs(registry, held)
                self.judged[case] = seen

    def no_number_is_used_twice_and_no_content_changes(
        self, registry: str, held: dict[tuple[str, int], dict[str, Any]]
    ) -> None:
        assert not {(registry, *key) for key in held} & self.gone
        assert {key for key in self.kept if key[0] == registry} <= {(registry, *key) for key in held}
        for (name, version), one in reversed(held.items()):  # in the order in which they were created
            key = (registry, name, version)
            identity = (one["url"], one["modelType"])
            if key not in self.kept:
                assert version > self.last_used(registry, name)
                self.kept[key] = identity
                self.contents[key] = self.catalogue.files(*key, one["url"])
            assert self.kept[key] == identity

    def a_plan_knows_what_differs(self, registry: str, held: dict[tuple[str, int], dict[str, Any]]) -> None:
        self.conflicting.discard(registry)
        for action in self.catalogue.plan(registry).actions:
            contents = self.contents_of(registry, action.model)
            differing = self.catalogue.differences(action.model, held, contents)
            assert bool(differing) is (action.kind is not ActionKind.UNCHANGED), (registry, action, differing)
            if action.kind is ActionKind.CONFLICT:
                self.conflicting.add(registry)

    def teardown(self) -> None:
        for key, files in self.contents.items():
            if key in self.kept:
                held = self.catalogue.held(key[0])[key[1:]]
                assert self.catalogue.files(*key, held["url"]) == files
