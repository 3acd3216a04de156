"""Findings as text and JSON, and the words and frames that other reports share."""

from __future__ import annotations

import re

import pytest

from azureml_publish.diagnostics import Diagnostic, Edit, Fix, Location, Severity
from azureml_publish.reporters.diagnostics import (
    as_json,
    counted,
    diagnostics_summary,
    diagnostics_text,
    finding_json,
)
from azureml_publish.reporters.paint import Paint

ERROR = Diagnostic(
    "SPEC001", "license-missing", Severity.ERROR, "No licence.", Location("models/é/model.yaml", 3, 7), "Write `mit`."
)
WARNING = Diagnostic(
    "SKU001",
    "sku-retired",
    Severity.WARNING,
    "It is gone.",
    Location("publish.yaml"),
    "Take it out.",
    Fix((Edit(1, 1, 2, 1, ""),)),
)
INFO = Diagnostic("CARD001", "cell-empty", Severity.INFO, "Empty.", Location("a/card.md.j2", 10, 2), "Fill it.")


def test_a_finding_is_its_place_its_kind_its_message_and_the_mend_below() -> None:
    assert diagnostics_text([ERROR, WARNING]) == (
        "models/é/model.yaml:3:7: error SPEC001 No licence. [license-missing]\n"
        "    help: Write `mit`.\n"
        "publish.yaml:1:1: warning SKU001 It is gone. [sku-retired]\n"
        "    help: Take it out. (`publish lint --fix` does it)\n"
    )


def test_no_findings_are_no_text() -> None:
    assert diagnostics_text([]) == ""


@pytest.mark.parametrize(("found", "code"), [(ERROR, "31;1"), (WARNING, "33;1"), (INFO, "34;1")])
def test_each_severity_has_its_colour(found: Diagnostic, code: str) -> None:
    painted = diagnostics_text([found], Paint(enabled=True))
    assert f"\x1b[{code}m{found.severity} {found.code}\x1b[0m" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == diagnostics_text([found])


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (ERROR, "SPEC001 license-missing error|No licence.|models/é/model.yaml 3 7|Write `mit`.|False"),
        (WARNING, "SKU001 sku-retired warning|It is gone.|publish.yaml 1 1|Take it out.|True"),
    ],
)
def test_json_says_a_finding_in_the_words_of_the_contract(found: Diagnostic, said: str) -> None:
    form = "{code} {name} {severity}|{message}|{path} {line} {column}|{hint}|{fixable}"
    assert form.format(**(one := finding_json(found))) == said
    assert len(one) == 9


def test_json_begins_with_its_schema_version_keeps_letters_and_ends_in_one_newline() -> None:
    assert as_json({"name": "é"}) == '{\n  "schema_version": 1,\n  "name": "é"\n}\n'


@pytest.mark.parametrize(
    ("found", "models", "said"),
    [
        ([], 3, "No findings in 3 models."),
        ([], 1, "No findings in 1 model."),
        ([], 0, "No findings in 0 models."),
        ([ERROR], 1, "1 error in 1 model."),
        ([ERROR, ERROR], 2, "2 errors in 2 models."),
        ([INFO, WARNING, ERROR, WARNING], 2, "1 error, 2 warnings, 1 info in 2 models."),
    ],
)
def test_the_summary_counts_each_severity_gravest_first(found: list[Diagnostic], models: int, said: str) -> None:
    assert diagnostics_summary(found, models) == said


@pytest.mark.parametrize(("count", "said"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (100, "100 files")])
def test_one_alone_has_no_plural(count: int, said: str) -> None:
    assert counted(count, "file") == said
