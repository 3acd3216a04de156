"""Versions of other tools, and answers that no recording has: what we say of them is true and clear."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Run, edit
from tests.recordings.answers import not_found
from tests.recordings.proxy import Answer, Network, Request
from tests.recordings.service import Service, Version
from tests.recordings.test_story import NAME, applied, shown

__all__ = ["applied"]


def put(service: Service, name: str, version: str, created: str = "2026-01-01T00:00:00.0000000+00:00") -> Version:
    """A version as another tool registers one: without our properties, beside the files of ours."""
    held = service.versions[NAME, "1"].properties
    properties = {**held, "properties": {}, "tags": None, "description": None, "system_metadata": None}
    service.versions[name, version] = Version(properties, created, created)
    return service.versions[name, version]


def test_a_version_of_which_no_one_says_where_its_files_are_hides_nothing_else(
    applied: Run, service: Service, tiny: Path
) -> None:
    put(service, "theirs", "1").properties["modelUri"] = None
    listed = applied("list", "-o", "json")
    assert listed.code == 0, listed
    assert {one["model"]: one["path"] is None for one in json.loads(listed.out)["assets"]} == {
        NAME: False,
        "theirs": True,
    }
    assert "does not say where" in applied("show", "theirs").out
    assert applied("drift", "--ignore", "theirs").code == 0
    service.versions[NAME, "1"].properties["modelUri"] = None
    for verb, name in (("show", "theirs"), ("download", NAME), ("verify", NAME)):
        ran = applied(verb, name, *(["--files"] if verb == "show" else []))
        assert (ran.code, "does not say where the files of " in ran.err) == (1, True), ran
    edit(tiny / "model.yaml", "summary: Small.", "summary: Still small.")
    assert applied("plan", "--detailed-exitcode").code == 8


def test_a_hint_names_the_registry_that_was_asked(applied: Run, project: Path) -> None:
    asked = applied("show", "nope", "-r", "azureml://registries/testFeed")
    assert (asked.code, "`publish list -r azureml://registries/testFeed` shows" in asked.err) == (3, True), asked
    assert "`publish list` shows" in applied("show", "nope").err
    ran = applied("archive", "nope", "--yes", "-r", "feed")
    assert "`publish list -r feed` shows" in ran.err, ran


def test_a_conflict_names_no_pattern_that_did_not_change(ask: Run, tiny: Path) -> None:
    edit(tiny / "model.yaml", "{local: weights}", "{local: weights, exclude: [below/*]}")
    assert ask("apply", "--yes").code == 0
    (tiny / "weights" / "weights.bin").write_bytes(b"others")
    ran = ask("plan")
    assert (ran.code, "weights: weights.bin" in ran.out) == (6, True), ran
    assert "exclude" not in ran.out
    edit(tiny / "model.yaml", "exclude: [below/*]", "include: [weights.bin]")
    said = ask("plan").out
    assert 'exclude ["below/*"] → none' in said
    assert 'include none → ["weights.bin"]' in said


def test_versions_that_are_no_numbers_stop_nobody_and_are_told(applied: Run, service: Service, project: Path) -> None:
    put(service, "theirs", "first")
    for verb in (("list",), ("import", "-r", "feed", "--overwrite")):
        ran = applied(*verb)
        assert ran.code == 0, ran
        assert ("whole number" in ran.err, "theirs" in ran.err) == (True, True)
        assert (NAME if verb[0] == "list" else "Imported 1 model of 1") in ran.out
    ran = applied("show", "theirs")
    assert (ran.code, "lists no version of it that is a whole number" in ran.err) == (3, True), ran


def test_a_whole_number_that_comes_back_with_a_point_is_the_same_number(ask: Run, service: Service, tiny: Path) -> None:
    edit(tiny / "model.yaml", "  summary: Small.", "  summary: Small.\n  textContextWindow: 512")
    assert ask("apply", "--yes").code == 0
    held = service.versions[NAME, "1"].properties["system_metadata"]
    assert held["textContextWindow"] == 512
    held["textContextWindow"] = 512.0
    assert ask("plan", "--detailed-exitcode").code == 0
    assert ask("drift").code == 0
    shown = json.loads(ask("show", NAME, "-o", "json").out)["assets"][0]["system_metadata"]
    assert repr(shown["textContextWindow"]) == "512"


def test_files_of_another_tool_are_not_said_to_be_those_of_the_folder(
    applied: Run, service: Service, tiny: Path, project: Path
) -> None:
    """A registered version without our properties tells nothing of its files, unless the folder's source is itself."""
    service.versions[NAME, "1"].properties["properties"] = {}
    planned = applied("plan", "-o", "json")
    assert "content" in json.loads(planned.out)["actions"][0]["unverifiable"], planned
    said = f"Another tool registered {NAME} 1: the files there were not compared"
    edit(tiny / "model.yaml", "summary: Small.", "summary: Still small.")
    for verb in (("plan",), ("apply", "--yes"), ("drift",)):
        ran = applied(*verb)
        assert (ran.code, (ran.out + ran.err).count(said)) == (0, 1), ran
    assert not (project / ".publish" / "registries.json").exists()
    assert applied("import", NAME, "-r", "feed", "--overwrite").code == 0
    (tiny / "model.yaml").unlink()
    assert said not in applied("plan", NAME).out


