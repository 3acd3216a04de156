"""What the recordings leave open: services that differ there, each taken through every verb by the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Ran, Run, edit
from tests.recordings.proxy import Network
from tests.recordings.service import ARM, Service
from tests.recordings.shape import Shape
from tests.recordings.test_story import NAME, shown

pytestmark = pytest.mark.long  # every verb, shape by shape

SHAPES = {
    "lists alone": Shape(has_container=False, page=1, links="relative", plain_headers=True, absence="empty"),
    "containers alone": Shape(lists=False, counts=True, ends="body", region="missing"),
    "uploads by Resource Manager": Shape(lends="arm", ends="azure-async", region="null", absence="deleted"),
    "metadata by the other API": Shape(
        hands_metadata_back=False,
        model_registry=True,
        other_api=405,
        stale_lists=9,
        page=1,
        links="token",
        region="respelled",
        ends="lost",
    ),
    "as in 2025": Shape(
        hands_metadata_back=False, has_container=False, stale_lists=9, page=1, links="skip", region="empty"
    ),
    "keys that are set": Shape(
        fills_keys=False, counts=True, model_registry=True, other_api=200, ends="null", ends_in_slash=False
    ),
}


def succeed(ran: Ran, code: int = 0) -> Ran:
    assert ran.code == code, ran
    return ran


@pytest.fixture(params=SHAPES, ids=lambda name: name.replace(" ", "-"))
def service(request: pytest.FixtureRequest) -> Service:
    return Service(SHAPES[request.param])


def test_every_verb_is_right(ask: Run, service: Service, tiny: Path, project: Path, network: Network) -> None:
    """Create, second apply, change, conflict, bump, archive, verify, list, show, import, drift and a deleted number."""
    assert succeed(ask("list")).out == "No models are registered.\n"
    succeed(ask("apply", "--yes"))
    assert (NAME, "1") in service.versions
    assert succeed(ask("apply", "--yes")).out == "Nothing to do: the registry testFeed is as the folders say.\n"
    assert succeed(ask("bump")).out == f"{NAME}: 1 → 2\n"
    edit(tiny / "model.yaml", "version: 2", "version: 1")
    succeed(ask("drift"))

    edit(tiny / "model.yaml", "languages: [en]", "languages: [en, de]")
    succeed(ask("plan", "--detailed-exitcode"), 8 if service.shape.sees_metadata else 0)
    edit(tiny / "card.md", "small", "little")
    succeed(ask("apply", "--yes"))
    succeed(ask("plan", "--detailed-exitcode"))
    assert service.versions[NAME, "1"].properties["system_metadata"]["languages"] == ["en", "de"]

    (tiny / "weights" / "weights.bin").write_bytes(b"others")
    succeed(ask("lock"))
    assert "`publish bump" in succeed(ask("plan"), 6).out
    succeed(ask("bump", "--required"))
    succeed(ask("apply", "--yes"))
    listed = json.loads(succeed(ask("list", "--all", "-o", "json")).out)["assets"]
    lags = service.shape.stale_lists and not service.shape.has_container  # nothing else knows of it yet
    if not lags:
        assert [one["version"] for one in listed] == ([2, 1] if service.shape.lists else [2])
        assert shown(ask)["version"] == 2
    assert shown(ask, f"{NAME}:2")["version"] == 2
    assert shown(ask, f"{NAME}:1")["version"] == 1

    for verb, archived in (("archive", True), ("restore", False)):
        succeed(ask(verb, NAME, "--yes"))
        assert shown(ask, f"{NAME}:2")["archived"] is archived
    succeed(ask("verify"))
    succeed(ask("drift"))
    told = succeed(ask("import", "-r", "azureml://registries/testFeed", "--into", "taken/models")).err
    assert ("does not hand back system metadata" in told) is not service.shape.sees_metadata
    (spec,) = (project / "taken").rglob("model.yaml")
    imported = 1 if lags else 2
    assert f"name: {NAME}\nversion: {imported}\n" in spec.read_text(encoding="utf-8")

    service.delete(NAME, "2")
    edit(tiny / "card.md", "little", "tiny")
    if service.shape.absence != "deleted":
        gone = succeed(ask("apply", "--yes"), 6)
        assert "deleted" in gone.out + gone.err
        assert "bump" in gone.out + gone.err
    assert succeed(ask("bump")).out.endswith(f"{NAME}: 2 → 3\n")
    succeed(ask("apply", "--yes"))
    assert (ARM in {one.host for one in network.requests}) is (service.shape.lends == "arm")


@pytest.mark.parametrize("service", ["keys that are set"], indirect=True)
def test_another_machine_learns_of_a_dropped_key_from_publish_yaml(
    ask: Run, service: Service, tiny: Path, project: Path
) -> None:
    succeed(ask("apply", "--yes"))
    succeed(ask("plan", "--detailed-exitcode"))
    (project / ".publish" / "registries.json").unlink()
    succeed(ask("plan", "--detailed-exitcode"), 8)
    edit(project / "publish.yaml", "{name: testFeed}", "{name: testFeed, unverifiable: [hiddenLayerScanned]}")
    assert "hiddenLayerScanned" in succeed(ask("plan", "--detailed-exitcode")).out
