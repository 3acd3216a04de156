"""What pipelines write on GitHub, GitLab and Azure DevOps, against each on loopback."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Literal

import pytest

from tests.ci.fake_azure_devops import FakeAzureDevOps
from tests.ci.fake_github import FakeGitHub
from tests.ci.fake_gitlab import FakeGitLab
from tests.ci.loopback import TOKEN, serving
from tests.conftest import REPOSITORY

Host = FakeGitHub | FakeGitLab | FakeAzureDevOps
Kind = Literal["comment", "issue", "pull"]

HOSTS = {"github": FakeGitHub, "gitlab": FakeGitLab, "azure_devops": FakeAzureDevOps}
ELSE = {"user": {"type": "User"}, "author": {"id": 1}, "system": False}


def script(name: str) -> ModuleType:
    """A script of `ci/`, with the others beside it as when it is run."""
    sys.path.insert(0, str(REPOSITORY / "ci"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.pop(0)


REVIEW, COMPARE = script("review"), script("compare")


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Host]:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    made: Host = HOSTS[request.param]()
    with serving(made) as served:
        for name, value in {
            "GITHUB_API_URL": served.url,
            "GITHUB_REPOSITORY": "contoso/models",
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_SHA": "c0ffee",
            "CI_API_V4_URL": f"{served.url}/api/v4",
            "CI_PROJECT_ID": "17",
            "CI_MERGE_REQUEST_IID": "7",
            "CI_COMMIT_SHA": "c0ffee",
            "CI_JOB_TOKEN": "job",
            "PUBLISH_GITLAB_TOKEN": TOKEN,
            "SYSTEM_COLLECTIONURI": f"{served.url}/contoso/",
            "SYSTEM_TEAMPROJECT": "Model Catalogue",
            "SYSTEM_PULLREQUEST_PULLREQUESTID": "7",
            "SYSTEM_ACCESSTOKEN": TOKEN,
            "SYSTEM_DEFINITIONID": "3",
            "BUILD_REPOSITORY_ID": "r1",
            "BUILD_SOURCEVERSION": "c0ffee",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(REVIEW, "HOST", script(request.param))
        yield served


@pytest.fixture
def text(tmp_path: Path) -> Path:
    return tmp_path / "text.md"


def comments(host: Host) -> list[str]:
    match host:
        case FakeGitHub():
            return [one["body"] for one in host.comments.values()]
        case FakeGitLab():
            return [one["body"] for one in host.notes.values()]
    return [one["comments"][0]["content"] for one in host.threads.values()]


def say(host: Host, body: str) -> None:
    """Comment as somebody else."""
    match host:
        case FakeGitHub():
            number = len(host.comments) + 1
            host.comments[number] = {"id": number, "body": body, **ELSE}
        case FakeGitLab():
            number = len(host.notes) + 1
            host.notes[number] = {"id": number, "body": body, **ELSE}
        case _:
            number = len(host.threads) + 1
            host.threads[number] = {"id": number, "comments": [{"id": 1, "content": body, **ELSE}]}


def kept(host: Host, kind: Kind) -> list[tuple[str, str, bool]]:
    """Title, text and whether it is open, of issues or pull requests."""
    match host, kind:
        case FakeGitHub(), "issue":
            return [(one["title"], one["body"], one["state"] == "open") for one in host.issues.values()]
        case FakeGitHub(), _:
            return [(one["title"], one["body"], one["state"] == "open") for one in host.pulls.values()]
        case FakeGitLab(), _:
            held = host.issues if kind == "issue" else host.requests_to_merge
            return [(one["title"], one["description"], one["state"] == "opened") for one in held.values()]
        case FakeAzureDevOps(), "issue":
            fields = [one["fields"] for one in host.items.values()]
            return [(one["System.Title"], one["System.Description"], one["System.State"] != "Done") for one in fields]
        case FakeAzureDevOps(), _:
            return [(one["title"], one["description"], one["status"] == "active") for one in host.pulls.values()]
    raise AssertionError(host)


def test_one_comment_is_made_and_then_kept_up_to_date(host: Host, text: Path) -> None:
    for number in range(1, 131):  # a long discussion: two pages
        say(host, f"Looks good {number}")
    for said in ("a plan", "a newer plan"):
        text.write_text(said)
        assert REVIEW.main(["comment", "publish-plan prod", str(text)]) == 0
    ours = [body for body in comments(host) if "publish-plan" in body]
    assert ours == ["<!-- publish-plan prod -->\na newer plan"]
    text.write_text("of another registry")
    REVIEW.main(["comment", "publish-plan dev", str(text)])
    assert len(comments(host)) == 132


def test_what_somebody_else_wrote_is_never_taken_for_ones_own(host: Host, text: Path) -> None:
    """Who wrote a comment can change it later: a plan in it would be theirs to change."""
    forged = "<!-- publish-plan prod -->\nNothing to see here"
    say(host, forged)
    text.write_text("a plan")
    REVIEW.main(["comment", "publish-plan prod", str(text)])
    assert comments(host) == [forged, "<!-- publish-plan prod -->\na plan"]


def test_a_plan_that_holds_the_mark_of_another_keeps_its_own_comment(host: Host, text: Path) -> None:
    """A card is shown in a plan, and anyone may write one."""
    for marker in ("publish-plan prod", "publish-plan dev"):
        text.write_text("+ <!-- publish-plan dev -->")
        REVIEW.main(["comment", marker, str(text)])
    assert len(comments(host)) == 2


@pytest.mark.parametrize("line", ["é" * 90, "+ changed"])
@pytest.mark.parametrize("kind", ["comment", "pull"])
def test_a_long_text_is_cut_to_what_the_service_takes(host: Host, text: Path, line: str, kind: Kind) -> None:
    text.write_text("# Plan\n\n```diff\n" + f"{line}\n" * 120_000 + "```\n")
    more = ["--title", "Release", "--base", "main"] if kind == "pull" else []
    assert REVIEW.main([kind, "publish-plan", str(text), *more]) == 0
    (body,) = comments(host) if kind == "comment" else [one[1] for one in kept(host, kind)]
    most = REVIEW.HOST.COMMENT_BYTES if kind == "comment" else REVIEW.HOST.PULL_BYTES
    assert most - 400 < len(body.encode()) <= most
    assert body.endswith("\n```\n\n*The rest is in the summary of the run.*\n")


@pytest.mark.parametrize("status", [403, 404, 500])
@pytest.mark.parametrize("kind", ["comment", "issue", "pull"])
def test_a_refusal_is_a_warning_and_ends_nothing(
    host: Host, text: Path, capsys: pytest.CaptureFixture[str], status: int, kind: Kind
) -> None:
    host.refuse = status
    text.write_text("a plan")
    more = {"comment": [], "issue": ["--title", "t"], "pull": ["--title", "t", "--base", "main"]}[kind]
    assert REVIEW.main([kind, "publish-plan", str(text), *more]) == 0
    said = capsys.readouterr().out
    assert f"{REVIEW.HOST.NAME} did not take the {kind}: {status} " in said
    assert said.startswith(("::warning::", "##vso[task.logissue type=warning]", "\x1b[33mWARNING: "))
    assert TOKEN not in said


def test_nobody_who_answers_is_a_warning_too(
    host: Host, text: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_API_URL", "CI_API_V4_URL", "SYSTEM_COLLECTIONURI"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    text.write_text("a plan")
    assert REVIEW.main(["comment", "publish-plan", str(text)]) == 0
    assert f"{REVIEW.HOST.NAME} did not take the comment: URLError" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["issue", "pull"])
def test_one_issue_and_one_pull_request_are_opened_kept_up_to_date_closed_and_opened_again(
    host: Host, text: Path, kind: Kind
) -> None:
    more = ["--title", "Drift", *(["--base", "main"] if kind == "pull" else [])]
    for said, states in (
        ("moved", [True]),
        ("moved more", [True]),
        ("", [False]),
        ("", [False]),
        ("again", [False, True]),
    ):
        text.write_text(said)
        assert REVIEW.main([kind, "publish-release", str(text), *more]) == 0
        assert [one[2] for one in kept(host, kind)] == states
    assert kept(host, kind)[0] == ("Drift", "<!-- publish-release -->\nmoved more", False)


def test_an_issue_of_another_report_is_left_alone(host: Host, text: Path) -> None:
    text.write_text("moved")
    for marker in ("publish-drift prod", "publish-drift dev"):
        REVIEW.main(["issue", marker, str(text), "--title", marker])
    text.write_text("")
    REVIEW.main(["issue", "publish-drift dev", str(text), "--title", ""])
    assert [(title, is_open) for title, _, is_open in kept(host, "issue")] == [
        ("publish-drift prod", True),
        ("publish-drift dev", False),
    ]


def keep(host: Host, plan: bytes | None, run: int) -> None:
    """Keep the plan of one run of the pull request; without one it has expired."""
    match host:
        case FakeGitHub():
            host.merged = [{"head": {"sha": "abc123"}}]
            host.keep_plan("publish-plan-abc123", plan or b"", expired=plan is None)
        case FakeGitLab():
            host.merged = [{"iid": 7}]
            host.keep_plan(plan, run)
        case _:
            host.merged = [7]
            host.keep_plan(plan, run)


def test_the_plan_that_a_pull_request_showed_is_brought_without_showing_the_token_to_the_storage(
    host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "publish:plan" if isinstance(host, FakeGitLab) else "publish-plan"
    out = tmp_path / "shown.json"
    assert REVIEW.main(["plan", name, str(out)]) == 0
    assert "has a plan" in capsys.readouterr().out
    keep(host, b'{"digest": "one"}', 1)
    keep(host, b'{"digest": "two"}', 2)
    REVIEW.main(["plan", name, str(out)])
    assert json.loads(out.read_text()) == {"digest": "two"}
    assert [sent for _, path, sent in host.requests if path.startswith("/storage/")] == [False]


def test_a_plan_that_has_expired_is_said_so_and_brings_nothing(
    host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "publish:plan" if isinstance(host, FakeGitLab) else "publish-plan"
    keep(host, None, 1)
    out = tmp_path / "shown.json"
    assert REVIEW.main(["plan", name, str(out)]) == 0
    assert "has expired" in capsys.readouterr().out
    assert not out.exists()
    now = tmp_path / "now.json"
    now.write_text('{"digest": "aaaa"}')
    assert "look at this one before you approve it" in COMPARE.main(str(out), str(now))


def test_two_plans_are_compared_by_their_digests(tmp_path: Path) -> None:
    shown, now = tmp_path / "shown.json", tmp_path / "now.json"
    now.write_text('{"digest": "aaaa"}')
    shown.write_text('{"digest": "aaaa"}')
    assert "This is the plan" in COMPARE.main(str(shown), str(now))
    shown.write_text('{"digest": "bbbb"}')
    assert "moved since the pull request" in COMPARE.main(str(shown), str(now))


def test_a_job_token_of_gitlab_may_not_comment_and_that_is_a_warning(
    text: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(FakeGitLab()) as host:
        for name, value in (("CI_API_V4_URL", f"{host.url}/api/v4"), ("CI_PROJECT_ID", "17"), ("CI_JOB_TOKEN", "job")):
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("CI_MERGE_REQUEST_IID", "7")
        monkeypatch.delenv("PUBLISH_GITLAB_TOKEN", raising=False)
        monkeypatch.setattr(REVIEW, "HOST", script("gitlab"))
        text.write_text("a plan")
        assert REVIEW.main(["comment", "publish-plan", str(text)]) == 0
        assert "GitLab did not take the comment: 401" in capsys.readouterr().out


def test_the_service_is_the_one_that_runs_the_pipeline() -> None:
    for variable, name in (("TF_BUILD", "azure_devops"), ("GITLAB_CI", "gitlab"), ("GITHUB_ACTIONS", "github")):
        assert REVIEW.host_of({variable: "true"}).__name__ == name
