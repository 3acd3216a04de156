"""Several machines that share the models: the same division everywhere, and one report of all parts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from azureml_publish.emulator import Emulator, Fault
from azureml_publish.pipeline.shards import Shard, divide
from azureml_publish.project import load_project
from tests.cli.test_promote import MODEL, tiny
from tests.conftest import Run, edit

__all__ = ["tiny"]
NAMES = ("tiny", "tiny-1", "tiny-2", "tiny-3", "tiny-4")


@pytest.fixture
def several(publish: Run, tiny: Path, project: Path, shared_registry: None, azure_sdk: None) -> Path:
    """Five models, of which one has most of the bytes."""
    for name in NAMES[1:]:
        shutil.copytree(tiny, tiny.with_name(name))
        edit(tiny.with_name(name) / "model.yaml", "name: tiny", f"name: {name}")
        (tiny.with_name(name) / "weights" / "weights.bin").write_bytes(name.encode())
    assert publish("lock").code == 0
    lock = tiny / "source.lock.json"
    document = json.loads(lock.read_text())
    document["files"][0]["bytes"] = 10**9
    (tiny.parent.parent / "heavy.json").write_text(json.dumps(document))
    return project


def models(report: Path, key: str = "results") -> list[str]:
    return [one["model"] for one in json.loads(report.read_text())[key]]


def test_models_are_divided_by_bytes_and_number_and_alike_everywhere(several: Path, publish: Run) -> None:
    shutil.copy(several / "heavy.json", several / "models" / MODEL / "source.lock.json")
    project, _ = load_project(several)
    assert project is not None
    parts = [Shard(number, 2).of(project.models) for number in (1, 2)]
    assert [[folder.folder for folder in part] for part in parts] == [[MODEL], [*NAMES[1:]]]
    assert [[f.folder for f in share.folders] for share in divide(reversed(project.models), 2)] == [
        [MODEL],
        [*NAMES[1:]],
    ]
    printed = json.loads(publish("plan", "--matrix", "9").out)
    assert [one["shard"] for one in printed["include"]] == [f"{number}/9" for number in range(1, 6)]
    assert publish("plan", "--matrix", "9").out.count("\n") == 1
    assert json.loads(publish("plan", f"{MODEL}-*", "--matrix", "2").out)["include"][0]["models"] == 2


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_a_part_is_one_of_a_whole(publish: Run, text: str) -> None:
    assert publish("plan", f"--shard={text}").code == 2


def test_each_part_of_a_saved_plan_is_applied_and_the_reports_are_one(publish: Run, several: Path) -> None:
    assert publish("plan", "--out", "plan.json", "-q").code == 0
    files = [several / f"{number}.json" for number in (1, 2, 3)]
    for number, file in enumerate(files, 1):
        ran = publish("apply", "plan.json", "--shard", f"{number}/3", "-o", "json")
        assert ran.code == 0, ran
        file.write_text(ran.out)
    assert sorted(name for file in files for name in models(file)) == list(NAMES)
    merged = publish("report", "merge", *map(str, files), "--plan", "plan.json", "-o", "json")
    assert merged.code == 0, merged
    told = json.loads(merged.out)
    assert [one["model"] for one in told["results"]] == list(NAMES)
    assert (told["verb"], told["registry"], told["left"], told["exit_code"]) == ("apply", "local", [], 0)
    assert publish("plan", "--detailed-exitcode").code == 0


def test_a_part_that_failed_or_is_missing_is_named_and_one_more_run_finishes(
    publish: Run, several: Path, emulator: Emulator
) -> None:
    assert publish("plan", "--out", "plan.json", "-q").code == 0
    files = [several / f"{number}.json" for number in (1, 2, 3)]
    first = publish("apply", "plan.json", "--shard", "1/3", "-o", "json")
    files[0].write_text(first.out)
    emulator.faults.add(Fault(service="registry", method="PUT", path="/models/tiny-1/versions/3", status=403))
    second = publish("apply", "plan.json", "--shard", "2/3", "-o", "json")
    files[1].write_text(second.out)
    emulator.faults.reset()
    merged = publish("report", "merge", *map(str, files), "--plan", "plan.json")
    assert merged.code == 7, merged
    assert "failed     tiny-1 3" in merged.out
    assert f"missing    {files[2]}" in merged.out
    # Nothing failed in the first part: a report that is missing, or a model that is left, is enough.
    assert publish("report", "merge", str(files[0]), str(files[2])).code == 7
    assert publish("report", "merge", str(files[0]), "--plan", "plan.json").code == 7
    left = set(NAMES) - {*models(files[0]), *models(files[1])}
    assert left
    for name in left:
        assert f"not done   {name}" in merged.out
    markdown = publish("report", "merge", *map(str, files), "--plan", "plan.json", "--format", "markdown").out
    assert "| <code>failed</code> | <code>tiny-1 3</code> |" in markdown
    assert publish("apply", "plan.json").code == 0
    assert publish("plan", "--detailed-exitcode").code == 0


def test_a_part_that_was_run_twice_counts_once_and_one_of_another_plan_not_at_all(
    publish: Run, several: Path, emulator: Emulator
) -> None:
    """A build server keeps the report of each attempt."""
    assert publish("plan", "--out", "plan.json", "-q").code == 0
    first, again, other = (str(several / name) for name in ("a.json", "b.json", "c.json"))
    emulator.faults.add(Fault(service="registry", method="PUT", path="/models/tiny-1/versions/3", status=403))
    for path, code in ((first, 7), (again, 0)):
        ran = publish("apply", "plan.json", "-o", "json")
        Path(path).write_text(ran.out)
        assert ran.code == code
        emulator.faults.reset()
    for paths in ((first, again), (again, first)):
        merged = publish("report", "merge", *paths, "--plan", "plan.json", "-o", "json")
        assert merged.code == 0, merged
        told = [(one["model"], one["outcome"]) for one in json.loads(merged.out)["results"]]
        assert [model for model, _ in told] == list(NAMES)
        assert dict(told)["tiny"] == "created"
    for old, new, said in (
        ('"local"', '"prod"', "is about registry prod, and plan.json about local"),
        ('"tiny-3"', '"tiny-9"', "is of another plan: plan.json has no model tiny-9"),
    ):
        Path(other).write_text(Path(again).read_text().replace(old, new))
        merged = publish("report", "merge", other, "--plan", "plan.json")
        assert (merged.code, said in merged.err) == (2, True), merged


def test_a_plan_that_a_folder_left_meanwhile_is_refused_in_every_part(publish: Run, several: Path) -> None:
    assert publish("plan", "--out", "plan.json", "-q").code == 0
    shutil.rmtree(several / "models" / "tiny-2")
    assert [publish("apply", "plan.json", "--shard", f"{number}/2").code for number in (1, 2)] == [6, 6]


@pytest.mark.parametrize(
    ("reports", "code"),
    [
        ([{"diagnostics": []}, {"diagnostics": [{"severity": "warning", "path": "a", "line": 1}]}], 0),
        ([{"diagnostics": []}, {"diagnostics": [{"severity": "error", "path": "a", "line": 1}]}], 4),
        ([{"registry": "r", "actions": [{"model": "a", "action": "conflict"}]}, {"registry": "r", "actions": []}], 6),
        ([{"checks": [{"asset_id": "a", "intact": True}], "missing": []}], 0),
        ([{"checks": [{"asset_id": "a", "intact": True}], "missing": [{"model": "b", "reason": "not there"}]}], 3),
        ([{"checks": [{"asset_id": "a", "intact": False, "problems": ["x"]}], "missing": []}], 1),
        ([{"registry": "r", "results": []}, {"error": {"code": "conflict", "message": "moved"}}], 6),
        ([{"registry": "r", "results": [{"model": "a", "outcome": "created"}]}, {"error": {"code": "conflict"}}], 7),
        ([{"registry": "r", "results": []}, {"registry": "other", "results": []}], 2),
        ([{"registry": "r", "results": []}, {"diagnostics": []}], 2),
        ([{"something": 1}], 2),
        ([[]], 2),
        ([{"registry": "r", "results": 3}], 2),
        ([{"registry": "r", "results": [3]}], 2),
        ([{"diagnostics": [{"severity": "error", "path": "a", "line": "x"}]}], 2),
        ([{"checks": [{"asset_id": "a", "intact": True, "problems": 1}]}], 2),
        ([{"error": "boom"}], 2),
        ([{"registry": "r", "results": [{"model": ["a"], "outcome": "created"}]}], 0),
    ],
)
def test_one_exit_code_for_all(publish: Run, project: Path, reports: list[object], code: int) -> None:
    files = []
    for number, report in enumerate(reports):
        files.append(str(project / f"{number}.json"))
        Path(files[-1]).write_text(json.dumps(report))
    for form in ("text", "json", "markdown"):
        ran = publish("report", "merge", *files, "--format", form)
        assert ran.code == code, ran


def test_what_was_applied_is_a_table_annotations_and_junit(publish: Run, several: Path, emulator: Emulator) -> None:
    emulator.faults.add(Fault(service="registry", method="PUT", path="/models/tiny-1/versions/3", status=403))
    markdown = publish("apply", "--yes", "--format", "markdown")
    assert markdown.code == 7
    assert markdown.out.startswith("**Applied to registry <code>local</code>: 4 created, 1 failed.**\n\n| |")
    assert markdown.out.index("<code>tiny-1</code>") < markdown.out.index("<code>tiny</code>")
    lines = publish("apply", "--yes", "--format", "github").out.splitlines()
    assert lines[0].startswith("::error title=failed tiny-1 3 in local::")
    assert lines[-1] == "Applied: 4 unchanged, 1 failed."
    root = ET.fromstring(publish("apply", "--yes", "--format", "junit").out)
    assert (root.get("tests"), root.get("failures")) == ("5", "1")
    assert [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None] == ["tiny-1 3"]
    emulator.faults.reset()
    root = ET.fromstring(publish("verify", "--format", "junit").out)
    assert (root.get("tests"), root.get("failures")) == ("5", "1")
    (failure,) = root.iter("failure")
    assert "tiny-1" in str(failure.text)
