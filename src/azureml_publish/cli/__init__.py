"""The command line: one file a verb. Nothing outside this package prints, prompts or exits."""

from __future__ import annotations

import difflib
import importlib
import io
import itertools
import logging
import os
import shutil
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

import click

from azureml_publish.cli.interrupts import guarded
from azureml_publish.cli.output import (
    FilteredLog,
    began,
    report_error,
    report_in,
    report_traceback,
    report_usage,
    wanted_form,
    write_note,
)
from azureml_publish.cli.output import (
    report as report_failure,  # a verb is called report, and its module takes that name here
)
from azureml_publish.errors import ExitCode, PublishError, system_message
from azureml_publish.events import Events, Kind, secrets_of
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.spans import begin_spans, wants_spans
from azureml_publish.registry.read_back import POLLING_INTERVAL
from azureml_publish.reporters.folding import LEAST
from azureml_publish.version import __version__

VERBS = MappingProxyType(
    {
        "import": "Make model folders from asset folders, and prove it.",
        "migrate": "Move metadata from one layout to the other.",
        "init": "Begin a model folder for a Hub repository, a folder or a file.",
        "lint": "Check the model folders.",
        "rule": "Say what a rule finds, why, and how to fix it.",
        "lock": "Write down what the sources of models hold, for review.",
        "render": "Write model cards and asset YAML into build/.",
        "preview": "Show the catalogue in a browser, live, or as plain files.",
        "plan": "Show what apply would do to a registry.",
        "apply": "Upload, register and update what a plan shows.",
        "report": "Merge the reports of several machines into one.",
        "bump": "Write the next free version into model.yaml.",
        "explain": "Say where a rendered field comes from, and what changing it means.",
        "skus": "List, derive, draw, fit, foresee and prune machine sizes.",
        "verify": "Check registered files against their manifest.",
        "download": "Bring the files of a registered version, checked.",
        "sbom": "Print a bill of materials of a registered version, in CycloneDX form.",
        "list": "List what is registered.",
        "show": "Show one registered version with its card.",
        "promote": "Take registered versions to another registry.",
        "rollback": "Bring an older version back as the next free one.",
        "drift": "Show what changed in a registry but not in the folders.",
        "archive": "Hide registered versions from the catalogue.",
        "restore": "Show archived versions in the catalogue again.",
        "emulator": "Serve a registry, its blobs and a Hub on loopback.",
        "deprecate": "Write the days on which models go into model.yaml.",
        "doctor": "Check credentials, registry, Hub and roles.",
        "schema": "Print the JSON Schema of what people write, and of saved plans.",
        "completion": "Print what a shell needs to complete command lines.",
    }
)
"""Every verb with its help in one line, so that `publish --help` imports none of them."""

_WIDE = 68
"""The columns from which on help has its descriptions beside the options."""


class _Formatter(click.HelpFormatter):
    """Help of which a narrow terminal shows each description below its option, so that no word of it is cut."""

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        if self.width >= _WIDE:
            super().write_dl(rows, col_max, col_spacing)
            return
        for term, text in rows:
            self.write(f"{'':{self.current_indent}}{term}\n")
            with self.indentation(), self.indentation():
                self.write_text(text)


click.Context.formatter_class = _Formatter


