"""What `publish lint` found, as the reports take it, and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from azureml_publish.diagnostics import Diagnostic, Edit, Rule
from azureml_publish.lint.fixes import fix_path
from azureml_publish.lint.suppressions import Silenced
from azureml_publish.reporters.diagnostics import as_json, finding_json
from azureml_publish.reporters.frames import Sources, span_of


@dataclass(frozen=True, slots=True)
class LintReport:
    """One run of the linter.

    Attributes:
        found: what is told, by place.
        silenced: what is accepted, each with the silence that says why.
        mended: what was mended.
        models: how many models were looked at.
        rules: all rules there are.
        sources: the lines of the files.
        prefix: the project's folder in its repository, with `/` at its end; empty where it is the repository's top.
    """

    found: tuple[Diagnostic, ...]
    silenced: tuple[Silenced, ...]
    mended: tuple[Diagnostic, ...]
    models: int
    rules: tuple[Rule, ...]
    sources: Sources
    prefix: str = ""

    def path(self, found: str) -> str:
        """A path from the top of the repository on; empty for a file that is not in it, as a default template."""
        return "" if found.startswith(("<", "../", "/")) else f"{self.prefix}{found}"


def lint_json(report: LintReport) -> str:
    """The findings as a JSON object; lines and columns count from 1, ends are excluded."""
    return as_json(
        {
            "diagnostics": [_finding(one, report.sources) for one in report.found],
            "mended": [_finding(one, None) for one in report.mended],
            "silenced": [
                _finding(one.found, report.sources)
                | {
                    "reason": one.by.reason,
                    "silenced_at": {
                        "path": one.by.where.path,
                        "line": one.by.where.line,
                        "column": one.by.where.column,
                    },
                }
                for one in report.silenced
            ],
        }
    )


def _finding(one: Diagnostic, sources: Sources | None) -> dict[str, Any]:
    """One finding with its end and its mend."""
    width = one.width or (span_of(one, sources) if sources else 0)
    return finding_json(one) | {
        "end_line": one.location.line,
        "end_column": one.location.column + width,
        "fix": None
        if one.fix is None
        else {"path": fix_path(one), "safe": one.fix.safe, "edits": [*map(_edit, _in_order(one.fix.edits))]},
    }


def _in_order(edits: Iterable[Edit]) -> list[Edit]:
    return sorted(edits)


def _edit(edit: Edit) -> dict[str, Any]:
    return {
        "line": edit.line,
        "column": edit.column,
        "end_line": edit.end_line,
        "end_column": edit.end_column,
        "text": edit.text,
    }


_PLACE = {"path": {"type": "string"}, "line": {"$ref": "#/$defs/number"}, "column": {"$ref": "#/$defs/number"}}
_FINDING: dict[str, Any] = {
    "code": {"type": "string", "description": "Stable, and never used for anything else.", "pattern": "^[A-Z]+[0-9]+$"},
    "name": {"type": "string", "description": "The code's readable twin."},
    "severity": {"enum": ["error", "warning", "info"], "description": "Only an error makes the run end with 4."},
    "message": {"type": "string", "description": "What is wrong."},
    "path": {"type": "string", "description": "File, relative to the project; <defaults>/… is a template of publish."},
    "line": {"$ref": "#/$defs/number"},
    "column": {"$ref": "#/$defs/number", "description": "In characters."},
    "end_line": {"$ref": "#/$defs/number"},
    "end_column": {
        "$ref": "#/$defs/number",
        "description": "Behind the last character; column where none is at fault.",
    },
    "hint": {"type": "string", "description": "What to write."},
    "fixable": {"type": "boolean", "description": "Whether --fix, perhaps with --unsafe, can mend it."},
    "fix": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/fix"}]},
}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties]}


def lint_schema() -> dict[str, Any]:
    """The JSON Schema of what `publish lint --format json` prints. Later versions may add keys."""
    edit = {key: {"$ref": "#/$defs/number"} for key in ("line", "column", "end_line", "end_column")}
    silenced = _FINDING | {"reason": {"type": "string"}, "silenced_at": _object(_PLACE)}
    return {
        "title": "publish lint --format json",
        **_object(
            {
                "schema_version": {"const": 1},
                "diagnostics": {"type": "array", "items": {"$ref": "#/$defs/finding"}},
                "mended": {
                    "type": "array",
                    "items": {"$ref": "#/$defs/finding"},
                    "description": "What --fix mended, where it was before.",
                },
                "silenced": {"type": "array", "items": {"$ref": "#/$defs/silenced"}},
            }
        ),
        "$defs": {
            "number": {"type": "integer", "minimum": 1},
            "finding": _object(_FINDING),
            "silenced": _object(silenced),
            "fix": _object(
                {
                    "path": {"type": "string"},
                    "safe": {"type": "boolean", "description": "Whether it cannot change what is meant."},
                    "edits": {"type": "array", "items": _object(edit | {"text": {"type": "string"}})},
                }
            ),
        },
    }
