"""The locks in requirements/ are those of pyproject.toml, and its floors are the versions that are tested."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.conftest import REPOSITORY

LOCKS = {"run.txt": ("build",), "dev.txt": ("dev",), "lowest.txt": ("dev",)}
"""The groups in a lock, beside what the package needs."""
RENEW = "run `make lock`"


@cache
def pyproject() -> dict[str, Any]:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


def grouped(name: str) -> Iterator[Requirement]:
    for one in pyproject()["dependency-groups"][name]:
        if isinstance(one, str):
            yield Requirement(one)
        else:
            yield from grouped(one["include-group"])


def dependencies() -> list[Requirement]:
    return [Requirement(one) for one in pyproject()["project"]["dependencies"]]


@cache
def lock(name: str) -> dict[str, set[Version]]:
    """Each package of a lock, with the one version that it has or one for each range of Pythons."""
    found: dict[str, set[Version]] = {}
    text = (REPOSITORY / "requirements" / name).read_text(encoding="utf-8")
    for package, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE):
        found.setdefault(canonicalize_name(package), set()).add(Version(version))
    return found


def missing(wanted: list[Requirement], locked: dict[str, set[Version]]) -> list[str]:
    return [
        str(one)
        for one in wanted
        if not (versions := locked.get(canonicalize_name(one.name)))
        or not all(one.specifier.contains(version, prereleases=True) for version in versions)
    ]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_satisfies_what_pyproject_asks_for(name: str) -> None:
    wanted = [*dependencies(), *(one for group in LOCKS[name] for one in grouped(group))]
    assert missing(wanted, lock(name)) == [], RENEW


@pytest.mark.parametrize("name", ["proof", "docs"])
def test_a_lock_of_its_own_satisfies_its_group(name: str) -> None:
    assert missing(list(grouped(name)), lock(f"{name}.txt")) == [], RENEW


def test_what_makes_the_site_changes_nothing_of_what_is_tested() -> None:
    """Both are installed into one environment; zensical's own are those that the tests do not need."""
    shared = lock("docs.txt").keys() & lock("dev.txt").keys()
    assert {"click", "jinja2", "pygments", "pyyaml"} <= shared
    assert {name: lock("docs.txt")[name] for name in shared} == {name: lock("dev.txt")[name] for name in shared}, RENEW


def test_a_demo_runs_on_what_is_tested() -> None:
    assert {name: lock("dev.txt")[name] for name in lock("run.txt")} == lock("run.txt"), RENEW
    assert "pytest" not in lock("run.txt")


def test_every_floor_is_a_version_that_is_tested() -> None:
    """Where this fails after `make lock`, another package has raised what can be installed: raise the floor."""
    lowest = lock("lowest.txt")
    floors = {
        one.name: Version(bound.version) for one in dependencies() for bound in one.specifier if bound.operator == ">="
    }
    assert floors.keys() == {one.name for one in dependencies()}
    assert {name: {floor} for name, floor in floors.items()} == {
        name: lowest[canonicalize_name(name)] for name in floors
    }


@pytest.mark.parametrize("name", [*LOCKS, "proof.txt", "docs.txt"])
def test_every_package_of_a_lock_has_hashes_and_none_names_its_host(name: str) -> None:
    text = (REPOSITORY / "requirements" / name).read_text(encoding="utf-8")
    packages = re.findall(r"^[\w.-]+==[^\n]*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(packages) == len(re.findall(r"^[\w.-]+==", text, re.MULTILINE)) > 10
    assert not re.search(r"https?:|--(extra-)?index-url|--find-links", text)
