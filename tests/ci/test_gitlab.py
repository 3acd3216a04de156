"""The configuration for GitLab: valid with its inputs, and run job by job in a project of somebody else."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci.fake_gitlab import FakeGitLab
from tests.ci.gitlab_ci import GitLabRunner, included
from tests.ci.loopback import TOKEN, serving
from tests.ci.schemas import schema
from tests.ci.stranger import SPEC, Stranger
from tests.conftest import REPOSITORY

FILE = REPOSITORY / "ci" / "gitlab.yml"


def test_the_configuration_is_one_with_any_inputs() -> None:
    required = {"tool": "https://example.com/t.git", "commit": "f" * 40}
    all_inputs = yaml.safe_load(FILE.read_text(encoding="utf-8").partition("\n---\n")[0])["spec"]["inputs"]
    others = {**dict.fromkeys(all_inputs, "x"), "apply": "manual", "registry": "azureml://registries/contoso"}
    for inputs in (required, others):
        jobs = included(FILE, inputs)
        # https://docs.gitlab.com/ci/yaml/#resource_group
        assert re.fullmatch(r"[\w/${}. -]+", jobs["publish:apply"]["resource_group"])
        assert not list(schema("gitlab-ci").iter_errors(jobs))
        assert "$[[" not in json.dumps(jobs)
    (header,) = yaml.safe_load_all(FILE.read_text(encoding="utf-8").partition("\n---\n")[0])
    assert not list(schema("gitlab-ci").iter_errors(header))
    assert list(schema("gitlab-ci").iter_errors({**jobs, "publish:plan": {"script": 3}}))
    assert jobs["publish:apply"]["interruptible"] is False


def test_the_configuration_of_the_docs_includes_it_with_inputs_that_it_has() -> None:
    text = (REPOSITORY / "docs" / "ci.md").read_text(encoding="utf-8")
    found = [yaml.safe_load(one) for one in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    (caller,) = [one for one in found if isinstance(one, dict) and "include" in one]
    assert not list(schema("gitlab-ci").iter_errors(caller))
    (include,) = caller["include"]
    assert (REPOSITORY / include["file"].lstrip("/")) == FILE
    included(FILE, include["inputs"])
    assert include["inputs"]["commit"] == include["ref"]


class Runs:
    """The pipelines of one project."""

    def __init__(self, stranger: Stranger, gitlab: FakeGitLab, tool: Path) -> None:
        self.stranger, self.gitlab, self.count = stranger, gitlab, 0
        shutil.copytree(REPOSITORY / "ci", tool / "ci", ignore=shutil.ignore_patterns("__pycache__"))
        for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "tool")):
            names = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
            subprocess.run(["git", "-C", str(tool), *names, *arguments], check=True, capture_output=True, timeout=120)
        self.inputs = {"tool": str(tool), "commit": "HEAD", "registry": "local"}

    def __call__(self, source: str, **variables: str) -> tuple[bool, GitLabRunner]:
        self.count += 1
        merge_request = source == "merge_request_event"
        given: dict[str, Any] = {
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "GITLAB_CI": "true",
            "CI_PIPELINE_SOURCE": source,
            "CI_DEFAULT_BRANCH": "main",
            "CI_COMMIT_BRANCH": "" if merge_request else "main",
            "CI_MERGE_REQUEST_IID": "7" if merge_request else "",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main" if merge_request else "",
            "CI_COMMIT_SHA": self.stranger.git("rev-parse", "HEAD"),
            "CI_API_V4_URL": f"{self.gitlab.url}/api/v4",
            "CI_PROJECT_ID": "17",
            "CI_PROJECT_URL": str(self.stranger.root / ".git").removesuffix(".git"),
            "CI_JOB_TOKEN": "job",
            "PUBLISH_GITLAB_TOKEN": TOKEN,
            **variables,
        }
        runner = GitLabRunner(self.stranger.root, self.stranger.root.parent / f"run{self.count}", given)
        runner.folder.mkdir()
        sound = runner.run(included(FILE, self.inputs))
        if merge_request:
            self.gitlab.keep_plan((runner.artifacts["publish:plan"] / "publish-out/plan.json").read_bytes(), self.count)
        return sound, runner


@pytest.mark.long
def test_a_stranger_goes_from_a_merge_request_to_a_registry(tmp_path: Path) -> None:
    with serving(FakeGitLab()) as gitlab:
        run = Runs(Stranger(tmp_path / "models"), gitlab, tmp_path / "tool")
        sound, runner = run("merge_request_event")
        assert sound, runner.log
        assert [*runner.log] == ["publish:check", "publish:plan"]
        (note,) = gitlab.notes.values()
        assert "1 to create" in note["body"]
        kept = runner.artifacts["publish:check"] / "publish-out"
        assert (kept / "preview/index.html").exists()
        assert isinstance(json.loads((kept / "code-quality.json").read_text()), list)
        # From a fork the pipeline runs in the fork, which need not have the branch that the request goes into.
        fork = {
            "CI_PROJECT_ID": "18",
            "CI_MERGE_REQUEST_PROJECT_ID": "17",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "next",
        }
        sound, runner = run("merge_request_event", **fork)
        assert sound, runner.log
        assert "updated the comment" in runner.log["publish:plan"][1]
        gitlab.merged = [{"iid": 7}]
        sound, runner = run("push")
        assert sound, runner.log
        assert "This is the plan that the pull request showed" in runner.log["publish:plan"][1]
        assert "churn" in runner.log["publish:apply"][1]
        assert run.stranger.publish("verify", "-o", "json")
        assert len(gitlab.notes) == 1


@pytest.mark.long
def test_what_is_wrong_ends_the_pipeline_and_is_a_report(tmp_path: Path) -> None:
    with serving(FakeGitLab()) as gitlab:
        run = Runs(Stranger(tmp_path / "models"), gitlab, tmp_path / "tool")
        (run.stranger.root / "models/churn/model.yaml").write_text(SPEC.replace("version: 1", "version: none"))
        run.stranger.commit("wrong")
        sound, runner = run("push")
        assert (sound, [*runner.log], runner.log["publish:check"][0]) == (False, ["publish:check"], 4)
        found = json.loads((runner.artifacts["publish:check"] / "publish-out/code-quality.json").read_text())
        assert {"path": "models/churn/model.yaml", "lines": {"begin": 2}} in [one["location"] for one in found]


@pytest.mark.long
def test_drift_is_one_issue_and_bumps_are_one_merge_request(tmp_path: Path) -> None:
    with serving(FakeGitLab()) as gitlab:
        run = Runs(Stranger(tmp_path / "models"), gitlab, tmp_path / "tool")
        run.stranger.publish("apply", "--yes")
        spec = run.stranger.root / "models/churn/model.yaml"
        for words, states in (("who stays", ["opened"]), ("who leaves", ["closed"])):
            spec.write_text(SPEC.replace("who leaves", words))
            run.stranger.commit(words)
            sound, runner = run("schedule", PUBLISH_REPORT="drift")
            assert sound, runner.log
            assert [*runner.log] == ["publish:report"]
            assert [issue["state"] for issue in gitlab.issues.values()] == states
        # A report that could not be made changes nothing, and ends the pipeline.
        gitlab.issues[1]["state"] = "opened"
        (run.stranger.root / "publish.yaml").write_text("registries:\n  local: {name: contoso}\n")
        run.stranger.commit("elsewhere")
        sound, runner = run("schedule", PUBLISH_REPORT="drift", AZURE_TENANT_ID="")
        assert not sound
        assert gitlab.issues[1]["state"] == "opened"
        run.stranger.git("revert", "--no-edit", "HEAD")
        (run.stranger.root / "models/churn/weights/weights.bin").write_bytes(b"other")
        run.stranger.commit("weights")
        sound, runner = run("schedule", PUBLISH_REPORT="bump")
        assert sound, runner.log
        (request,) = gitlab.requests_to_merge.values()
        assert (request["source_branch"], request["target_branch"]) == ("publish-release-local", "main")
