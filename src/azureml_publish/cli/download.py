"""`publish download`: a registered version's files, checked."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from azureml_publish.assets import MANIFEST_PROPERTY
from azureml_publish.cli.events import events_option
from azureml_publish.cli.options import output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.cli.progress import progress_option, watch
from azureml_publish.content.upload.container import Container
from azureml_publish.errors import UnusableSource
from azureml_publish.execute.download import download
from azureml_publish.pipeline.references import find_registered, name_reference, read_project
from azureml_publish.pipeline.registries import open_registry
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
    project = read_project(output.run)
    with open_registry(output.run, project, registry) as opened, watch(output, progress) as watched:
        asset = find_registered(opened.registry, name_reference(output.run, project, model))
        promised = asset.properties.get(MANIFEST_PROPERTY)
        if promised is None:
            raise UnusableSource(
                f"{asset.id} has no property {MANIFEST_PROPERTY}, as another tool registered it: nothing is checked.",
                hint="`az ml model download` brings its files, unchecked.",
            )
        target = output.run.directory / Path(folder or f"{asset.id.name}-{asset.id.version}").expanduser()
        access = opened.registry.open_content(asset)
        again = partial(opened.registry.open_content, asset)
        with Container(access, access.folder_of(asset.path), again) as container:
            done = download(asset.id, container, promised, target, watched)
    shown = shown_path(output.run.directory, target)
    output.data(downloaded_json(done) if output.json else downloaded_text(done, shown))
