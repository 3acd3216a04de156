"""The options that verbs share."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from azureml_publish.cli.output import Output, report_in
from azureml_publish.diagnostics import model_folder
from azureml_publish.pipeline.run import RunContext
from azureml_publish.project import UnsoundProject
from azureml_publish.reporters.diagnostics import diagnostics_summary, diagnostics_text, finding_json

if TYPE_CHECKING:
    from datetime import datetime

    from azureml_publish.assets import LayoutName
    from azureml_publish.pipeline.shards import Shard

_UNITS = {
    f"{letter}{suffix}": base**power
    for power, letter in enumerate("KMGT", 1)
    for suffix, base in (("", 1000), ("B", 1000), ("I", 1024), ("IB", 1024))
} | {"": 1, "B": 1}


class Bytes(click.ParamType[int]):
    """A number of bytes, or of bytes a second: `512`, `1.5GB`, `12GiB`, `50MiB/s`.

    As in the SI and IEC: K, M, G and T, with or without B, are powers of 1000; Ki, Mi, Gi and Ti are powers of 1024.
    """

    name = "size"

    def __init__(self, *, per_second: bool = False) -> None:
        self._per_second = per_second

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a size; anything else, and less than one byte, is a usage error."""
        if isinstance(value, int):
            return value
        text = str(value).strip().upper()
        if self._per_second:
            text = text.removesuffix("/S")
        found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Z]*)", text)
        size = int(float(found[1]) * _UNITS.get(found[2], 0)) if found else 0
        if size < 1:
            what = "rate such as 50MiB or 50MiB/s" if self._per_second else "size such as 512MiB or 12GiB"
            self.fail(f"'{value}' is not a {what} (MiB is 2^20 bytes; MB and M are 10^6).", param, ctx)
        return size


class Day(click.DateTime):
    """A day, in the form of ISO 8601."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read a day; anything else is a usage error."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"'{value}' is not a day such as 2027-01-31.", param, ctx)


_SAME = {"yaml": "json", "tsv": "json", "table": "text"}
"""Forms that a verb makes as another one."""


def reporting(*further: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options that every reporting verb has, with further forms of output beside text and JSON.

    The verb is handed an `Output` as `output`; findings that stop it are shown here.
    """
    forms = ("text", "json", "yaml", "tsv", "table", *further)

    def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
        @click.option(
            "-o",
            "--format",
            "format_",
            metavar="FORM",
            type=click.Choice(forms),
            default="text",
            show_default=True,
            help=f"Form of the output: {', '.join(forms)}; yaml and tsv hold what json does, table is text.",
        )
        @click.option("-q", "--quiet", is_flag=True, help="Say nothing beyond the result.")
        @click.option("--no-color", is_flag=True, help="No colours (as NO_COLOR).")
        @click.pass_obj
        @wraps(function)
        def wrapped(run: RunContext, /, format_: str, *, quiet: bool, no_color: bool, **rest: Any) -> Any:
            form = _SAME.get(format_, format_)
            output = Output(run, form, quiet, no_color, format_ if form == "json" else "")
            try:
                return function(output=output, **rest)
            except UnsoundProject as unsound:
                summary = diagnostics_summary(unsound.found, unsound.models)
                broken = {model_folder(one.location.path) for one in unsound.found}
                some = "" not in broken and len(broken) < unsound.models
                more = " Models without errors can be named alone." if some else ""
                output.announce(diagnostics_text(unsound.found, output.paint_notes) + summary + more)
                also = {"diagnostics": [finding_json(one) for one in unsound.found]}
                code = report_in(format_, unsound.message, unsound.exit_code, unsound.hint, also)
                raise SystemExit(code) from None

        return wrapped

    return decorated


output_options = reporting()
"""The options that every reporting verb has: text or JSON."""


models_argument = click.argument("models", metavar="[MODEL]...", nargs=-1)
"""Models by name, glob, file or folder; none means all."""

since_option = click.option(
    "--since",
    metavar="COMMIT",
    help="Only models that changed since, or what they are made of: presets, defaults, templates, links, sources.",
)
"""Only models that a change concerns."""


def _shard(_context: click.Context, _option: click.Parameter, given: str | None) -> Shard | None:
    from azureml_publish.pipeline.shards import Shard  # noqa: PLC0415 - not every verb has models

    try:
        return None if given is None else Shard.parse(given)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from error


shard_option = click.option(
    "--shard", metavar="I/N", callback=_shard, help="Only part I of N: for N machines that share the models."
)
"""Only one part of the models, for one of several machines."""


def scheduler_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The workers of a dask scheduler instead of this machine's cores and threads."""

    @click.option(
        "--scheduler",
        metavar="ADDRESS",
        envvar="PUBLISH_SCHEDULER",
        help="Spread the work over the workers of a dask scheduler, such as tcp://10.0.0.4:8786.",
    )
    @wraps(function)
    def wrapped(*, output: Output, scheduler: str | None, **rest: Any) -> Any:
        if scheduler is None:
            return function(output=output, **rest)
        from azureml_publish.pipeline.scheduler import Scheduler  # noqa: PLC0415 - most runs have none

        with Scheduler(scheduler) as executor:
            return function(output=replace(output, run=replace(output.run, executor=executor)), **rest)

    return wrapped


yes_option = click.option(
    "-y", "--yes", is_flag=True, help="Do not prompt. A protected registry must be named with --registry, too."
)
"""Whether to go on without a prompt."""


def settings_options(*, part: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The layout of the metadata and the day of the rendering, which the verb is handed as `settings`.

    With `part`, only models that a change concerns, and only one part of those, are meant as well.
    """
    options = [as_of_option, *([shard_option, since_option] if part else []), layout_option]

    def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def wrapped(*, layout: LayoutName | None, as_of: datetime | None, **rest: Any) -> Any:
            from azureml_publish.pipeline.load import Settings  # noqa: PLC0415 - not every verb reads a project

            chosen = {"since": rest.pop("since"), "shard": rest.pop("shard")} if part else {}
            return function(settings=Settings(layout, as_of, **chosen), **rest)

        offered: Callable[..., Any] = wrapped
        for option in options:
            offered = option(offered)
        return offered

    return decorated


as_of_option = click.option(
    "--as-of",
    type=Day(),
    metavar="DATE",
    help="Judge retired sizes as of this day instead of today.",
)
"""The day as of which machine sizes count as retired."""

layout_option = click.option(
    "--layout", type=click.Choice(["tags", "system_metadata"]), help="Lay the metadata out like this."
)
"""The layout of the metadata, over that of publish.yaml."""

registry_option = click.option(
    "-r",
    "--registry",
    metavar="NAME",
    envvar="PUBLISH_REGISTRY",
    help="A registry of publish.yaml, or azureml://registries/NAME. [default: publish.yaml's, else local]",
)
"""The registry to work with."""
