"""Findings as JUnit XML, which most build servers show: one suite per file, one case per finding.

Only errors are failures, because only they make the run fail. Warnings and infos are passed cases with output, and
suppressed findings are skipped cases with their reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.reporters.diagnostics import diagnostics_summary
from azureml_publish.reporters.lint import LintReport

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow, escaped or not (https://www.w3.org/TR/xml/#charsets)."""


def lint_junit(report: LintReport) -> str:
    """The findings as one XML document."""
    cases = [(one, "") for one in report.found] + [
        (one.found, one.by.reason or "suppressed") for one in report.suppressed
    ]
    cases.sort(key=lambda case: (case[0].location, case[0].code, case[0].message))
    root = Element("testsuites", name="publish lint")
    for path, of_file in groupby(cases, key=lambda case: case[0].location.path):
        _suite(root, path, of_file)
    if not cases:
        suite = SubElement(root, "testsuite", name="publish lint", tests="1", failures="0", errors="0", skipped="0")
        SubElement(suite, "testcase", classname="publish lint", name=diagnostics_summary((), report.models))
    for total in ("tests", "failures", "errors"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, path: str, cases: Iterable[tuple[Diagnostic, str]]) -> None:
    suite = SubElement(root, "testsuite", name=_text(path))
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for one, reason in cases:
        name = f"{one.code} {one.name} {one.location.line}:{one.location.column}"
        line = str(one.location.line)
        case = SubElement(suite, "testcase", classname=_text(path), name=name, file=_text(path), line=line)
        text = _text(f"{path}:{one.location.line}:{one.location.column}: {one.message}\nhelp: {one.hint}")
        counts["tests"] += 1
        if reason:
            counts["skipped"] += 1
            SubElement(case, "skipped", message=_text(reason))
        elif one.severity is Severity.ERROR:
            counts["failures"] += 1
            SubElement(case, "failure", message=_text(one.message), type=one.code).text = text
        else:
            SubElement(case, "system-out").text = f"{one.severity}: {text}"
    for key, count in counts.items():
        suite.set(key, str(count))


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
