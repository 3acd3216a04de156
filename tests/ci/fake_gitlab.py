"""A GitLab: notes, issues, merge requests, pipelines and artifacts, as its REST API v4 hands them out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.ci.loopback import TOKEN, Held

OWN = 42


@dataclass
class FakeGitLab(Held):
    """What it holds. A job's own token may read artifacts, and neither comment nor open issues.

    `merged` are the merge requests of every commit; `jobs` are those of every pipeline, by its number.
    """

    notes: dict[int, dict[str, Any]] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    requests_to_merge: dict[int, dict[str, Any]] = field(default_factory=dict)
    merged: list[dict[str, Any]] = field(default_factory=list)
    jobs: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    artifacts: dict[int, bytes] = field(default_factory=dict)

    def authorised(self, headers: Message) -> bool:
        return headers.get("PRIVATE-TOKEN") == TOKEN

    def keep_plan(self, plan: bytes | None, pipeline: int) -> None:
        """Keep the plan of a pipeline's job; without one its artifacts have expired."""
        job = 100 + pipeline
        self.jobs[pipeline] = [
            {"id": 7, "name": "publish:check", "status": "success"},
            {"id": job, "name": "publish:plan", "status": "success"},
        ]
        if plan is not None:
            self.artifacts[job] = plan

    def answer(  # noqa: PLR0911 - one a route
        self, method: str, path: str, body: Any
    ) -> tuple[int, Any]:
        parts = urlsplit(path)
        route, query = parts.path.removeprefix("/api/v4/projects/17"), parse_qs(parts.query)
        if route == "/api/v4/user":
            return 200, {"id": OWN, "username": "project_17_bot"}
        if method != "GET" and self.refuse:
            return self.refuse, {"message": "403 Forbidden"}
        if (body or {}).get("body", "x") == "":
            return 400, {"message": '400 Bad request - Note {:note=>["can\'t be blank"]}'}
        if route == "/merge_requests/7/notes":
            return self._list_or_add(method, self.notes, body, query)
        if found := re.fullmatch(r"/merge_requests/7/notes/(\d+)", route):
            return self._change(self.notes, int(found[1]), method, body)
        if route == "/issues":
            return self._list_or_add(method, self.issues, {"state": "opened", **body} if body else {}, query)
        if found := re.fullmatch(r"/issues/(\d+)", route):
            return self._change(self.issues, int(found[1]), method, body)
        if route == "/merge_requests":
            made = {"state": "opened", **body} if body else {}
            return self._list_or_add(method, self.requests_to_merge, made, query)
        if found := re.fullmatch(r"/merge_requests/(\d+)", route):
            return self._change(self.requests_to_merge, int(found[1]), method, body)
        return self._artifact(route, parts.path)

    def _artifact(self, route: str, path: str) -> tuple[int, Any]:
        if re.fullmatch(r"/repository/commits/\w+/merge_requests", route):
            return 200, self.merged
        if re.fullmatch(r"/merge_requests/\d+/pipelines", route):
            return 200, [{"id": number} for number in sorted(self.jobs, reverse=True)]
        if found := re.fullmatch(r"/pipelines/(\d+)/jobs", route):
            return 200, self.jobs[int(found[1])]
        if found := re.fullmatch(r"/jobs/(\d+)/artifacts/publish-out/plan\.json", route):
            there = int(found[1]) in self.artifacts
            return (302, f"{self.url}/storage/{found[1]}") if there else (404, {"message": "404 Not Found"})
        if found := re.fullmatch(r"/storage/(\d+)", path):
            return 200, self.artifacts[int(found[1])]
        return 404, {"message": "404 Not Found"}

    def _change(self, held: dict[int, dict[str, Any]], number: int, method: str, body: Any) -> tuple[int, Any]:
        if method != "PUT":
            return 405, {"message": "405 Method Not Allowed"}
        if body.pop("state_event", "") == "close":
            held[number]["state"] = "closed"
        held[number] |= body
        return 200, held[number]

    def _list_or_add(
        self, method: str, held: dict[int, dict[str, Any]], body: Any, query: Mapping[str, list[str]]
    ) -> tuple[int, Any]:
        if method == "POST":
            number = len(held) + 1
            held[number] = {"id": number, "iid": number, "author": {"id": OWN}, "system": False, **body}
            return 201, held[number]
        wanted = {key: query[key][0] for key in ("state", "source_branch") if key in query}
        there = [one for one in held.values() if all(one.get(key) == value for key, value in wanted.items())]
        page = int(query.get("page", ["1"])[0])
        return 200, there[(page - 1) * 100 : page * 100]
