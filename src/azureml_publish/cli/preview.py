"""`publish preview`: the catalogue in a browser, live, or as plain files."""

from __future__ import annotations

import gc
import signal
import sys
import threading
import webbrowser
from datetime import UTC, datetime
from pathlib import Path

import click

from azureml_publish.cli.interrupts import end_at_once
from azureml_publish.cli.options import (
    models_argument,
    output_options,
    registry_option,
    settings_options,
)
from azureml_publish.cli.output import Output
from azureml_publish.errors import UsageProblem
from azureml_publish.pipeline.live import MODELS, SHARED, LiveProject
from azureml_publish.pipeline.load import Settings
from azureml_publish.pipeline.watch import watch
from azureml_publish.preview.export import export
from azureml_publish.preview.server import Server, is_loopback
from azureml_publish.preview.site import PlanRequest, Site
from azureml_publish.reporters.diagnostics import as_json, counted, diagnostics_summary


@click.command("preview")
@models_argument
@click.option(
    "--export",
    "target",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Write the pages there instead, and end.",
)
@click.option("--open/--no-open", "opens", default=True, help="Open the browser. [default: open]")
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="Listen there; any other lets the network in.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="N", help="Listen on this port. [default: 8642, else a free one]"
)
@registry_option
@click.option("--against", metavar="REVISION", help="With --export: compare with this revision of git, not a registry.")
@settings_options()
@output_options
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    target: str | None,
    opens: bool,
    host: str,
    port: int | None,
    registry: str | None,
    against: str | None,
    settings: Settings,
) -> None:
    """Show the catalogue as its readers will see it: cards, facts, findings and machines, following every edit.

    Serves on loopback until Ctrl-C, and opens the browser. With --export the same pages become plain files.
    """
    if against is not None and target is None:
        raise UsageProblem("--against goes with --export.", hint="Without it, the page *Plan* takes a revision.")
    live = LiveProject(output.run, models, settings, lambda: datetime.now(UTC).date())
    if target is not None:
        look, folder = live.look(), output.run.directory / target
        pages = export(Site(live, exported=True), folder, PlanRequest(registry, against or ""))
        if output.json:
            output.data(as_json({"out": str(folder), "pages": pages}))
        else:
            output.data(f"{Path(target, 'index.html').as_posix()}\n")
            found = look.checked.found if look.checked is not None else ()
            output.note(f"Wrote {counted(pages, 'page')}. {diagnostics_summary(found, len(look.loaded.folders))}")
        return
    serve(output, live, host, port, opens=opens)


_SWITCH_SECONDS = 0.0005
"""How long the check of many models keeps the interpreter while a page is made: answers before throughput."""

_THRESHOLDS = (30_000, 10, 10)
"""It stays for hours: rubbish is collected sooner than in a run that soon ends: 140 MiB, not 250, at 1,000 models."""


def serve(
    output: Output, live: LiveProject, host: str = "127.0.0.1", port: int | None = None, *, opens: bool, path: str = ""
) -> None:
    """Serve until somebody ends it; `path` is the page that is shown first."""
    server = Server(Site(live), host=host, port=port)

    def begin() -> None:
        if server.running:
            return
        server.start()
        url = server.url + path
        output.data(as_json({"url": url}) if output.json else f"{url}\n")
        output.note(f"Showing {counted(len(live.now.loaded.folders), 'model')}. Stop with Ctrl-C.")
        if not is_loopback(host):
            output.note(f"Anybody who reaches {host} can read these pages.")
        if opens:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.set_threshold(*_THRESHOLDS)
    ended = threading.Event()

    def end(_signal: int, _frame: object) -> None:
        ended.set()  # and not only an exception, which is lost where it comes up in a callback
        signal.signal(signal.SIGINT, end_at_once)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    try:
        server.events.send(live.look(begin))
        begin()  # where publish.yaml cannot be used there was nothing to check
        with watch(live.root, (*SHARED, MODELS), lambda: live.folders) as edits:
            while not ended.is_set():
                if edits.wait() or live.outdated:
                    watched = live.folders
                    server.events.send(live.look(early=server.events.send))
                    if live.folders != watched:
                        edits.look_for_folders()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
    output.note("Stopped.")
