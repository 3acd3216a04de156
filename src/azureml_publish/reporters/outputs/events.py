"""The lines of `--events`, as types: their JSON Schema is made from them. Later versions may add keys and events."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter

Seconds = Annotated[float, Field(ge=0, description="How long it took.")]
Stage = Annotated[
    Literal["load", "render", "check", "observe", "inspect", "apply", "promote", "verify"],
    Field(description="The part of the run."),
]
Code = Annotated[str, Field(description="The name of the exit code that the failure has; see docs/exit-codes.md.")]

Hint = Annotated[str, Field(description="What to do; may be empty.")]


class Line(BaseModel):
    """One event."""

    schema_version: Literal[1]
    at: Annotated[str, Field(description="When, in UTC, as of RFC 3339.")]


class OfModel(Line):
    """An event of one model."""

    model: str
    version: Annotated[int, Field(ge=1)]


class OfFiles(Line):
    """An event of the files of one model while they move."""

    model: str


class Run(Line):
    """A run of `publish` begins; the first line of each."""

    event: Literal["run"]
    verb: str
    tool: Annotated[str, Field(description="Name and version.")]
    process: int


class RunDone(Line):
    """It has ended. Where this line is missing, it was killed."""

    event: Literal["run-done"]
    exit_code: int
    seconds: Seconds


class StageBegun(Line):
    """A part of the run begins."""

    event: Literal["stage"]
    stage: Stage
    models: Annotated[int, Field(ge=0, description="How many models it is about, where that is known.")] = 0


class StageDone(Line):
    """A part of the run has ended."""

    event: Literal["stage-done"]
    stage: Stage
    seconds: Seconds


class StageFailed(Line):
    """A part of the run has failed, and with it the run."""

    event: Literal["stage-failed"]
    stage: Stage
    seconds: Seconds
    code: Code
    message: str
    hint: Hint


class Model(OfModel):
    """The work on a model begins."""

    event: Literal["model"]
    stage: Stage
    action: Annotated[str, Field(description="What apply does: create, update, archive or restore.")] = ""
    worker: Annotated[str, Field(description="With --scheduler: the worker that does it.")] = ""


class ModelDone(OfModel):
    """The work on a model has ended."""

    event: Literal["model-done"]
    stage: Stage
    outcome: Annotated[
        Literal[
            "sound", "findings", "created", "updated", "unchanged", "skipped", "intact", "differs", "unknown",
        ],
        Field(description="Of check and render, of apply and promote, of verify."),
    ]  # fmt: skip
    seconds: Seconds = 0.0
    action: str = ""
    worker: str = ""
    files: Annotated[int, Field(ge=0)] = 0
    bytes: Annotated[int, Field(ge=0)] = 0
    errors: Annotated[int, Field(ge=0, description="Findings of the check.")] = 0
    warnings: Annotated[int, Field(ge=0)] = 0


class ModelFailed(OfModel):
    """The work on a model has failed; the others go on."""

    event: Literal["model-failed"]
    stage: Stage
    outcome: str
    code: Code
    message: str
    hint: Hint
    seconds: Seconds = 0.0
    action: str = ""
    worker: str = ""


class Step(OfModel):
    """How far a version got, as the journal has it."""

    event: Literal["step"]
    step: Literal["begun", "content", "written", "read-back", "failed"]
    action: str = ""
    manifest: Annotated[str, Field(description="The digest of the files that arrived.")] = ""
    error: Annotated[str, Field(description="The type of the failure.")] = ""
    worker: str = ""


class Retry(OfModel):
    """The work on a model begins once more, because the worker that had it died."""

    event: Literal["retry"]
    stage: Stage
    worker: str = ""


class Begin(OfFiles):
    """The files of a model begin to move."""

    event: Literal["begin"]
    files: int
    bytes: int


class File(OfFiles):
    """A file begins to move."""

    event: Literal["file"]
    path: str
    bytes: int


class Progress(OfFiles):
    """How many bytes of a model are there; twice a second at most."""

    event: Literal["progress"]
    path: str
    done: int
    bytes: int
    bytes_per_second: int
    seconds_left: float | None


class FileDone(OfFiles):
    """A file is there and checked."""

    event: Literal["file-done"]
    path: str
    bytes: int
    reused: Annotated[bool, Field(description="An earlier run had brought it.")]


class Wait(Line):
    """A service does not answer, or wants fewer requests; the next attempt is in `seconds`."""

    event: Literal["wait"]
    path: Annotated[str, Field(description="The file; empty where it is about none.")]
    seconds: float
    reason: str
    model: Annotated[str, Field(description="Missing where it is about a request to the registry.")] = ""


class Warned(OfFiles):
    """A warning, which stops nothing."""

    event: Literal["warning"]
    text: str


class End(OfFiles):
    """The files of a model are there, or one failed."""

    event: Literal["end"]
    done: int
    bytes: int


EventLine = Annotated[
    Run | RunDone | StageBegun | StageDone | StageFailed | Model | ModelDone | ModelFailed | Step | Retry | Begin | File
    | Progress | FileDone | Wait | Warned | End,
    Field(discriminator="event"),
]  # fmt: skip


def events_schema() -> dict[str, Any]:
    """The JSON Schema of one line of `--events`."""
    return TypeAdapter(EventLine).json_schema(by_alias=True)
