"""The command line as somebody meets it: help, mistakes, streams, colours, the emulator for other programs."""

from __future__ import annotations

import importlib
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import requests

from azureml_publish import cli
from azureml_publish.cli import VERBS, explain, main
from azureml_publish.cli.schema import SCHEMAS
from azureml_publish.errors import UnexpectedAnswer
from azureml_publish.execute import apply
from tests.conftest import REPOSITORY, Run, edit

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    "words",
    [
        ["-C", "{project}", "--debug", "explain", "type", "-m", "bert-base-cased"],
        ["explain", "-C", "{project}", "type", "-m", "bert-base-cased", "--debug"],
        ["explain", "type", "-m", "bert-base-cased", "-C{project}"],
    ],
)
def test_project_and_debug_may_stand_anywhere(
    project: Path, capfd: pytest.CaptureFixture[str], words: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([word.format(project=project) for word in words])
    assert ended.value.code == 0
    assert "mlflow_model" in capfd.readouterr().out


def test_what_stands_behind_two_dashes_is_no_option(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["lint", "-C", str(project), "--", "--debug"])
    assert ended.value.code == 3
    assert "No model folder matches '--debug'" in capfd.readouterr().err


def surprised(*_given: object, **_named: object) -> None:
    raise RuntimeError("a surprise")


@pytest.mark.parametrize("asked", [["--debug"], []])
def test_debug_shows_the_traceback_of_what_failed_with_one_model(
    publish: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, asked: list[str]
) -> None:
    monkeypatch.setattr(apply, "publish_content", surprised)
    assert "unexpected RuntimeError: a surprise" in publish("apply", "--yes", *asked).out
    told = {str(one.exc_info[1]) for one in caplog.records if one.exc_info}
    assert told == ({"a surprise"} if asked else set())


@pytest.mark.parametrize("asked", ["--debug", "PUBLISH_DEBUG", ""])
def test_debug_shows_the_traceback_of_what_ended_the_run(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], asked: str
) -> None:
    monkeypatch.setattr(explain, "explanation_text", surprised)
    if asked == "PUBLISH_DEBUG":
        monkeypatch.setenv(asked, "1")
    words = ["-C", str(project), "explain", "type", "-m", "bert-base-cased"]
    with pytest.raises(SystemExit) as ended:
        main([*words, asked] if asked == "--debug" else words)
    assert ended.value.code == 1
    told = capfd.readouterr().err
    assert "internal error: RuntimeError: a surprise" in told
    assert ("Traceback" in told) is bool(asked)


SIGNED = "?sig=of-an-address"


def misread(*_given: object, **_named: object) -> None:
    try:
        int(SIGNED)
    except ValueError as error:
        raise UnexpectedAnswer("The Hub answers with something else.") from error


@pytest.mark.parametrize("asked", [["--debug"], []])
def test_debug_says_where_an_answer_was_misread_and_not_what_it_holds(
    publish: Run, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    monkeypatch.setattr(explain, "explanation_text", misread)
    told = publish(*asked, "explain", "type", "-m", "bert-base-cased").err
    assert told.startswith("error: The Hub answers with something else.\n")
    assert (", in misread" in told, told.endswith("ValueError\n")) == (bool(asked), bool(asked))
    assert "sig=" not in told


def test_no_verb_takes_the_name_of_what_the_command_line_calls() -> None:
    for verb in VERBS:
        importlib.import_module(f"azureml_publish.cli.{verb}")
    called = {name for name in cli.main.__code__.co_names if name in vars(cli)}
    assert [name for name in called & VERBS.keys() if isinstance(vars(cli)[name], ModuleType)] == []


@pytest.mark.parametrize("columns", [40, 60])
def test_help_cuts_no_word_on_a_narrow_terminal(publish: Run, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    for verb in ("lint", "schema"):
        monkeypatch.setenv("COLUMNS", "100")
        whole = {part for word in publish(*verb.split(), "--help").out.split() for part in re.split("(?<=-)", word)}
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = publish(*verb.split(), "--help").out.splitlines()
        assert {part for line in lines for word in line.split() for part in re.split("(?<=-)", word)} <= whole | {""}
        assert [line for line in lines if len(line) > columns and line.startswith(" " * 6)] == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_in_its_help(publish: Run, verb: str) -> None:
    shown = publish(verb, "--help")
    assert shown.code == 0
    assert shown.out.startswith(f"Usage: publish {verb}")
    assert len(shown.out.splitlines()) > 5
    assert "%Y" not in shown.out  # days are told as DATE


def test_both_commands_are_installed() -> None:
    for name in ("publish", "azureml-publish"):
        command = Path(sys.executable).with_name(name)
        shown = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
        assert shown.stdout.startswith("publish, version ")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["lnit"], 2, "Did you mean list or lint?"),
        (["lint", "--formt", "json"], 2, "--format"),
        (["lint", "-C", "elsewhere"], 2, "Directory 'elsewhere' does not exist."),
        (["lint", "bert-base-case"], 3, "bert-base-cased"),
        (["plan", "-r", "lokal"], 3, "Did you mean 'local'?"),
        (["plan", "-r", "prod"], 3, "azureml://registries/prod"),
        (["show", "bert-base-cased:latest"], 2, "NAME:NUMBER"),
        (["show", "azureml://registries/other/models/a/versions/1"], 2, "-r other"),
        (["show", "azureml://nothing"], 2, "azureml://registries/R/models/N/versions/V"),
        (["verify", "gpt2"], 3, "no model 'gpt2'"),
        (["list", "gpt2"], 3, "no model 'gpt2'"),
        (["init", "a/b/c"], 2, "ORG/NAME"),
        (["init", "google-bert/bert-base-cased", "--name", "my bert"], 2, "'my bert'"),
        (["init", "google-bert/bert-base-cased", "--name", "../bert"], 2, "'../bert'"),
        (["emulator", "--hub", "nowhere"], 3, "There is no folder nowhere"),
        (["lint", "--as-of", "yesterday"], 2, "yesterday"),
        (["emulator", "--hub-weights", "much"], 2, "512MiB"),
    ],
)
def test_a_wrong_argument_gets_its_code_and_the_mend(publish: Run, arguments: list[str], code: int, said: str) -> None:
    ran = publish(*arguments)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_without_a_project_the_message_says_how_to_get_one(tmp_path: Path, publish: Run, project: Path) -> None:
    (project / "publish.yaml").unlink()
    ran = publish("lint")
    assert ran.code == 2
    assert "publish -C DIR" in ran.err
    assert "`publish lint --assets DIR`" in ran.err


