"""The templates of Azure Pipelines: valid once expanded, and run step by step in a repository of somebody else."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from azureml_publish.registry.credentials import find_credential
from tests.ci.azure_pipelines import Agent, expanded
from tests.ci.fake_azure_devops import FakeAzureDevOps
from tests.ci.loopback import TOKEN, serving
from tests.ci.schemas import schema
from tests.ci.stranger import SPEC, Stranger
from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "ci" / "azure-pipelines"
LOCAL = {"registry": "local", "environment": "production"}
SIGNED_IN = {**LOCAL, "readerConnection": "reader", "writerConnection": "writer"}
REPORTS = ("drift", "retiring", "bump")


def pipelines() -> dict[str, dict[str, Any]]:
    """Every template that is extended, in every shape that parameters give it."""
    found = {
        "models, embedded": expanded(FOLDER / "models.yml", LOCAL),
        "models, signed in": expanded(FOLDER / "models.yml", SIGNED_IN),
        "models, one identity": expanded(FOLDER / "models.yml", {**LOCAL, "readerConnection": "reader"}),
    }
    for report in REPORTS:
        found[report] = expanded(FOLDER / "upkeep.yml", {"report": report})
        found[f"{report}, signed in"] = expanded(
            FOLDER / "upkeep.yml", {"report": report, "readerConnection": "reader"}
        )
    return found


def steps(pipeline: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        step
        for stage in pipeline["stages"]
        for job in stage["jobs"]
        for step in job.get("steps") or job["strategy"]["runOnce"]["deploy"]["steps"]
    ]


@pytest.mark.long
def test_every_shape_of_the_templates_is_a_pipeline() -> None:
    validator = schema("azure-pipelines")
    for name, pipeline in pipelines().items():
        for one in steps(pipeline):
            if isinstance(one.get("continueOnError"), bool) and "bash" in one:
                one["continueOnError"] = str(one["continueOnError"]).lower()  # the schema has a boolean for tasks alone
        assert not list(validator.iter_errors(pipeline)), name
        assert "${{" not in json.dumps(pipeline), name
        for stage in pipeline["stages"]:
            assert int(stage["jobs"][0]["timeoutInMinutes"]) <= 360, name
    broken = expanded(FOLDER / "models.yml", LOCAL)
    broken["stages"][0]["jobs"][0]["stepz"] = []
    assert list(validator.iter_errors(broken))


def test_the_pipelines_of_the_docs_extend_the_templates_with_what_they_take() -> None:
    text = (REPOSITORY / "docs" / "ci.md").read_text(encoding="utf-8")
    found = [yaml.load(one, Loader=yaml.BaseLoader) for one in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    callers = [one for one in found if isinstance(one, dict) and "extends" in one]
    assert len(callers) >= 2
    for one in callers:
        assert not list(schema("azure-pipelines").iter_errors(one))
        name, _, alias = one["extends"]["template"].partition("@")
        assert alias in [repository["repository"] for repository in one["resources"]["repositories"]]
        expanded(REPOSITORY / name, one["extends"]["parameters"])


def test_a_reader_plans_and_a_writer_applies_and_no_step_has_a_token_that_it_does_not_need(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signed = [one for one in steps(pipelines()["models, signed in"]) if one.get("task", "").startswith("AzureCLI@")]
    assert [(one["name"], one["inputs"]["azureSubscription"]) for one in signed] == [
        ("plan", "reader"),
        ("apply", "writer"),
        ("verify", "writer"),
    ]
    # What the task sets for a connection with workload identity federation. `az` could get no token after ten minutes.
    connection = [f"AZURESUBSCRIPTION_{one}" for one in ("CLIENT_ID", "TENANT_ID", "SERVICE_CONNECTION_ID")]
    monkeypatch.setenv("SYSTEM_OIDCREQUESTURI", "https://x.example")
    for one in signed:
        identity = find_credential({**dict.fromkeys(connection, "x"), "SYSTEM_OIDCREQUESTURI": "x", **one["env"]})
        assert identity.name == "Azure Pipelines' service connection"
    assert not [one for one in steps(pipelines()["models, embedded"]) if one.get("task", "").startswith("AzureCLI")]
    for pipeline in pipelines().values():
        for one in steps(pipeline):
            assert ("SYSTEM_ACCESSTOKEN" in one.get("env", {})) == bool(
                re.search(r"ci/(review|shown|release|issue)\.", one.get("bash", ""))
                or one.get("task", "").startswith("AzureCLI@")
            )
            assert one.get("persistCredentials", "false") == "false"


class Runs:
    """The runs of one project."""

    def __init__(self, stranger: Stranger, devops: FakeAzureDevOps) -> None:
        self.stranger, self.devops, self.count = stranger, devops, 0

    def __call__(self, reason: str, template: str, given: dict[str, str]) -> tuple[bool, Agent]:
        self.count += 1
        folder = self.stranger.root.parent / f"run{self.count}"
        variables = {
            "Build.Reason": reason,
            "Build.SourceBranch": "refs/pull/7/merge" if reason == "PullRequest" else "refs/heads/main",
            "Build.SourceBranchName": "main",
            "System.AccessToken": TOKEN,
        }
        environ = {
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "TF_BUILD": "True",
            "SYSTEM_COLLECTIONURI": f"{self.devops.url}/contoso/",
            "SYSTEM_TEAMPROJECT": "Model Catalogue",
            "SYSTEM_PULLREQUEST_PULLREQUESTID": "7" if reason == "PullRequest" else "",
            "SYSTEM_DEFINITIONID": "3",
            "BUILD_REPOSITORY_ID": "r1",
            "BUILD_SOURCEVERSION": self.stranger.git("rev-parse", "HEAD"),
        }
        agent = Agent(self.stranger.root, folder, variables, environ)
        sound = agent.run(expanded(FOLDER / template, given))
        if reason == "PullRequest" and "publish-plan" in agent.artifacts:
            self.devops.keep_plan((agent.artifacts["publish-plan"] / "plan.json").read_bytes(), self.count)
        return sound, agent


@pytest.mark.long
def test_a_stranger_goes_from_a_pull_request_to_a_registry(tmp_path: Path) -> None:
    with serving(FakeAzureDevOps()) as devops:
        stranger = Stranger(tmp_path / "models")
        run = Runs(stranger, devops)
        sound, agent = run("PullRequest", "models.yml", LOCAL)
        assert sound, agent.log
        assert sorted(agent.artifacts) == ["CodeAnalysisLogs", "preview", "publish-plan"]
        assert (agent.artifacts["preview"] / "index.html").exists()
        (thread,) = devops.threads.values()
        assert thread["status"] == "closed"
        assert "1 to create" in thread["comments"][0]["content"]
        assert "publish apply" not in [name for name, _, _ in agent.log]
        # A second push updates the comment. Who may not comment, such as a fork, is warned, and the rest goes on.
        (stranger.root / "models/churn/model.yaml").write_text(SPEC.replace("who leaves", "who goes"))
        stranger.commit("words")
        devops.refuse = 403
        sound, agent = run("PullRequest", "models.yml", LOCAL)
        assert sound, agent.log
        assert any("##vso[task.logissue type=warning]Azure DevOps did not take" in said for _, _, said in agent.log)
        devops.refuse = 0
        run("PullRequest", "models.yml", LOCAL)
        assert len(devops.threads) == 1

        # On the main branch: the plan that was shown, applied and verified; then there is nothing left to approve.
        devops.merged = [7]
        sound, agent = run("IndividualCI", "models.yml", SIGNED_IN)
        assert sound, agent.log
        assert any("This is the plan that the pull request showed" in text for text in agent.summaries)
        assert [code for name, code, _ in agent.log if name in ("publish apply", "publish verify")] == [0, 0]
        sound, agent = run("IndividualCI", "models.yml", LOCAL)
        assert (sound, agent.outputs["plan"]["plan.plan.changes"]) == (True, "0")
        assert "publish apply" not in [name for name, _, _ in agent.log]


@pytest.mark.long
def test_findings_stop_the_run_and_are_shown_beside_it(tmp_path: Path) -> None:
    with serving(FakeAzureDevOps()) as devops:
        stranger = Stranger(tmp_path / "models")
        (stranger.root / "models/churn/model.yaml").write_text(SPEC.replace("version: 1", "version: none"))
        stranger.commit("wrong")
        sound, agent = Runs(stranger, devops)("IndividualCI", "models.yml", LOCAL)
        assert (sound, agent.failed) == (False, {"check", "plan", "apply"})
        lint = next(entry for entry in agent.log if entry[0] == "publish lint")
        assert lint[1] == 4
        assert "##vso[task.logissue type=error;sourcepath=models/churn/model.yaml;linenumber=2;" in lint[2]
        assert json.loads(agent.artifacts["CodeAnalysisLogs"].read_text())["runs"][0]["results"]


@pytest.mark.long
def test_drift_and_bumps_are_one_work_item_and_one_pull_request(tmp_path: Path) -> None:
    with serving(FakeAzureDevOps()) as devops:
        stranger = Stranger(tmp_path / "models")
        run = Runs(stranger, devops)
        stranger.publish("apply", "--yes")
        for words, states in (("who stays", ["To Do"]), ("who leaves", ["Done"])):
            (stranger.root / "models/churn/model.yaml").write_text(SPEC.replace("who leaves", words))
            stranger.commit(words)
            sound, agent = run("Schedule", "upkeep.yml", {"report": "drift", "registry": "local"})
            assert sound, agent.log
            assert [item["fields"]["System.State"] for item in devops.items.values()] == states
        assert devops.items[1]["multilineFieldsFormat"] == {"System.Description": "Markdown"}
        (stranger.root / "models/churn/weights/weights.bin").write_bytes(b"other")
        stranger.commit("weights")
        sound, agent = run("Schedule", "upkeep.yml", {"report": "bump", "registry": "local"})
        assert sound, agent.log
        (pull,) = devops.pulls.values()
        assert (pull["sourceRefName"], pull["targetRefName"]) == ("refs/heads/publish-release-local", "refs/heads/main")
        assert "version: 2\n" in stranger.git("show", "publish-release-local:models/churn/model.yaml")
