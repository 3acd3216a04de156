"""The workflows: pinned, with few rights, and run step by step in a repository of somebody else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from azureml_publish.registry.credentials import find_credential
from tests.ci.fake_github import FakeGitHub
from tests.ci.loopback import TOKEN, serving
from tests.ci.runner import Runner, inputs_of, workflow
from tests.ci.schemas import schema
from tests.ci.stranger import SPEC, Stranger
from tests.conftest import REPOSITORY

WORKFLOWS = sorted(path.name for path in (REPOSITORY / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_action_is_pinned_every_right_is_named_and_every_job_ends(name: str) -> None:
    text = (REPOSITORY / ".github" / "workflows" / name).read_text(encoding="utf-8")
    for used in re.findall(r"^\s*(?:- )?uses: (.*)$", text, re.MULTILINE):
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+|\$/\.github/workflows/\w+\.yml", used), used
    found = workflow(name)
    assert found["permissions"] in ({}, {"contents": "read"})
    for job in found["jobs"].values():
        assert "uses" in job or job["timeout-minutes"] <= 360
        assert "secrets" not in job


def test_the_workflows_and_the_action_are_what_githubs_schemas_take() -> None:
    for name in WORKFLOWS:
        found = {"on" if key is True else key: value for key, value in workflow(name).items()}
        assert not list(schema("github-workflows").iter_errors(found)), name
        found["jobs"] = {**found["jobs"], "another": {"runs-on": "ubuntu-latest", "stepz": []}}
        assert list(schema("github-workflows").iter_errors(found))
    action = yaml.safe_load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))
    assert not list(schema("github-actions").iter_errors(action))
    assert list(schema("github-actions").iter_errors({**action, "runs": {"using": "composite"}}))


def test_zizmor_finds_nothing() -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    command = [str(zizmor), "--offline", "--persona", "pedantic", "--quiet", ".github", "action.yml"]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stdout


def test_the_action_hands_its_inputs_to_the_step_and_the_steps_outputs_on() -> None:
    action = yaml.safe_load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))
    last = action["runs"]["steps"][-1]
    read = set(re.findall(r"\$\{?([A-Z]{3,})\b", (REPOSITORY / "ci" / "step.sh").read_text(encoding="utf-8")))
    assert set(last["env"]) == read - {"RUNNER", "GITHUB", "GITLAB", "BUILD"}
    for name, output in action["outputs"].items():
        assert output["value"] == f"${{{{ steps.{last['id']}.outputs.{name} }}}}"


def test_the_ten_lines_of_readme_are_these_workflows() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    lines = text.partition("## CI in ten lines")[2].partition("```yaml\n")[2].partition("```")[0]
    assert len(lines.splitlines()) <= 12
    assert f"```yaml\n{lines}```" in (REPOSITORY / "docs" / "ci.md").read_text(encoding="utf-8")
    caller = yaml.safe_load(lines)
    (job,) = caller["jobs"].values()
    assert re.fullmatch(r"OWNER/REPOSITORY/\.github/workflows/models\.yml@COMMIT", job["uses"])
    called = workflow("models.yml")
    inputs_of(called, job["with"])
    wanted: dict[str, str] = {}
    for one in called["jobs"].values():
        wanted |= {key: value for key, value in one["permissions"].items() if wanted.get(key) != "write"}
    assert job["permissions"] == wanted


def test_a_reader_plans_and_a_writer_applies_and_each_token_is_got_anew() -> None:
    """What `az login` got from GitHub's token ends within minutes (AADSTS700024), and it wants a subscription."""
    oidc = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://x.example", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t"}
    given = {"reader-client-id": "reader", "writer-client-id": "writer", "tenant-id": "tenant", "report": "drift"}
    found: dict[str, tuple[str, str]] = {}
    for called in map(workflow, ("models.yml", "upkeep.yml", "bump.yml")):
        declared = called[True]["workflow_call"]["inputs"]
        inputs = inputs_of(called, {key: value for key, value in given.items() if key in declared})
        runner = Runner(REPOSITORY, {"inputs": inputs}, {})
        for job in called["jobs"].values():
            signed_in = "id-token" in job["permissions"]
            for step in job["steps"]:
                environ = runner.variables(called, job, step)
                assert signed_in or "AZURE_CLIENT_ID" not in environ
                if signed_in and "VERB" in environ:
                    found[environ["VERB"]] = find_credential(environ | oidc).name, environ["AZURE_CLIENT_ID"]
    reads, writes = ("GitHub's OIDC federation", "reader"), ("GitHub's OIDC federation", "writer")
    assert found == {"plan": reads, "apply": writes, "verify": writes, "drift": reads, "bump": reads}


