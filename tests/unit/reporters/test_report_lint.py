"""Findings as a terminal, GitHub, build servers and programs take them."""

from __future__ import annotations

import json
import re
from xml.etree.ElementTree import fromstring

import pytest
from jsonschema import Draft202012Validator
from junitparser import Attr, IntAttr, JUnitXml, TestCase
from rich.cells import cell_len

from azureml_publish.diagnostics import Diagnostic, Edit, Fix, Location, Rule, Severity
from azureml_publish.lint.suppressions import Suppressed, Suppression
from azureml_publish.reporters.azure_pipelines import lint_issues
from azureml_publish.reporters.code_quality import lint_quality_json
from azureml_publish.reporters.diagnostics import diagnostics_text
from azureml_publish.reporters.folding import folded
from azureml_publish.reporters.frames import frame
from azureml_publish.reporters.github import LIMIT, github_annotations, github_summary, log_lines
from azureml_publish.reporters.hostile_text import for_terminal, visible
from azureml_publish.reporters.junit import lint_junit
from azureml_publish.reporters.lint import LintReport, lint_json
from azureml_publish.reporters.outputs.lint import JsonReport

RULE = Rule("CARD001", "table", Severity.ERROR, "A table is wrong.")
SOFT = Rule("SKU001", "size", Severity.WARNING, "A size is wrong.")


def finding(line: str, column: int, width: int = 0) -> str:
    one = RULE.at(Location("a", 7, column), "M.", "H.", width=width)
    return frame(one, lambda _: ["", "", "", "", "", "", line], 60)


@pytest.mark.parametrize(
    ("line", "column", "width", "shown"),
    [
        ("name: x", 1, 0, "   7 | name: x\n     | ^^^^\n"),
        ("name: x", 7, 1, "   7 | name: x\n     |       ^\n"),
        ("a: Standard_DS3_v2, b", 4, 0, "   7 | a: Standard_DS3_v2, b\n     |    ^^^^^^^^^^^^^^^\n"),
        ("\tx y", 2, 1, "   7 |     x y\n     |     ^\n"),
        ("日本 x", 4, 1, "   7 | 日本 x\n     |      ^\n"),
        ("日本 x", 1, 2, "   7 | 日本 x\n     | ^^^^\n"),
        ("🎉 x", 3, 1, "   7 | 🎉 x\n     |    ^\n"),
        ("ab", 3, 0, "   7 | ab\n     |   ^\n"),
        ("ab", 90, 5, "   7 | ab\n     |   ^\n"),
        ("a\x1b[31mb", 1, 1, "   7 | a␛[31mb\n     | ^\n"),
        ("a\u202eb", 2, 1, "   7 | a\ufffdb\n     |  ^\n"),
        ("   ", 1, 0, ""),
        ("", 1, 0, ""),
    ],
)
def test_carets_stand_below_what_is_at_fault(line: str, column: int, width: int, shown: str) -> None:
    assert finding(line, column, width) == shown


@pytest.mark.parametrize("column", [1, 40, 150, 250, 300])
@pytest.mark.parametrize("columns", [10, 40, 80])
@pytest.mark.parametrize("letter", ["x", "日"])
def test_a_long_line_is_cut_to_the_terminal_round_the_fault(column: int, columns: int, letter: str) -> None:
    line = letter * (column - 1) + "FAULT" + letter * (300 - column)
    one = RULE.at(Location("a", 1, column), "M.", "H.", width=5)
    text, below, _ = frame(one, lambda _: [line], columns).split("\n")
    assert cell_len(text) <= max(columns, 27)
    assert "FAULT" in text
    begin = below.index("^")
    before = text[: text.index("FAULT")]
    assert (cell_len(before), below.count("^")) == (begin, 5)


def test_a_file_that_cannot_be_shown_has_no_frame() -> None:
    one = RULE.at(Location("a", 3), "M.", "H.")
    assert frame(one, lambda _: None, 80) == ""
    assert frame(one, lambda _: ["x"], 80) == ""


def test_what_commands_a_terminal_is_shown_instead_of_done() -> None:
    assert visible("a\x1b]0;x\x07\x9b1m\u2028é\n") == "a␛]0;x␇\ufffd1m\ufffdé\n"
    one = RULE.at(Location("a\x1b"), "M\x1b.", "H\x1b.")
    assert "\x1b" not in diagnostics_text([one])


def test_the_frame_stands_between_message_and_mend_and_says_what_can_be_mended() -> None:
    safe, unsafe = (Fix((Edit(1, 1, 1, 2, "b"),), safe=kind) for kind in (True, False))
    one = RULE.at(Location("a"), "M.", "H.", fix=safe)
    assert diagnostics_text([one], sources=lambda _: ["ab c"]) == (
        "a:1:1: error CARD001 M. [table]\n   1 | ab c\n     | ^^\n    help: H. (`publish lint --fix` does it)\n"
    )
    assert "--fix --unsafe" in diagnostics_text([RULE.at(Location("a"), "M.", "H.", fix=unsafe)])


