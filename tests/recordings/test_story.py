"""The whole story through the command line, against the service in exactly the shapes that were recorded."""

from __future__ import annotations

import json
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.registry.read_back import POLLING_INTERVAL
from tests.conftest import Run, edit
from tests.recordings.proxy import Network, Request
from tests.recordings.service import ELSEWHERE, FRONT, Service

NAME = "Tiny-3.5.model"
CONFORM = (
    *("list of models", "list of versions", "a version that is not there", "operations"),
    *("version", "download", "upload"),
)
"""The calls that doctor finds as recorded."""


def shown(ask: Run, *reference: str) -> dict[str, Any]:
    ran = ask("show", *(reference or (NAME,)), "-o", "json")
    assert ran.code == 0, ran
    return dict(json.loads(ran.out)["assets"][0])


def plan(ask: Run) -> dict[str, Any]:
    return dict(json.loads(ask("plan", "-o", "json").out)["actions"][0])


def nulls(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(nulls, value.values()))
    return any(map(nulls, value)) if isinstance(value, list) else value is None


@pytest.fixture
def applied(ask: Run, service: Service) -> Run:
    ran = ask("apply", "--yes")
    assert ran.code == 0, ran
    assert (NAME, "1") in service.versions
    return ask


@pytest.mark.recordings(2, 4, 5, 8, 9, 10, 11, 26, 27)
def test_a_model_is_registered_verified_listed_and_shown(applied: Run, service: Service) -> None:
    assert json.loads(applied("list", "-o", "json").out)["assets"][0]["model"] == NAME
    found = shown(applied)
    assert (found["version"], found["archived"]) == (1, False)
    assert not nulls(found["system_metadata"])
    assert found["system_metadata"]["deprecation"] == {"inferenceRetirementDate": "2031-08-30T00:00:00+00:00"}
    assert len([key for key in found["properties"] if key.startswith("publish.")]) == 3
    verified = json.loads(applied("verify", "-o", "json").out)["checks"]
    assert [(check["intact"], check["files"]) for check in verified] == [(True, 2)]
    assert not any(nulls(json.loads(one.body)["properties"]["system_metadata"]) for one in service.writes)


def test_a_second_apply_has_nothing_to_do_and_says_once_what_cannot_be_seen(applied: Run, service: Service) -> None:
    writes = len(service.writes)
    again = applied("apply", "--yes")
    assert (again.code, again.out) == (0, "Nothing to do: the registry testFeed is as the folders say.\n")
    assert again.err.count("hiddenLayerScanned") == 1
    assert len(service.writes) == writes
    assert applied("plan", "--detailed-exitcode").code == 0
    assert applied("drift").code == 0
    action = plan(applied)
    assert (action["action"], action["unverifiable"]) == ("unchanged", ["hiddenLayerScanned"])


@pytest.mark.recordings(29)
def test_metadata_changes_in_place(applied: Run, service: Service, tiny: Path) -> None:
    edit(tiny / "model.yaml", "summary: Small.", "summary: Still small.")
    edit(tiny / "model.yaml", "languages: [en]", "languages: [en, de]")
    changed = plan(applied)
    fields = {one["field"] for one in changed["fields"]}
    assert changed["action"] == "update"
    assert fields - {"description"} == {"system_metadata.summary", "system_metadata.languages"}
    assert applied("drift").code == 9
    assert applied("apply", "--yes").code == 0
    assert shown(applied)["system_metadata"]["languages"] == ["en", "de"]
    assert applied("plan", "--detailed-exitcode").code == 0


def test_other_content_is_a_conflict_until_it_is_bumped(applied: Run, service: Service, tiny: Path) -> None:
    (tiny / "weights" / "weights.bin").write_bytes(b"others")
    assert applied("plan").code == 6
    assert applied("apply", "--yes").code == 6
    assert applied("bump").code == 0
    assert applied("apply", "--yes").code == 0
    assert [one["version"] for one in json.loads(applied("list", NAME, "--all", "-o", "json").out)["assets"]] == [2, 1]
    assert shown(applied)["version"] == 2


@pytest.mark.recordings(31, 32)
@pytest.mark.parametrize("model_registry", [False, True])
@pytest.mark.long
def test_a_version_is_archived_and_restored(
    applied: Run, service: Service, tiny: Path, *, model_registry: bool
) -> None:
    service.shape.model_registry = model_registry
    for verb, archived in (("archive", True), ("restore", False)):
        ran = applied(verb, NAME, "--yes")
        assert ran.code == 0, ran
        assert shown(applied)["archived"] is archived
        assert applied("plan", "--detailed-exitcode").code == 0