class Caller(Stranger):
    """One that calls the workflows, and the runs of it."""

    def __init__(self, root: Path, github: FakeGitHub) -> None:
        super().__init__(root)
        self.github, self.runs = github, 0

    def run(
        self, name: str, event: dict[str, Any], given: dict[str, Any], artifacts: dict[str, Path] | None = None
    ) -> tuple[bool, Runner, Path]:
        """Run all jobs of a called workflow; whether all succeeded, and where. `artifacts` are another call's."""
        self.runs += 1
        folder = self.root.parent / f"run{self.runs}"
        folder.mkdir()
        (folder / "event.json").write_text(json.dumps(event))
        sha = self.git("rev-parse", "HEAD")
        kind = "pull_request" if "pull_request" in event else "push"
        called = workflow(name)
        environ = {
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "GITHUB_API_URL": self.github.url,
            "GITHUB_REPOSITORY": "contoso/models",
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "GITHUB_SHA": sha,
            "GITHUB_ACTIONS": "true",
        }
        github = {"event_name": kind, "event": event, "sha": sha, "repository": "contoso/models", "token": TOKEN}
        contexts = {
            "github": {**github, "ref_name": "main"},
            "inputs": inputs_of(called, given),
            "job": {"workflow_repository": "contoso/azureml-publish", "workflow_sha": "f" * 40},
        }
        runner = Runner(self.root, contexts, environ, dict(artifacts or {}))
        done = [runner.job(called, job, folder / job) for job in called["jobs"]]
        for artifact, kept in runner.artifacts.items():
            if artifact.startswith("publish-plan") and artifact not in (artifacts or ()):
                self.github.keep_plan(artifact, (kept / "plan.json").read_bytes())
        return all(done), runner, folder


@pytest.mark.long
def test_a_stranger_runs_verbs_by_the_action(tmp_path: Path) -> None:
    stranger = Stranger(tmp_path / "models")
    action = yaml.safe_load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))
    environ = {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "GITHUB_ACTION_PATH": str(REPOSITORY),
        "GITHUB_ACTIONS": "true",
    }

    def run(**given: str) -> tuple[int, dict[str, str]]:
        runner = Runner(stranger.root, {}, environ)
        return runner.action(action, given, tmp_path / f"run{len([*tmp_path.iterdir()])}")

    code, outputs = run(verb="plan", registry="local", models="ch* models/churn/model.yaml", since="HEAD~0")
    assert (code, outputs["exit-code"], outputs["changes"]) == (0, "0", "0")  # nothing changed since
    code, outputs = run(verb="plan", registry="local", models="models/churn/model.yaml")
    assert (code, outputs["changes"], outputs["create"], outputs["conflict"]) == (0, "1", "1", "0")
    assert json.loads(Path(outputs["plan"]).read_text())["actions"][0]["model"] == "churn"
    for names in ("churn\nnowhere", "$(touch made)", "`touch made`;touch made", "${{ x }}"):  # each line counts
        code, several = run(verb="plan", registry="local", models=names)
        assert (code, several["exit-code"], several["plan"]) == (3, "3", ""), names
    assert not (stranger.root / "made").exists()
    code, outputs = run(verb="apply", models=outputs["plan"])
    assert (code, outputs["exit-code"], outputs["plan"]) == (0, "0", "")
    (stranger.root / "models/churn/weights/weights.bin").write_bytes(b"other")
    code, outputs = run(verb="plan", registry="local")
    assert (code, outputs["exit-code"], outputs["conflict"]) == (6, "6", "1")
    code, outputs = run(verb="lint", arguments="--select SPEC --exit-zero", directory=".")
    assert (code, outputs["exit-code"]) == (0, "0")


