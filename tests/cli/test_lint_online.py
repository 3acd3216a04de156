"""`publish lint --online`: each of its rules found out and at rest, against real servers on loopback.

These rules have no example folders, as what they find is not in the folders: here is where they are shown.
"""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.emulator import Emulator
from tests.conftest import ControlPlane, Ran, Run, edit
from tests.unit.lint.assets import sound, write
from tests.unit.lint.online.pages import Page, Site, serve

MODEL = "bert-base-cased"
COMMIT = "5532cc56f74641d4bb33641f5c76a55d11f846e0"
REPOSITORY = f"google-bert/{MODEL}"
CARD = f"models/{MODEL}/card.md"
SPEC = f"models/{MODEL}/model.yaml"
THERE = "azureml://registries/local"


@pytest.fixture(autouse=True)
def _nowhere_else(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, emulator_environment: dict[str, str]
) -> None:
    """One model without links; whatever would leave this machine ends at a port where nobody listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{closed.getsockname()[1]}"
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, proxy)
    monkeypatch.setenv("PUBLISH_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PUBLISH_LINKS_ALLOW_PRIVATE", "127.0.0.1")
    for folder in ("bert-large-cased", "distilbert-base-uncased"):
        shutil.rmtree(project / "models" / folder)
    (project / "models" / MODEL / "card.md.j2").unlink()
    write_card(project, "A card.\n")


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as served:
        yield served


def write_card(project: Path, text: str) -> None:
    (project / CARD).write_text(text, encoding="utf-8")


def spec(project: Path, before: str, after: str) -> None:
    edit(project / SPEC, before, after)


def told(ran: Ran) -> list[tuple[str, str, str, int, int]]:
    """The findings of these rules: severity, code, file, line and column. Every one reads as a sentence with a mend."""
    found = []
    for one in json.loads(ran.out)["diagnostics"]:
        if one["code"][:3] in ("LIN", "HUB", "REG"):
            found.append((one["severity"], one["code"], one["path"], one["line"], one["column"]))
            for text in (one["message"], one["hint"]):
                assert text == text.strip()
                assert "  " not in text
                assert text[-1] in ".?:" or "`" in text
            assert one["message"][-1] == "."
    return found


def online(publish: Run, *arguments: str) -> Ran:
    return publish("lint", "--online", "--no-cache", "-o", "json", *arguments)


def messages(ran: Ran) -> dict[str, dict[str, Any]]:
    return {one["code"]: one for one in json.loads(ran.out)["diagnostics"]}


def test_nothing_is_found_where_all_is_well(publish: Run, project: Path, site: Site, control: ControlPlane) -> None:
    site.pages |= {"/a": Page(), "/b": Page(302, headers={"Location": "/a"}), "/d/": Page()}
    site.pages["/d"] = Page(301, headers={"Location": "/d/"})
    skipped = "https://example.com/x <http://me:secret@127.0.0.1/x> `http://127.0.0.1/x` https://{region}.net/"
    write_card(project, f"[a]({site.url}/a#part) [b]({site.url}/b) [d]({site.url}/d)\n\n{skipped}\n")
    ran = online(publish, "-r", THERE)
    assert (ran.code, told(ran)) == (0, [])
    assert sorted(site.asked) == [("HEAD", path) for path in ("/a", "/a", "/b", "/d", "/d/")]
    assert "not " not in ran.err


def test_links_are_judged_where_they_are_written(publish: Run, project: Path, site: Site) -> None:
    site.pages |= {
        "/old": Page(301, headers={"Location": "/new"}),
        "/new": Page(),
        "/front": Page(308, headers={"Location": "/"}),
        "/": Page(),
        "/ill": Page(500),
    }
    port = site.port
    write_card(
        project,
        f"# Links\n\nA [page]({site.url}/gone).\n\n| Page |\n| --- |\n| {site.url}/old#part |\n| {site.url}/front |\n\n"
        f"[ill]: {site.url}/ill\n\n[ill] <a href='http://127.0.0.2:{port}/x' target='_blank'>x</a>\n",
    )
    ran = online(publish)
    assert ran.code == 0  # somebody else's page holds nobody's release up
    assert told(ran) == [
        ("warning", "LINK001", CARD, 3, 10),
        ("info", "LINK002", CARD, 7, 3),
        ("warning", "LINK002", CARD, 8, 3),
        ("info", "LINK003", CARD, 10, 8),
        ("info", "LINK004", CARD, 12, 16),
    ]
    found = [one for one in json.loads(ran.out)["diagnostics"] if one["code"] == "LINK002"]
    assert found[0]["hint"] == f"Write {site.url}/new#part."
    assert [one["fixable"] for one in found] == [True, False]
    assert "front page" in found[1]["message"]


def test_mends_of_links_and_folders_are_made_in_one_run(publish: Run, project: Path, site: Site) -> None:
    site.pages |= {"/old": Page(301, headers={"Location": "/new"}), "/new": Page()}
    text = f"# Links\n\nA [page]({site.url}/old) and [one]({site.url}/gone).  \t\n\nEnd."
    write_card(project, text)
    shown = publish("lint", "--online", "--diff", "--unsafe")
    assert (shown.code, (project / CARD).read_text(encoding="utf-8")) == (4, text)
    assert f"+A [page]({site.url}/new) and [one]({site.url}/gone).\n" in shown.out
    safe = publish("lint", "--online", "--fix")
    assert "1 can be fixed with --fix --unsafe." in safe.err
    assert "(`publish lint --online --fix --unsafe` does it)" in safe.out
    assert f"({site.url}/old)" in (project / CARD).read_text(encoding="utf-8")
    ran = publish("lint", "--online", "--fix", "--unsafe", "-o", "json")
    said = json.loads(ran.out)
    assert [one["code"] for one in said["fixed"]] == ["LINK002"]
    assert [code for _, code, *_ in told(ran)] == ["LINK001"]
    mended = f"# Links\n\nA [page]({site.url}/new) and [one]({site.url}/gone).\n\nEnd.\n"
    assert (project / CARD).read_text(encoding="utf-8") == mended
    again = publish("lint", "--online", "--fix", "--unsafe")
    assert "Fixed" not in again.err
    assert (project / CARD).read_text(encoding="utf-8") == mended


def test_a_run_that_asks_nobody_calls_no_accepted_link_mended(publish: Run, project: Path, site: Site) -> None:
    write_card(project, f"A [page]({site.url}/gone).\n")
    assert publish("lint", "--online", "--write-baseline", "b.json").code == 0
    assert "LINK001" in (project / "b.json").read_text(encoding="utf-8")
    for arguments in (["--online"], []):
        assert told(Ran(0, publish("lint", *arguments, "--baseline", "b.json", "-o", "json").out, "")) == []


def test_answers_are_kept_in_the_users_cache_folder(publish: Run, project: Path, site: Site, tmp_path: Path) -> None:
    write_card(project, f"A [page]({site.url}/gone).\n")
    for _ in range(2):
        assert "LINK001" in publish("lint", "--online").out
        assert len(site.asked) == 2
    assert (tmp_path / "cache" / "links.json").is_file()
    online(publish)
    assert len(site.asked) == 4


def test_without_network_nothing_is_found_and_that_is_said(
    publish: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_card(project, "A [page](https://pages.net/a) and [one more](https://pages.net/b).\n")
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.pages.net")
    ran = online(publish)
    assert (ran.code, told(ran)) == (0, [])
    assert "There is no network: 2 links not followed." in ran.err
    assert "The Hub was not read for 1 model: The Hub at http://hub.pages.net cannot be reached" in ran.err
    assert online(publish, "-q").err == ""


def test_offline_lint_asks_nobody(publish: Run, project: Path, site: Site) -> None:
    write_card(project, f"A [page]({site.url}/gone).\n")
    ran = publish("lint", "-o", "json")
    assert (ran.code, told(ran), site.asked) == (0, [], [])


def test_links_of_asset_folders_are_followed_and_nothing_is_written(publish: Run, site: Site, tmp_path: Path) -> None:
    folder = write(tmp_path, {**sound(), "description.md": f"A [page]({site.url}/gone).\n"})
    before = {path: path.read_bytes() for path in folder.iterdir()}
    ran = publish("-C", str(tmp_path), "lint", "--assets", "assets", "--online", "-o", "json")
    assert ran.code == 0
    assert ("warning", "LINK001", "assets/little/description.md", 1, 10) in told(ran)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def repository(emulator: Emulator, folder: Path, name: str, **files: bytes) -> str:
    folder.mkdir(exist_ok=True)
    for file, content in files.items():
        (folder / file.replace("_", ".")).write_bytes(content)
    return emulator.add_repository(name, folder)


def test_the_hub_has_another_licence(publish: Run, project: Path) -> None:
    spec(project, "license: apache-2.0", "license: mit")
    ran = online(publish)
    assert (ran.code, told(ran)) == (0, [("warning", "HUB001", SPEC, 8, 1)])
    assert f"{REPOSITORY} has apache-2.0 at this commit" in messages(ran)["HUB001"]["message"]


def test_a_commit_that_the_repository_does_not_have(publish: Run, project: Path) -> None:
    spec(project, COMMIT, "a" * 40)
    ran = online(publish)
    assert (ran.code, told(ran)) == (4, [("error", "HUB003", SPEC, 7, 3)])
    assert COMMIT in messages(ran)["HUB003"]["hint"]


def test_a_later_commit_is_told_where_it_brings_other_files(
    publish: Run, project: Path, emulator: Emulator, tmp_path: Path
) -> None:
    readme, folder = b"---\nlicense: apache-2.0\n---\n", tmp_path / "repository"
    first = repository(emulator, folder, "contoso/one", README_md=readme, config_json=b"{}")
    repository(emulator, folder, "contoso/one", README_md=readme + b"More.\n")
    spec(project, f"huggingface: {REPOSITORY}", "huggingface: contoso/one")
    spec(project, COMMIT, first)
    assert told(online(publish)) == []  # words for readers are no reason for a new version
    last = repository(emulator, folder, "contoso/one", config_json=b'{"a": 1}')
    ran = online(publish)
    assert (ran.code, told(ran)) == (0, [("info", "HUB004", SPEC, 7, 3)])
    assert "with other files: config.json." in messages(ran)["HUB004"]["message"]
    assert last in messages(ran)["HUB004"]["hint"]


def test_a_repository_that_was_renamed(publish: Run, project: Path) -> None:
    spec(project, f"huggingface: {REPOSITORY}", f"huggingface: {MODEL}")
    ran = online(publish)
    assert (ran.code, told(ran)) == (0, [("warning", "HUB005", SPEC, 6, 3)])
    assert f"is now called {REPOSITORY}" in messages(ran)["HUB005"]["message"]


@pytest.mark.parametrize("token", ["", "hf_secret"])
def test_a_repository_that_is_not_there(
    publish: Run, project: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    spec(project, f"huggingface: {REPOSITORY}", "huggingface: contoso/nothing")
    ran = online(publish)
    assert (ran.code, told(ran)) == (0, [("warning", "HUB006", SPEC, 6, 3)])
    assert ("set HF_TOKEN" in messages(ran)["HUB006"]["hint"]) == (not token)
    assert "hf_secret" not in ran.out + ran.err


@pytest.mark.parametrize("gated", ["auto", "manual"])
def test_a_repository_behind_terms(
    publish: Run, project: Path, site: Site, monkeypatch: pytest.MonkeyPatch, gated: str
) -> None:
    info = {"id": REPOSITORY, "sha": COMMIT, "gated": gated, "siblings": [], "cardData": {"license": "apache-2.0"}}
    site.pages[f"/api/models/{REPOSITORY}"] = Page(body=json.dumps(info).encode())
    monkeypatch.setenv("HF_ENDPOINT", site.url)
    ran = online(publish)
    assert (ran.code, told(ran)) == (0, [("warning", "HUB002", SPEC, 6, 3)])


def test_a_hub_that_is_ill_is_no_finding(publish: Run, project: Path, emulator: Emulator) -> None:
    emulator.faults.add(service="hub", status=500)
    try:
        ran = online(publish)
    finally:
        emulator.faults.clear()
    assert (ran.code, told(ran)) == (0, [])
    assert "The Hub answers 500" in ran.err


def test_a_version_that_is_registered_with_other_content(publish: Run, project: Path, control: ControlPlane) -> None:
    control.register(MODEL, "18", modelType="custom_model")
    ran = online(publish, "-r", THERE)
    assert (ran.code, told(ran)) == (4, [("error", "REG001", SPEC, 3, 1)])
    assert messages(ran)["REG001"]["hint"].startswith(f"`publish bump {MODEL}`: the next free version is 19.")


def test_a_version_that_was_deleted(publish: Run, project: Path, control: ControlPlane) -> None:
    control.register(MODEL, "18")
    control.call("DELETE", f"{control.models()}/{MODEL}:18").raise_for_status()
    ran = online(publish, "-r", THERE)
    assert (ran.code, told(ran)) == (4, [("error", "REG002", SPEC, 3, 1)])


def test_a_version_that_others_have_overtaken(publish: Run, project: Path, control: ControlPlane) -> None:
    control.register(MODEL, "20")
    ran = online(publish, "-r", THERE)
    assert (ran.code, told(ran)) == (4, [("error", "REG003", SPEC, 3, 1)])
    assert publish("plan", "-r", THERE).code == 6  # plan says the same


def test_a_later_version_beside_the_folders(publish: Run, project: Path, control: ControlPlane) -> None:
    control.register(MODEL, "18", modelType="mlflow_model")
    assert told(online(publish, "-r", THERE)) == []
    control.register(MODEL, "19")
    ran = online(publish, "-r", THERE)
    assert (ran.code, told(ran)) == (0, [("info", "REG004", SPEC, 3, 1)])


def test_a_registry_that_refuses_fails_after_the_report(publish: Run, project: Path, emulator: Emulator) -> None:
    spec(project, "license: apache-2.0", "license: mit")
    emulator.faults.add(service="registry", path="registries|modelregistry", status=403)
    try:
        ran = online(publish, "-r", THERE)
        edit(project / "publish.yaml", "registries:\n", "registry: dev\nregistries:\n  dev: {name: local}\n")
        unnamed = online(publish)
    finally:
        emulator.faults.clear()
    assert ran.code == 5
    assert [code for _, code, *_ in told(ran)] == ["HUB001"]
    assert unnamed.code == 0
    assert "The registry was not read: " in unnamed.err


def test_a_registry_that_does_not_answer_is_a_note(
    publish: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARM_CLOUD_METADATA_URL", "https://127.0.0.1:1")
    ran = online(publish, "-r", THERE)
    assert (ran.code, told(ran)) == (0, [])
    assert "The registry was not read:" in ran.err


def test_an_embedded_registry_is_asked_once_there_is_one(publish: Run, project: Path) -> None:
    assert told(online(publish)) == []
    assert not (project / ".publish" / "registry").exists()
    assert told(online(publish, "-r", "local")) == []
    assert (project / ".publish" / "registry").exists()


def test_a_registry_that_is_not_listed_is_a_mistake(publish: Run, project: Path) -> None:
    ran = online(publish, "-r", "prod")
    assert ran.code == 3
    assert json.loads(ran.out)["diagnostics"] == []


def test_registry_without_online_is_a_mistake(publish: Run) -> None:
    ran = publish("lint", "-r", "local")
    assert ran.code == 2
    assert "--online" in ran.err
