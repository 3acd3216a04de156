"""Whatever happens to folders and registries, no plan says unchanged where they differ, and apply ends the work.

A few histories, always the same; others with `CATALOGUE_HISTORIES=300 pytest tests/emulator/test_catalogue_machine.py`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from azureml_publish.apply import Outcome
from azureml_publish.emulator import Emulator, Manners
from azureml_publish.plan import ActionKind
from tests.emulator.catalogue import MODELS, REGISTRIES, Catalogue, Fuse

EXAMPLES = int(os.environ.get("CATALOGUE_HISTORIES", "0"))
"""How many histories to try, each another one every time. Unset: a few, and always the same."""
FEW = 10
STEPS = 12

models = st.sampled_from(MODELS)
registries = st.sampled_from(REGISTRIES)
TAGS = ["", " ", "plain", "True", "1", 1, 1.5, True, None, "[1, 2", '["a"]', ["a"], [1], [True], {"a": {"b": [None]}}]
NATIVE = ["", "1", 1, True, [], ["a"], {"a": None}, None]
FOLDER = st.one_of(
    st.fixed_dictionaries({"version": st.integers(1, 8)}),
    st.fixed_dictionaries({"license": st.sampled_from(["mit", "apache-2.0", "bsd-3-clause"])}),
    st.fixed_dictionaries({"languages": st.sampled_from([["en"], ["en", "de"], None])}),
    st.fixed_dictionaries({"archived": st.sampled_from([True, False, None])}),
    st.fixed_dictionaries({"type": st.sampled_from(["custom_model", "triton_model"])}),
    st.fixed_dictionaries({"compute": st.sampled_from([{"inference": "small"}, {"evaluation": "small"}, None])}),
    st.fixed_dictionaries(
        {"metadata": st.sampled_from([{"hiddenLayerScanned": True}, {"hiddenLayerScanned": False}, None])}
    ),
    st.fixed_dictionaries(
        {"extra": st.sampled_from(TAGS).map(lambda value: {"tags": {"note": value}, "properties": {"word": value}})}
    ),
    st.fixed_dictionaries({"extra": st.sampled_from(NATIVE).map(lambda value: {"system_metadata": {"note": value}})}),
)
CONSOLE = st.one_of(
    st.builds(
        lambda text: {"op": "replace", "path": "/description", "value": text}, st.sampled_from(["", "By hand.", None])
    ),
    st.builds(
        lambda key, value: {"op": "replace", "path": f"/kvTags/{key}", "value": value},
        st.sampled_from(["note", "license", "who"]),
        st.sampled_from(["", "plain", "1", "['a']", '["a"]', "[1]", "True"]),
    ),
    st.builds(
        lambda key, value: {"op": "add", "path": f"/systemMetadata/{key}", "value": value},
        st.sampled_from(["note", "license", "languages", "a~1b", "with.dot"]),
        st.sampled_from(NATIVE),
    ),
    st.builds(
        lambda path: {"op": "remove", "path": path},
        st.sampled_from(["/kvTags/note", "/systemMetadata/license", "/systemMetadata", "/kvTags"]),
    ),
)
ODD = st.sampled_from(
    [
        Manners(),
        Manners(stale_reads=1),
        Manners(stale_reads=2, empty_list_tags=True, ignore_list_view=True, page_size=1),
        Manners(ignore_archive=True),
    ]
)


class CatalogueMachine(RuleBasedStateMachine):
    """Folders and two registries."""

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__()
        self.catalogue = catalogue
        self.contents: dict[tuple[str, str, int], dict[str, str]] = {}
        self.kept: dict[tuple[str, str, int], tuple[str, str]] = {}
        self.gone: set[tuple[str, str, int]] = set()

    @initialize(first=st.lists(FOLDER, max_size=2), registry=st.none() | registries)
    def begin(self, first: list[dict[str, Any]], registry: str | None) -> None:
        self.catalogue.begin()
        for name in MODELS:
            self.edit(name, first)
        if registry is not None:
            self.apply(registry, 2)
            self.no_number_is_used_twice_and_no_content_changes()

    # A person

    @rule(name=models, changes=st.lists(FOLDER, min_size=1, max_size=3))
    def edit(self, name: str, changes: list[dict[str, Any]]) -> None:
        for changed in changes:
            self.catalogue.edit(name, changed)

    @rule(name=models, text=st.sampled_from(["It reads.", "Ünïcode — reads.", "A | b, `c`, \"d\" and 'e'.", "1"]))
    def write_card(self, name: str, text: str) -> None:
        self.catalogue.write_card(name, text)

    @rule(name=models, file=st.sampled_from(["weights.bin", "more.bin"]), text=st.sampled_from(["one", "two", "three"]))
    def write_file(self, name: str, file: str, text: str) -> None:
        self.catalogue.write_file(name, file, text)

    @rule(layout=st.sampled_from(["tags", "system_metadata"]), least=st.sampled_from(["2|0|8|28", "4|0|16|28"]))
    def edit_project(self, layout: str, least: str) -> None:
        self.catalogue.set_project(layout=layout, least=least)

    @rule(registry=registries, options=st.sampled_from([(), ("alpha",), ("beta", "--to", "7")]))
    def bump(self, registry: str, options: tuple[str, ...]) -> None:
        taken = "--to" in options and self.last_used(registry, "beta") >= 7
        assert self.catalogue.bump(registry, *options) == (6 if taken else 0)

    @rule(registry=registries)
    def bump_required(self, registry: str) -> None:
        needed = {action.model for action in self.catalogue.plan(registry).conflicts}
        before = {name: spec["version"] for name, spec in self.catalogue.specs.items()}
        assert self.catalogue.bump(registry, "--required") == 0
        after = {name: spec["version"] for name, spec in self.catalogue.specs.items()}
        assert {name for name in MODELS if after[name] != before[name]} == needed
        assert not self.catalogue.plan(registry).conflicts

    # The tool

    @rule(registry=registries, jobs=st.sampled_from([1, 2]))
    def apply(self, registry: str, jobs: int) -> None:
        catalogue = self.catalogue
        if catalogue.plan(registry).conflicts:
            self.bump_required(registry)
        before = catalogue.held(registry)
        results = catalogue.apply(registry, jobs=jobs)
        assert results is not None
        catalogue.settle()
        after = catalogue.held(registry)
        assert set(before) <= set(after)
        created = {(one.model, one.version) for one in results if one.outcome is Outcome.CREATED}
        for name, version in created:
            assert catalogue.verify(registry, name, version) == ()
        finished = {Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED}
        if not {one.outcome for one in results} <= finished:
            assert catalogue.emulator.manners.ignore_archive, results
            return
        assert set(after) - set(before) == created
        self.nothing_is_left(registry)

    def nothing_is_left(self, registry: str) -> None:
        """A second apply writes nothing, even where every write is refused."""
        catalogue = self.catalogue
        before = catalogue.held(registry)
        refused = [{"method": method, "status": 403} for method in ("PUT", "POST", "PATCH", "DELETE")]
        again = catalogue.apply(registry, faults=refused)
        assert again is not None
        assert {one.outcome for one in again} == {Outcome.UNCHANGED}
        assert catalogue.held(registry) == before

    @rule(registry=registries, steps=st.integers(0, 14), after=st.booleans(), jobs=st.sampled_from([1, 2]))
    def crash(self, registry: str, steps: int, after: bool, jobs: int) -> None:
        before = self.catalogue.held(registry)
        self.catalogue.apply(registry, Fuse(steps, after), jobs=jobs)
        self.catalogue.settle()
        assert set(before) <= set(self.catalogue.held(registry))

    @rule(
        registry=registries,
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

    # Others

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), operations=st.lists(CONSOLE, min_size=1, max_size=3))
    def edit_in_the_console(self, data: st.DataObject, operations: list[dict[str, Any]]) -> None:
        self.catalogue.patch(*self.one_of_those_there(data), *operations)
        self.catalogue.settle()

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), archived=st.booleans())
    def archive_in_the_console(self, data: st.DataObject, archived: bool) -> None:
        operation = {"op": "replace", "path": "/isArchived", "value": archived}
        self.catalogue.patch(*self.one_of_those_there(data), operation)
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

    @rule(manners=ODD)
    def change_manners(self, manners: Manners) -> None:
        self.catalogue.emulator.manners = manners

    def one_of_those_there(self, data: st.DataObject) -> tuple[str, str, int]:
        return data.draw(st.sampled_from(sorted(self.kept)))

    def last_used(self, registry: str, name: str) -> int:
        """The highest number that a name ever had, 0 for none."""
        return max((v for r, n, v in {*self.kept, *self.gone} if (r, n) == (registry, name)), default=0)

    # What holds always

    @invariant()
    def holds(self) -> None:
        self.no_number_is_used_twice_and_no_content_changes()
        self.a_plan_knows_what_differs()

    def no_number_is_used_twice_and_no_content_changes(self) -> None:
        for registry in REGISTRIES:
            held = self.catalogue.held(registry)
            assert not {(registry, *key) for key in held} & self.gone
            assert {key for key in self.kept if key[0] == registry} <= {(registry, *key) for key in held}
            for (name, version), one in held.items():
                key = (registry, name, version)
                identity = (one["url"], one["modelType"])
                if key not in self.kept:
                    assert version > self.last_used(registry, name)
                    self.kept[key] = identity
                    self.contents[key] = self.catalogue.files(*key, one["url"])
                assert self.kept[key] == identity

    def a_plan_knows_what_differs(self) -> None:
        staged = self.catalogue.stage()
        for registry in REGISTRIES:
            for action in self.catalogue.plan(registry).actions:
                differing = self.catalogue.differences(registry, staged, action.model, self.contents)
                assert bool(differing) is (action.kind is not ActionKind.UNCHANGED), (registry, action, differing)

    def teardown(self) -> None:
        for key, files in self.contents.items():
            if key in self.kept:
                held = self.catalogue.held(key[0])[key[1:]]
                assert self.catalogue.files(*key, held["url"]) == files


@pytest.fixture
def catalogue(emulator: Emulator, emulator_environment: dict[str, str], azure_sdk: None, tmp_path: Path) -> Catalogue:
    assert emulator_environment
    return Catalogue(emulator, tmp_path)


def test_no_history_leads_to_a_plan_that_is_wrong_or_an_apply_without_end(catalogue: Catalogue) -> None:
    class Here(CatalogueMachine):
        def __init__(self) -> None:
            super().__init__(catalogue)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=EXAMPLES or FEW,
            stateful_step_count=STEPS,
            derandomize=not EXAMPLES,
            deadline=None,
            phases=(Phase.generate,),  # to shorten a history of a few steps takes many minutes, and tells little
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("steps", [5, 7, 9])
def test_a_version_that_is_to_be_hidden_is_hidden_in_the_end(catalogue: Catalogue, steps: int) -> None:
    machine = CatalogueMachine(catalogue)
    machine.begin([{"archived": True}], None)
    machine.crash("local", steps, after=True, jobs=1)
    machine.holds()
    machine.apply("local", jobs=1)
    machine.holds()
    assert {one["isArchived"] for one in catalogue.held("local").values()} == {True}
