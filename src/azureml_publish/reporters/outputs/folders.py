"""Outputs of verbs that are about model folders."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from azureml_publish.assets import LayoutName
from azureml_publish.plan.rules import ChangeClass
from azureml_publish.reporters.outputs.envelope import Finding, Output


class Bumped(BaseModel):
    """The version of one model."""

    model: str
    before: int
    after: int
    reason: str


class Bump(Output):
    """`publish bump`."""

    registry: str
    versions: tuple[Bumped, ...]


class Deprecated(BaseModel):
    """The days of one model."""

    model: str
    deprecation: dict[str, Any]


class Deprecate(Output):
    """`publish deprecate`."""

    models: tuple[Deprecated, ...]


class Begun(Output):
    """`publish init`: the model folder that was begun."""

    model: str
    version: int
    revision: str
    written: tuple[str, ...]
    notes: tuple[str, ...]


class Locked(BaseModel):
    """The lock of one model; `bytes` are those of the source."""

    model: str
    state: str
    files: int | None
    bytes: int | None
    reason: str | None


class Lock(Output):
    """`publish lock`."""

    locks: tuple[Locked, ...]


class Render(Output):
    """`publish render`; `changed` are files, relative to where it ran."""

    out: str
    models: int
    changed: tuple[str, ...]


class Preview(Output):
    """`publish preview`, as soon as it answers."""

    url: str


class Export(Output):
    """`publish preview --export`."""

    out: str
    pages: int


class Rule(BaseModel):
    """A rule with its page."""

    code: str
    name: str
    severity: str
    summary: str
    what: str
    why: str
    bad: str
    good: str
    fix: str
    source: str


class Rules(Output):
    """`publish rule`."""

    rules: tuple[Rule, ...]


class RuleCount(BaseModel):
    """How often a rule found something."""

    code: str
    name: str
    severity: str
    count: int
    models: int
    fixable: bool


class LintStats(Output):
    """`publish lint --stats`."""

    rules: tuple[RuleCount, ...]


class LintDiff(Output):
    """`publish lint --diff`."""

    diff: str


class Baseline(Output):
    """`publish lint --write-baseline`."""

    baseline: str
    left: Annotated[int, Field(description="Findings that are never accepted.")]


class Migrated(BaseModel):
    """The migration of one model."""

    name: str
    version: int
    changed: bool
    needs_new_version: tuple[str, ...]
    kept_by_registered_version: tuple[str, ...]


class Migrate(Output):
    """`publish migrate`."""

    layout: LayoutName
    written: bool
    models: tuple[Migrated, ...]
    diagnostics: tuple[Finding, ...]


class Lines(BaseModel):
    """Lines that people keep, before and after."""

    before: int
    after: int


class ImportedModel(BaseModel):
    """A model folder that was made."""

    folder: str
    layout: str
    lines: Lines
    verbatim: tuple[str, ...]
    card: Literal["whole", "template"]


class ImportedPreset(BaseModel):
    """A preset that the models share."""

    name: str
    lists: int
    new: bool


class ProofDifference(BaseModel):
    """A value that is rendered otherwise than it was."""

    file: str
    key: str
    before: str
    after: str
    reason: Annotated[str | None, Field(description="Null where nothing explains it.")]


class Proof(BaseModel):
    """Whether a folder is rendered as it was."""

    folder: str
    layout: str
    equal: bool
    differences: tuple[ProofDifference, ...]


class Import(Output):
    """`publish import`."""

    into: str
    models: tuple[ImportedModel, ...]
    others: int
    lines: Lines
    presets: tuple[ImportedPreset, ...]
    diagnostics: tuple[Finding, ...]
    proofs: Annotated[tuple[Proof, ...], Field(description="With --check alone.")] = ()


class Origin(BaseModel):
    """Where a value was written, or what it was derived from."""

    kind: str
    text: str
    path: str | None
    line: int | None
    column: int | None


class ClassOf(BaseModel):
    """What it means to add, change or remove the field."""

    added: ChangeClass
    changed: ChangeClass
    removed: ChangeClass


class Explain(Output):
    """`publish explain`."""

    model: str
    version: int
    field: str
    value: Any
    origins: tuple[Origin, ...]
    class_: Annotated[ClassOf, Field(alias="class")]
    why: str
