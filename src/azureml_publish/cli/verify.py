"""`publish verify`: registered content against its manifest."""

from __future__ import annotations

from functools import partial

import click

from azureml_publish.assets import MANIFEST_PROPERTY, ContentCheck, RegisteredAsset
from azureml_publish.cli.options import output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.cli.progress import progress_option, watch
from azureml_publish.content.manifest import check_content
from azureml_publish.content.upload.container import Container
from azureml_publish.content.upload.progress import Progress
from azureml_publish.pipeline.references import find_registered, read_project
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.registry import Registry
from azureml_publish.reporters.results import content_checks_json, content_checks_text


@click.command("verify")
@click.argument("models", metavar="[NAME[:VERSION]]...", nargs=-1)
@registry_option
@progress_option
@click.option("--quick", is_flag=True, help="Compare sizes and noted digests only; no file is read.")
@output_options
def command(*, output: Output, models: tuple[str, ...], registry: str | None, progress: str, quick: bool) -> None:
    """Read every registered file and compare path, size and SHA-256 with the manifest.

    Files stream through memory; none is kept. --quick compares sizes and the digests that were noted when the files
    were checked on their way in. Without names: the versions that the model folders name. Exits with 1 where anything
    differs.
    """
    project = read_project(output.run)
    wanted = models or tuple(f"{model.spec.name}:{model.spec.version}" for model in project.models)
    with open_registry(output.run, project, registry) as opened, watch(output, progress) as watched:
        found = (find_registered(opened.registry, one) for one in wanted)
        checks = [_check(opened.registry, asset, watched, quick=quick) for asset in found]
    output.data(content_checks_json(checks) if output.json else content_checks_text(checks, output.paint))
    if any(check.problems for check in checks):
        raise SystemExit(1)


def _check(registry: Registry, asset: RegisteredAsset, progress: Progress, *, quick: bool) -> ContentCheck:
    promised = asset.properties.get(MANIFEST_PROPERTY)
    if promised is None:
        problem = f"no property {MANIFEST_PROPERTY}: another tool registered it, so there is nothing to check against"
        return ContentCheck(asset.id, problems=(problem,))
    access = registry.open_content(asset)
    with Container(access, access.folder_of(asset.path), partial(registry.open_content, asset)) as container:
        return check_content(asset.id, container, promised, quick=quick, progress=progress)
