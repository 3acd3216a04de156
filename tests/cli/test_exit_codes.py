"""Exit codes as a shell sees them, and JSON on standard output whatever happens."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from azureml_publish import cli
from azureml_publish.cli import VERBS
from azureml_publish.cli.output import wanted_form
from azureml_publish.errors import ExitCode
from tests.conftest import REPOSITORY, Run, edit

PAGE = (REPOSITORY / "docs" / "exit-codes.md").read_text(encoding="utf-8")


def test_the_page_and_the_help_have_every_code(publish: Run) -> None:
    told = {name: int(code) for code, name in re.findall(r"^\| +(\d+) \| `(\w+)` \|", PAGE, re.MULTILINE)}
    assert told == {code.name.lower(): int(code) for code in ExitCode}
    shown = " ".join(publish("--help").out.split())
    assert all(f"{int(code)} {code.name.lower().replace('_', ' ')}" in shown for code in ExitCode)


def shell(project: Path, *arguments: str) -> tuple[int, dict[str, object]]:
    command = [sys.executable, "-m", "azureml_publish", "-C", str(project), *arguments, "-o", "json"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    told = json.loads(ran.stdout)
    assert told["schema_version"] == 1
    assert (ran.stderr == "") is (ran.returncode in (0, 8, 9))
    return ran.returncode, told


def test_usage_changes_drift_findings_and_not_found_have_codes_of_their_own(publish: Run, project: Path) -> None:
    """The last in a process of its own: what `$?` says is what is tested."""
    for wrong, code in (
        (("plan", "--detailed-exitcode", "-q"), 8),
        (("plan", "--detailed-exitcode", "--bogus"), 2),
        (("list", "-r", "nosuch"), 3),
        (("apply",), 2),
        (("drift", "-q"), 0),
    ):
        ran = publish(*wrong, "-o", "json")
        assert (ran.code, ran.err == "") == (code, code in (0, 8))
        assert ("error" in json.loads(ran.out)) is (code not in (0, 8))
    edit(project / "models" / "bert-base-cased" / "model.yaml", "license:", "nonsense: 1\nlicense:")
    ended, told = shell(project, "render")
    assert (ended, told["error"]) == (
        4,
        {"code": "findings", "message": "The model folders have errors.", "hint": "`publish lint` shows them."},
    )


NEEDS = {
    "init": ["no/such/repository"],
    "explain": ["nothing"],
    "show": ["nosuch"],
    "promote": ["nosuch", "--from", "local", "--to", "nosuch"],
    "archive": ["nosuch"],
    "restore": ["nosuch"],
    "migrate": ["--to", "tags"],
    "deprecate": ["nosuch", "--retired", "2027-01-01"],
    "rollback": ["nosuch", "--to", "1"],
}
"""What a verb wants beside its options."""


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("emulator", "schema", "skus")])
@pytest.mark.parametrize("written", [["-o", "json"], ["--format=json"], ["-qo", "json"], ["-ojson"]])
def test_a_mistake_on_the_command_line_is_json_of_every_verb(publish: Run, verb: str, written: list[str]) -> None:
    ran = publish(verb, *NEEDS.get(verb, []), "--bogus", *written)
    told = json.loads(ran.out)
    assert ran.code == 2
    assert told["error"]["code"] == "usage"
    assert "--bogus" in told["error"]["message"]
    assert set(told["error"]) == {"code", "message", "hint"}


@pytest.mark.parametrize("verb", [["skus", "show"], ["skus", "list"], ["skus", "prune"], ["skus", "nosuch"], ["lnit"]])
def test_a_mistake_is_json_of_verbs_in_groups_too(publish: Run, verb: list[str]) -> None:
    ran = publish(*verb, "--bogus", "-o", "json")
    assert (ran.code, json.loads(ran.out)["error"]["code"]) == (2, "usage")


@pytest.mark.parametrize("verb", [verb for verb in NEEDS if verb != "migrate"])
def test_what_is_not_there_is_json(publish: Run, verb: str) -> None:
    ran = publish(
        verb, *NEEDS[verb], "-o", "json", "--yes" if verb in ("archive", "restore", "promote", "rollback") else "-q"
    )
    told = json.loads(ran.out)
    assert told["error"]["code"] == ExitCode(ran.code).name.lower()
    assert ran.code in (ExitCode.NOT_FOUND, ExitCode.USAGE)


@pytest.mark.parametrize(
    "verb", [verb for verb in VERBS if verb not in ("emulator", "preview", "schema", "skus", "rule", "import")]
)
def test_a_project_that_cannot_be_read_is_json_of_every_verb(publish: Run, project: Path, verb: str) -> None:
    (project / "publish.yaml").write_text("registries: [\n", encoding="utf-8")
    ran = publish(verb, *NEEDS.get(verb, []), "-o", "json")
    told = json.loads(ran.out)
    assert ran.code
    if verb not in ("lint", "doctor"):  # their result says it
        assert told["error"]["code"] == ExitCode(ran.code).name.lower()


def test_no_second_document_follows_a_result(publish: Run) -> None:
    ran = publish("plan", "--detailed-exitcode", "-o", "json")
    assert ran.code == 8
    assert "actions" in json.loads(ran.out)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["plan", "-o", "json"], True),
        (["plan", "-o", "json", "-o", "text"], False),
        (["plan", "-o", "text", "--format=json"], True),
        (["apply", "-yqojson"], True),
        (["plan", "--progress", "json"], False),
        (["plan", "--", "-o", "json"], False),
        (["plan", "-o"], False),
        (["plan", "--out", "json"], False),
        ([], False),
    ],
)
def test_json_is_wanted_where_the_line_says_so(arguments: list[str], wanted: bool) -> None:
    assert (wanted_form(arguments) == "json") is wanted


def test_what_failed_is_said_in_the_form_that_was_wanted(publish: Run) -> None:
    failed = publish("apply", "no-such-model", "-o", "yaml")
    assert yaml.safe_load(failed.out)["error"]["code"] == "not_found"
    failed = publish("apply", "no-such-model", "-o", "junit")
    suites = ET.fromstring(failed.out)
    assert (suites.get("tests"), suites.get("failures")) == ("1", "1")
    assert [one for one in suites.iter("failure") if "no-such-model" in one.attrib["message"]]


def test_nothing_but_output_writes() -> None:
    """A new verb cannot forget the filter: there is one way out."""
    writers = set()
    for path in Path(cli.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if re.fullmatch(
                    r"print|click\.(s?echo|prompt|confirm|echo_via_pager)|sys\.std(out|err)\.write", called
                ):
                    writers.add(path.name)
    assert writers == {"output.py"}
