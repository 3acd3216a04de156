"""What one run of the command line is given from outside: folder, environment, clock, streams."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from azureml_publish.reporters.paint import Paint


@dataclass(frozen=True, slots=True)
class Session:
    """The surroundings of a run."""

    directory: Path
    environ: MutableMapping[str, str]
    today: date
    debug: bool

    @classmethod
    def begin(cls, directory: str, *, debug: bool) -> Session:
        """The session of this process. The SDKs' warnings and logs are kept for `--debug`."""
        if not debug:
            warnings.simplefilter("ignore")
            logging.disable(logging.CRITICAL)
        return cls(Path(directory).resolve(), os.environ, datetime.now(UTC).date(), debug)

    def paint(self, stream: Any, *, no_color: bool) -> Paint:
        """Colours where the stream is a terminal, and neither NO_COLOR (https://no-color.org) nor an option says no."""
        if no_color or self.environ.get("NO_COLOR"):
            return Paint(enabled=False)
        return Paint(enabled=bool(self.environ.get("FORCE_COLOR")) or stream.isatty())


@dataclass(frozen=True, slots=True)
class Output:
    """How a verb's report is wanted."""

    session: Session
    format: str
    quiet: bool
    no_color: bool

    @property
    def json(self) -> bool:
        """Whether a program reads along."""
        return self.format == "json"

    @property
    def paint(self) -> Paint:
        """Colours for standard output."""
        return self.session.paint(sys.stdout, no_color=self.no_color)

    @property
    def paint_notes(self) -> Paint:
        """Colours for standard error."""
        return self.session.paint(sys.stderr, no_color=self.no_color)

    @property
    def framed(self) -> bool:
        """Whether somebody looks at standard output: a terminal, or what asks for colours as one does."""
        return sys.stdout.isatty() or bool(self.session.environ.get("FORCE_COLOR"))

    def data(self, text: str) -> None:
        """What was asked for, on standard output."""
        click.echo(text, nl=False, color=True)

    def note(self, text: str) -> None:
        """What goes along with it, on standard error; not with --quiet."""
        if not self.quiet:
            click.echo(text, err=True, color=True)

    def tell(self, text: str) -> None:
        """Why the exit code is not 0, or what a question is about, on standard error; with --quiet as well."""
        click.echo(text, err=True, color=True)


def reporting(*further: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options that every reporting verb has, with further forms of output beside text and JSON.

    The verb is handed an `Output` as `output`.
    """

    def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
        @click.option(
            "-o",
            "--format",
            "format_",
            type=click.Choice(["text", "json", *further]),
            default="text",
            help="Form of the output.",
        )
        @click.option("-q", "--quiet", is_flag=True, help="Say nothing beyond the result.")
        @click.option("--no-color", is_flag=True, help="No colours (as NO_COLOR).")
        @click.pass_obj
        def wrapped(session: Session, /, format_: str, *, quiet: bool, no_color: bool, **rest: Any) -> Any:
            return function(output=Output(session, format_, quiet, no_color), **rest)

        wrapped.__name__ = function.__name__
        wrapped.__doc__ = function.__doc__
        if hasattr(function, "__click_params__"):
            params = [*wrapped.__click_params__, *function.__click_params__]  # type: ignore[attr-defined]
            wrapped.__click_params__ = params  # type: ignore[attr-defined]
        return wrapped

    return decorated


output_options = reporting()
"""The options that every reporting verb has: text or JSON."""


def models_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """Model folders by name or glob; none means all."""
    return click.argument("models", metavar="[MODEL]...", nargs=-1)(function)


def as_of_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The day as of which machine sizes count as retired."""
    return click.option(
        "--as-of",
        type=click.DateTime(["%Y-%m-%d"]),
        metavar="DATE",
        help="Judge retired sizes as of this day instead of today.",
    )(function)


def layout_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The layout of the metadata, over that of publish.yaml."""
    return click.option(
        "--layout", type=click.Choice(["tags", "system_metadata"]), help="Lay the metadata out like this."
    )(function)


def registry_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The registry to work with."""
    return click.option(
        "-r",
        "--registry",
        metavar="NAME",
        envvar="PUBLISH_REGISTRY",
        help="A registry of publish.yaml, or azureml://registries/NAME. [default: publish.yaml's, else local]",
    )(function)
