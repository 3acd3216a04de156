"""Draws the pictures of the preview: docs/preview.png, a model.yaml beside its page, and docs/preview-plan.png, a plan.

Run it by hand where the pages look another way: .venv/bin/python docs/draw_preview.py. It needs Chromium.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from draw_plan import ROOT, edit

from azureml_publish.preview.code import highlight

BESIDE = """\
<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="static/preview.css">
<style>
  :root {{ color-scheme: light }} body {{ display: flex; gap: 20px; padding: 20px; background: #eceff3; height: 100vh }}
  section {{ background: var(--sheet); border: 1px solid var(--line); border-radius: 12px }}
  section {{ overflow: hidden; height: 100% }}
  .spec {{ flex: 0 0 470px }} .page {{ flex: 1 }} iframe {{ border: 0; width: 100%; height: 100% }}
  h1 {{ font: 500 13px/1 var(--mono); padding: 14px 18px; border-bottom: 1px solid var(--line); color: var(--soft) }}
  pre {{ margin: 0; padding: 16px 18px; font: 13px/1.62 var(--mono) }}
</style>
<section class="spec"><h1>models/bert-base-cased/model.yaml</h1><pre><code>{spec}</code></pre></section>
<section class="page"><iframe src="models/bert-base-cased/index.html"></iframe></section>
"""


def main() -> None:
    """Export the shipped models, and the plan after two edits, and take a picture of each."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "catalogue"
        project.mkdir()
        shutil.copy(ROOT / "publish.yaml", project)
        shutil.copytree(ROOT / "models", project / "models")
        publish(project, "apply", "--yes", "bert*")
        publish(project, "preview", "--export", "site")
        spec = (project / "models/bert-base-cased/model.yaml").read_text(encoding="utf-8")
        beside = project / "site/beside.html"
        beside.write_text(BESIDE.format(spec=highlight(spec.partition("\n")[2], "yaml")), encoding="utf-8")
        picture(beside, "preview.png", 1420, 760)
        edit(project / "models/bert-base-cased/model.yaml", "BertTokenizerFast", "BertTokenizer")
        edit(project / "models/bert-large-cased/card.md.j2", "has three times the weights", "has 3.1 times the weights")
        publish(project, "preview", "--export", "site")
        picture(project / "site/plan/index.html", "preview-plan.png", 1180, 760)


def publish(project: Path, *arguments: str) -> None:
    """Run `publish` on a project."""
    subprocess.run([sys.executable, "-m", "azureml_publish", "-C", str(project), *arguments], check=True)


def picture(page: Path, name: str, width: int, height: int) -> None:
    """A picture of a page as it looks in a window of this size."""
    options = ["--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={width},{height}"]
    target = ROOT / "docs" / name
    subprocess.run(["chromium", *options, f"--screenshot={target}", page.as_uri()], check=True)


if __name__ == "__main__":
    main()
