"""JUnit XML, which most build servers show. Of findings one suite per file, one case per finding.

Only errors are failures, because only they make the run fail. Warnings and infos are passed cases with output, and
suppressed findings are skipped cases with their reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.reporters.diagnostics import diagnostics_summary
from azureml_publish.reporters.hostile_text import below
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
    return _document(root)


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a suite; it passed where neither `failure` nor `skipped` says something."""

    name: str
    failure: str = ""
    skipped: str = ""
    output: str = ""


def junit(name: str, suites: Mapping[str, Sequence[Case]]) -> str:
    """Suites of cases as one XML document."""
    root = Element("testsuites", name=_text(name))
    for title, cases in suites.items():
        suite = SubElement(root, "testsuite", name=_text(title), tests=str(len(cases)), errors="0")
        suite.set("failures", str(sum(bool(one.failure) for one in cases)))
        suite.set("skipped", str(sum(bool(one.skipped) for one in cases)))
        for one in cases:
            case = SubElement(suite, "testcase", classname=_text(name), name=_text(one.name))
            if one.failure:
                SubElement(case, "failure", message=_text(one.failure.partition("\n")[0])).text = _text(
                    below(one.failure, "")
                )
            elif one.skipped:
                SubElement(case, "skipped", message=_text(one.skipped))
            elif one.output:
                SubElement(case, "system-out").text = _text(one.output)
    return _document(root)


def _document(root: Element) -> str:
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
