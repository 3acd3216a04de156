"""GitHub, as `review.py` needs it: comments, issues, pull requests and artifacts (https://docs.github.com/rest).

GITHUB_TOKEN is the job's own token; the runner sets the other variables.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rest import ARCHIVE_BYTES, call, pages, parsed

NAME = "GitHub"
COMMENT_BYTES = ISSUE_BYTES = PULL_BYTES = 65_536
"""Characters of a comment, an issue and a pull request; `review.py` counts them in bytes of UTF-8."""


def warning(text: str) -> str:
    """A line that shows a warning beside the run."""
    return f"::warning::{text}"


def comments() -> Iterator[tuple[str, str]]:
    """Address and text of the comments of programs on the pull request of the event; nobody else's is changed."""
    for one in _pages(f"{_thread()}/comments"):
        if one["user"]["type"] == "Bot":
            yield f"/issues/comments/{one['id']}", one["body"] or ""


def add_comment(text: str) -> None:
    """Comment on the pull request of the event."""
    _call("POST", f"{_thread()}/comments", {"body": text})


def change_comment(address: str, text: str) -> None:
    """Replace the text of a comment."""
    _call("PATCH", address, {"body": text})


def issues(_marker: str) -> Iterator[tuple[str, str]]:
    """Address and text of the open issues of programs."""
    for one in _pages("/issues?state=open"):
        if "pull_request" not in one and one["user"]["type"] == "Bot":
            yield f"/issues/{one['number']}", one["body"] or ""


def add_issue(_marker: str, title: str, text: str) -> None:
    """Open an issue."""
    _call("POST", "/issues", {"title": title, "body": text})


def change_issue(address: str, title: str, text: str) -> None:
    """Replace title and text of an issue."""
    _call("PATCH", address, {"title": title, "body": text})


def close_issue(address: str) -> None:
    """Close an issue as done."""
    _call("PATCH", address, {"state": "closed", "state_reason": "completed"})


def pulls(branch: str) -> Iterator[str]:
    """Addresses of the open pull requests from a branch of this repository."""
    owner = os.environ["GITHUB_REPOSITORY"].partition("/")[0]
    for one in _pages(f"/pulls?state=open&head={owner}:{quote(branch, safe='')}"):
        yield f"/pulls/{one['number']}"


def add_pull(branch: str, base: str, title: str, text: str) -> None:
    """Open a pull request."""
    _call("POST", "/pulls", {"head": branch, "base": base, "title": title, "body": text})


def change_pull(address: str, title: str, text: str) -> None:
    """Replace title and text of a pull request."""
    _call("PATCH", address, {"title": title, "body": text})


def close_pull(address: str) -> None:
    """Close a pull request without merging it."""
    _call("PATCH", address, {"state": "closed"})


def shown_plan(name: str) -> tuple[bytes | None, str]:
    """The plan that the pull request of this commit showed, from its run's artifacts; and which, or why none."""
    for pull in parsed(_call("GET", f"/commits/{os.environ['GITHUB_SHA']}/pulls")):
        head = pull["head"]["sha"]
        found = parsed(_call("GET", f"/actions/artifacts?name={name}-{head}"))["artifacts"]
        for artifact in sorted(found, key=lambda one: -one["id"]):
            if artifact["expired"]:
                return None, f"the plan of {head[:12]} has expired"
            with zipfile.ZipFile(io.BytesIO(_call("GET", artifact["archive_download_url"]))) as archive:
                if archive.getinfo("plan.json").file_size > ARCHIVE_BYTES:
                    return None, f"the plan of {head[:12]} is too large"
                return archive.read("plan.json"), f"the plan of {head[:12]}"
    return None, "no pull request of this commit has a plan"


def _thread() -> str:
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    return f"/issues/{event['pull_request']['number']}"


def _pages(path: str) -> Iterator[dict[str, Any]]:
    return pages(lambda page: _call("GET", page), path)


def _call(method: str, path: str, body: object = None) -> bytes:
    repository = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}"
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return call(method, path if path.startswith("http") else f"{repository}{path}", headers, body)
