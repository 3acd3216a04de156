"""The built site in a real Chromium (`make docs`): everybody can read it, and its search has its words."""

from __future__ import annotations

import functools
import http.server
import json
import threading
import urllib.request
from collections.abc import Iterator

import pytest

from docs.site.__main__ import SITE
from tests.browser.conftest import Chromium, chromium, running_chromium
from tests.conftest import REPOSITORY

__all__ = ["chromium", "running_chromium"]
pytestmark = pytest.mark.browser

PAGES = {
    "home": "",
    "tutorial": "tutorial/",
    "rule": "rules/CARD001/",
    "topic": "rules/cards/",
    "commands": "reference/commands/",
    "model-yaml": "reference/model-yaml/",
    "compare": "compare/",
    "architecture": "architecture/",
}
WRITTEN = {
    path.stem: f"{path.stem}/" for path in (REPOSITORY / "docs").glob("*.md") if path.stem not in ("index", *PAGES)
}
"""All others that people write: one look at each is enough."""

LOOKS = {
    "light": {"colorScheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"colorScheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone": {"colorScheme": "light", "viewport": {"width": 390, "height": 844}},
}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    assert (SITE / "index.html").is_file(), "run `make docs`, which builds it first"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(SITE)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("look", LOOKS)
def test_everybody_can_read_the_pages(chromium: Chromium, served: str, look: str) -> None:
    """Of the theme around the article, which is not ours, axe is not asked."""
    chromium.fresh(**LOOKS[look])
    found = {}
    for name, path in (PAGES | WRITTEN if look == "light" else PAGES).items():
        said = chromium.run(
            """
            const hosts = [];
            page.on("request", (one) => hosts.push(new URL(one.url()).host));
            await page.goto(given.url, { waitUntil: "load" });
            await page.evaluate(await (await import("node:fs/promises")).readFile(axe, "utf8"));
            const result = await page.evaluate(() => window.axe.run(
              { include: [["article"]], exclude: [[".md-code__nav"]] }, { resultTypes: ["violations"] }));
            const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
            return {
              axe: result.violations.map((one) => `${one.id}: ${one.nodes[0].html}`.slice(0, 400)),
              wide, hosts: [...new Set(hosts)],
            };
            """,
            url=served + path,
        )
        if name in PAGES:
            chromium.shot(f"docs-{name}-{look}")
        if said["axe"] or said["wide"] or said["hosts"] != [served.split("/")[2]]:
            found[name] = said
    assert found == {}


def test_the_search_can_find_a_verb_and_a_rule(served: str) -> None:
    """The words are in the index that the theme's search reads."""
    with urllib.request.urlopen(f"{served}search.json") as answer:
        items = json.load(answer)["items"]
    for typed, address in (("detailed-exitcode", "reference/commands/"), ("table-row-column-count", "rules/CARD001/")):
        assert any(typed in f"{one['title']} {one['text']}" and address in one["location"] for one in items), typed
