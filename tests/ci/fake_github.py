"""A GitHub: comments, issues, pull requests and artifacts, as its REST API hands them out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from tests.ci.loopback import TOKEN, Held, zipped

TOO_LARGE = 65_536


@dataclass
class FakeGitHub(Held):
    """What it holds. `merged` are the pull requests of every commit."""

    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    merged: list[dict[str, Any]] = field(default_factory=list)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    archives: dict[int, bytes] = field(default_factory=dict)

    def authorised(self, headers: Message) -> bool:
        return headers.get("Authorization") == f"Bearer {TOKEN}"

    def keep_plan(self, name: str, plan: bytes, *, expired: bool = False) -> None:
        """Keep a plan as actions/upload-artifact does."""
        number = len(self.artifacts) + 1
        self.archives[number] = zipped({"plan.json": plan})
        address = f"{self.url}/repos/contoso/models/actions/artifacts/{number}/zip"
        self.artifacts.append({"id": number, "name": name, "expired": expired, "archive_download_url": address})

    def answer(  # noqa: PLR0911 - one a route
        self, method: str, path: str, body: Any
    ) -> tuple[int, Any]:
        route, _, query = path.removeprefix("/repos/contoso/models").partition("?")
        given = dict(part.split("=") for part in query.split("&") if part)
        page = int(given.get("page", "1"))
        if method != "GET" and self.refuse:
            return self.refuse, {"message": "Resource not accessible by integration"}
        if len((body or {}).get("body", "")) > TOO_LARGE:
            return 422, {"message": "body is too long (maximum is 65536 characters)"}
        if re.fullmatch(r"/issues/\d+/comments", route):
            return self._list_or_add(method, self.comments, body, page)
        if found := re.fullmatch(r"/issues/comments/(\d+)", route):
            self.comments[int(found[1])] |= body
            return 200, self.comments[int(found[1])]
        if route == "/issues":
            return self._list_or_add(method, self.issues, {"state": "open", **body} if body else {}, page)
        if found := re.fullmatch(r"/issues/(\d+)", route):
            self.issues[int(found[1])] |= body
            return 200, self.issues[int(found[1])]
        if route == "/pulls" and method == "GET":
            head = given["head"].removeprefix("contoso:")
            there = [one for one in self.pulls.values() if one["head"] == head and one["state"] == given["state"]]
            return 200, there
        if route == "/pulls":
            return self._list_or_add(method, self.pulls, {"state": "open", **body}, page)
        if found := re.fullmatch(r"/pulls/(\d+)", route):
            self.pulls[int(found[1])] |= body
            return 200, self.pulls[int(found[1])]
        return self._artifact(route, path, given)

    def _artifact(self, route: str, path: str, given: Mapping[str, str]) -> tuple[int, Any]:
        if re.fullmatch(r"/commits/\w+/pulls", route):
            return 200, self.merged
        if route == "/actions/artifacts":
            return 200, {"artifacts": [one for one in self.artifacts if one["name"] == given["name"]]}
        if found := re.fullmatch(r"/actions/artifacts/(\d+)/zip", route):
            return 302, f"{self.url}/storage/{found[1]}"
        if found := re.fullmatch(r"/storage/(\d+)", path):
            return 200, self.archives[int(found[1])]
        return 404, {"message": "Not Found"}

    def _list_or_add(self, method: str, held: dict[int, dict[str, Any]], body: Any, page: int) -> tuple[int, Any]:
        if method == "POST":
            number = len(held) + 1
            held[number] = {"id": number, "number": number, "user": {"type": "Bot"}, **body}
            return 201, held[number]
        there = [one for one in held.values() if one.get("state", "open") == "open"]
        return 200, there[(page - 1) * 100 : page * 100]
