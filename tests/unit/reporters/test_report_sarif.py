"""SARIF against its schema, and as Microsoft's validator says that GitHub's code scanning wants it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from azureml_publish.diagnostics import Diagnostic, Edit, Fix, Location, Rule, Severity
from azureml_publish.lint.suppressions import Suppressed, Suppression
from azureml_publish.reporters.lint import LintReport
from azureml_publish.reporters.sarif import lint_sarif
from tests.conftest import REPOSITORY, Run, lacking
from tests.unit.lint.examples import compose, shown_codes

TOOL = REPOSITORY / "node_modules/@microsoft/sarif-multitool-linux"
RULE = Rule("CARD001", "table", Severity.ERROR, "A table is wrong.")
SOFT = Rule("SKU001", "size", Severity.WARNING, "A size is wrong.")
INFO = Rule("LINT004", "stale", Severity.INFO, "An entry is stale.")
FIX = Fix((Edit(2, 1, 2, 2, "y"), Edit(1, 1, 1, 1, "")), safe=False)

NASTY = RULE.at(Location("models/ä b, <c>%20:d#e?.md", 1, 3), "50% of\r\nit ::\x07.", "Mend {0}.", width=4)
MENDED = SOFT.at(Location("p.yaml", 2), "M.", "H.", fix=FIX)
ELSEWHERE = INFO.at(Location("../other/[x].yaml"), "M.", "H.", fix=Fix((Edit(1, 1, 1, 1, "x"),), path="publish.yaml"))
DEFAULTS = RULE.at(Location("<defaults>/card.md.j2", 4), "M.", "H.")
UNLISTED = Diagnostic("DOC009", "of-no-rule", Severity.WARNING, "M.", Location("a"), "H.")
HUSHED = tuple(
    Suppressed(RULE.at(Location("p.yaml"), "M.", "H."), Suppression("CARD001", reason, Location("p.yaml", 2), "**"))
    for reason in ("for now", "")
)


def sarif(*found: Diagnostic, silenced: tuple[Suppressed, ...] = ()) -> str:
    rules = (RULE, SOFT, INFO)
    return lint_sarif(LintReport(found, silenced, (), 2, rules, lambda _: ["| a | b |", "x"], "sub dir/"))


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    """The schema of SARIF 2.1.0, as Microsoft's package carries it; formats count too."""
    path = TOOL / "sarif-2.1.0.json"
    if not path.is_file():
        lacking("sarif", "npm install @microsoft/sarif-multitool-linux")
    formats = Draft202012Validator.FORMAT_CHECKER
    assert {"uri", "uri-reference", "uuid", "date-time"} <= formats.checkers.keys()  # jsonschema[format-nongpl]
    return Draft202012Validator(json.loads(path.read_text(encoding="utf-8")), format_checker=formats)


def everything(publish: Run, project: Path) -> dict[str, str]:
    """Runs of all kinds: nothing found, all a result holds, asset folders, a project with mends and silences."""
    bad = project / "examples"
    bad.mkdir()
    for code in shown_codes("bad"):
        compose("bad", code, bad / code)
    logs = {
        "nothing": sarif(),
        "nasty": sarif(NASTY, NASTY, MENDED, ELSEWHERE, DEFAULTS, UNLISTED, silenced=HUSHED),
        "assets": publish("lint", "-o", "sarif", "-q", "--no-cache", "--assets", str(bad)).out,
    }
    spec = project / "models/bert-base-cased/model.yaml"
    text = spec.read_text(encoding="utf-8").replace("license: apache-2.0", "licence: mine", 1)
    spec.write_text(text, encoding="utf-8")
    other = project / "models/distilbert-base-uncased/model.yaml"
    text = other.read_text(encoding="utf-8").replace("license: apache-2.0", "license: mine", 1)
    other.write_text(text + "silence: [{rule: SPEC031, reason: 'Ours, “agreed”.'}]\n", encoding="utf-8")
    logs["project"] = publish("lint", "-o", "sarif", "-q").out
    return logs


@pytest.mark.long
@pytest.mark.sarif
def test_sarif_validates_against_its_schema_and_at_code_scanning(
    schema: Draft202012Validator, publish: Run, project: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for name, text in everything(publish, project).items():
        schema.validate(json.loads(text))
        (folder / f"{name}.sarif").write_text(text, encoding="utf-8")
        results = json.loads(text)["runs"][0]["results"]
        assert bool(results) == (name != "nothing")
    # The standard's rules and those of GitHub's intake. It would fetch the schema's address, and may not.
    unreachable = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    arguments = ["validate", str(folder / "*.sarif"), "--rule-kind", "Sarif;Gh;Ghas", "--level", "Error;Warning"]
    ran = subprocess.run(
        [TOOL / "Sarif.Multitool", *arguments],
        env=os.environ | unreachable,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Done. 4 files scanned." in ran.stdout, ran.stdout + ran.stderr
    told = [line for line in ran.stdout.splitlines() if ": error" in line or ": warning" in line]
    # SARIF2005 asks for the tool's home page, and it has none.
    assert [line for line in told if "SARIF2005" not in line] == []


@pytest.mark.sarif
def test_the_schema_refuses_what_is_wrong(schema: Draft202012Validator) -> None:
    def refused(change: dict[str, Any]) -> None:
        log = json.loads(sarif(NASTY))
        log["runs"][0]["results"][0].update(change)
        with pytest.raises(ValidationError):
            schema.validate(log)

    refused({"level": "info"})
    refused({"line": 1})
    refused({"locations": [{"physicalLocation": {"artifactLocation": {"uri": "a b"}}}]})
    refused({"guid": "x"})


def test_a_result_knows_its_rule_and_has_a_mark_of_its_own() -> None:
    (run,) = json.loads(sarif(NASTY, MENDED, NASTY, silenced=HUSHED))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["CARD001", "SKU001"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    marks = [result["partialFingerprints"]["publishFinding/v1"] for result in run["results"]]
    assert len(set(marks)) == len(marks) == 5
    hushed = run["results"][-2]
    assert hushed["suppressions"][0]["justification"] == "for now"
    assert hushed["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "sub%20dir/p.yaml"


def test_sarif_carries_mends() -> None:
    (result,) = json.loads(sarif(MENDED))["runs"][0]["results"]
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["replacements"][1] == {
        "deletedRegion": {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 2},
        "insertedContent": {"text": "y"},
    }
