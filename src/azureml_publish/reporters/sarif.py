"""Findings as SARIF 2.1.0, which code scanning and editors read (https://docs.oasis-open.org/sarif/sarif/v2.1.0/)."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any
from urllib.parse import quote

from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.lint.baseline import fingerprint
from azureml_publish.lint.fixes import fix_path
from azureml_publish.lint.rule_book import RulePage, rule_pages
from azureml_publish.lint.suppressions import Suppression
from azureml_publish.reporters.frames import span_of
from azureml_publish.reporters.lint import LintReport
from azureml_publish.version import __version__

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "SRCROOT"
"""The base of all paths: the top of the repository."""

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def lint_sarif(report: LintReport) -> str:
    """One run with its rules, results, fixes and suppressions."""
    reported = [(one, None) for one in report.found]
    suppressed = [(one.found, one.by) for one in report.suppressed]
    used = {one.code for one, _ in (*reported, *suppressed)}
    rules = [rule for rule in report.rules if rule.code in used]
    pages = {page.rule.code: page for page in rule_pages()}
    index = {rule.code: number for number, rule in enumerate(rules)}
    seen: Counter[str] = Counter()
    run = {
        "tool": {
            "driver": {
                "name": "publish",
                "semanticVersion": __version__,
                "rules": [_rule(rule, pages.get(rule.code), report.docs) for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The top of the repository."}}},
        "results": [_result(one, by, report, index, seen) for one, by in (*reported, *suppressed)],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: Rule, page: RulePage | None, docs: str) -> dict[str, Any]:
    described = {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.summary},  # GitHub's code scanning refuses a rule without it
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "help": {"text": f"{rule.summary} See {rule.code} {rule.name} in docs/rules/."},
    }
    if page is not None and page.page:
        described["helpUri"] = page.address(docs)
        described["help"] = {"text": page.what, "markdown": page.markdown}
    return described


def _result(
    one: Diagnostic, by: Suppression | None, report: LintReport, index: dict[str, int], seen: Counter[str]
) -> dict[str, Any]:
    mark = hashlib.sha256("\0".join(fingerprint(one)).encode(errors="surrogatepass")).hexdigest()[:32]
    seen[mark] += 1
    result: dict[str, Any] = {
        "ruleId": one.code,
        "level": _LEVELS[one.severity],
        "message": {"text": f"{one.message} {one.hint}"},
        "locations": [_location(one.location, report, span_of(one, report.sources))],
        **({"relatedLocations": [_location(place, report, 0) for place in one.also]} if one.also else {}),
        "partialFingerprints": {"publishFinding/v1": f"{mark}:{seen[mark]}"},
    }
    if one.code in index:
        result["ruleIndex"] = index[one.code]
    if one.fix is not None:
        replacements = [
            {
                "deletedRegion": {
                    "startLine": edit.line,
                    "startColumn": edit.column,
                    "endLine": edit.end_line,
                    "endColumn": edit.end_column,
                },
                "insertedContent": {"text": edit.text},
            }
            for edit in sorted(one.fix.edits)
        ]
        change = {"artifactLocation": _artifact(fix_path(one), report), "replacements": replacements}
        result["fixes"] = [{"description": {"text": one.hint}, "artifactChanges": [change]}]
    if by is not None:
        result["suppressions"] = [
            {
                "kind": "inSource",
                "status": "accepted",
                "justification": by.reason or "No reason is given.",
                "location": _location(by.where, report, by.width),
            }
        ]
    return result


def _location(location: Location, report: LintReport, width: int) -> dict[str, Any]:
    region = {"startLine": location.line, "startColumn": location.column}
    if width:
        region["endColumn"] = location.column + width
    return {"physicalLocation": {"artifactLocation": _artifact(location.path, report), "region": region}}


def _artifact(path: str, report: LintReport) -> dict[str, str]:
    inside = report.path(path)
    return (
        {"uri": quote(inside, errors="replace"), "uriBaseId": ROOT}
        if inside
        else {"uri": quote(path, errors="replace")}
    )
