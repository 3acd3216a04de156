"""Findings as a report of GitLab's Code Quality, which a merge request shows beside the code.

Its form: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.lint.baseline import fingerprint
from azureml_publish.reporters.lint import LintReport

_LEVELS = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def lint_quality_json(report: LintReport) -> str:
    """The findings as a JSON array. A finding keeps its fingerprint when it moves in its file."""
    seen: Counter[str] = Counter()
    return json.dumps([_entry(one, report, seen) for one in report.found], indent=2) + "\n"


def _entry(one: Diagnostic, report: LintReport, seen: Counter[str]) -> dict[str, Any]:
    parts = "\0".join(fingerprint(one))
    seen[parts] += 1
    mark = hashlib.sha256(f"{parts}\0{seen[parts]}".encode(errors="surrogatepass")).hexdigest()
    return {
        "check_name": f"{one.code} {one.name}",
        "description": f"{one.message} {one.hint}",
        "fingerprint": mark,
        "severity": _LEVELS[one.severity],
        "location": {
            "path": report.path(one.location.path) or one.location.path,
            "lines": {"begin": one.location.line},
        },
    }
