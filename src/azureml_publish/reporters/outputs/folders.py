"""Outputs of verbs that are about model folders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from azureml_publish.assets import LayoutName
from azureml_publish.plan.rules import ChangeClass
from azureml_publish.reporters.outputs.envelope import Finding, Output


@dataclass(frozen=True, slots=True)
class Bumped:
    """The version of one model."""

    model: str
    before: int
    after: int
    reason: str


@dataclass(frozen=True, slots=True)
class Bump(Output):
    """`publish bump`."""

    registry: str
    versions: tuple[Bumped, ...]


@dataclass(frozen=True, slots=True)
class Deprecated:
    """The days of one model."""

    model: str
    deprecation: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Deprecate(Output):
    """`publish deprecate`."""

    models: tuple[Deprecated, ...]


@dataclass(frozen=True, slots=True)
class Begun(Output):
    """`publish init`: the model folder that was begun."""

    model: str
    version: int
    revision: str
    written: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Locked:
    """The lock of one model; `bytes` are those of the source."""

    model: str
    state: str
    files: int | None
    bytes: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Lock(Output):
    """`publish lock`."""

    locks: tuple[Locked, ...]


@dataclass(frozen=True, slots=True)
class Render(Output):
    """`publish render`; `changed` are files, relative to where it ran."""

    out: str
    models: int
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview(Output):
    """`publish preview`, as soon as it answers."""

    url: str


@dataclass(frozen=True, slots=True)
class Export(Output):
    """`publish preview --export`."""

    out: str
    pages: int


@dataclass(frozen=True, slots=True)
class Rule:
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


@dataclass(frozen=True, slots=True)
class Rules(Output):
    """`publish rule`."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often a rule found something."""

    code: str
    name: str
    severity: str
    count: int
    models: int
    fixable: bool


@dataclass(frozen=True, slots=True)
class LintStats(Output):
    """`publish lint --stats`."""

    rules: tuple[RuleCount, ...]


@dataclass(frozen=True, slots=True)
class LintDiff(Output):
    """`publish lint --diff`."""

    diff: str


@dataclass(frozen=True, slots=True)
class Baseline(Output):
    """`publish lint --write-baseline`."""

    baseline: str
    left: Annotated[int, Field(description="Findings that are never accepted.")]


@dataclass(frozen=True, slots=True)
class Migrated:
    """The migration of one model."""

    name: str
    version: int
    changed: bool
    needs_new_version: tuple[str, ...]
    kept_by_registered_version: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Migrate(Output):
    """`publish migrate`."""

    layout: LayoutName
    written: bool
    models: tuple[Migrated, ...]
    diagnostics: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines that people keep, before and after."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class ImportedModel:
    """A model folder that was made."""

    folder: str
    layout: str
    lines: Lines
    verbatim: tuple[str, ...]
    card: Literal["whole", "template"]


@dataclass(frozen=True, slots=True)
class ImportedPreset:
    """A preset that the models share."""

    name: str
    lists: int
    new: bool


@dataclass(frozen=True, slots=True)
class ProofDifference:
    """A value that is rendered otherwise than it was."""

    file: str
    key: str
    before: str
    after: str
    reason: Annotated[str | None, Field(description="Null where nothing explains it.")]


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether a folder is rendered as it was."""

    folder: str
    layout: str
    equal: bool
    differences: tuple[ProofDifference, ...]


@dataclass(frozen=True, slots=True)
class Import(Output):
    """`publish import`."""

    into: str
    models: tuple[ImportedModel, ...]
    others: int
    lines: Lines
    presets: tuple[ImportedPreset, ...]
    diagnostics: tuple[Finding, ...]
    proofs: Annotated[tuple[Proof, ...], Field(description="With --check alone.")] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was written, or what it was derived from."""

    kind: str
    text: str
    path: str | None
    line: int | None
    column: int | None


@dataclass(frozen=True, slots=True)
class ClassOf:
    """What it means to add, change or remove the field."""

    added: ChangeClass
    changed: ChangeClass
    removed: ChangeClass


@dataclass(frozen=True, slots=True)
class Explain(Output):
    """`publish explain`."""

    model: str
    version: int
    field: str
    value: Any
    origins: tuple[Origin, ...]
    class_: Annotated[ClassOf, Field(alias="class")]
    why: str