def test_findings_are_data_and_the_summary_is_not(publish: Run, project: Path) -> None:
    edit(project / "models/bert-base-cased/model.yaml", "license: apache-2.0", "license: apache2")
    edit(project / "models/bert-base-cased/model.yaml", "5532cc56f74641d4bb33641f5c76a55d11f846e0", "main")
    ran = publish("lint")
    assert ran.code == 4
    expected = (HERE / "goldens" / "lint.txt").read_text(encoding="utf-8")
    assert ran.out == expected
    where = "Errors in 1 folder: bert-base-cased (1). 2 of 3 models are in order."
    assert ran.err == f"1 error, 1 warning in 3 models.\n{where}\n"

    as_json = json.loads(publish("lint", "-o", "json").out)
    assert as_json["schema_version"] == 1
    contract = {"code", "name", "severity", "message", "path", "line", "column", "hint", "fixable"}
    assert [contract - set(one) for one in as_json["diagnostics"]] == [set()] * 2
    assert publish("lint", "-q").err == ""


@pytest.mark.parametrize("verb", ["plan", "apply", "render", "bump", "drift", "explain type -m bert-base-cased"])
def test_quiet_still_says_why_it_failed(publish: Run, project: Path, verb: str) -> None:
    edit(project / "models/bert-base-cased/model.yaml", "license:", "licens:")
    ran = publish(*verb.split(), "-q")
    assert (ran.code, ran.out) == (4, "")
    assert "models/bert-base-cased/model.yaml:8:1: error DOC003" in ran.err


def test_a_broken_project_file_is_told_with_its_place(publish: Run, project: Path) -> None:
    (project / "publish.yaml").write_text("registries: {}\nlayuot: tags\n", encoding="utf-8")
    ran = publish("list")
    assert ran.code == 4
    assert ran.err.startswith("publish.yaml:2:1: error DOC003 Unknown key 'layuot'.")
    assert ran.err.endswith("1 error; no model was looked at.\n")


def test_a_plan_in_a_file_with_a_space_can_be_copied(publish: Run) -> None:
    ran = publish("plan", "--out", "my plan.json")
    assert "`publish apply 'my plan.json'`" in ran.err


def test_many_models_are_not_all_named(publish: Run, project: Path) -> None:
    for number in range(20):
        (project / f"models/m{number}").mkdir()
    ran = publish("plan", "quite-another")
    assert ran.code == 3
    assert ran.err.count(", ") == 11
    assert "and 11 more" in ran.err


def test_a_conflict_names_the_registry_that_bump_has_to_ask(publish: Run, project: Path) -> None:
    edit(project / "publish.yaml", "registries:", "registries:\n  dev: {emulator: .publish/registry}")
    assert publish("apply", "--yes", "-r", "dev", "distil*").code == 0
    edit(project / "models/distilbert-base-uncased/model.yaml", "DistilBertForMaskedLM", "DistilBertModel")
    planned, applied = publish("plan", "-r", "dev", "distil*"), publish("apply", "--yes", "-r", "dev", "distil*")
    assert (planned.code, applied.code) == (6, 6)
    assert "`publish bump` takes the same -r dev" in planned.err
    assert "`publish bump --required -r dev`" in applied.err


def test_an_empty_project_says_how_to_begin(publish: Run, project: Path) -> None:
    for folder in sorted((project / "models").iterdir()):
        folder.rename(project / folder.name)
    linted, explained = publish("lint"), publish("explain", "content")
    assert linted.code == 0
    assert linted.err.endswith("No findings in 0 models.\n")
    assert "`publish init ORG/NAME`" in linted.err
    assert explained.code == 3
    assert "`publish init ORG/NAME`" in explained.err