def test_a_listed_version_that_cannot_be_read_hides_none_before_it(
    applied: Run, service: Service, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two pages it was deleted, or it is listed before it shows."""
    edit(tiny / "model.yaml", "version: 1", "version: 2")
    assert applied("apply", "--yes").code == 0
    shows = Service._version

    def without(hidden: tuple[str, ...]) -> None:
        def version(self: Service, registry: str, name: str, number: str) -> Answer:
            found = shows(self, registry, name, number)
            return not_found("Model version not found.") if number in hidden else found

        monkeypatch.setattr(Service, "_version", version)

    without(("2",))
    assert [one["version"] for one in json.loads(applied("list", "-o", "json").out)["assets"]] == [1]
    assert shown(applied)["version"] == 1
    without(("1", "2"))
    assert NAME in applied("list").err
    ran = applied("show", NAME)
    assert (ran.code, f"lists versions of {NAME} and shows none of them: 2, 1" in ran.err) == (3, True), ran


def test_a_registry_has_one_name_in_any_case(applied: Run, project: Path) -> None:
    """The service returns it in lower case, so that is how it is copied; and a protected one stays protected."""
    settings = project / "publish.yaml"
    settings.write_text("registries:\n  feed: {name: testFeed, protected: true}\nregistry: feed\n", encoding="utf-8")
    assert applied("show", f"azureml://registries/testfeed/models/{NAME}/versions/1").code == 0
    ran = applied("archive", NAME, "--yes", "-r", "azureml://registries/TESTFEED", "-o", "json")
    assert json.loads(ran.out)["registry"] == "testFeed", ran
    ran = applied("promote", NAME, "--from", "feed", "--to", "azureml://registries/testfeed", "--yes")
    assert (ran.code, "are the same registry" in ran.err) == (2, True), ran


def test_a_gateway_that_fails_once_ends_no_look_into_the_files(applied: Run, service: Service) -> None:
    """Signatures to read come by POST, which azure-core sends once."""
    answers = service._front
    failed: list[str] = []

    def front(request: Request, registry: str, path: str) -> Answer:
        if path.startswith("datarefs/") and not failed:
            failed.append(path)
            return Answer(502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"})
        return answers(request, registry, path)

    service._front = front  # type: ignore[method-assign]
    ran = applied("show", NAME, "--files")
    assert (ran.code, len(failed)) == (0, 1), ran


def test_a_manifest_of_earlier_without_patterns_is_imported_with_the_files_that_it_lists(
    ask: Run, service: Service, tiny: Path, project: Path
) -> None:
    edit(tiny / "model.yaml", "{local: weights}", "{local: ../../weights, exclude: [below/*]}")
    (tiny / "weights").rename(project / "weights")
    assert ask("apply", "--yes").code == 0
    held = next(blobs for blobs in service.storage.containers.values())
    (name,) = [name for name in held if name.endswith("publish-manifest.json")]
    manifest = json.loads(held[name].content)
    assert manifest["source"].pop("exclude") == ["below/*"]
    held[name].content = json.dumps(manifest).encode()
    ran = ask("import", NAME, "-r", "feed", "--overwrite")
    assert ran.code == 0, ran
    assert "exclude: [below/words.txt]" in (project / "models" / NAME / "model.yaml").read_text(encoding="utf-8")
    shutil.rmtree(tiny)
    ran = ask("plan", "--detailed-exitcode")
    assert ran.code == 0, ran


def test_a_card_whose_last_line_end_is_gone_is_the_same_card(applied: Run, service: Service, tiny: Path) -> None:
    held = service.versions[NAME, "1"].properties
    assert held["description"].endswith("\n")
    held["description"] = held["description"].strip()
    assert applied("plan", "--detailed-exitcode").code == 0
    assert applied("drift").code == 0
    edit(tiny / "card.md", "small", "little")
    assert applied("plan", "--detailed-exitcode").code == 8


def test_numbers_beyond_those_of_a_folder_are_not_written_into_one(applied: Run, service: Service, tiny: Path) -> None:
    """As where another tool takes the time for a version."""
    put(service, NAME, "20260101123456", created="2036-01-01T00:00:00.0000000+00:00")
    edit(tiny / "model.yaml", "version: 1", "version: 2")
    assert applied("plan").code == 6
    ran = applied("bump")
    assert (ran.code, "cannot become version 20260101123457" in ran.err) == (6, True), ran
    assert "\nversion: 2\n" in (tiny / "model.yaml").read_text(encoding="utf-8")


def test_a_region_that_is_down_is_waited_for_once(applied: Run, service: Service, network: Network) -> None:
    """The front end alone hands system metadata back no more, so each look asks the other API, too."""
    service.shape.hands_metadata_back = False

    def down(request: Request, path: str) -> Answer:
        return Answer(503)

    service._model_registry = down  # type: ignore[method-assign]
    made = len(network.requests)
    ran = applied("archive", NAME, "--yes")
    assert ran.code == 0, ran
    asked = [one for one in network.requests[made:] if "/modelregistry/" in one.path and one.method == "GET"]
    assert len(asked) <= 4
