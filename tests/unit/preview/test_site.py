"""The pages by their places, looked at again after edits; the server's doors; and the export."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from azureml_publish.errors import UsageProblem
from azureml_publish.pipeline.live import LiveProject, Look
from azureml_publish.pipeline.run import RunContext
from azureml_publish.preview.export import export
from azureml_publish.preview.server import Server
from azureml_publish.preview.site import PlanRequest, Site
from azureml_publish.project import ModelFolder
from azureml_publish.render import render_model
from azureml_publish.skus.catalogue import load_catalogue
from tests.conftest import REPOSITORY, Run, edit


@pytest.fixture
def live(project: Path) -> LiveProject:
    return LiveProject(RunContext(project, {}, date(2026, 11, 21)))


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models that are rendered from now on."""
    found: list[str] = []

    def render(folder: ModelFolder, *rest: Any) -> Any:
        found.append(folder.folder)
        return render_model(folder, *rest)

    monkeypatch.setattr("azureml_publish.pipeline.check.render_model", render)
    return found


def test_only_what_changed_is_rendered_again(live: LiveProject, project: Path, rendered: list[str]) -> None:
    assert live.look().changed is None
    assert sorted(rendered) == ["bert-base-cased", "bert-large-cased", "distilbert-base-uncased"]
    rendered.clear()
    assert live.look().changed == frozenset()
    assert rendered == []
    edit(project / "models/bert-base-cased/card.md.j2", "has no decoder", "was edited")
    look = live.look()
    assert look.changed == frozenset({"bert-base-cased"})
    assert rendered == ["bert-base-cased"]
    rendered.clear()
    edit(project / "publish.yaml", "Foundation Models", "Other Models")
    early: list[tuple[int, bool, int]] = []
    look = live.look(early=lambda one: early.append((one.number, one.checked is None, len(rendered))))
    assert look.changed is None
    assert len(rendered) == 3
    assert early == [(look.number - 1, True, 0)]  # pages are told before all models are rendered again


def test_one_model_is_made_at_once_while_all_wait_for_an_edit_of_a_template(live: LiveProject, project: Path) -> None:
    live.look()
    (project / "templates").mkdir()
    text = (REPOSITORY / "templates/card.md.j2").read_text(encoding="utf-8")
    (project / "templates/card.md.j2").write_text(
        text.replace("{% filter trim %}", "{% filter trim %}\nEdited template\n")
    )
    pages: list[str] = []
    live.look(early=lambda _look: pages.append(Site(live).model("bert-base-cased").text))
    assert len(pages) == 1
    assert "Edited template" in pages[0]
    assert "Edited template" in Site(live).model("bert-large-cased").text


def test_the_model_that_is_viewed_is_checked_before_pages_are_told_of_a_template(
    live: LiveProject, project: Path, rendered: list[str]
) -> None:
    live.look()
    edit(project / "models/bert-large-cased/card.md.j2", "{% block training %}", "{% block training %}\nComing soon\n")
    live.look()
    Site(live).model("bert-large-cased")
    (project / "templates").mkdir()
    (project / "templates/card-sections.md.j2").write_bytes((REPOSITORY / "templates/card-sections.md.j2").read_bytes())
    rendered.clear()
    told: list[tuple[list[str], bool]] = []

    def early(_look: Look) -> None:
        told.append(([*rendered], "CARD010" in Site(live).model("bert-large-cased").text))

    live.look(early=early)
    assert told == [(["bert-large-cased"], True)]
    assert sorted(rendered) == ["bert-base-cased", "bert-large-cased", "distilbert-base-uncased"]


def test_pages_in_other_threads_run_no_rules_because_those_have_no_limit_there(
    live: LiveProject, project: Path
) -> None:
    edit(
        project / "models/bert-large-cased/card.md.j2", "{% block training %}", "{% block training %}\nComing soon\n\n"
    )
    live = LiveProject(live.run)
    folder = next(one for one in live.now.loaded.folders if one.folder == "bert-large-cased")
    report = live.report(folder)
    assert report.rendered is not None
    assert report.found == ()
    page = Site(live).model("bert-large-cased").text
    assert "Being checked" in page
    assert "Coming soon" in page
    live.look()
    assert "CARD010" in Site(live).model("bert-large-cased").text


