"""`publish bump`: the next free version into `model.yaml`."""

from __future__ import annotations

import click

from azureml_publish.cli.registries import open_registry
from azureml_publish.cli.session import Output, models_argument, output_options, registry_option
from azureml_publish.cli.stages import Settings, require_sound, stage
from azureml_publish.cli.writing import with_version, write_edited
from azureml_publish.project import SPEC_FILE
from azureml_publish.reporters.diagnostics import as_json


@click.command("bump")
@models_argument
@registry_option
@output_options
def command(output: Output, models: tuple[str, ...], registry: str | None) -> None:
    """Write the registry's next free version into model.yaml, keeping everything else as it is.

    A version that is still free stays. The numbers of deleted versions are never used again, so they are not free.
    """
    staged = stage(output.session, models, Settings())
    project = require_sound(staged, output)
    bumped = []
    with open_registry(output, project, registry) as opened:
        for folder, rendered in staged.rendered:
            version = rendered.asset.version
            state = opened.registry.state(rendered.asset.name, version)
            free = max(version, state.next_version)
            if free != version:
                write_edited(folder.path / SPEC_FILE, with_version(folder.document, free))
            bumped.append({"model": rendered.asset.name, "before": version, "after": free})
    if output.json:
        output.data(as_json({"registry": opened.registry.name, "versions": bumped}))
        return
    for one in bumped:
        said = f"{one['before']} → {one['after']}" if one["before"] != one["after"] else f"{one['after']} is still free"
        output.data(f"{one['model']}: {said}\n")
