"""`publish download`: a registered version's files, checked."""

from __future__ import annotations

import click

from azureml_publish.cli.events import events_option
from azureml_publish.cli.options import output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.cli.progress import progress_option, watch
from azureml_publish.pipeline.registered_files import download_registered
from azureml_publish.project import shown_path
from azureml_publish.reporters.download import downloaded_json, downloaded_text


@click.command("download")
@click.argument("model", metavar="NAME[:VERSION]")
@click.option("--to", "folder", metavar="DIR", help="The folder for its files. [default: NAME-VERSION]")
@registry_option
@progress_option
@events_option
@output_options
def command(*, output: Output, model: str, folder: str | None, registry: str | None, progress: str) -> None:
    """Bring the files of a registered version, the latest unless one is named, and check each against the manifest.

    Safe to run again after any interruption: files that are there and right are kept, and a file that was cut off goes
    on. Nothing outside of DIR is written.
    """
    with watch(output, progress) as watched:
        done = download_registered(output.run, model, registry, folder, watched)
    shown = shown_path(output.run.directory, done.folder)
    output.data(downloaded_json(done) if output.json else downloaded_text(done, shown))
