"""Archives and restores versions: which are meant, the registry, and the folders that must say the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from azureml_publish.assets import AssetId, RegisteredAsset
from azureml_publish.documents.edits import set_value
from azureml_publish.errors import ExitCode, PublishError, UsageProblem
from azureml_publish.execute.outcome import Outcome
from azureml_publish.files import write_edited
from azureml_publish.frozen import dataclass
from azureml_publish.pipeline.references import find_meant
from azureml_publish.project import SPEC_FILE, ModelFolder, Project
from azureml_publish.registry.archiving import bring_archived
from azureml_publish.registry.protocol import Registry
from azureml_publish.reporters.archive import Archived


@dataclass(frozen=True, slots=True)
class FolderEdit:
    """What becomes of a model folder: the text of its model.yaml, None where it says the same already."""

    folder: ModelFolder
    text: str | None


@dataclass(frozen=True, slots=True)
class Archiving:
    """Versions to archive or to restore, and the edits of the folders that name them."""

    assets: tuple[RegisteredAsset, ...]
    edits: Mapping[AssetId, FolderEdit]
    archived: bool

    @property
    def changes(self) -> bool:
        """Whether anything is to be written, in the registry or in a folder."""
        return any(asset.archived != self.archived for asset in self.assets) or any(
            edit.text is not None for edit in self.edits.values()
        )

    def carry_out(self, registry: Registry, sleep: Callable[[float], None]) -> list[Archived]:
        """Set the versions, read them back, and write the folders.

        The registry comes first: where it ignores the request, no folder says what is not so.
        """
        return [
            _bring(registry, asset, self.edits.get(asset.id), sleep, archived=self.archived) for asset in self.assets
        ]


def find_archiving(project: Project, registry: Registry, references: Sequence[str], *, archived: bool) -> Archiving:
    """What archiving or restoring the versions that arguments mean would change.

    Raises:
        NotFound: there is no such model or version.
        UsageProblem: a folder cannot say it without another change.
    """
    assets = find_meant(registry, project, references)
    edits = {asset.id: edit for asset in assets if (edit := _edit(project, asset.id, archived=archived))}
    return Archiving(assets, edits, archived)


def _edit(project: Project, asset: AssetId, *, archived: bool) -> FolderEdit | None:
    """What the folder that names a version has to say; None where no folder does.

    Raises:
        UsageProblem: the key cannot be set alone.
    """
    folder = next((m for m in project.models if (m.spec.name, m.spec.version) == (asset.name, asset.version)), None)
    if folder is None:
        return None
    if bool(folder.spec.archived) == archived:
        return FolderEdit(folder, None)
    try:
        return FolderEdit(folder, set_value(folder.document, ("archived",), archived))
    except ValueError as error:
        value = str(archived).lower()
        raise UsageProblem(
            f"{folder.document.path}: `archived` cannot be set without changing more. Nothing was done.",
            hint=f"Write archived: {value} by hand, and run `publish apply`.",
        ) from error


def _bring(
    registry: Registry,
    asset: RegisteredAsset,
    edit: FolderEdit | None,
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
    if edit is None or edit.text is None:
        return Archived(asset.id, outcome)
    write_edited(edit.folder.path / SPEC_FILE, edit.text)
    return Archived(asset.id, outcome, edit.folder.document.path)


def exit_code(results: Sequence[Archived]) -> int:
    """0 where all went well, 7 where some did, else that of the first failure."""
    failed = [result.error for result in results if result.error is not None]
    if not failed:
        return 0
    return ExitCode.PARTLY_APPLIED if len(failed) < len(results) else failed[0].exit_code
