"""Asset folders for tests: a sound one, as text by file name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from azureml_publish.diagnostics import Diagnostic
from azureml_publish.lint.rule_book import rulebook
from azureml_publish.pipeline.check import CheckedProject
from azureml_publish.pipeline.lint_assets import lint_assets
from azureml_publish.pipeline.run import RunContext
from tests.unit.lint.examples import example

TODAY = date(2026, 11, 21)
CODES = frozenset(rule.code for rule in rulebook().rules)
SHA = "5532cc56f74641d4bb33641f5c76a55d11f846e0"


def sound(layout: str = "system_metadata") -> dict[str, str]:
    """The files of a sound folder in a layout."""
    files = example("good", "SPEC012" if layout == "tags" else "SPEC001")
    return {name.removeprefix("assets/little/"): content.decode() for name, content in files.items()}


def write(root: Path, files: Mapping[str, Any], name: str = "little") -> Path:
    """An asset folder below `assets`."""
    folder = root / "assets" / name
    folder.mkdir(parents=True, exist_ok=True)
    write_below(folder, files)
    return folder


def write_below(folder: Path, files: Mapping[str, Any]) -> None:
    """Files in a folder: bytes and text as they are, all else as JSON."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        text = data if isinstance(data, str | bytes) else json.dumps(data)
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)


def run(root: Path, *, jobs: int | None = 1, cache: Path | None = None) -> CheckedProject:
    """Lint everything below `assets`."""
    environ = {"PUBLISH_CACHE_DIR": str(cache)} if cache else {}
    run = RunContext(root, environ, TODAY)
    return lint_assets(run, ("assets",), TODAY, cache=cache is not None, jobs=jobs)


def check_findings(root: Path, found: tuple[Diagnostic, ...]) -> None:
    """Whatever was found: of a rule that there is, at a place inside its file, in a sentence with a mend, each once."""
    assert len(set(found)) == len(found)
    lines_of: dict[Path, list[str]] = {}
    for one in found:
        assert one.code in CODES
        assert one.message.strip() == one.message != ""
        assert one.hint.strip() == one.hint != ""
        path = root / one.location.path
        if path not in lines_of:
            assert path.resolve().is_relative_to(root.resolve())
            text = path.read_bytes().decode("utf-8", "replace") if path.is_file() else ""
            lines_of[path] = re.split(r"\r\n|\r|\n", text)
        lines = lines_of[path]
        assert 1 <= one.location.line <= len(lines), one
        assert 1 <= one.location.column <= len(lines[one.location.line - 1]) + 1, one


def reported(found: tuple[Diagnostic, ...]) -> list[tuple[str, str, int, int]]:
    """Code, file, line and column of each finding."""
    return [(one.code, one.location.path.rpartition("/")[2], one.location.line, one.location.column) for one in found]


def lint(root: Path, **changes: str | bytes | None) -> list[tuple[str, str, int, int]]:
    """The findings of a sound folder with some files changed (`spec_yaml`, `MLmodel`, ...) or, with None, left out."""
    names = {"card": "description.md", "mlmodel": "MLmodel"}
    files: dict[str, str | bytes] = dict(sound())
    for key, text in changes.items():
        name = names.get(key, key.replace("_", "."))
        files.pop(name, None)
        if text is not None:
            files[name] = text
    write(root, files)
    found = run(root).found
    check_findings(root, found)
    return reported(found)
