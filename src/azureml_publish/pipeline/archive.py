"""Archives and restores versions: which are meant, the registry, and the folders that must say the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from azureml_publish.assets import AssetId, RegisteredAsset
from azureml_publish.documents.edits import set_value
from azureml_publish.errors import ExitCode, PublishError, UsageProblem
from azureml_publish.execute.outcome import Outcome
from azureml_publish.files import write_edited
from azureml_publish.pipeline.references import find_meant, name_references, read_project
from azureml_publish.pipeline.registries import Opened, open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.project import SPEC_FILE, ModelFolder, Project
from azureml_publish.registry.archiving import bring_archived
from azureml_publish.registry.protocol import Registry
from azureml_publish.reporters.archive import Archived


@dataclass(frozen=True, slots=True)
class ArchiveResult:
    """What became of versions in a registry; `unread` are folders of them that cannot be read, and stay as they are."""

    registry: str
    results: tuple[Archived, ...]
    unread: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0 where all went well, 7 where some did, else that of the first failure."""
        failed = [result.error for result in self.results if result.error is not None]
        if not failed:
            return 0
        return ExitCode.PARTLY_APPLIED if len(failed) < len(self.results) else failed[0].exit_code


def set_archived(
    run: RunContext,
    models: Sequence[str],
    registry: str | None,
    *,
    archived: bool,
    approve: Callable[[Opened, Sequence[AssetId]], None] = lambda _opened, _versions: None,
) -> ArchiveResult:
    """Archive or restore versions: in the registry, read back, and in the folders that name them.

    The registry comes first: where it ignores the request, no folder says what is not so. `approve` is called before
    anything is written, and raises where it is declined.

    Raises:
        NotFound: there is no such model or version.
        UsageProblem: a folder cannot say it without another change.
    """
    project = read_project(run)
    with open_registry(run, project, registry) as opened:
        assets = find_meant(opened.registry, project, name_references(run, project, models), registry)
        edits = {asset.id: edit for asset in assets if (edit := _edit(project, asset.id, archived=archived))}
        if edits or any(asset.archived != archived for asset in assets):
            approve(opened, [asset.id for asset in assets])
        results = tuple(
            _bring(opened.registry, asset, edits.get(asset.id), run.sleep, archived=archived) for asset in assets
        )
    unread = tuple(asset.id.name for asset in assets if asset.id.name in project.unreadable)
    return ArchiveResult(opened.registry.name, results, unread)


def _edit(project: Project, asset: AssetId, *, archived: bool) -> tuple[ModelFolder, str] | None:
    """The folder that names a version, and its new model.yaml; None where no folder does, or it says the same already.

    Raises:
        UsageProblem: the key cannot be set alone.
    """
    folder = next((m for m in project.models if (m.spec.name, m.spec.version) == (asset.name, asset.version)), None)
    if folder is None or bool(folder.spec.archived) == archived:
        return None
    try:
        return folder, set_value(folder.document, ("archived",), archived)
    except ValueError as error:
        value = str(archived).lower()
        raise UsageProblem(
            f"{folder.document.path}: `archived` cannot be set without changing more. Nothing was done.",
            hint=f"Write archived: {value} by hand, and run `publish apply`.",
        ) from error


def _bring(
    registry: Registry,
    asset: RegisteredAsset,
    edit: tuple[ModelFolder, str] | None,
    sleep: Callable[[float], None],
    *,
    archived: bool,
) -> Archived:
    outcome = Outcome.UPDATED if asset.archived != archived else Outcome.UNCHANGED
    try:
        if asset.archived != archived:
            bring_archived(registry, asset, sleep, archived=archived)
    except PublishError as error:
        return Archived(asset.id, Outcome.FAILED, error=error)
    if edit is None:
        return Archived(asset.id, outcome)
    folder, text = edit
    write_edited(folder.path / SPEC_FILE, text)
    return Archived(asset.id, outcome, folder.document.path)