@pytest.mark.recordings(12)
def test_a_front_end_that_hands_no_metadata_back_is_planned_against_and_told_once(
    applied: Run, service: Service, tiny: Path
) -> None:
    service.shape.hands_metadata_back = False
    ran = applied("plan")
    assert ran.code == 0, ran
    assert (ran.out + ran.err).count("does not hand back") == 1
    assert plan(applied)["action"] == "unchanged"
    edit(tiny / "card.md", "small", "little")
    assert applied("apply", "--yes").code == 0
    assert plan(applied)["action"] == "unchanged"


@pytest.mark.recordings(12, 26)
@pytest.mark.parametrize("returned", [True, False])
def test_fixing_drift_leaves_what_the_registry_does_not_hand_back(
    applied: Run, service: Service, tiny: Path, *, returned: bool
) -> None:
    spec = tiny / "model.yaml"
    written = spec.read_text(encoding="utf-8").replace(
        "summary: Small.", "summary: Theirs." if returned else "summary: Small."
    )
    held = service.versions[NAME, "1"].properties
    held["description"] = "A card of theirs.\n"
    held["system_metadata"]["summary"] = "Theirs."
    service.shape.hands_metadata_back = returned
    ran = applied("drift", "--fix")
    assert "A card of theirs." in (tiny / "card.md").read_text(encoding="utf-8"), ran
    assert spec.read_text(encoding="utf-8") == written
    assert applied("drift").code == 0


@pytest.mark.recordings(6, 7, 13)
def test_what_is_registered_is_imported(applied: Run, project: Path) -> None:
    ran = applied("import", "-r", "feed", "--into", "taken/models")  # known to the project here, not to the new one
    assert ran.code == 0, ran
    (spec,) = (project / "taken").rglob("model.yaml")
    text = spec.read_text(encoding="utf-8")
    assert f"name: {NAME}" in text
    assert "null" not in text
    assert "modelManifestPathOrUri" not in text


@pytest.mark.recordings(10, 12)
def test_what_another_tool_registered_is_imported_with_itself_as_the_source(
    applied: Run, service: Service, project: Path
) -> None:
    """Its storage is open to the service's signatures alone, whatever `modelUri` names: with `:443`, as recorded."""
    held = service.versions[NAME, "1"].properties
    assert ".blob.core.windows.net" in held["modelUri"]
    held["properties"] = {}
    ran = applied("import", NAME, "-r", "feed", "--overwrite", "--check")
    assert ran.code == 0, ran
    text = (project / "models" / NAME / "model.yaml").read_text(encoding="utf-8")
    assert f"azureml://registries/testFeed/models/{NAME}/versions/1" in text
    shutil.rmtree(project / "models" / "tiny")
    ran = applied("plan")
    assert ran.code == 0, ran


@pytest.mark.parametrize("locked", [False, True])
def test_an_import_renders_the_registered_card_and_declines_nothing_that_cannot_be_seen(
    ask: Run, tiny: Path, project: Path, *, locked: bool
) -> None:
    """A lock adds rows to a card, so a card that was registered without one is imported without one.

    And what was left out of the source stays out.
    """
    settings = project / "publish.yaml"
    defaults = "defaults: {metadata: {hiddenLayerScanned: true}}\n"
    settings.write_text(settings.read_text(encoding="utf-8") + defaults, encoding="utf-8")
    edit(tiny / "model.yaml", "  hiddenLayerScanned: true\n", "")
    edit(tiny / "model.yaml", "{local: weights}", "{local: ../../weights, exclude: [below/*]}")
    (tiny / "card.md").unlink()
    card = '{% extends "card.md.j2" %}\n{% block summary %}\nA small model.\n{% endblock %}\n'
    (tiny / "card.md.j2").write_text(card, encoding="utf-8")
    (tiny / "weights").rename(project / "weights")
    assert not locked or ask("lock").code == 0
    assert ask("apply", "--yes").code == 0
    ran = ask("import", NAME, "-r", "feed", "--overwrite", "--check")
    assert ran.code == 0, ran
    taken = project / "models" / NAME
    assert "null" not in (taken / "model.yaml").read_text(encoding="utf-8")
    assert (taken / "source.lock.json").exists() is locked
    assert ("No source.lock.json for" in ran.err) is not locked
    shutil.rmtree(tiny)
    assert ask("plan", "--detailed-exitcode").code == 0


