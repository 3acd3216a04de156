"""GitLab, as `review.py` needs it: notes, issues, merge requests and artifacts (https://docs.gitlab.com/api/rest/).

A job's own token may neither comment nor open issues (https://docs.gitlab.com/ci/jobs/ci_job_token/#job-token-access).
PUBLISH_GITLAB_TOKEN is a project access token with the scope `api` and the role Reporter, or Developer for releases.
Without it the job's token is tried, and what GitLab refuses is a warning.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from rest import Refused, call, pages, parsed

NAME = "GitLab"
COMMENT_BYTES = ISSUE_BYTES = PULL_BYTES = 1_000_000
"""Characters of a note; an issue and a merge request take 1,048,576."""


def warning(text: str) -> str:
    """A line of the job's log in yellow."""
    return f"\x1b[33mWARNING: {text}\x1b[0m"


def comments() -> Iterator[tuple[str, str]]:
    """Address and text of one's own notes on the merge request of the pipeline; nobody else's is changed."""
    own = _own()
    for one in _pages(f"{_request()}/notes"):
        if not one["system"] and one["author"]["id"] == own:
            yield f"{_request()}/notes/{one['id']}", one["body"]


def add_comment(text: str) -> None:
    """Comment on the merge request of the pipeline."""
    _call("POST", f"{_request()}/notes", {"body": text})


def change_comment(address: str, text: str) -> None:
    """Replace the text of a note."""
    _call("PUT", address, {"body": text})


def issues(_marker: str) -> Iterator[tuple[str, str]]:
    """Address and text of one's own open issues."""
    own = _own()
    for one in _pages(f"/issues?state=opened&author_id={own}"):
        if one["author"]["id"] == own:
            yield f"/issues/{one['iid']}", one["description"] or ""


def add_issue(_marker: str, title: str, text: str) -> None:
    """Open an issue."""
    _call("POST", "/issues", {"title": title, "description": text})


def change_issue(address: str, title: str, text: str) -> None:
    """Replace title and text of an issue."""
    _call("PUT", address, {"title": title, "description": text})


def close_issue(address: str) -> None:
    """Close an issue."""
    _call("PUT", address, {"state_event": "close"})


def pulls(branch: str) -> Iterator[str]:
    """Addresses of the open merge requests from a branch of this project."""
    for one in _pages(f"/merge_requests?state=opened&source_branch={quote(branch, safe='')}"):
        yield f"/merge_requests/{one['iid']}"


def add_pull(branch: str, base: str, title: str, text: str) -> None:
    """Open a merge request."""
    body = {"source_branch": branch, "target_branch": base, "title": title, "description": text}
    _call("POST", "/merge_requests", {**body, "remove_source_branch": True})


def change_pull(address: str, title: str, text: str) -> None:
    """Replace title and text of a merge request."""
    _call("PUT", address, {"title": title, "description": text})


def close_pull(address: str) -> None:
    """Close a merge request without merging it."""
    _call("PUT", address, {"state_event": "close"})


def shown_plan(name: str) -> tuple[bytes | None, str]:
    """The plan that the merge request of this commit showed, from its newest pipeline's job of this name."""
    for request in parsed(_call("GET", f"/repository/commits/{os.environ['CI_COMMIT_SHA']}/merge_requests")):
        shown = f"the plan of !{request['iid']}"
        for pipeline in parsed(_call("GET", f"/merge_requests/{request['iid']}/pipelines")):
            for job in _pages(f"/pipelines/{pipeline['id']}/jobs"):
                if job["name"] != name or job["status"] not in ("success", "failed"):
                    continue
                try:
                    return _call("GET", f"/jobs/{job['id']}/artifacts/publish-out/plan.json"), shown
                except Refused as refused:
                    if refused.status != 404:
                        raise
                    return None, f"{shown} has expired"
    return None, "no merge request of this commit has a plan"


def _request() -> str:
    return f"/merge_requests/{os.environ['CI_MERGE_REQUEST_IID']}"


def _pages(path: str) -> Iterator[dict[str, Any]]:
    return pages(lambda page: _call("GET", page), path)


def _own() -> int:
    number: int = parsed(call("GET", f"{os.environ['CI_API_V4_URL']}/user", _headers()))["id"]
    return number


def _headers() -> dict[str, str]:
    own = os.environ.get("PUBLISH_GITLAB_TOKEN")
    return {"PRIVATE-TOKEN": own} if own else {"JOB-TOKEN": os.environ["CI_JOB_TOKEN"]}


def _call(method: str, path: str, body: object = None) -> bytes:
    # A merge request belongs to the project that it goes into; from a fork, the pipeline runs in the fork.
    project = os.environ.get("CI_MERGE_REQUEST_PROJECT_ID") or os.environ["CI_PROJECT_ID"]
    return call(method, f"{os.environ['CI_API_V4_URL']}/projects/{project}{path}", _headers(), body)
