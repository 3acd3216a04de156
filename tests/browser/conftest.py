"""A real Chromium, and a preview of a project with models of every kind that the tests edit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from azureml_publish.cli import main
from azureml_publish.pipeline.live import LiveProject
from azureml_publish.pipeline.run import RunContext
from azureml_publish.preview.server import Server
from azureml_publish.preview.site import Site
from tests.conftest import REPOSITORY, edit, lacking

SCREENSHOTS = Path(os.environ.get("PUBLISH_SCREENSHOTS") or REPOSITORY / "build" / "screenshots")
HOW = "apt install chromium, npm install playwright-core axe-core"

HOSTILE = """\
Before <script>document.title = "owned"</script> <img src=x onerror="document.title='owned'"> after.

[run](javascript:document.title='owned') <a href="javascript:document.title='owned'">run</a>
<svg onload="document.title='owned'"></svg> <iframe src="https://attacker.example/"></iframe>
<form action="https://attacker.example/"><input name="q"></form> <style>body { display: none }</style>
<p data-from="s0-1" id="q" class="skip" style="position: fixed; inset: 0">over everything</p>

![a picture](https://attacker.example/pixel.png) ![beside](picture.png)
<img src="//attacker.example/pixel.png"> <meta http-equiv="refresh" content="0; url=https://attacker.example/">

```"><script>document.title = "owned"</script>
</code></pre><script>document.title = "owned"</script>
```
"""


class Chromium:
    """A browser. Scripts are bodies of asynchronous functions with `page`, `context`, `given`, `axe` and `said`."""

    def __init__(self, program: str) -> None:
        self._process = subprocess.Popen(
            ["node", str(Path(__file__).with_name("bridge.mjs")), str(REPOSITORY), program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def fresh(self, **options: Any) -> None:
        """Begin with a context of its own: `colorScheme`, `viewport` and the like."""
        self._send({"script": "", "options": options})

    def run(self, script: str, **given: Any) -> Any:
        """What a script returns."""
        return self._send({"script": script, "given": given})

    def shot(self, name: str) -> None:
        """Keep a picture of the page."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.run("await page.screenshot({ path: given.path })", path=str(SCREENSHOTS / f"{name}.png"))

    def violations(self) -> list[str]:
        """What axe-core finds on the page: rules of WCAG 2.2 A and AA, and best practices."""
        found: list[str] = self.run(
            """
            await page.evaluate(await (await import("node:fs/promises")).readFile(axe, "utf8"));
            const result = await page.evaluate(() => window.axe.run(document, {
              resultTypes: ["violations"], preload: location.protocol !== "file:" }));
            return result.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join("\\n  ")}`);
            """
        )
        return found

    def close(self) -> None:
        self._process.communicate("")

    def _send(self, message: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["value"]


@pytest.fixture(scope="session")
def running_chromium() -> Iterator[Chromium]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    packages = [REPOSITORY / "node_modules" / name for name in ("playwright-core", "axe-core")]
    if program is None or shutil.which("node") is None or not all(one.is_dir() for one in packages):
        lacking("browser", HOW)
    chromium = Chromium(program)
    yield chromium
    chromium.close()


@pytest.fixture
def chromium(running_chromium: Chromium) -> Iterator[Chromium]:
    """A browser with a page of its own; nothing that the test does may be an error on the page's console."""
    running_chromium.fresh()
    yield running_chromium
    assert running_chromium.run("return said") == []


@dataclass(frozen=True)
class Previewed:
    """A project whose preview is served."""

    root: Path
    url: str

    def write(self, path: str, text: str) -> None:
        (self.root / path).write_text(text, encoding="utf-8")

    def edit(self, path: str, before: str, after: str) -> None:
        edit(self.root / path, before, after)


def make_project(root: Path) -> None:
    """The shipped models, and beside them a broken one and hostile ones."""
    shutil.copy(REPOSITORY / "publish.yaml", root)
    shutil.copytree(REPOSITORY / "models", root / "models")
    for name in ("edited", "broken", "hostile", "long", "huge"):
        shutil.copytree(root / "models" / "bert-base-cased", root / "models" / name)
        edit(root / "models" / name / "model.yaml", "name: bert-base-cased", f"name: {name}")
    edit(root / "models" / "edited" / "model.yaml", "license: apache-2.0", "license: mit")
    (root / "models" / "broken" / "model.yaml").write_text("name: broken\nversion: many\nlicence: mit\n")
    for name, text in (("hostile", HOSTILE), ("long", "a word and\n" * 20_000), ("huge", "word " * 1_000_000)):
        (root / "models" / name / "card.md.j2").unlink()
        (root / "models" / name / "card.md").write_text(text)


def wait_for_look(url: str, number: int) -> None:
    """Wait until a preview has looked so often."""
    with urlopen(f"{url}events", timeout=300) as events:
        while json.loads(events.readline().partition(b"data: ")[2] or b'{"number": 0}')["number"] < number:
            pass


@pytest.fixture(scope="session")
def previewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Previewed]:
    """A preview by the command line, in a process of its own."""
    root = tmp_path_factory.mktemp("previewed")
    make_project(root)
    command = [sys.executable, "-m", "azureml_publish", "-C", str(root), "preview", "--no-open", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), process.stderr.read()
        errors = process.stderr
        drained = threading.Thread(target=errors.read)
        drained.start()
        wait_for_look(url, 2)  # the first check, and what was edited before the watch began
        yield Previewed(root, url)
        process.terminate()
        assert process.wait() == 0
        drained.join()


@pytest.fixture(scope="session")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Previewed]:
    """A preview of the shipped models in a repository, with edits since its only commit."""
    root = tmp_path_factory.mktemp("compared")
    shutil.copy(REPOSITORY / "publish.yaml", root)
    shutil.copytree(REPOSITORY / "models", root / "models")
    git = ["git", "-C", str(root), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *arguments], check=True)
    edit(root / "models/bert-base-cased/card.md.j2", "it has no decoder", "it has neither decoder nor pooler")
    edit(root / "models/bert-base-cased/model.yaml", "license: apache-2.0", "license: mit")
    live = LiveProject(RunContext(root, {"PATH": os.environ["PATH"]}, date(2026, 11, 21)))
    live.look()
    server = Server(Site(live), port=0)
    server.start()
    yield Previewed(root, server.url)
    server.stop()


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same project as plain files."""
    root = tmp_path_factory.mktemp("exported")
    make_project(root)
    with pytest.raises(SystemExit) as ended:
        main(["-C", str(root), "preview", "--export", "site", "--quiet"])
    assert ended.value.code == 0
    return root / "site"