def report(*found: Diagnostic, silenced: tuple[Suppressed, ...] = (), prefix: str = "") -> LintReport:
    return LintReport(tuple(found), silenced, (), 2, (RULE, SOFT), lambda _: ["| a | b |", "x"], prefix)


NASTY = RULE.at(Location("models/a, b/c:d.md", 1, 3), "50% of\r\nit ::error::.", "Mend ::it.", width=4)
MENDED = SOFT.at(Location("p.yaml", 2), "M.", "H.", fix=Fix((Edit(2, 1, 2, 2, "y"),), safe=False))
HUSHED = Suppressed(
    RULE.at(Location("p.yaml"), "M.", "H."), Suppression("CARD001", "for now", Location("p.yaml", 2), "**")
)


def test_annotations_are_escaped_and_know_the_repository() -> None:
    assert github_annotations(report(NASTY, prefix="catalogue/"), ()) == (
        "::error title=CARD001 table,file=catalogue/models/a%2C b/c%3Ad.md,line=1,col=3,endLine=1,endColumn=6"
        "::50%25 of%0D%0Ait ::error::.%0Ahelp: Mend ::it.\n"
    )


def test_azure_pipelines_shows_errors_and_warnings_whose_text_is_no_command() -> None:
    nasty = RULE.at(Location("models/a;b]c%d.md", 1, 3), "50% of\nit ##vso[task.complete].", "Write ##[x].")
    info = Rule("LINT004", "stale", Severity.INFO, "S.").at(Location("i"), "Old.", "H.")
    lines = for_terminal(
        lint_issues(report(nasty, SOFT.at(Location("<defaults>/a.j2", 4), "M.", "H."), info)), annotations=True
    )
    properties = "type=error;sourcepath=models/a%3Bb%5Dc%AZP25d.md;linenumber=1;columnnumber=3;code=CARD001"
    assert lines.splitlines() == [
        "models/a;b]c%d.md:1:3: error CARD001 50% of it # #vso[task.complete].",
        "<defaults>/a.j2:4:1: warning SKU001 M.",
        "i:1:1: info LINT004 Old.",
        f"##vso[task.logissue {properties}]50%AZP25 of it # #vso[task.complete]. help: Write # #[x].",
        "##vso[task.logissue type=warning;code=SKU001]<defaults>/a.j2:4: M. help: H.",
        "1 error, 1 warning, 1 info in 2 models.",
    ]
    # In any other form, in the middle of a line, and as another command it is text.
    issue = "##vso[task.logissue type=error;]x"
    for said, own in ((issue, False), (f" {issue}", True), ("##vso[task.logissue type=x;]", True)):
        assert "##" not in for_terminal(said, annotations=own)


def test_a_report_for_code_quality_keeps_fingerprints_and_has_each_once() -> None:
    here, there = (RULE.at(Location("models/a.md", line), "M.", "H.") for line in (3, 9))
    found = json.loads(lint_quality_json(report(here, there, SOFT.at(Location("b"), "M.", "H."), prefix="catalogue/")))
    assert [(one["location"], one["severity"]) for one in found] == [
        ({"path": "catalogue/models/a.md", "lines": {"begin": 3}}, "major"),
        ({"path": "catalogue/models/a.md", "lines": {"begin": 9}}, "major"),
        ({"path": "catalogue/b", "lines": {"begin": 1}}, "minor"),
    ]
    assert len({one["fingerprint"] for one in found}) == 3
    (moved,) = json.loads(lint_quality_json(report(there)))
    assert moved["fingerprint"] == found[0]["fingerprint"]
    assert (moved["check_name"], moved["description"]) == ("CARD001 table", "M. H.")
    assert json.loads(lint_quality_json(report())) == []


def test_a_template_of_the_package_is_no_file_of_the_repository() -> None:
    one = RULE.at(Location("<defaults>/card.md.j2", 4), "M.", "H.")
    assert github_annotations(report(one), ()) == (
        "::error title=CARD001 table::<defaults>/card.md.j2:4: M.%0Ahelp: H.\n"
    )


def test_a_step_shows_ten_of_a_level_changed_files_first_and_sums_up_the_rest() -> None:
    found = [SOFT.at(Location(f"{n:02}"), "M.", "H.") for n in range(30)]
    info = Rule("LINT004", "stale", Severity.INFO, "S.")
    found += [info.at(Location(f"i{n:02}"), "M.", "H.") for n in range(30)]
    lines = github_annotations(report(*found, prefix="p/"), {"p/29", "p/28"}).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::warning"] * LIMIT + ["::notice"] * LIMIT
    assert re.findall(r"file=p/(\d\d)", "".join(lines))[:3] == ["28", "29", "00"]
    assert "20 warnings, 21 infos more" in lines[-1]
    assert len(github_annotations(report(*found[:10]), ()).splitlines()) == 10


def test_the_log_has_every_finding_in_a_line_of_its_own() -> None:
    assert log_lines([NASTY]) == "models/a, b/c:d.md:1:3: error CARD001 50% of it ::error::.\n"


