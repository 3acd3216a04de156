"""The output of `publish lint`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

Count = Annotated[int, Field(ge=1)]


class JsonEdit(BaseModel):
    """One replacement; the end is excluded."""

    line: Count
    column: Count
    end_line: Count
    end_column: Count
    text: str


class JsonFix(BaseModel):
    """A change that a program can make."""

    path: str
    safe: Annotated[bool, Field(description="Whether it keeps the meaning.")]
    edits: tuple[JsonEdit, ...]


class JsonPlace(BaseModel):
    """A place in a file."""

    path: str
    line: Count
    column: Count


class JsonFinding(BaseModel):
    """One finding."""

    code: Annotated[str, Field(description="Stable, and never used for anything else.", pattern="^[A-Z]+[0-9]+$")]
    name: Annotated[str, Field(description="A readable name for the code.")]
    severity: Annotated[
        Literal["error", "warning", "info"], Field(description="Only an error makes the run end with 4.")
    ]
    message: Annotated[str, Field(description="What is wrong.")]
    path: Annotated[
        str, Field(description="File, relative to the project; <defaults>/… is a template of azureml-publish.")
    ]
    line: Count
    column: Annotated[Count, Field(description="In characters.")]
    hint: Annotated[str, Field(description="What to write.")]
    fixable: Annotated[bool, Field(description="Whether --fix, perhaps with --unsafe, can fix it.")]
    also: Annotated[
        tuple[JsonPlace, ...], Field(description="Other places of the same fact, such as a key that no model may have.")
    ]
    end_line: Count
    end_column: Annotated[
        Count, Field(description="After the last character; the same as column where no character is wrong.")
    ]
    fix: JsonFix | None


class JsonSuppressed(JsonFinding):
    """A finding that is accepted."""

    reason: str
    suppressed_at: Annotated[JsonPlace, Field(description="Where it is suppressed.")]


class JsonReport(BaseModel):
    """The output of `publish lint --format json`. Later versions may add keys."""

    schema_version: Literal[1]
    diagnostics: tuple[JsonFinding, ...]
    fixed: Annotated[tuple[JsonFinding, ...], Field(description="What --fix fixed, with its place before.")]
    suppressed: tuple[JsonSuppressed, ...]
