"""How a run that fails says so: on standard error, and with `-o json` as JSON on standard output as well."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Mapping, Sequence

import click

from azureml_publish.cli.output import began, write, write_note
from azureml_publish.errors import Declined, ExitCode, PublishError
from azureml_publish.reporters.diagnostics import as_json
from azureml_publish.reporters.visible import below


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether `-o json` is among the arguments; read by hand, because a command line with a mistake is not parsed.

    The last one counts, as it does where the line is parsed.
    """
    form = ""
    given = [*arguments[: arguments.index("--")]] if "--" in arguments else [*arguments]
    for one, following in zip(given, [*given[1:], ""], strict=False):
        if found := re.fullmatch(r"--format=(.*)|-[qy]*o=?(.+)", one, re.DOTALL):
            form = found[1] or found[2] or ""
        elif one == "--format" or re.fullmatch("-[qy]*o", one):
            form = following
    return form == "json"


def report_error(error: PublishError, *, json: bool) -> int:
    """Say what failed, and what can be done; the exit code."""
    prefix = "" if isinstance(error, Declined) else "error: "
    return report(error.message, error.exit_code, error.hint, json=json, prefix=prefix)


def report(message: str, code: int, hint: str = "", *, json: bool, prefix: str = "error: ") -> int:
    """Say what failed, and what can be done, to people and to programs; the exit code."""
    write_note(f"{prefix}{below(message)}")
    if hint:
        write_note(f"  help: {below(hint)}")
    return report_json(message, code, hint, json=json)


def report_json(
    message: str, code: int, hint: str = "", *, json: bool, also: Mapping[str, object] | None = None
) -> int:
    """Say to programs what failed, where standard output is still empty; the exit code."""
    if json and not began.get():
        error = {"code": ExitCode(code).name.lower(), "message": message, "hint": hint}
        write(as_json({"error": error, **(also or {})}), "json")
    return code


def report_usage(error: click.ClickException, *, json: bool) -> int:
    """Say what is wrong with the command line, as click does; the exit code."""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        write_note(f"{error.ctx.get_usage()}\nTry '{error.ctx.command_path} --help' for help.\n")
    write_note(f"Error: {below(error.format_message())}")
    hint = ""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        hint = f"`{error.ctx.command_path} --help` shows how it is written."
    return report_json(error.format_message(), error.exit_code, hint, json=json)


def report_traceback() -> None:
    """Where the present exception comes from, with --debug."""
    write_note(below(traceback.format_exc().rstrip("\n")))


class FilteredLog(logging.Handler):
    """The logs of the SDKs, with --debug."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one entry to standard error."""
        write_note(below(self.format(record)))