@pytest.mark.long
def test_a_stranger_goes_from_a_pull_request_to_a_registry(tmp_path: Path) -> None:
    with serving(FakeGitHub()) as github:
        stranger = Caller(tmp_path / "models", github)
        head = stranger.git("rev-parse", "HEAD")
        pull: dict[str, Any] = {"number": 7, "head": {"sha": head, "repo": {"full_name": "contoso/models"}}}
        request = {"pull_request": pull}
        github.merged = [pull]
        sound, runner, folder = stranger.run("models.yml", request, {"registry": "local"})
        assert sound, runner.log
        assert sorted(runner.artifacts) == ["preview-local", f"publish-plan-local-{head}"]
        assert (runner.artifacts["preview-local"] / "preview" / "index.html").exists()
        (comment,) = github.comments.values()
        assert "1 to create" in comment["body"]
        assert json.loads((folder / "check/temp/publish/lint.sarif").read_text())["version"] == "2.1.0"
        assert "Apply" not in [name for name, _, _ in runner.log]

        # A second push updates the comment; a fork may not write one, and the rest goes on.
        (stranger.root / "models/churn/card.md").write_text("Says who leaves, and when.\n")
        stranger.git("rm", "-q", "--cached", "publish.yaml")
        github.refuse = 403
        head = stranger.commit("card")
        stranger.git("reset", "-q", "--hard", "HEAD~1")
        (stranger.root / "models/churn/model.yaml").write_text(SPEC.replace("who leaves", "who goes"))
        head = stranger.commit("words")
        pull["head"]["sha"] = head
        sound, runner, _ = stranger.run("models.yml", request, {"registry": "local"})
        assert sound, runner.log
        assert any("::warning::GitHub did not take the comment: 403" in said for _, _, said in runner.log)
        github.refuse = 0
        sound, runner, _ = stranger.run("models.yml", request, {"registry": "local"})
        assert len(github.comments) == 1

        # On the main branch: the plan that was shown, then applied and verified.
        sound, runner, folder = stranger.run("models.yml", {"ref": "refs/heads/main"}, {"registry": "local"})
        assert sound, runner.log
        summary = (folder / "plan/temp/github_step_summary").read_text()
        assert "This is the plan that the pull request showed" in summary
        assert [code for name, code, _ in runner.log if name in ("Apply", "Verify")] == [0, 0]
        assert len(github.comments) == 1


@pytest.mark.long
def test_one_workflow_may_call_for_two_registries(tmp_path: Path) -> None:
    """A team that tries a version in one and releases it to another has two plans, comments and applies."""
    with serving(FakeGitHub()) as github:
        stranger = Caller(tmp_path / "models", github)
        with (stranger.root / "publish.yaml").open("a") as config:
            config.write(f"  dev: {{emulator: '{tmp_path / 'dev'}'}}\n")
        head = stranger.commit("two registries")
        pull: dict[str, Any] = {"number": 7, "head": {"sha": head, "repo": {"full_name": "contoso/models"}}}
        github.merged = [pull]
        stranger.publish("apply", "--yes", "-r", "local")
        kept: dict[str, Path] = {}
        for registry in ("local", "dev"):
            sound, runner, _ = stranger.run("models.yml", {"pull_request": pull}, {"registry": registry}, kept)
            assert sound, runner.log
            kept = runner.artifacts
        assert len(kept) == 4
        assert [("1 to create" in comment["body"]) for comment in github.comments.values()] == [False, True]
        for registry, applied in (("local", False), ("dev", True)):
            sound, runner, folder = stranger.run("models.yml", {"ref": "refs/heads/main"}, {"registry": registry})
            assert sound, runner.log
            summary = (folder / "plan/temp/github_step_summary").read_text()
            assert "This is the plan that the pull request showed" in summary
            assert ("Apply" in [name for name, _, _ in runner.log]) == applied


@pytest.mark.long
def test_what_is_wrong_ends_the_job_and_still_reports(tmp_path: Path) -> None:
    with serving(FakeGitHub()) as github:
        stranger = Caller(tmp_path / "models", github)
        (stranger.root / "models/churn/model.yaml").write_text(SPEC.replace("version: 1", "version: none"))
        stranger.commit("wrong")
        sound, runner, folder = stranger.run("models.yml", {"ref": "refs/heads/main"}, {"registry": "local"})
        assert not sound
        lint = next(entry for entry in runner.log if entry[0] == "Lint")
        assert lint[1] == 4
        assert "::error title=DOC005" in lint[2], lint[2]
        assert json.loads((folder / "check/temp/publish/lint.sarif").read_text())["runs"][0]["results"]