@pytest.mark.recordings(26)
@pytest.mark.long
def test_content_may_be_the_container_itself(applied: Run, service: Service, project: Path) -> None:
    """As azcopy leaves it: there is no folder in the container, and `modelUri` names the container alone."""
    held = service.versions[NAME, "1"].properties
    host, _, path = held["modelUri"].removeprefix("https://").partition("/")
    container, _, folder = path.partition("/")
    blobs = service.storage.containers[container]
    service.storage.containers[container] = {name.removeprefix(f"{folder}/"): blob for name, blob in blobs.items()}
    held["modelUri"] = f"https://{host}/{container}"
    assert applied("plan", "--detailed-exitcode").code == 0
    verified = json.loads(applied("verify", "-o", "json").out)["checks"]
    assert [(check["intact"], check["files"]) for check in verified] == [(True, 2)]
    assert "below/words.txt" in applied("show", NAME, "--files").out
    ran = applied("download", NAME, "--to", "brought")
    assert ran.code == 0, ran
    (words,) = (project / "brought").rglob("words.txt")
    assert words.read_text(encoding="utf-8") == "words\n"


@pytest.mark.recordings(14)
def test_a_version_is_promoted_to_another_registry(applied: Run, project: Path) -> None:
    text = "registries:\n  feed: {name: testFeed}\n  here: {emulator: .publish/here}\nregistry: feed\n"
    (project / "publish.yaml").write_text(text, encoding="utf-8")
    ran = applied("promote", NAME, "--from", "feed", "--to", "here", "--yes", "-o", "json")
    assert ran.code == 0, ran
    assert applied("verify", NAME, "-r", "here").code == 0


@pytest.mark.recordings(12)
def test_what_is_not_handed_back_is_not_said_to_be_carried(applied: Run, service: Service, project: Path) -> None:
    service.shape.hands_metadata_back = False
    text = "registries:\n  feed: {name: testFeed}\n  here: {emulator: .publish/here}\nregistry: feed\n"
    (project / "publish.yaml").write_text(text, encoding="utf-8")
    for metadata in ("carry", "render"):
        ran = applied("promote", NAME, "--from", "feed", "--to", "here", "--metadata", metadata)
        assert ("without system metadata, which testFeed does not hand back" in ran.err) is (metadata == "carry"), ran


def test_a_plan_reads_of_a_model_what_it_needs_and_no_more(applied: Run, network: Network, tiny: Path) -> None:
    def read() -> list[str]:
        made = len(network.requests)
        applied("plan")
        paths = [one.path for one in network.requests[made:] if one.host == FRONT and NAME in one.path]
        return [path.partition(NAME)[2] for path in paths]

    assert read() == ["/versions/1"]
    edit(tiny / "model.yaml", "summary: Small.", "summary: Still small.")
    assert read() == ["/versions/1", "/versions"]
    edit(tiny / "model.yaml", "version: 1", "version: 2")
    assert read() == ["/versions/2", "/versions", ""]


class Clock:
    """The time of a service: each request takes what was recorded of its like, each wait what it is to last."""

    TAKES = (("/discovery", 0.037), ("/versions", 0.262), ("/tempdatarefs/", 0.440), ("PUT ", 1.104), ("", 0.180))
    """Seconds by `x-request-time` of recordings 8, 9, 10 and 11, and of a GET of a version in April 2026."""

    def __init__(self) -> None:
        self.now = 0.0
        self.requests: list[tuple[float, Request]] = []
        self._moving = threading.Lock()
        self._sleep = time.sleep

    def sleep(self, seconds: float) -> None:
        with self._moving:
            self.now += seconds
        self._sleep(min(seconds, 0.01))

    def take(self, request: Request) -> None:
        named = f"{request.method} {request.path}"
        seconds = next(
            seconds for part, seconds in self.TAKES if (named.endswith(part) if part == "/versions" else part in named)
        )
        with self._moving:
            self.requests.append((self.now, request))
            self.now += seconds


