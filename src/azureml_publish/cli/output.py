"""How a verb reports: its result on standard output, all else on standard error; failures as JSON as well.

Nothing else in this package writes to either: what goes out is filtered here, whatever its fields hold.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import click

from azureml_publish.diagnostics import Diagnostic, has_errors
from azureml_publish.errors import Declined, ExitCode, PublishError, UnexpectedAnswer
from azureml_publish.pipeline.run import RunContext
from azureml_publish.reporters.diagnostics import as_json, diagnostics_text
from azureml_publish.reporters.folding import folded
from azureml_publish.reporters.hostile_text import below, for_json, for_terminal, for_xml, one_line
from azureml_publish.reporters.json_forms import as_tsv, as_yaml
from azureml_publish.reporters.paint import Paint

_OWN = f"{int.from_bytes(os.urandom(8))};"
"""The key of our colours: who writes a field cannot know it."""

JSON_FORMS = frozenset({"json", "sarif", "gitlab"})
XML_FORMS = frozenset({"svg", "junit"})

began: ContextVar[bool] = ContextVar("began", default=False)
"""Whether this run wrote to standard output, so that a failure adds no second JSON document."""


def write(text: str, form: str = "text") -> None:
    """A finished text to standard output, filtered for its form."""
    began.set(True)
    if form in JSON_FORMS:
        text = for_json(text)
        if (sys.stdout.encoding or "").lower() not in ("utf-8", "utf8"):
            text = re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text)
    elif form in XML_FORMS:
        text = for_xml(text)
    else:
        text = for_terminal(text, _OWN, annotations=form in ("github", "azure"))
        text = _fitted(text, sys.stdout) if form == "text" else text
    click.echo(text, nl=False, color=True)


def write_note(text: str, form: str = "text") -> None:
    """A finished text, and a line end, to standard error."""
    shown = for_json(text) if form in JSON_FORMS else _fitted(for_terminal(text, _OWN), sys.stderr)
    click.echo(shown, err=True, color=True)


def _fitted(text: str, stream: IO[Any]) -> str:
    """The text as it is, or for a terminal with its lines broken between words."""
    return folded(text, shutil.get_terminal_size().columns) if stream.isatty() else text


def confirm(question: str) -> bool:
    """Ask a person a question that is answered by yes or no; Enter means no."""
    return click.confirm(for_terminal(one_line(question)), err=True)


def prompt(question: str) -> str:
    """Ask a person for a word, such as a registry's name."""
    answer: str = click.prompt(for_terminal(one_line(question)), err=True, default="", show_default=False)
    return answer


@dataclass(frozen=True, slots=True)
class Output:
    """The form of a verb's report, and the run that it is about."""

    run: RunContext
    format: str = "text"
    quiet: bool = False
    no_color: bool = False
    written_as: str = ""
    """What JSON is written as: `yaml`, `tsv`, or as it is."""

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
        """Whether standard output is for a person: a terminal, or FORCE_COLOR is set."""
        terminal = sys.stdout.isatty() and self.run.environ.get("TERM") != "dumb"
        return terminal or bool(self.run.environ.get("FORCE_COLOR"))

    @property
    def linked(self) -> bool:
        """Whether links can be followed: not in a build's log, which has colours at most."""
        return self.paint.enabled and sys.stdout.isatty()

    def data(self, text: str) -> None:
        """Write the result to standard output; JSON in ASCII where its encoding is not UTF-8."""
        if self.written_as == "yaml":
            write(as_yaml(text))
        elif self.written_as == "tsv":
            write(as_tsv(text))
        else:
            write(text, self.format)

    def note(self, text: str) -> None:
        """Write a note to standard error, but not with --quiet."""
        if not self.quiet:
            write_note(text)

    def notes(self, notes: Iterable[str]) -> None:
        """Write notes to standard error, one on each line, but not with --quiet."""
        for note in notes:
            self.note(one_line(note))

    def announce(self, text: str) -> None:
        """Write to standard error even with --quiet: why the exit code is not 0, or what a question is about."""
        write_note(text)

    def summary(self, path: str, text: str) -> None:
        """Markdown for the summary of a workflow's step, at the end of the file that GitHub names."""
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(for_terminal(text))

    def findings(self, found: Iterable[Diagnostic]) -> None:
        """Findings beside the result, on standard error; with --quiet those alone that hold an error."""
        found = tuple(found)
        if found:
            say = self.announce if has_errors(found) else self.note
            say(diagnostics_text(found, self.paint_notes).rstrip("\n"))

    def _paint(self, stream: IO[Any]) -> Paint:
        """Colours where the stream is a terminal, and neither NO_COLOR (https://no-color.org) nor an option says no."""
        if self.no_color or self.run.environ.get("NO_COLOR") or self.run.environ.get("TERM") == "dumb":
            return Paint(enabled=False)
        return Paint(enabled=bool(self.run.environ.get("FORCE_COLOR")) or stream.isatty(), key=_OWN)


