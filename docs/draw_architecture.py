"""Draws docs/architecture.svg from the layers in pyproject.toml: a row for each floor, a box for each room.

Run it by hand where a room comes or goes: .venv/bin/python docs/draw_architecture.py
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "architecture.svg"
WIDTH, LEFT, ROW, GAP = 960, 16, 58, 12
SAYS = {
    "cli": "the command line, a file a verb",
    "api": "the public Python API",
    "completion": "what a shell completes",
    "preview": "the catalogue in a browser",
    "pipeline": "load → render → check → observe → plan → apply",
    "reporters": "results as text, JSON, SARIF …",
    "emulator": "registry, blobs and Hub on loopback",
    "execute": "apply, promote, roll back, journal",
    "importer": "asset folders → model folders",
    "lint": "engine and rules",
    "plan": "models and registry → plan",
    "render": "spec → card and asset YAML",
    "layouts": "two layouts",
    "skus": "machine sizes",
    "content": "sources, files",
    "registry": "Azure ML",
    "asset_folders": "existing folders",
    "project": "publish.yaml and the folders beside it",
    "spec": "what people write, typed",
    "files": "the one writer of project files",
    "documents": "YAML with positions",
    "git": "the one place that calls git",
    "keys": "keys that sign",
    "assets": "values that pass between rooms",
    "events": "what happens in a run",
    "origins": "where each character was written",
    "diagnostics": "findings",
    "errors": "failures",
    "network": "proxies",
    "globs": "names by *",
    "patterns": "regex",
    "version": "version",
}
STYLE = """
    .page { fill: #ffffff } .room { fill: #eef3fb; stroke: #5b7bb2 } .door { fill: #e6f4ea; stroke: #3c7a52 }
    .apart { fill: #fdf1e0; stroke: #9a6a1e; stroke-dasharray: 4 3 }
    .name { fill: #14213a; font: 600 15px ui-monospace, monospace }
    .says { fill: #3d4a61; font: 12px system-ui, sans-serif } .arrow { stroke: #5a6577; fill: none }
    .head { fill: #5a6577 }
    @media (prefers-color-scheme: dark) {
      .page { fill: #14181f } .room { fill: #1d2a40; stroke: #7f9fd6 } .door { fill: #1a3325; stroke: #6fb98a }
      .apart { fill: #38290f; stroke: #d6a557 } .name { fill: #eef3fb } .says { fill: #b8c4d8 }
      .arrow { stroke: #9aa6b8 } .head { fill: #9aa6b8 }
    }
"""
DOORS, APART = {"cli", "api", "preview"}, {"emulator"}


def floors() -> list[list[str]]:
    """The rooms of each floor, from the top, as import-linter holds them."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = (one for one in config["tool"]["importlinter"]["contracts"] if one["type"] == "layers")
    return [[room.strip() for room in floor.split("|")] for floor in layers["layers"]]


def picture() -> str:
    """The picture as SVG."""
    rows = floors()
    height = len(rows) * ROW + 2 * LEFT
    title = "The rooms of azureml-publish. Imports run downwards only."
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">',
        f"  <title>{title}</title>\n  <style>{STYLE}  </style>",
        f'  <rect class="page" width="{WIDTH}" height="{height}" rx="8"/>',
        f'  <path class="arrow" d="M {WIDTH - 14} {LEFT + 6} V {height - 26}"/>',
        f'  <path class="head" d="M {WIDTH - 19} {height - 28} h 10 l -5 10 z"/>',
    ]
    for number, floor in enumerate(rows):
        across = (WIDTH - 2 * LEFT - 16 - GAP * (len(floor) - 1)) / len(floor)
        for at, room in enumerate(floor):
            x, y = LEFT + at * (across + GAP), LEFT + number * ROW
            kind = "door" if room in DOORS else "apart" if room in APART else "room"
            parts += [
                f'  <rect class="{kind}" x="{x:.0f}" y="{y}" width="{across:.0f}" height="{ROW - GAP}" rx="6"/>',
                f'  <text class="name" x="{x + 12:.0f}" y="{y + 20}">{room}</text>',
                f'  <text class="says" x="{x + 12:.0f}" y="{y + 37}">{escape(SAYS[room])}</text>',
            ]
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
