"""What the site is made of: its checks notice what is wrong, and the reference has all that there is."""

from __future__ import annotations

import ast
import re
import runpy
import tomllib
from pathlib import Path

import pytest

from azureml_publish.cli import VERBS
from azureml_publish.lint.rule_book import rule_pages
from docs.site import __main__ as site
from docs.site import check, reference, rules
from tests.conftest import REPOSITORY

DOCS = REPOSITORY / "docs"


def page(root: Path, name: str, body: str) -> None:
    path = root / name / "index.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"<html><body><article>{body}</article></body></html>", encoding="utf-8")


def test_links_that_lead_nowhere_and_what_comes_from_other_hosts_are_problems(tmp_path: Path) -> None:
    page(
        tmp_path,
        "a",
        '<h2 id="here">A</h2><a href="../b/#there">b</a><a href="#here">a</a><a href="https://x.org">x</a>',
    )
    page(tmp_path, "b", '<h2 id="there">B</h2><a href="../a/">a</a>')
    assert [*check.problems(tmp_path)] == []
    page(
        tmp_path,
        "c",
        '<a href="../a/#gone">1</a><a href="../d/">2</a><img src="no.png"><script src="https://cdn.x/x.js">',
    )
    assert [*check.problems(tmp_path)] == [
        "c/index.html: ../a/#gone has no such place",
        "c/index.html: ../d/ is not there",
        "c/index.html: no.png is not there",
        "c/index.html: <script> loads https://cdn.x/x.js from another host",
    ]


def test_a_page_that_github_shows_otherwise_or_nobody_is_led_to_is_a_problem(tmp_path: Path) -> None:
    page(tmp_path, "a", "<ul><li>one<li>two</ul>")
    assert [*check.rendered_otherwise(tmp_path, {"a.md": "- one\n- two\n"})] == []
    assert [*check.rendered_otherwise(tmp_path, {"a.md": "- one\n"})] == ["a.md: 2 items of lists, GitHub shows 1"]
    nav = [{"A": "a.md"}, {"More": [{"B": "b.md"}]}]
    assert [*check.outside(nav, {"a.md": "", "c.md": ""})] == [
        "c.md: not in the navigation",
        "zensical.toml: b.md is no page",
    ]


def test_links_out_of_the_docs_lead_to_pages_or_to_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "team/tool")
    monkeypatch.delenv("GITHUB_SERVER_URL", raising=False)
    text = "[a](../CHANGELOG.md) [b](planning.md#versions) [c](../Makefile) [d](schemas) `[e](../x)` [f](../nowhere.md)"
    assert site.relinked(text, Path("docs/ci.md")) == (
        "[a](changelog.md) [b](planning.md#versions) [c](https://github.com/team/tool/blob/HEAD/Makefile) "
        "[d](reference/json.md) `[e](../x)` [f](../nowhere.md)"
    )
    assert site.relinked("[a](docs/ci.md#github)", Path("CONTRIBUTING.md")) == "[a](ci.md#github)"


def test_every_verb_option_and_rule_has_its_place() -> None:
    commands = reference.commands()
    assert all(f"\n## publish {verb}\n" in commands for verb in VERBS)
    assert "| `--detailed-exitcode` | Exit with 8 where there are changes. |" in commands
    assert "\n### publish skus fit\n" in commands
    pages = dict(rules.pages())
    assert {f"rules/{one.rule.code}.md" for one in rule_pages() if one.page} == pages.keys()
    assert "CARD001" in pages["rules/CARD001.md"]
    assert "models/little/card.md.j2:6:1 CARD001" in pages["rules/CARD001.md"]
    led = str(site.navigation())
    assert all(f"'{name}'" in led for name in pages)


def test_the_keys_of_both_files_are_those_of_the_schemas() -> None:
    assert "| `version` | whole number | The registry's version; not the Hub's revision. **Required.** |" in (
        reference.model_yaml()
    )
    assert "| `registries` |" in reference.publish_yaml()
    assert "## publish plan" in reference.json_output()
    assert "## open_project" in reference.api()


def test_where_rules_are_linked_from_reports_is_a_page_of_the_site() -> None:
    """`helpUri` is rules/TOPIC#code-name, below the address of the site."""
    for one in rule_pages():
        if one.page:
            address = one.address("https://docs.example")
            found = re.fullmatch(r"https://docs\.example/rules/(\w+)#([a-z]+[0-9]{3}-[a-z0-9-]+)", address)
            assert found, address
            assert f"## {one.rule.code} {one.rule.name}\n" in (DOCS / "rules" / f"{found[1]}.md").read_text(
                encoding="utf-8"
            )


def test_every_variable_that_is_read_is_on_the_page() -> None:
    shape = re.compile(
        r"(?:PUBLISH|AZURE|AZUREML|AZURESUBSCRIPTION|ARM|ACTIONS|CI|CIRCLE|CURL|GITHUB|GITLAB|HF|MLFLOW|REGISTRY"
        r"|REQUESTS|SIGSTORE|SYSTEM|XDG)_[A-Z_]+|NO_COLOR|FORCE_COLOR|NO_PROXY|TERM|BUILD_REQUESTEDFOR"
    )
    read = {
        node.value
        for path in (REPOSITORY / "src").rglob("*.py")
        if shape.search(text := path.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and shape.fullmatch(node.value)
    }
    told = set(re.findall(r"`([A-Z][A-Z_]+)`", (DOCS / "reference" / "environment.md").read_text(encoding="utf-8")))
    assert len(read) > 30
    assert {name for name in read if not any(one.startswith(name) for one in told)} == set()
    assert {name for name in told if name.startswith("PUBLISH_")} - read == set()


def test_the_picture_is_that_of_the_contracts_and_of_the_map() -> None:
    drawn = runpy.run_path(str(DOCS / "draw_architecture.py"))
    assert drawn["picture"]() == drawn["PICTURE"].read_text(encoding="utf-8"), "run docs/draw_architecture.py"
    rooms = {room for floor in drawn["floors"]() for room in floor}
    assert rooms == drawn["SAYS"].keys()
    house = (
        (REPOSITORY / "CONTRIBUTING.md")
        .read_text(encoding="utf-8")
        .partition("## The house")[2]
        .partition("```\n\n")[0]
    )
    named = set(re.findall(r"([a-z_]+)(?:/|\.py)", house))
    assert rooms - named == set()
    there = {path.stem for path in (REPOSITORY / "src" / "azureml_publish").iterdir() if path.suffix in ("", ".py")}
    assert there - {"__init__", "__main__", "__pycache__", "py"} == rooms


def test_the_navigation_leads_to_every_page_once() -> None:
    config = tomllib.loads((REPOSITORY / "zensical.toml").read_text(encoding="utf-8"))["project"]
    entries = [*check._entries(config["nav"])]
    assert len(entries) == len(set(entries))
    assert [*check.outside(site.navigation(), dict(site.assembled()))] == []
    assert config["theme"]["font"] is False