def test_sizes_that_retire_at_midnight_are_retired_from_then_on(live: LiveProject, project: Path) -> None:
    size = next(one for one in load_catalogue() if one.retirement is not None and one.retirement > date(2027, 1, 1))
    assert size.retirement is not None
    edit(project / "models/bert-base-cased/model.yaml", "  inference: cpu-small\n", f"  inference: [{size.name}]\n")
    days = [size.retirement - timedelta(days=1)]
    live = LiveProject(live.run, today=lambda: days[-1])
    assert [one.code for one in live.look().findings()["bert-base-cased"]] == ["SKU011"]
    assert not live.outdated
    days.append(size.retirement + timedelta(days=1))
    assert [live.outdated, live.now.number] == [True, 1]
    assert [one.code for one in live.look().findings()["bert-base-cased"]] == ["SKU010"]
    assert not live.outdated


def test_files_that_models_are_made_from_elsewhere_are_followed(live: LiveProject, project: Path) -> None:
    spec = project / "models/bert-base-cased/model.yaml"
    lines = [line for line in spec.read_text().splitlines() if not line.startswith("  revision:")]
    spec.write_text(
        "\n".join("  local: ../../weights" if line.startswith("  huggingface:") else line for line in lines) + "\n"
    )
    assert live.look().failure is None
    assert live.folders == {project / "models", project / "templates", project / "weights"}


def test_a_look_finds_what_lint_finds(live: LiveProject, project: Path, publish: Run) -> None:
    edit(project / "models/bert-base-cased/model.yaml", "version: 18", "version: none")
    edit(
        project / "models/bert-large-cased/card.md.j2", "{% block training %}", "{% block training %}\nComing soon\n\n"
    )
    found = [one for part in live.look().findings().values() for one in part]
    told = json.loads(publish("lint", "-o", "json").out)["diagnostics"]
    assert "CARD010" in {one.code for one in found}
    assert {(one.code, one.location.path, one.location.line) for one in found} == {
        (one["code"], one["path"], one["line"]) for one in told
    }


def test_a_project_that_cannot_be_read_for_a_while_keeps_its_last_look(live: LiveProject, project: Path) -> None:
    site = Site(live)
    live.look()
    text = (project / "publish.yaml").read_text(encoding="utf-8")
    (project / "publish.yaml").unlink()
    assert live.look().failure is not None
    assert "No publish.yaml" in site.index().text
    assert "bert-base-cased" in site.index().text
    (project / "publish.yaml").write_text("presets: [")
    live.look()
    assert "publish.yaml cannot be used" in site.index().text
    (project / "publish.yaml").write_text(text)
    live.look()
    assert "cannot be used" not in site.index().text


def test_pages_are_there_before_the_first_look_is_through(live: LiveProject) -> None:
    site = Site(live)
    assert site.index().text.count("Being checked") == 3
    page = site.model("bert-base-cased").text
    assert "BertForMaskedLM" in page
    assert live.now.checked is None


def test_what_others_wrote_cannot_leave_its_place(live: LiveProject, project: Path) -> None:
    spec = project / "models/bert-base-cased/model.yaml"
    name = '"><script>x</script>'
    edit(spec, "metadata:", f"metadata:\n  displayName: '{name}'\n  summary: '{name}'")
    edit(spec, "license: apache-2.0", f"license: '{name}'")
    live.look()
    site = Site(live)
    for page in (site.index(), site.model("bert-base-cased"), site.findings()):
        assert "<script>x" not in page.text
        assert "&lt;script&gt;x" in page.text or "No findings" in page.text or "license" in page.text


@pytest.fixture
def server(live: LiveProject) -> Iterator[Server]:
    live.look()
    server = Server(Site(live), port=0)
    server.start()
    yield server
    server.stop()


def test_another_page_may_not_ask_for_a_plan(server: Server) -> None:
    port = urlsplit(server.url).port
    for site, status in (("cross-site", 421), ("same-site", 421), ("same-origin", 200), ("none", 200)):
        assert ask(server, "/plan/", Host=f"127.0.0.1:{port}", **{"Sec-Fetch-Site": site})[0] == status, site
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert ask(server, "/models/bert-base-cased/", **link)[0] == 200  # a person may be led to a page
    for path in ("/plan/?registry=local", "/registered/bert-base-cased/18/"):
        assert ask(server, path, **link)[0] == 421, path
    assert ask(server, "/", **(link | {"Sec-Fetch-Dest": "iframe"}))[0] == 421