def test_the_summary_is_a_table_that_no_text_breaks() -> None:
    one = RULE.at(Location("a"), "a | <script>\n@b", "H.")
    told = "<code>a &#124; &#60;script&#62;&#9226;&#64;b</code>"
    assert f"| error | <code>CARD001 table</code> | <code>a&#58;1&#58;1</code> | {told} |\n" in github_summary(
        report(one)
    )
    assert github_summary(report()) == "### publish lint\n\nNo findings in 2 models.\n"
    many = github_summary(report(*[one] * 2_500))
    assert many.endswith("\n1500 more are in the step's log.\n")
    assert len(many) < 1_000_000
    long = github_summary(report(*[RULE.at(Location("a"), "<" * 4_000, "H.")] * 900))
    assert len(long) < 1_000_000
    assert "more are in the step's log.\n" in long


def test_junit_fails_for_errors_alone() -> None:
    bell = RULE.at(Location("p.yaml"), "a\x07b & <c>", "H.")
    text = lint_junit(report(bell, MENDED, silenced=(HUSHED,)))
    root = fromstring(text)
    assert (root.tag, root.attrib) == (
        "testsuites",
        {"name": "publish lint", "tests": "3", "failures": "1", "errors": "0"},
    )
    (suite,) = root
    assert suite.attrib == {"name": "p.yaml", "tests": "3", "failures": "1", "errors": "0", "skipped": "1"}
    kinds = [[child.tag for child in case] for case in suite]
    assert sorted(kinds) == [["failure"], ["skipped"], ["system-out"]]
    (failure,) = root.iter("failure")
    assert failure.get("message") == "a\ufffdb & <c>"
    (skipped,) = root.iter("skipped")
    assert skipped.get("message") == "for now"


def test_junit_without_findings_is_one_case_that_passed() -> None:
    (suite,) = fromstring(lint_junit(report()))
    assert [case.get("name") for case in suite] == ["No findings in 2 models."]


class PlacedCase(TestCase):
    """A case with its place, as GitLab and Jenkins read it."""

    __test__ = False
    file = Attr()
    line = IntAttr()


def test_build_servers_read_counts_places_and_text_back_as_they_were() -> None:
    found = [NASTY, MENDED, SOFT.at(Location("a <&\"'>.md", 12, 3), "]]> &amp; <x>", "日本 \U0001f389")]
    read = JUnitXml.fromstring(lint_junit(report(*found, silenced=(HUSHED,))).encode())
    assert isinstance(read, JUnitXml)
    assert (read.tests, read.failures, read.errors) == (4, 1, 0)
    placed = [PlacedCase.fromelem(case) for suite in read for case in suite]
    cases = {(case.file, case.line): case for case in placed}
    assert sorted(cases) == [("a <&\"'>.md", 12), ("models/a, b/c:d.md", 1), ("p.yaml", 1), ("p.yaml", 2)]
    counted = [sum(getattr(suite, key) for suite in read) for key in ("tests", "failures", "errors", "skipped")]
    read.update_statistics()  # counts the cases themselves
    assert counted == [read.tests, read.failures, read.errors, read.skipped] == [4, 1, 0, 1]
    odd, failed = cases["a <&\"'>.md", 12], cases["models/a, b/c:d.md", 1]
    assert odd.is_passed
    assert odd.system_out == "warning: a <&\"'>.md:12:3: ]]> &amp; <x>\nhelp: 日本 \U0001f389"
    (failure,) = failed.result
    assert (failure.type, failure.message) == ("CARD001", "50% of\r\nit ::error::.")
    assert cases["p.yaml", 1].is_skipped


def test_json_is_what_its_schema_describes() -> None:
    Draft202012Validator.check_schema(JsonReport.model_json_schema())
    said = json.loads(lint_json(report(NASTY, MENDED, silenced=(HUSHED,))))
    Draft202012Validator(JsonReport.model_json_schema()).validate(said)
    first, second = said["diagnostics"]
    assert (first["line"], first["column"], first["end_column"], first["fix"]) == (1, 3, 7, None)
    assert second["fix"] == {
        "path": "p.yaml",
        "safe": False,
        "edits": [{"line": 2, "column": 1, "end_line": 2, "end_column": 2, "text": "y"}],
    }
    assert said["suppressed"][0]["suppressed_at"] == {"path": "p.yaml", "line": 2, "column": 1}


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_words_stay_whole_on_a_narrow_terminal(columns: int) -> None:
    message = "The card says 'apache-2.0', while the spec of this model says something else, and goes on for a while."
    one = Diagnostic(
        "CARD001", "a-name", Severity.WARNING, message, Location("models/a/card.md", 3, 1), f"{message} So."
    )
    text = folded(diagnostics_text([one], sources=lambda _: ["", "", "text"], columns=columns), columns)
    assert [line for line in text.splitlines() if len(line) > columns] == []
    assert " ".join(text.split()).count(message) == 2
