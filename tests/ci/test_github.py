"""What the workflows write on GitHub, against one on loopback."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.ci.fake_github import TOKEN, FakeGitHub, serving
from tests.conftest import REPOSITORY


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"ci_{name}", REPOSITORY / "ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GITHUB, COMPARE = script("github"), script("compare")


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeGitHub]:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    with serving() as made:
        for name, value in {
            "GITHUB_API_URL": made.url,
            "GITHUB_REPOSITORY": "contoso/models",
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_SHA": "c0ffee",
        }.items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def text(tmp_path: Path) -> Path:
    return tmp_path / "text.md"


def test_one_comment_is_made_and_then_kept_up_to_date(github: FakeGitHub, text: Path) -> None:
    for number in range(1, 131):  # a long discussion: two pages
        github.comments[number] = {"id": number, "body": f"Looks good {number}"}
    for said in ("a plan", "a newer plan"):
        text.write_text(said)
        assert GITHUB.main(["comment", "publish-plan prod", str(text)]) == 0
    ours = [one["body"] for one in github.comments.values() if "publish-plan" in one["body"]]
    assert ours == ["<!-- publish-plan prod -->\na newer plan"]
    text.write_text("of another registry")
    GITHUB.main(["comment", "publish-plan dev", str(text)])
    assert len(github.comments) == 132


@pytest.mark.parametrize("line", ["é" * 90, "+ changed"])
def test_a_long_text_is_cut_to_what_a_comment_holds(github: FakeGitHub, text: Path, line: str) -> None:
    text.write_text("# Plan\n\n```diff\n" + f"{line}\n" * 20_000 + "```\n")
    assert GITHUB.main(["comment", "publish-plan", str(text)]) == 0
    (body,) = (one["body"] for one in github.comments.values())
    assert 60_000 < len(body.encode()) <= 65_536
    assert body.endswith("\n```\n\n*The rest is in the summary of the run.*\n")


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_refusal_is_a_warning_and_ends_nothing(
    github: FakeGitHub, text: Path, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    github.refuse = status
    text.write_text("a plan")
    assert GITHUB.main(["comment", "publish-plan", str(text)]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"::warning::GitHub did not take the comment: {status}")
    assert TOKEN not in said


def test_an_issue_is_opened_kept_up_to_date_closed_and_opened_again(github: FakeGitHub, text: Path) -> None:
    github.issues[1] = {"id": 1, "number": 1, "state": "open", "body": "<!-- publish-drift -->", "pull_request": {}}
    for said, states in (
        ("moved", ["open"]),
        ("moved more", ["open"]),
        ("", ["closed"]),
        ("again", ["closed", "open"]),
    ):
        text.write_text(said)
        assert GITHUB.main(["issue", "publish-drift", str(text), "--title", "Drift"]) == 0
        assert [one["state"] for number, one in github.issues.items() if number > 1] == states
    assert github.issues[2]["body"] == "<!-- publish-drift -->\nmoved more"
    assert github.issues[2]["title"] == "Drift"


def test_the_plan_that_a_pull_request_showed_is_brought_without_showing_the_token_to_the_storage(
    github: FakeGitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    github.pulls = [{"head": {"sha": "abc123"}}]
    out = tmp_path / "shown.json"
    assert GITHUB.main(["plan", "publish-plan", str(out)]) == 0
    assert "has a plan" in capsys.readouterr().out
    github.keep_artifact("publish-plan-abc123", {"plan.json": b'{"digest": "one"}'})
    github.keep_artifact("publish-plan-abc123", {"plan.json": b'{"digest": "two"}'})
    GITHUB.main(["plan", "publish-plan", str(out)])
    assert json.loads(out.read_text()) == {"digest": "two"}
    assert [sent for _, path, sent in github.requests if path.startswith("/storage/")] == [False]
    out.unlink()
    github.keep_artifact("publish-plan-abc123", {"plan.json": b"{}"}, expired=True)
    GITHUB.main(["plan", "publish-plan", str(out)])
    assert "has expired" in capsys.readouterr().out
    assert not out.exists()


def test_two_plans_are_compared_by_their_digests(tmp_path: Path) -> None:
    shown, now = tmp_path / "shown.json", tmp_path / "now.json"
    now.write_text('{"digest": "aaaa"}')
    assert "has expired" in COMPARE.main(str(shown), str(now))
    shown.write_text('{"digest": "aaaa"}')
    assert "This is the plan" in COMPARE.main(str(shown), str(now))
    shown.write_text('{"digest": "bbbb"}')
    assert "moved since the pull request" in COMPARE.main(str(shown), str(now))
