"""Draws docs/plan.svg, README's picture: a real plan of the shipped models after two edits.

Run it by hand where the plan's text has changed: .venv/bin/python docs/draw_plan.py
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).parents[1]
THEME = TerminalTheme(
    (22, 27, 34),
    (201, 209, 217),
    [(72, 79, 88), (255, 123, 114), (63, 185, 80), (210, 153, 34), (88, 166, 255), (188, 140, 255), (57, 197, 207),
     (177, 186, 196)],
)  # fmt: skip


def main() -> None:
    """Register the models, edit two of them, and draw what `publish plan` then says."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        shutil.copy(ROOT / "publish.yaml", project)
        shutil.copytree(ROOT / "models", project / "models")
        publish(project, "apply", "--yes", "bert*")
        edit(project / "models/bert-base-cased/model.yaml", "BertTokenizerFast", "BertTokenizer")
        edit(project / "models/bert-large-cased/model.yaml", "  inference: cpu-small", "  inference: cpu-medium")
        shown = publish(project, "plan")
    console = Console(record=True, width=112, file=StringIO())
    console.print(Text.assemble(("$ ", "green"), ("publish plan", "bold")))
    console.print(Text.from_ansi(shown))
    svg = console.export_svg(title="publish plan", theme=THEME, unique_id="plan")
    # The picture brings no font from elsewhere: a viewer's own monospace will do.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).replace("Fira Code, monospace", "monospace")
    (ROOT / "docs" / "plan.svg").write_text(svg, encoding="utf-8")


def publish(project: Path, *arguments: str) -> str:
    """Run `publish` on a project; its standard output, in colour."""
    command = [sys.executable, "-m", "azureml_publish", "-C", str(project), *arguments]
    environ = os.environ | {"FORCE_COLOR": "1"}
    # A plan with a conflict ends with 6, which is what is to be drawn.
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environ).stdout


def edit(path: Path, before: str, after: str) -> None:
    """Replace a text that must be there."""
    text = path.read_text(encoding="utf-8")
    if before not in text:
        raise SystemExit(f"{path.name} no longer says {before!r}")
    path.write_text(text.replace(before, after), encoding="utf-8")


if __name__ == "__main__":
    main()
