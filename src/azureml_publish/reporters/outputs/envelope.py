"""What all outputs have, and what every verb prints where it has no result."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field


class Output(BaseModel):
    """One JSON object on standard output."""

    schema_version: Literal[1]


class Error(BaseModel):
    """Why a run has no result."""

    code: Annotated[
        Literal[
            "failure", "usage", "not_found", "findings", "not_authorised", "conflict", "partly_applied", "changes",
            "drift", "interrupted",
        ],
        Field(description="The name of the exit code."),
    ]  # fmt: skip
    message: str
    hint: Annotated[str, Field(description="What to do; may be empty.")]


class Finding(BaseModel):
    """A finding in the model folders."""

    code: str
    name: str
    severity: Literal["error", "warning", "info"]
    message: str
    path: str
    line: int
    column: int
    hint: str
    fixable: bool


class Failure(Output):
    """What every verb prints where it has no result."""

    error: Error
    diagnostics: Annotated[tuple[Finding, ...], Field(description="Where the model folders have errors.")] = ()