def wanted_form(arguments: Sequence[str]) -> str:
    """The form that `-o` names; read by hand, because a command line with a mistake is not parsed.

    The last one counts, as it does where the line is parsed.
    """
    form = ""
    given = [*arguments[: arguments.index("--")]] if "--" in arguments else [*arguments]
    for one, following in zip(given, [*given[1:], ""], strict=False):
        if found := re.fullmatch(r"--format=(.*)|-[qy]*o=?(.+)", one, re.DOTALL):
            form = found[1] or found[2] or ""
        elif one == "--format" or re.fullmatch("-[qy]*o", one):
            form = following
    return form


def report_error(error: PublishError, *, form: str, debug: bool = False) -> int:
    """Say what failed, and what can be done; the exit code.

    With `debug` also where an answer was misread, but not what that exception says: such an answer may hold anything.
    """
    prefix = "" if isinstance(error, Declined) else "error: "
    code = report(error.message, error.exit_code, error.hint, form=form, prefix=prefix)
    cause = error.__cause__ if isinstance(error, UnexpectedAnswer) else None
    if debug and cause is not None:
        write_note(below(f"{''.join(traceback.format_tb(cause.__traceback__))}{type(cause).__name__}"))
    return code


def report(message: str, code: int, hint: str = "", *, form: str, prefix: str = "error: ") -> int:
    """Say what failed, and what can be done, to people and to programs; the exit code."""
    write_note(f"{prefix}{below(message)}")
    if hint:
        write_note(f"  help: {below(hint)}")
    return report_in(form, message, code, hint)


def report_in(form: str, message: str, code: int, hint: str = "", also: Mapping[str, object] | None = None) -> int:
    """Say to programs what failed, in the form that they want, where standard output is still empty; the exit code."""
    if began.get():
        return code
    if form == "junit":
        from azureml_publish.reporters.junit import Case, junit  # noqa: PLC0415 - few runs want it

        write(junit("publish", {"publish": [Case("publish", failure=f"{message}\n{hint}".rstrip())]}), form)
    elif form in ("json", "yaml"):
        error = {"code": ExitCode(code).name.lower(), "message": message, "hint": hint}
        text = as_json({"error": error, **(also or {})})
        write(text if form == "json" else as_yaml(text), form)
    return code


def report_usage(error: click.ClickException, *, form: str) -> int:
    """Say what is wrong with the command line, as click does; the exit code."""
    message, hint = " ".join(error.format_message().split()), ""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        message = "No command is named."
        write_note(error.format_message())
    else:
        if context is not None:
            write_note(f"{context.get_usage()}\nTry '{context.command_path} --help' for help.\n")
        write_note(f"Error: {message}")
    if context is not None:
        hint = f"`{context.command_path} --help` shows how it is written."
    return report_in(form, message, error.exit_code, hint)


def report_traceback() -> None:
    """Where the present exception comes from, with --debug."""
    write_note(below(traceback.format_exc().rstrip("\n")))


class FilteredLog(logging.Handler):
    """The logs of the SDKs, with --debug."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one entry to standard error."""
        write_note(below(self.format(record)))
