"""`publish lint` as somebody uses it: fixes, suppressions, baselines and formats."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from azureml_publish.diagnostics import Diagnostic, Edit, Fix, Location, Severity
from azureml_publish.pipeline.check import CheckedProject, check
from azureml_publish.pipeline.fix import fix_project
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.run import RunContext
from tests.conftest import REPOSITORY, Run, edit

SPEC = "models/bert-base-cased/model.yaml"
CARD = "models/bert-base-cased/card.md.j2"
SIZES = "  inference: [Standard_DS3_v2, Standard_DS3_v2]   # why\n"


@pytest.fixture
def doubled(project: Path) -> Path:
    """A project whose first model names a size twice."""
    spec = project / SPEC
    data = yaml.safe_load(spec.read_text(encoding="utf-8"))
    edit(spec, f"  inference: {data['compute']['inference']}\n", SIZES)
    return project


def files(root: Path) -> dict[str, bytes]:
    found = (path for path in root.rglob("*") if path.is_file() and ".publish" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def codes(publish: Run, *arguments: str) -> list[str]:
    return [one["code"] for one in json.loads(publish("lint", "-o", "json", *arguments).out)["diagnostics"]]


def test_fix_mends_keeps_comments_and_has_nothing_left_to_do(publish: Run, doubled: Path) -> None:
    before = files(doubled)
    shown = publish("lint", "--diff")
    assert (shown.code, files(doubled)) == (4, before)
    assert f"--- a/{SPEC}\n" in shown.out
    assert "-  inference: [Standard_DS3_v2, Standard_DS3_v2]   # why\n" in shown.out
    assert "Would fix 1 finding in 1 file." in shown.err
    mended = publish("lint", "--fix")
    assert (mended.code, mended.out) == (0, "")
    assert mended.err == "Fixed 1 finding. No findings in 3 models.\n"
    after = files(doubled)
    assert {path for path in after if after[path] != before[path]} == {SPEC}
    assert b"  inference: [Standard_DS3_v2]   # why\n" in after[SPEC]
    assert publish("lint", "--fix").err == "No findings in 3 models.\n"
    assert files(doubled) == after
    assert publish("lint", "--diff").code == 0


def test_fix_keeps_a_byte_order_mark_line_ends_and_permissions(publish: Run, doubled: Path) -> None:
    path = doubled / SPEC
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    path.chmod(0o640)
    wanted = path.read_bytes().replace(b"[Standard_DS3_v2, Standard_DS3_v2]", b"[Standard_DS3_v2]")
    assert publish("lint", "--fix").code == 0
    assert path.read_bytes() == wanted
    assert path.stat().st_mode & 0o777 == 0o640


def test_what_may_change_the_meaning_is_mended_only_when_asked(publish: Run, project: Path) -> None:
    edit(project / SPEC, "\nlicense:", "\nlicence:")
    before = files(project)
    ran = publish("lint", "--fix")
    assert (ran.code, files(project)) == (4, before)
    assert "1 can be fixed with --fix --unsafe." in ran.err
    assert publish("lint", "--fix", "--unsafe").code == 0
    assert b"\nlicense:" in files(project)[SPEC]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--unsafe"],
        ["--fix", "--diff"],
        ["--select", "CARD999"],
        ["--select", ","],
        ["--stats", "-o", "sarif"],
        ["--diff", "-o", "github"],
    ],
)
def test_options_that_make_no_sense_are_refused(publish: Run, arguments: list[str]) -> None:
    ran = publish("lint", *arguments)
    assert (ran.code, ran.out) == (2, "")


def broken(root: Path, *edits: Edit, path: str = SPEC) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """What the project is before and after mending by a rule whose mends spoil the file, or lie."""
    run = RunContext(root, {}, date(2026, 11, 21))

    def told(staged: CheckedProject) -> list[Diagnostic]:
        del staged
        return [Diagnostic("CARD001", "x", Severity.ERROR, "", Location(path), "", Fix(edits))]

    def lint(folder: Path) -> CheckedProject:
        there = RunContext(folder, {}, run.today)
        return check(there, load(there, (), Settings()))

    before = files(root)
    mending = fix_project(root, lint, told, unsafe=True)
    assert files(root) == before
    return dict(mending.before), dict(mending.after)


@pytest.mark.parametrize(
    ("path", "text"),
    [(SPEC, "{ [\n"), (SPEC, "unknown: 1\n"), (CARD, "{% if %}\n"), (CARD, "{{ nothing }}"), ("../x.yaml", "x")],
)
def test_a_mend_that_spoils_a_file_is_taken_back(project: Path, path: str, text: str) -> None:
    (project.parent / "x.yaml").write_text("a: 1\n", encoding="utf-8")
    line = 5 if path == CARD else 1
    assert broken(project, Edit(line, 1, line, 1, text), path=path) == ({}, {})
    assert (project.parent / "x.yaml").read_text(encoding="utf-8") == "a: 1\n"


def test_one_spoilt_mend_does_not_keep_the_others_out(project: Path) -> None:
    good, bad = "models/bert-large-cased/model.yaml", CARD
    run = RunContext(project, {}, date(2026, 11, 21))

    def told(_: CheckedProject) -> list[Diagnostic]:
        return [
            Diagnostic("X", "x", Severity.INFO, "", Location(good), "", Fix((Edit(1, 1, 1, 1, "#\n"),))),
            Diagnostic("X", "x", Severity.INFO, "", Location(bad), "", Fix((Edit(5, 1, 5, 1, "{{ nothing }}"),))),
        ]

    def lint(folder: Path) -> CheckedProject:
        there = RunContext(folder, {}, run.today)
        return check(there, load(there, (), Settings()))

    mending = fix_project(project, lint, told, unsafe=False)
    assert list(mending.after) == [good]
    assert mending.refused == (bad,)
    assert {fix.location.path for fix in mending.done} == {good}


def test_mends_that_never_end_end_all_the_same(project: Path) -> None:
    _, after = broken(project, Edit(1, 1, 1, 1, "#\n"))
    assert after[SPEC].startswith(b"#\n" * 10)
    assert not after[SPEC].startswith(b"#\n" * 11)


def test_a_template_of_the_package_is_never_written(publish: Run, project: Path) -> None:
    path = "<defaults>/card.md.j2"
    assert broken(project, Edit(1, 1, 1, 1, "x"), path=path) == ({}, {})


def test_a_mend_in_a_card_lands_in_its_template(publish: Run, project: Path) -> None:
    edit(project / CARD, "{% block limitations %}\n", "{% block limitations %}\n<!-- publish: ignore CARD001 no -->\n")
    assert codes(publish) == ["LINT001"]
    assert publish("lint", "--fix").code == 0
    assert (project / CARD).read_bytes() == (REPOSITORY / CARD).read_bytes()


def test_a_silence_holds_for_lint_and_plan_and_is_not_published(publish: Run, doubled: Path) -> None:
    assert publish("plan").code == 4
    path = doubled / SPEC
    path.write_text(path.read_text(encoding="utf-8") + "silence:\n  - {rule: sku-duplicate, reason: Desired.}\n")
    card = doubled / CARD
    edit(card, "{% block results %}\n", "{% block results %}\n<!-- publish: ignore SKU001 no reason at all -->\n")
    ran = publish("lint")
    assert ran.code == 0
    assert "LINT001" in ran.out
    assert "(1 suppressed)" in ran.err
    assert publish("plan").code == 0
    publish("render")
    assert "publish:" not in (doubled / "build/bert-base-cased/description.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("finished", [False, True])
def test_silences_of_a_card_leave_no_trace_in_it(publish: Run, project: Path, *, finished: bool) -> None:
    card = project / CARD
    text = (
        "One.\n\n<!-- publish: ignore CARD001 cut -->\n| a | b |\n| --- | --- |\n| x |\n\n"
        "Two<!-- publish: ignore-file X y -->\nend.\n"
    )
    card.unlink()
    (card.with_name("card.md") if finished else card).write_text(text, encoding="utf-8")
    assert codes(publish, "bert-base-cased") == ["LINT002"]
    publish("render", "bert-base-cased")
    shown = (project / "build/bert-base-cased/description.md").read_text(encoding="utf-8")
    assert shown == "One.\n\n| a | b |\n| --- | --- |\n| x |\n\nTwo\nend.\n"


def test_a_silence_in_the_projects_file_means_paths(publish: Run, doubled: Path) -> None:
    silence = "lint:\n  silence:\n    - {rule: SKU002, path: 'models/bert-*/**', reason: Old.}\n"
    path = doubled / "publish.yaml"
    path.write_text(path.read_text(encoding="utf-8") + silence, encoding="utf-8")
    assert codes(publish) == []
    assert codes(publish, "bert-large-cased") == []
    edit(path, "bert-*", "gpt-*")
    assert sorted(codes(publish)) == ["LINT001", "SKU002"]
    assert codes(publish, "distil*") == []


def test_rules_are_selected_and_ignored(publish: Run, doubled: Path) -> None:
    assert codes(publish, "--select", "CARD,SPEC") == []
    assert codes(publish, "--select", "CARD", "--select", "sku-duplicate") == ["SKU002"]
    assert codes(publish, "--ignore", "SKU") == []
    edit(doubled / SPEC, "version:", "versoin:")
    assert "DOC003" in codes(publish, "--select", "CARD")


def test_a_baseline_that_is_not_there_is_not_found(publish: Run, project: Path) -> None:
    ran = publish("lint", "--baseline", "ci/accepted.json")
    assert (ran.code, ran.out) == (3, "")
    assert "There is no baseline ci/accepted.json." in ran.err
    assert "publish lint --write-baseline ci/accepted.json" in ran.err
    (project / "accepted.json").write_bytes(b"\xff")
    ran = publish("lint", "--baseline", "accepted.json")
    assert (ran.code, ran.out) == (2, "")
    assert "The baseline accepted.json cannot be used: it is not UTF-8." in ran.err


def test_a_baseline_tells_only_what_is_new(publish: Run, doubled: Path) -> None:
    ran = publish("lint", "--write-baseline", "baseline.json")
    assert (ran.code, ran.out) == (0, "")
    assert codes(publish, "--baseline", "baseline.json") == []
    edit(doubled / SPEC, "\nlicense:", "\n# moved\nlicense:")
    assert publish("lint", "--baseline", "baseline.json").err == "No findings in 3 models. (1 in the baseline)\n"
    edit(doubled / SPEC, "license: apache-2.0", "license: mine")
    assert codes(publish, "--baseline", "baseline.json") == ["SPEC031"]
    edit(doubled / SPEC, SIZES, "  inference: [Standard_DS3_v2]\n")
    assert sorted(codes(publish, "--baseline", "baseline.json")) == ["LINT004", "SPEC031"]
    assert codes(publish, "--baseline", "baseline.json", "bert-base-cased") == ["SPEC031"]


def test_what_cannot_be_read_is_never_accepted(publish: Run, doubled: Path) -> None:
    edit(doubled / "models/bert-large-cased/model.yaml", "version:", "versoin:")
    ran = publish("lint", "--write-baseline", "baseline.json")
    assert ran.code == 4
    assert "Accepted 1 finding in baseline.json." in ran.err
    assert "DOC003" in ran.err
    assert "DOC003" not in (doubled / "baseline.json").read_text(encoding="utf-8")


def test_json_is_what_the_committed_schema_describes(publish: Run, doubled: Path) -> None:
    schema = json.loads((REPOSITORY / "docs/schemas/lint.schema.json").read_text(encoding="utf-8"))
    for arguments in ([], ["--fix"]):
        said = json.loads(publish("lint", "-o", "json", *arguments).out)
        Draft202012Validator(schema).validate(said)
        assert len(said["fixed"]) == (1 if arguments else 0)


@pytest.mark.parametrize("name", ["sarif", "junit", "github", "text"])
def test_every_form_goes_to_standard_output_and_ends_with_4_for_errors(publish: Run, doubled: Path, name: str) -> None:
    ran = publish("lint", "-o", name, "-q")
    assert (ran.code, ran.err) == (4, "")
    assert "SKU002" in ran.out


def test_a_password_in_an_address_is_refused_and_not_shown(publish: Run, project: Path) -> None:
    path = project / "models" / "bert-base-cased" / "model.yaml"
    before = path.read_text(encoding="utf-8")
    source = before[before.index("source:") : before.index("license:")]
    for address in ("https://me:geheim-1@models.example/a", "https://geheim-123456789012345678@models.example/a"):
        path.write_text(before.replace(source, f"source: {{git: {{uri: '{address}'}}}}\n"), encoding="utf-8")
        for form in ("text", "json", "github", "sarif", "junit"):
            ran = publish("lint", "-o", form)
            assert ran.code == 4
            assert "an address without a password is wanted" in ran.out
            assert "geheim" not in ran.out + ran.err
        for verb in ("plan", "render", "apply"):
            ran = publish(verb)
            assert ran.code == 4
            assert "geheim" not in ran.out + ran.err
    path.write_text(
        before.replace(source, "source: {git: {uri: 'https://me@models.example/me/a'}}\n"), encoding="utf-8"
    )
    assert "password" not in publish("lint").out


def test_one_fact_is_one_finding_and_is_counted_once(publish: Run, project: Path) -> None:
    specs = sorted(project.glob("models/*/model.yaml"))
    for spec in specs:
        spec.write_text(
            f"{spec.read_text(encoding='utf-8')}extra: {{system_metadata: {{inHouse: 1}}}}\n", encoding="utf-8"
        )
    found = [one for one in json.loads(publish("lint", "-o", "json").out)["diagnostics"] if one["code"] == "GATE003"]
    places = [place["path"] for one in found for place in (one, *one["also"])]
    assert len(found) == 1
    assert places == [spec.relative_to(project).as_posix() for spec in specs]
    assert f"The same in {len(specs) - 1} other file" in publish("lint", "--select", "GATE003").out
    rows = json.loads(publish("lint", "--stats", "-o", "json").out)["rules"]
    assert [(row["count"], row["models"]) for row in rows if row["code"] == "GATE003"] == [(1, len(specs))]
    assert re.search(r"^ *1  warning +GATE003  key-not-in-vocabulary$", publish("lint", "--stats").out, re.MULTILINE)


def test_a_project_says_how_serious_findings_are(publish: Run, doubled: Path) -> None:
    def lint(severity: str) -> list[tuple[str, str]]:
        with_key = f"{config}lint: {{severity: {severity}}}\n"
        (doubled / "publish.yaml").write_text(with_key, encoding="utf-8")
        found = json.loads(publish("lint", "-o", "json").out)["diagnostics"]
        return [(one["code"], one["severity"]) for one in found if one["code"] in ("SKU002", "LINT002")]

    config = (doubled / "publish.yaml").read_text(encoding="utf-8")
    assert lint("{}") == [("SKU002", "error")]
    assert lint("{SKU: info, SKU002: warning}") == [("SKU002", "warning")]
    assert publish("plan", "--registry", "local").code == 0
    assert lint("{sku-duplicate: off}") == []
    assert sorted(lint("{SKUU02: info}")) == [("LINT002", "warning"), ("SKU002", "error")]
    assert lint("{SPEC006: off, DOC: off}") == [("SKU002", "error")]
    edit(doubled / SPEC, SIZES, "  inference: [Standard_NC6s_v3, Standard_DS3_v2]\n")
    assert lint("{SKU010: error}") == []
    assert publish("plan").code == 4
    assert lint("{SKU010: info}") == []
    assert publish("plan").code == 0


WATCHING = "Watching for changes; Ctrl-C ends.\n"


def test_a_watching_linter_looks_again_after_each_change(project: Path) -> None:
    command = [sys.executable, "-m", "azureml_publish", "-C", str(project), "lint", "--watch"]
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environ
    ) as running:
        assert running.stderr is not None
        summaries = (line for line in running.stderr if line.strip())
        try:
            assert next(summaries) == "No findings in 3 models.\n"
            data = yaml.safe_load((project / SPEC).read_text(encoding="utf-8"))
            edit(project / SPEC, f"  inference: {data['compute']['inference']}\n", SIZES)
            assert [next(summaries), next(summaries)[:20]] == [WATCHING, "1 error in 3 models."]
            whole = (project / "publish.yaml").read_bytes()
            (project / "publish.yaml").unlink()
            assert any(line.startswith("error: No publish.yaml") for line in summaries)
            (project / "publish.yaml").write_bytes(whole)
            assert any(line.startswith("1 error in 3 models.") for line in summaries)
        finally:
            running.send_signal(signal.SIGINT)
        assert list(summaries)[-1] == "Stopped.\n"
        assert running.wait(60) == 0


def test_a_result_has_the_form_that_is_wanted(publish: Run, doubled: Path) -> None:
    told = json.loads(publish("lint", "-o", "json").out)
    assert yaml.safe_load(publish("lint", "-o", "yaml").out) == told
    header, *rows = publish("lint", "-o", "tsv").out.splitlines()
    assert header.split("\t")[:3] == ["code", "name", "severity"]
    assert [row.split("\t")[0] for row in rows] == [one["code"] for one in told["diagnostics"]]
    assert publish("lint", "-o", "table").out == publish("lint").out


def test_exit_zero_leaves_the_findings_and_takes_the_code(publish: Run, doubled: Path) -> None:
    assert publish("lint").code == 4
    report = publish("lint", "--exit-zero")
    assert (report.code, "SKU002" in report.out) == (0, True)


def test_files_mean_their_models(publish: Run, doubled: Path) -> None:
    assert codes(publish, SPEC) == ["SKU002"]
    assert codes(publish, CARD, "models/bert-large-cased") == ["SKU002"]
    assert codes(publish, "models/bert-large-cased/model.yaml") == []
    assert codes(publish, "publish.yaml") == ["SKU002"]
    assert publish("lint", "/etc/hostname").code == 2
    assert publish("lint", "models/gpt2/model.yaml").code == 3


def test_a_terminal_sees_the_line(doubled: Path) -> None:
    leader, follower = pty.openpty()
    environ = os.environ | {"COLUMNS": "100", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "azureml_publish", "-C", str(doubled), "lint"]
    ran = subprocess.run(command, stdout=follower, stderr=subprocess.PIPE, env=environ, timeout=120, check=False)
    os.close(follower)
    shown = os.read(leader, 65536).decode().replace("\r\n", "\n")
    os.close(leader)
    assert ran.returncode == 4
    assert f"| {SIZES}" in shown
    assert "\n     | " + " " * SIZES.rindex("Standard") + "^" * 15 + "\n" in shown
    assert "\x1b" not in shown