class Verbs(click.Group):
    """Imports a verb of a package when it is called."""

    package = __name__
    verbs: Mapping[str, str] = VERBS

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Their names."""
        return [*self.verbs]  # a submodule is named list

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """The verb of this name, if there is one."""
        if name not in self.verbs:
            return None
        command: click.Command = importlib.import_module(f"{self.package}.{name}").command
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write their names with their help."""
        with formatter.section("Commands"):
            formatter.write_dl([*self.verbs.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that is meant; of another word say which one is near."""
        if args and args[0] not in self.verbs and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], self.verbs, n=2)
            few = f" There are: {', '.join(self.verbs)}." if len(self.verbs) < 10 else ""
            meant = f" Did you mean {' or '.join(close)}?" if close else few
            ctx.fail(f"No such command '{args[0]}'.{meant}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 fine, 1 failure, 2 usage, 3 not found, 4 findings, 5 not authorised, 6 conflict, "
    "7 partly applied, 8 changes, 9 drift, 130 interrupted.",
)
@click.option(
    "-C",
    "directory",
    metavar="DIR",
    default=".",
    envvar="PUBLISH_DIRECTORY",
    type=click.Path(exists=True, file_okay=False),
    help="Work on the project in DIR.",
)
@click.option(
    "--debug", is_flag=True, expose_value=False, envvar="PUBLISH_DEBUG", help="Show tracebacks and the SDKs' logs."
)
@click.option(
    "-v", "--verbose", is_flag=True, envvar="PUBLISH_VERBOSE", help="Say what is done, and how long it takes."
)
@click.version_option(__version__, prog_name="publish")
@click.pass_context
def group(ctx: click.Context, directory: str, *, verbose: bool) -> None:
    """Model folders in git are the truth: render, check, plan and register them in Azure ML registries.

    Begin with `publish init ORG/NAME`; asset folders that are there already: `publish lint --assets DIR`.
    """
    sleep, polling, events = ctx.obj
    today = datetime.now(UTC).date()
    if verbose:
        from azureml_publish.cli.events import narrate  # noqa: PLC0415 - most runs do without

        events.listen(narrate)
    ctx.obj = RunContext(Path(directory).resolve(), os.environ, today, sleep=sleep, polling=polling, events=events)
    events.emit(Kind.RUN, verb=ctx.invoked_subcommand or "", tool=f"azureml-publish/{__version__}", process=os.getpid())


def main(
    arguments: Sequence[str] | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
    polling: float = POLLING_INTERVAL,
) -> None:
    """Run the command line and exit with the code that says how it went; `sleep` and `polling` as in `RunContext`."""
    of_this_process = arguments is None
    arguments = _in_front(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments or os.environ.get("PUBLISH_DEBUG", "").lower() in ("1", "true", "yes", "on")
    form = wanted_form(arguments)
    began.set(False)
    _fill_closed_streams()
    _replace_unencodable()
    _show_logs(debug=debug)
    events = _stream(os.environ)
    begun = events.clock()
    try:
        with guarded():
            columns = max(LEAST, min(shutil.get_terminal_size().columns, 100)) - 2
            code = group.main(
                arguments,
                prog_name="publish",
                standalone_mode=False,
                obj=(sleep, polling, events),
                terminal_width=columns,
            )
    except SystemExit as ended:
        code = ended.code
        if isinstance(code, int) and code:
            code = report_in(form, "What is wrong is on standard error.", code)
    except click.exceptions.Abort as error:
        # click raises Abort for Ctrl-C, and where the input of a prompt ends.
        stopped = isinstance(error.__cause__, KeyboardInterrupt)
        message = "Interrupted. What is done stays; run again to carry on." if stopped else "Interrupted."
        code = report_failure(message, ExitCode.INTERRUPTED, form=form, prefix="")
    except click.ClickException as error:
        code = report_usage(error, form=form)
    except PublishError as error:
        code = report_error(error, form=form, debug=debug)
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does, so no message can reach it.
        sys.stderr.close()
        code = ExitCode.FAILURE
    except OSError as error:
        hint = "Make room, fix the rights or name another place, then run again."
        code = report_failure(f"{system_message(error)}.", ExitCode.FAILURE, hint, form=form)
        if debug:
            report_traceback()
    except Exception as error:  # noqa: BLE001 - the last resort, so that nobody meets a traceback
        hint = "This is a fault of publish. Run again with `publish --debug …` and report what it shows."
        what = f"{type(error).__name__}: {error}"
        code = report_failure(what, ExitCode.FAILURE, hint, form=form, prefix="internal error: ")
        if debug:
            report_traceback()
    code = int(code) if isinstance(code, int) else 0
    events.emit(Kind.RUN_DONE, exit_code=code, seconds=events.since(begun))
    if of_this_process and all(one.daemon or one is threading.main_thread() for one in threading.enumerate()):
        _end_at_once(code)
    sys.exit(code)


def _show_logs(*, debug: bool) -> None:
    """The SDKs' warnings and logs are for --debug."""
    if not debug:
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
    else:
        logging.captureWarnings(capture=True)
        logging.basicConfig(handlers=[FilteredLog()], force=False)


def _stream(environ: Mapping[str, str]) -> Events:
    """The stream of this run's events, with spans among its listeners where the environment wants them."""
    events = Events(secrets_of(environ))
    if wants_spans(environ):
        begin_spans(events, environ, write_note)
    return events


def _end_at_once(code: int) -> NoReturn:
    """End the process without taking apart what the system takes back whole: 20 ms of a processor after a plan.

    A thread may still wait for a registry then, and may not be in a library as the interpreter ends.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _in_front(arguments: Sequence[str]) -> list[str]:
    """The arguments with `-C DIR`, `-v` and `--debug` before the verb, wherever they were written before a `--`."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for one in waiting:
        if one == "--":
            rest += [one, *waiting]
        elif one == "-C":
            front += [one, *itertools.islice(waiting, 1)]
        elif one in ("--debug", "-v", "--verbose") or (one.startswith("-C") and not one.startswith("--")):
            front.append(one)
        else:
            rest.append(one)
    return front + rest


def _fill_closed_streams() -> None:
    """Open standard streams that the caller closed (`<&-`, `>&-`), before a file or a socket gets their numbers."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _replace_unencodable() -> None:
    """Write a question mark for a character that standard output has no code for (cp1252, latin-1, ASCII)."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="replace")
