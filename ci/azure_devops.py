"""Azure DevOps, as `review.py` needs it: pull requests, work items, artifacts.

https://learn.microsoft.com/rest/api/azure/devops/. SYSTEM_ACCESSTOKEN is the job's own token, which a step has to map;
the build service needs Contribute to pull requests, and for reports Edit work items. The agent sets the rest.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from urllib.parse import quote

from rest import ARCHIVE_BYTES, Refused, call, parsed

NAME = "Azure DevOps"
COMMENT_BYTES, ISSUE_BYTES, PULL_BYTES = 150_000, 150_000, 4_000
"""Characters of a comment and of a pull request's text; a work item takes far more."""

_PATCH = "application/json-patch+json"


def warning(text: str) -> str:
    """A line that shows a warning beside the run."""
    return f"##vso[task.logissue type=warning]{text}"


def comments() -> Iterator[tuple[str, str]]:
    """Address and text of the first comment of each thread of one's own on the pull request of the build."""
    own = parsed(call("GET", f"{_collection()}/_apis/connectionData", _headers()))["authenticatedUser"]["id"]
    for thread in parsed(_call("GET", f"{_request()}/threads"))["value"]:
        first = thread["comments"][0] if thread["comments"] else {}
        if first and first["author"]["id"] == own and not thread.get("isDeleted") and not first.get("isDeleted"):
            yield f"{_request()}/threads/{thread['id']}/comments/{first['id']}", first.get("content") or ""


def add_comment(text: str) -> None:
    """Begin a thread on the pull request of the build, closed, so that no policy waits for it."""
    comment = {"parentCommentId": 0, "content": text, "commentType": "text"}
    _call("POST", f"{_request()}/threads", {"comments": [comment], "status": "closed"})


def change_comment(address: str, text: str) -> None:
    """Replace the text of a comment."""
    _call("PATCH", address, {"content": text})


def issues(marker: str) -> Iterator[tuple[str, str]]:
    """Address and text of the open work items with the marker as their tag."""
    wanted = f"[System.WorkItemType] = 'Task' AND [System.Tags] CONTAINS '{_tag(marker)}'"
    query = f"SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project AND {wanted}"  # noqa: S608
    done = {state["name"] for state in _states() if state["category"] in ("Completed", "Removed")}
    for found in parsed(_call("POST", "/_apis/wit/wiql", {"query": query}))["workItems"]:
        item = parsed(_call("GET", f"/_apis/wit/workitems/{found['id']}"))
        if item["fields"]["System.State"] not in done:
            yield f"/_apis/wit/workitems/{found['id']}", item["fields"].get("System.Description") or ""


def add_issue(marker: str, title: str, text: str) -> None:
    """Create a work item; Task is a type in every process."""
    tag = {"op": "add", "path": "/fields/System.Tags", "value": _tag(marker)}
    _call("POST", "/_apis/wit/workitems/$Task", [*_described(title, text), tag], _PATCH)


def change_issue(address: str, title: str, text: str) -> None:
    """Replace title and text of a work item."""
    _call("PATCH", address, _described(title, text), _PATCH)


def close_issue(address: str) -> None:
    """Put a work item into the first state of its process that is done."""
    done = next(state["name"] for state in _states() if state["category"] == "Completed")
    _call("PATCH", address, [{"op": "add", "path": "/fields/System.State", "value": done}], _PATCH)


def pulls(branch: str) -> Iterator[str]:
    """Addresses of the open pull requests from a branch of this repository."""
    criteria = f"searchCriteria.status=active&searchCriteria.sourceRefName={quote(f'refs/heads/{branch}', safe='')}"
    for one in parsed(_call("GET", f"{_repository()}/pullrequests?{criteria}"))["value"]:
        yield f"{_repository()}/pullrequests/{one['pullRequestId']}"


def add_pull(branch: str, base: str, title: str, text: str) -> None:
    """Open a pull request."""
    names = {"sourceRefName": f"refs/heads/{branch}", "targetRefName": f"refs/heads/{base}"}
    _call("POST", f"{_repository()}/pullrequests", {**names, "title": title, "description": text})


def change_pull(address: str, title: str, text: str) -> None:
    """Replace title and text of a pull request."""
    _call("PATCH", address, {"title": title, "description": text})


def close_pull(address: str) -> None:
    """Close a pull request without merging it."""
    _call("PATCH", address, {"status": "abandoned"})


def shown_plan(name: str) -> tuple[bytes | None, str]:
    """The plan that the pull request of this commit showed, from the artifacts of its newest build with one."""
    commit, pipeline = os.environ["BUILD_SOURCEVERSION"], os.environ["SYSTEM_DEFINITIONID"]
    asked = {"queries": [{"type": kind, "items": [commit]} for kind in ("lastMergeCommit", "commit")]}
    for results in parsed(_call("POST", f"{_repository()}/pullrequestquery", asked))["results"]:
        for number in {pull["pullRequestId"] for pull in results.get(commit, ())}:
            filters = (
                f"definitions={pipeline}&branchName=refs/pull/{number}/merge&queryOrder=queueTimeDescending&$top=20"
            )
            for build in parsed(_call("GET", f"/_apis/build/builds?{filters}"))["value"]:
                try:
                    artifact = parsed(
                        _call("GET", f"/_apis/build/builds/{build['id']}/artifacts?artifactName={quote(name)}")
                    )
                except Refused as refused:
                    if refused.status != 404:
                        raise
                    continue
                with zipfile.ZipFile(io.BytesIO(_call("GET", artifact["resource"]["downloadUrl"]))) as archive:
                    if archive.getinfo(f"{name}/plan.json").file_size > ARCHIVE_BYTES:
                        return None, f"the plan of pull request {number} is too large"
                    return archive.read(f"{name}/plan.json"), f"the plan of pull request {number}"
            return None, f"the plan of pull request {number} has expired"
    return None, "no pull request of this commit has a plan"


def _described(title: str, text: str) -> list[dict[str, str]]:
    return [
        {"op": "add", "path": "/fields/System.Title", "value": title},
        {"op": "add", "path": "/fields/System.Description", "value": text},
        {"op": "add", "path": "/multilineFieldsFormat/System.Description", "value": "Markdown"},
    ]


def _states() -> list[dict[str, str]]:
    found: list[dict[str, str]] = parsed(_call("GET", "/_apis/wit/workitemtypes/Task/states"))["value"]
    return found


def _tag(marker: str) -> str:
    """A marker as a tag: without what separates tags, and what ends a text of a query."""
    return "".join(" " if letter in ",;'" else letter for letter in marker).strip()


def _repository() -> str:
    return f"/_apis/git/repositories/{os.environ['BUILD_REPOSITORY_ID']}"


def _request() -> str:
    return f"{_repository()}/pullRequests/{os.environ['SYSTEM_PULLREQUEST_PULLREQUESTID']}"


def _collection() -> str:
    return os.environ["SYSTEM_COLLECTIONURI"].rstrip("/")


def _headers() -> dict[str, str]:
    return {"Accept": "application/json", "Authorization": f"Bearer {os.environ['SYSTEM_ACCESSTOKEN']}"}


def _call(method: str, path: str, body: object = None, kind: str = "application/json") -> bytes:
    if path.startswith("http"):
        return call(method, path, _headers(), body, kind)
    url = f"{_collection()}/{quote(os.environ['SYSTEM_TEAMPROJECT'])}{path}"
    return call(method, f"{url}{'&' if '?' in path else '?'}api-version=7.1", _headers(), body, kind)
