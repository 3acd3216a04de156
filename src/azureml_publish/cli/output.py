"""How a verb reports: its result on standard output, everything else on standard error."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, Any

import click

from azureml_publish.diagnostics import Diagnostic, has_errors
from azureml_publish.pipeline.run import RunContext
from azureml_publish.reporters.diagnostics import diagnostics_text
from azureml_publish.reporters.paint import Paint

FINDINGS = 4
"""The exit code where something is found: errors, files that differ, drift."""


@dataclass(frozen=True, slots=True)
class Output:
    """The form of a verb's report, and the run that it is about."""

    run: RunContext
    format: str = "text"
    quiet: bool = False
    no_color: bool = False

    @property
    def json(self) -> bool:
        """Whether the report is JSON."""
        return self.format == "json"

    @property
    def paint(self) -> Paint:
        """Colours for standard output."""
        return self._paint(sys.stdout)

    @property
    def paint_notes(self) -> Paint:
        """Colours for standard error."""
        return self._paint(sys.stderr)

    @property
    def framed(self) -> bool:
        """Whether somebody looks at standard output: a terminal, or what asks for colours as one does."""
        return sys.stdout.isatty() or bool(self.run.environ.get("FORCE_COLOR"))

    def data(self, text: str) -> None:
        """What was asked for, on standard output; JSON in characters that every encoding has, where it is not UTF-8."""
        if self.json and (sys.stdout.encoding or "").lower() not in ("utf-8", "utf8"):
            text = re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text)
        click.echo(text, nl=False, color=True)

    def note(self, text: str) -> None:
        """What goes along with it, on standard error; not with --quiet."""
        if not self.quiet:
            click.echo(text, err=True, color=True)

    def tell(self, text: str) -> None:
        """Why the exit code is not 0, or what a question is about, on standard error; with --quiet as well."""
        click.echo(text, err=True, color=True)

    def findings(self, found: Iterable[Diagnostic]) -> None:
        """Findings beside the result, on standard error; with --quiet those alone that hold an error."""
        found = tuple(found)
        if found:
            write = self.tell if has_errors(found) else self.note
            write(diagnostics_text(found, self.paint_notes).rstrip("\n"))

    def _paint(self, stream: IO[Any]) -> Paint:
        """Colours where the stream is a terminal, and neither NO_COLOR (https://no-color.org) nor an option says no."""
        if self.no_color or self.run.environ.get("NO_COLOR"):
            return Paint(enabled=False)
        return Paint(enabled=bool(self.run.environ.get("FORCE_COLOR")) or stream.isatty())