def test_a_create_takes_under_four_seconds(ask: Run, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the last look before it until it was read back, with a service that carries it out a second later."""
    clock = Clock()
    service.came, service.clock, service.takes = clock.take, lambda: clock.now, 1.0
    monkeypatch.setattr(time, "sleep", clock.sleep)
    assert ask("apply", "--yes", sleep=clock.sleep, polling=POLLING_INTERVAL).code == 0
    about = [(at, one.method) for at, one in clock.requests if one.path.endswith(f"/models/{NAME}/versions/1")]
    (put,) = [at for at, method in about if method == "PUT"]
    last_look = max(at for at, _ in about if at < put)
    polls = [at for at, one in clock.requests if "/operations/" in one.path]
    assert polls[-1] >= put + service.takes
    assert clock.now - last_look < 4


def test_an_operation_that_fails_later_is_a_failure(
    ask: Run, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.shape.fails_operations = True
    ran = ask("apply", "--yes")
    assert ran.code == 1, ran
    assert "could not carry it out" in ran.out + ran.err
    assert "ModelRegistryError: No luck." in ran.out + ran.err


def test_an_operation_whose_host_cannot_be_reached_is_no_failure(
    ask: Run, service: Service, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a firewall that lets the front end through: what was written is read back."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.01)))

    def refuse(request: Request) -> None:
        if "/operations/" in request.path:
            raise ConnectionAbortedError

    service.came = refuse
    assert ask("apply", "--yes").code == 0
    edit(tiny / "model.yaml", "languages: [en]", "languages: [en, de]")
    assert ask("apply", "--yes").code == 0
    assert len(service.writes) == 2


def test_an_operation_whose_address_names_no_host_is_of_the_host_that_answered(ask: Run, service: Service) -> None:
    service.shape.ends = "relative"
    ran = ask("apply", "--yes")
    assert ran.code == 0, ran


def test_no_token_goes_to_a_host_that_azure_ai_ml_alone_was_led_to(
    ask: Run, service: Service, network: Network
) -> None:
    service.shape.leads_elsewhere = True
    ran = ask("apply", "--yes")
    assert ran.code == 1, ran
    assert f"An answer leads to {ELSEWHERE}" in ran.out + ran.err
    assert ELSEWHERE not in {one.host for one in network.requests}


@pytest.mark.recordings(30, 35)
def test_a_deleted_number_and_a_refused_container_have_words_of_their_own(
    applied: Run, service: Service, tiny: Path
) -> None:
    edit(tiny / "card.md", "small", "little")
    held = service.storage.containers
    service.storage.containers = {}
    refused = applied("apply", "--yes", sleep=lambda _: None)
    assert (refused.code, "Invalid containerUri https://store" in refused.out + refused.err) == (1, True)
    assert "bump" not in refused.out + refused.err
    service.storage.containers = held
    edit(tiny / "model.yaml", "version: 1", "version: 2")
    service.deleted.add((NAME, "2"))
    gone = applied("apply", "--yes", sleep=lambda _: None)
    assert (gone.code, "A deleted version cannot be registered again" in gone.out + gone.err) == (6, True)
    assert "bump" in gone.out + gone.err


@pytest.mark.recordings(28, 36)
def test_doctor_makes_every_call_that_does_not_write(applied: Run, service: Service, network: Network) -> None:
    writes, made = len(service.writes), len(network.requests)
    ran = applied("doctor", "-o", "json")
    assert ran.code == 0, ran
    found = {one["subject"]: one for one in json.loads(ran.out)["examined"]}
    conform = {subject for subject, one in found.items() if one["message"].startswith("Conforms")}
    assert conform == {f"call: {name}" for name in CONFORM}
    assert "Conforms: discovery names two hosts" in found["registry"]["message"]
    assert "77 keys" in found["call: version"]["message"]
    assert "store0.blob.core.windows.net" in found["call: download"]["message"]
    assert len(service.writes) == writes
    asked = [one for one in network.requests[made:] if one.host == FRONT]
    assert {one.method for one in asked} == {"GET", "POST", "PUT"}
    assert all("refs/" in one.path for one in asked if one.method != "GET")


@pytest.mark.recordings(22, 23)
@pytest.mark.parametrize("refused", ["discovery", "write"])
def test_a_missing_role_is_no_missing_login(ask: Run, service: Service, refused: str) -> None:
    service.shape.refused = refused
    ran = ask("apply", "--yes")
    assert ran.code == 5, ran
    said = ran.out + ran.err
    assert "AzureML Registry User" in said
    assert "az login" not in said
    assert "is not allowed to access registry" in said
