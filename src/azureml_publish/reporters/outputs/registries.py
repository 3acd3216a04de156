"""Outputs of verbs that are about a registry."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, Field

from azureml_publish.execute.outcome import Outcome
from azureml_publish.plan.actions import ActionKind
from azureml_publish.plan.drift import DriftStatus, Side
from azureml_publish.plan.rules import ChangeClass
from azureml_publish.reporters.outputs.envelope import Output

Text: TypeAlias = str | None
Number: TypeAlias = int | None
Bytes = Annotated[int | None, Field(description="In bytes.")]
Digest = Annotated[str | None, Field(description="SHA-256 of the manifest, in hex.")]
Time = Annotated[str, Field(description="ISO 8601; empty where the registry does not say.")]
Keys = Annotated[
    tuple[str, ...],
    Field(description="Metadata that the registry does not hand back; `content` for files of another tool."),
]


class Applied(BaseModel):
    """What became of one model."""

    model: str
    version: int
    asset_id: str
    outcome: Outcome
    files: Number
    size: Bytes
    manifest: Digest
    unverifiable: Keys
    error: Text
    hint: Text


class Apply(Output):
    """`publish apply`."""

    registry: str
    results: tuple[Applied, ...]


class Promoted(BaseModel):
    """What became of one version; `kept` are files that an earlier run had copied."""

    model: str
    version: int
    source_asset_id: str
    asset_id: str
    outcome: Outcome
    metadata: Literal["render", "carry"]
    files: Number
    size: Bytes
    kept: Number
    fetched: Annotated[int | None, Field(description="Bytes that the storage copied itself.")]
    manifest: Digest
    unverifiable: Keys
    error: Text
    hint: Text


class Promote(Output):
    """`publish promote`."""

    from_: Annotated[str, Field(alias="from")]
    to: str
    results: tuple[Promoted, ...]


class Archived(BaseModel):
    """What became of one version; `written` is the file that says so now."""

    model: str
    version: int
    asset_id: str
    outcome: Literal["archived", "restored", "created", "unchanged", "failed", "skipped"]
    written: Text
    error: Text
    hint: Text


class Archive(Output):
    """`publish archive` and `publish restore`."""

    registry: str
    results: tuple[Archived, ...]


class Latest(BaseModel):
    """The version that the label `latest` resolves to."""

    before: Number
    after: Number


class FieldChange(BaseModel):
    """One difference; null means that there is no value."""

    field: str
    class_: Annotated[ChangeClass, Field(alias="class")]
    before: Any
    after: Any
    moved: Annotated[tuple[str, ...], Field(description="Files that were added, changed or removed.")] = ()
    added: Annotated[tuple[Any, ...], Field(description="Items of a list that are new.")] = ()
    removed: Annotated[tuple[Any, ...], Field(description="Items of a list that go.")] = ()
    diff: Annotated[str, Field(description="Of a text of several lines, as a unified diff.")] = ""


class PlannedAction(BaseModel):
    """What would be done about one model."""

    model: str
    version: int
    action: ActionKind
    reason: str
    hint: str
    latest: Latest
    fields: tuple[FieldChange, ...]
    unverifiable: Keys


class WithoutFolder(BaseModel):
    """A registered model that no folder names; `renamed_to` is the folder that has its source now."""

    model: str
    renamed_to: Text


class PlanReport(Output):
    """`publish plan`; a saved plan has a form of its own."""

    registry: str
    digest: Annotated[str, Field(description="SHA-256 over the registry's name and every action.")]
    actions: tuple[PlannedAction, ...]
    without_folder: tuple[WithoutFolder, ...] = ()


class DriftedField(BaseModel):
    """One difference between folder (`before`) and registry (`after`)."""

    field: str
    class_: Annotated[ChangeClass, Field(alias="class")]
    before: Any
    after: Any
    moved: Annotated[Side, Field(description="Which side changed since the plan that was applied last.")]
    drift: bool
    fixed: bool


class UnknownVersion(BaseModel):
    """A registered version that no folder names."""

    model: str
    version: int
    asset_id: str
    archived: bool
    created_at: Time
    created_by: str
    modified_at: Time
    modified_by: str


class DriftedModel(BaseModel):
    """How one model's version stands."""

    model: str
    version: int
    standing: DriftStatus
    drift: bool
    created_at: Text
    created_by: Text
    modified_at: Text
    modified_by: Text
    fields: tuple[DriftedField, ...]
    unknown_versions: tuple[UnknownVersion, ...]
    written: Annotated[tuple[str, ...], Field(description="Files that --fix changed.")]
    card_follows: bool


class Drift(Output):
    """`publish drift`."""

    registry: str
    drift: bool
    models: tuple[DriftedModel, ...]
    unknown_models: tuple[UnknownVersion, ...]


class Registered(BaseModel):
    """One registered version."""

    asset_id: str
    model: str
    version: int
    type: str
    archived: bool
    created_at: Time
    path: Annotated[str | None, Field(description="Where its files are, if the registry says it.")]
    manifest: Digest
    description: str
    tags: dict[str, str]
    properties: dict[str, str]
    system_metadata: dict[str, Any]


class Assets(Output):
    """`publish list` and `publish show`."""

    assets: tuple[Registered, ...]


class StoredFile(BaseModel):
    """A file of a version."""

    path: str
    size: int
    sha256: Text


class Files(Output):
    """`publish show --files`."""

    asset_id: str
    files: tuple[StoredFile, ...]


class Check(BaseModel):
    """A version that was verified. An unknown one could not be compared with anything: `problems` says why."""

    asset_id: str
    files: int
    size: Annotated[int, Field(description="In bytes.")]
    outcome: Literal["intact", "damaged", "unknown"]
    intact: bool
    problems: tuple[str, ...]
    signed_by: Annotated[str | None, Field(description="Whose signature was wanted and is right.")]


class Missing(BaseModel):
    """What is not registered, as it was named, and why."""

    model: str
    reason: str


class Verify(Output):
    """`publish verify`."""

    checks: tuple[Check, ...]
    missing: tuple[Missing, ...]


class FailedPart(BaseModel):
    """A part that has no result, and why."""

    report: str
    code: str
    message: str


Entries: TypeAlias = tuple[dict[str, Any], ...]


class Merged(Output):
    """`publish report merge`: the entries are under the key that the verb itself has, as it writes them."""

    verb: Annotated[str, Field(description="Whose reports they are; empty where no part has one.")]
    reports: int
    missing_reports: tuple[str, ...]
    failures: tuple[FailedPart, ...]
    missing: tuple[Missing, ...]
    left: Annotated[tuple[str, ...], Field(description="Models that the plan would write and that no part did.")]
    exit_code: int
    registry: str = ""
    results: Entries = ()
    actions: Entries = ()
    checks: Entries = ()
    diagnostics: Entries = ()


class Download(Output):
    """`publish download`."""

    asset_id: str
    folder: str
    files: int
    size: Annotated[int, Field(description="In bytes.")]
    kept: Annotated[int, Field(description="Files that were there already.")]


class Examined(BaseModel):
    """One check of `publish doctor`."""

    subject: str
    state: str
    message: str
    hint: str


class Doctor(Output):
    """`publish doctor`."""

    examined: tuple[Examined, ...]