@pytest.mark.long
def test_drift_and_retirement_are_one_issue_each(tmp_path: Path) -> None:
    with serving(FakeGitHub()) as github:
        stranger = Caller(tmp_path / "models", github)
        stranger.publish("apply", "--yes")
        request = {"report": "drift", "registry": "local"}
        for words, states in (("who stays", ["open"]), ("who stays here", ["open"]), ("who leaves", ["closed"])):
            (stranger.root / "models/churn/model.yaml").write_text(SPEC.replace("who leaves", words))
            stranger.commit(words)
            sound, runner, _ = stranger.run("upkeep.yml", {"schedule": "weekly"}, request)
            assert sound, runner.log
            assert [issue["state"] for issue in github.issues.values()] == states
        assert words not in github.issues[1]["body"]
        assert "churn" in github.issues[1]["body"]
        spec = SPEC + "compute: {inference: [Standard_NC6s_v3, Standard_NC4as_T4_v3]}\n"
        (stranger.root / "models/churn/model.yaml").write_text(spec)
        stranger.commit("sizes")
        sound, runner, _ = stranger.run("upkeep.yml", {}, {"report": "retiring", "arguments": "--within 3650d"})
        assert sound, runner.log
        assert [(issue["title"], issue["state"]) for issue in github.issues.values()][1:] == [
            ("Machine sizes that go", "open")
        ]


@pytest.mark.long
def test_a_release_is_one_pull_request_with_the_cards_changes(tmp_path: Path) -> None:
    with serving(FakeGitHub()) as github:
        stranger = Caller(tmp_path / "models", github)
        stranger.publish("apply", "--yes")

        def bump() -> tuple[bool, str]:
            sound, runner, _ = stranger.run("bump.yml", {"schedule": "weekly"}, {"registry": "local"})
            return sound, runner.log[-1][2]

        assert bump() == (True, "nothing to report\n")
        for content, words, said in (
            (b"other", "who goes", "opened a pull request\n"),
            (b"other", "who goes", "updated the pull request\n"),
            (b"others", "who stays", "updated the pull request\n"),
        ):
            (stranger.root / "models/churn/weights/weights.bin").write_bytes(content)
            (stranger.root / "models/churn/model.yaml").write_text(SPEC.replace("who leaves", words))
            if stranger.git("status", "--porcelain"):
                stranger.commit(words)
            before = stranger.git("rev-parse", "--quiet", "--verify", "publish-release-local", check=False)
            assert bump() == (True, said)
            after = stranger.git("rev-parse", "publish-release-local")
            # The same again is not pushed: reviews stay.
            assert (before == after) == (content == b"other" and said.startswith("updated"))
            assert stranger.git("log", "--format=%an %s", "main..publish-release-local") == "publish Release to local"
            assert "version: 2\n" in stranger.git("show", "publish-release-local:models/churn/model.yaml")
        (pull,) = github.pulls.values()
        assert (pull["head"], pull["base"], pull["state"]) == ("publish-release-local", "main", "open")
        assert "| <code>churn</code> | 1 → 2 |" in pull["body"]
        assert "\n- Says who leaves." in pull["body"]
        assert "\n+ Says who stays." in pull["body"]

        # A commit of somebody else is kept; once all is merged, the pull request is closed.
        stranger.git("checkout", "-q", "publish-release-local")
        (stranger.root / "models/churn/card.md").write_text("Says who stays, in short.\n")
        kept = stranger.commit("a word of the reviewer")
        stranger.git("checkout", "-q", "main")
        sound, said = bump()
        assert (sound, "Somebody else committed to publish-release-local" in said) == (False, True)
        assert stranger.git("rev-parse", "publish-release-local") == kept
        stranger.git("merge", "-q", "--ff-only", "publish-release-local")
        assert bump() == (True, "closed 1 pull request\n")
        assert github.pulls[1]["state"] == "closed"
