"""What archive and restore share: the versions that are meant, the registry, and the folder that must say the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from azureml_publish.assets import AssetId, RegisteredAsset
from azureml_publish.cli.confirm import ask, is_named, some
from azureml_publish.documents.edits import set_value
from azureml_publish.errors import PublishError, UsageProblem
from azureml_publish.execute.apply import Outcome
from azureml_publish.files import write_edited
from azureml_publish.pipeline.references import find_meant, read_project
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.run import Output, output_options, registry_option
from azureml_publish.project import SPEC_FILE, ModelFolder, Project
from azureml_publish.registry import Registry
from azureml_publish.registry.read_back import bring_archived
from azureml_publish.reporters.lifecycle import Archived, archived_json, archived_text

PARTLY = 7


def options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments and options of both verbs."""
    function = click.argument("models", metavar="MODEL[:VERSION]...", nargs=-1, required=True)(function)
    function = registry_option(function)
    function = click.option(
        "-y", "--yes", is_flag=True, help="Do not ask. A protected registry must be named with --registry, too."
    )(function)
    return output_options(function)


@dataclass(frozen=True, slots=True)
class _Edit:
    """What becomes of a model folder: the text of its model.yaml, None where it says the same already."""

    folder: ModelFolder
    text: str | None


def set_archived(output: Output, models: Sequence[str], registry: str | None, *, yes: bool, archived: bool) -> None:
    """Set versions in the registry, read them back, and write the folders that name them; report, and exit.

    The registry comes first: where it ignores the request, no folder says what is not so.
    """
    project = read_project(output.session)
    verb = "archive" if archived else "restore"
    with open_registry(output, project, registry) as opened:
        assets = find_meant(opened.registry, project, models)
        edits = {asset.id: edit for asset in assets if (edit := _edit(project, asset.id, archived=archived))}
        due = [asset for asset in assets if asset.archived != archived]
        if due or any(edit.text is not None for edit in edits.values()):
            names = some([f"{asset.id.name}:{asset.id.version}" for asset in assets])
            ask(opened, f"{verb} {names} in", yes=yes, named=is_named("registry"))
        results = [_bring(opened.registry, asset, edits.get(asset.id), archived=archived) for asset in assets]
        name = opened.registry.name
    for asset in assets:
        if asset.id.name in project.unreadable:
            path = f"models/{asset.id.name}/{SPEC_FILE}"
            output.note(f"{path} cannot be read, so it stays as it is; `publish lint` says why.")
    output.data(
        archived_json(name, results, archived=archived)
        if output.json
        else archived_text(results, output.paint, archived=archived)
    )
    if code := _exit_code(results):
        raise SystemExit(code)


def _edit(project: Project, asset: AssetId, *, archived: bool) -> _Edit | None:
    """What the folder that names a version has to say; None where no folder does.

    Raises:
        UsageProblem: the key cannot be set alone.
    """
    folder = next((m for m in project.models if (m.spec.name, m.spec.version) == (asset.name, asset.version)), None)
    if folder is None:
        return None
    if bool(folder.spec.archived) == archived:
        return _Edit(folder, None)
    try:
        return _Edit(folder, set_value(folder.document, ("archived",), archived))
    except ValueError as error:
        said = str(archived).lower()
        raise UsageProblem(
            f"{folder.document.path}: `archived` cannot be set without changing more. Nothing was done.",
            hint=f"Write archived: {said} by hand, and run `publish apply`.",
        ) from error


def _bring(registry: Registry, asset: RegisteredAsset, edit: _Edit | None, *, archived: bool) -> Archived:
    outcome = Outcome.UPDATED if asset.archived != archived else Outcome.UNCHANGED
    try:
        if asset.archived != archived:
            bring_archived(registry, asset.id, archived=archived)
    except PublishError as error:
        return Archived(asset.id, Outcome.FAILED, error=error)
    if edit is None or edit.text is None:
        return Archived(asset.id, outcome)
    write_edited(edit.folder.path / SPEC_FILE, edit.text)
    return Archived(asset.id, outcome, edit.folder.document.path)


def _exit_code(results: Sequence[Archived]) -> int:
    failed = [result.error for result in results if result.error is not None]
    if not failed:
        return 0
    return PARTLY if len(failed) < len(results) else failed[0].exit_code