def test_the_plan_names_what_cannot_be_compared(server: Server, project: Path) -> None:
    assert "git knows no revision" in ask(server, "/plan/?revision=nothing")[2]
    assert "knows no registry" in ask(server, "/plan/?registry=nothing")[2]


def ask(server: Server, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection("127.0.0.1", address.port or 0, timeout=60)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read().decode()
    connection.close()
    return found


def test_a_page_of_another_host_gets_nothing(server: Server) -> None:
    port = urlsplit(server.url).port
    for host in ("attacker.example", f"attacker.example:{port}", "127.0.0.1.attacker.example", "[::1", ""):
        status, _, text = ask(server, "/", Host=host)
        assert (status, "bert" in text) == (421, False), host
    for origin in (
        "http://attacker.example",
        "null",
        f"http://127.0.0.1:{(port or 0) + 1}",
        f"https://127.0.0.1:{port}",
    ):
        assert ask(server, "/", Origin=origin)[0] == 421, origin
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"):
        assert ask(server, "/", Host=host)[0] == 200, host
    assert ask(server, "/", Host=f"localhost:{port}", Origin=f"http://localhost:{port}")[0] == 200


def test_every_answer_allows_a_browser_nothing_but_the_page(server: Server) -> None:
    for path in ("/", "/models/bert-base-cased/", "/findings/", "/nothing"):
        _, headers, _ = ask(server, path)
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
        assert "img-src 'self';" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in headers
    assert (
        "img-src 'self' https: http:;" in ask(server, "/models/bert-base-cased/?images=1")[1]["content-security-policy"]
    )


def test_no_file_is_served(server: Server, project: Path) -> None:
    (project / "secret.txt").write_text("a secret")
    names = ["publish.yaml", "secret.txt", "../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", "....//secret.txt"]
    paths = [f"{top}{name}" for top in ("/", "/static/", "/models/", "/static/../") for name in names]
    for path in (*paths, "/models/..%2f..%2fsecret.txt/", "/static/preview.css%00", "/static/%2fetc%2fpasswd"):
        status, _, text = ask(server, path)
        assert status in (404, 307), path
        assert "secret" not in text.replace("secret.txt", ""), path


def test_only_reading_is_answered(server: Server) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        assert ask(server, "/", method)[0] == 404, method


def test_an_export_has_only_relative_links_that_lead_somewhere(live: LiveProject, tmp_path: Path) -> None:
    live.look()
    pages = export(Site(live, exported=True), tmp_path / "site", PlanRequest())
    written = sorted((tmp_path / "site").rglob("*.html"))
    assert len(written) == pages
    for page in written:
        text = page.read_text(encoding="utf-8")
        anchors = set(re.findall(r' id="([^"]+)"', text))
        for address in re.findall(r'(?:href|src)="([^"]+)"', text):
            if re.match(r"(https?|mailto):", address):
                continue
            path, _, fragment = address.partition("#")
            assert not path or (page.parent / path).is_file(), (page, address)
            assert path or not fragment or fragment in anchors, (page, address)


def test_an_export_writes_over_itself_and_over_nothing_else(live: LiveProject, tmp_path: Path) -> None:
    live.look()
    site = Site(live, exported=True)
    export(site, tmp_path / "site", PlanRequest())
    export(site, tmp_path / "site", PlanRequest())
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("mine")
    with pytest.raises(UsageProblem):
        export(site, other, PlanRequest())
    assert [one.name for one in other.iterdir()] == ["letter.txt"]


def test_a_page_with_many_findings_begins_with_a_few_and_its_card_is_near(live: LiveProject, project: Path) -> None:
    spec = project / "models/bert-base-cased/model.yaml"
    for scenario, preset in (("inference", "cpu-small"), ("evaluation", "cpu-medium"), ("finetune", "gpu-t4")):
        edit(spec, f"  {scenario}: {preset}\n", f"  {scenario}: [Standard_NC6s_v3, Standard_NC12s_v3]\n")
    edit(spec, "license: apache-2.0", "license: custom")
    edit(spec, "languages: [en]", "languages: [en, en, english]")
    live.look()
    problems = (
        Site(live).model("bert-base-cased").text.partition('aria-label="Findings">')[2].partition("</section>")[0]
    )
    first, _, folded = problems.partition('<details class="more" id="more-findings">')
    assert first.count('class="finding ') == 3
    assert folded.count('class="finding ') == int(folded.partition("<summary>")[2].partition(" more")[0]) > 0
    assert '<a href="../models/bert-base-cased/#finding-' in Site(live).findings().text