def test_warnings_alone_are_no_failure(publish: Run, project: Path) -> None:
    edit(project / "models/bert-base-cased/model.yaml", "license: apache-2.0", "license: apache2")
    assert publish("lint").code == 0


def test_an_error_in_one_model_does_not_hold_up_another(publish: Run, project: Path) -> None:
    edit(project / "models/bert-base-cased/model.yaml", "name: bert-base-cased", "nam: bert-base-cased")
    assert publish("lint").code == 4
    assert publish("plan").code == 4
    assert publish("plan", "distilbert*").code == 0


def test_the_plan_reads_like_this(publish: Run, project: Path) -> None:
    publish("apply", "--yes", "bert*")
    edit(project / "models/bert-base-cased/model.yaml", "BertForMaskedLM", "BertModel")
    edit(project / "models/bert-large-cased/model.yaml", "languages: [en]", "languages: [en, de]")
    shown = publish("plan").out
    shown = re.sub(r"[0-9a-f]{12,}…?", "DIGEST", shown)
    assert shown == (HERE / "goldens" / "plan.txt").read_text(encoding="utf-8")


def test_colours_only_where_they_are_wanted(publish: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in publish("plan").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in publish("plan").out
    assert "\x1b[" not in publish("plan", "--no-color").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in publish("plan").out


def test_schema_of_every_file_is_the_committed_one(publish: Run) -> None:
    every = json.loads(publish("schema").out)
    for name, file in [(name, file) for name, (file, _) in SCHEMAS.items()]:
        committed = json.loads((REPOSITORY / "docs/schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
        assert every[file] == committed == json.loads(publish("schema", name).out)


def test_schema_writes_files_for_editors(publish: Run, project: Path) -> None:
    assert publish("schema", "--out", "schemas").code == 0
    assert {path.name for path in (project / "schemas").iterdir()} == {f"{name}.schema.json" for name in SCHEMAS}


def test_the_emulator_prints_its_variables_and_ends_on_sigterm(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "azureml_publish", "emulator", "--data", str(tmp_path / "data"), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        variables = dict(process.stdout.readline().rstrip("\n").split("=", 1) for _ in range(5))
        assert set(variables) == {
            "AZUREML_CURRENT_CLOUD",
            "ARM_CLOUD_METADATA_URL",
            "REGISTRY_DISCOVERY_ENDPOINT_URL",
            "REQUESTS_CA_BUNDLE",
            "HF_ENDPOINT",
        }
        session = requests.Session()
        session.trust_env = False
        clouds = session.get(variables["ARM_CLOUD_METADATA_URL"], verify=variables["REQUESTS_CA_BUNDLE"], timeout=120)
        assert clouds.json()[0]["name"] == variables["AZUREML_CURRENT_CLOUD"]
        session.close()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "Traceback" not in err


def test_a_taken_port_is_told(emulator_environment: dict[str, str], publish: Run, tmp_path: Path) -> None:
    port = emulator_environment["REGISTRY_DISCOVERY_ENDPOINT_URL"].rpartition(":")[2].strip("/")
    ran = publish("emulator", "--data", str(tmp_path / "other"), "--port", port)
    assert ran.code == 1
    assert port in ran.err


def test_a_reader_that_goes_away_gets_no_traceback(project: Path) -> None:
    shell = f'"{sys.executable}" -m azureml_publish -C "{project}" schema | head -1'
    ran = subprocess.run(shell, shell=True, capture_output=True, text=True, check=True, env=dict(os.environ))
    assert ran.stdout.startswith("{")
    assert "Traceback" not in ran.stderr
    assert "Exception ignored" not in ran.stderr


def test_a_question_shows_what_it_is_about_with_quiet_too(publish: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    ran = publish("apply", "-q", "bert-base-cased")
    assert ran.code == 1
    assert ran.out == ""
    shown, question, after = ran.err.partition("Apply 1 change to local?")
    assert "+ bert-base-cased" in shown
    assert question
    assert after.endswith("Nothing was changed, because the answer was no.\n")


@pytest.mark.parametrize("arguments", [["-v", "lint"], ["lint", "-v"], ["lint", "--verbose"]])
def test_verbose_says_what_is_done_wherever_it_stands(publish: Run, project: Path, arguments: list[str]) -> None:
    shown = publish("-C", str(project), *arguments, "--no-cache")
    assert shown.code == 0
    assert any(line.startswith("check bert-base-cased version 18: sound in ") for line in shown.err.splitlines())
    assert shown.err.splitlines()[-1] == "No findings in 3 models."


def test_what_publishes_nothing_goes_on_where_a_rule_finds_something(publish: Run, project: Path) -> None:
    begun = "Write here what the model does, for whom, and where it comes from."
    edit(project / "models/bert-base-cased/card.md.j2", "{% block summary %}\n", f"{{% block summary %}}\n{begun}\n")
    assert publish("lint").code == 4
    assert publish("explain", "content", "-m", "bert-base-cased").code == 0
    assert publish("deprecate", "bert-base-cased", "--retired", "2030-01-31").code == 0
    assert publish("drift").code == 0  # nothing is registered yet, and nobody changed anything
