"""An Azure DevOps: threads and pull requests, work items, builds and artifacts, as its REST API 7.1 hands them out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.ci.loopback import TOKEN, Held, zipped

OWN = "11111111-aaaa-4aaa-8aaa-111111111111"
STATES = (("To Do", "Proposed"), ("Doing", "InProgress"), ("Done", "Completed"))
"""Of the type Task in the process Basic."""


@dataclass
class FakeAzureDevOps(Held):
    """What it holds. `merged` are the pull requests of every commit; `builds` are those of the pipeline."""

    threads: dict[int, dict[str, Any]] = field(default_factory=dict)
    items: dict[int, dict[str, Any]] = field(default_factory=dict)
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    merged: list[int] = field(default_factory=list)
    builds: list[int] = field(default_factory=list)
    archives: dict[int, bytes] = field(default_factory=dict)

    def authorised(self, headers: Message) -> bool:
        return headers.get("Authorization") == f"Bearer {TOKEN}"

    def keep_plan(self, plan: bytes | None, build: int) -> None:
        """Keep the plan of a build; without one its artifacts are gone."""
        self.builds.append(build)
        if plan is not None:
            self.archives[build] = zipped({"publish-plan/plan.json": plan})

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        parts = urlsplit(path)
        query = parse_qs(parts.query)
        if parts.path == "/contoso/_apis/connectionData":
            return 200, {"authenticatedUser": {"id": OWN}}
        if parts.path.startswith("/storage/"):
            return 200, self.archives[int(parts.path.rpartition("/")[2])]
        if not parts.path.startswith("/contoso/Model%20Catalogue/_apis/"):
            return 404, {"message": f"TF200016: {unquote(path)}"}
        if query.get("api-version") != ["7.1"]:
            return 400, {"message": "VssVersionNotSpecifiedException"}
        writes = method in ("POST", "PATCH") and not parts.path.endswith(("/wiql", "/pullrequestquery"))
        if writes and self.refuse:
            return self.refuse, {"message": "TF401027: You need the Git 'PullRequestContribute' permission"}
        route = parts.path.removeprefix("/contoso/Model%20Catalogue/_apis")
        kinds = (self._thread, self._pull, self._item, self._build)
        answers = (serve(method, route, query, body) for serve in kinds)
        return next((found for found in answers if found is not None), (404, {"message": "Page not found."}))

    def _thread(self, method: str, route: str, _query: Mapping[str, list[str]], body: Any) -> tuple[int, Any] | None:
        if re.fullmatch(r"/git/repositories/r1/pullRequests/7/threads", route):
            if method == "GET":
                return 200, {"value": [*self.threads.values()], "count": len(self.threads)}
            number = len(self.threads) + 1
            assert body["comments"][0]["parentCommentId"] == 0
            comments = [{"id": 1, "author": {"id": OWN}, "content": body["comments"][0]["content"]}]
            self.threads[number] = {"id": number, "status": body["status"], "comments": comments}
            return 200, self.threads[number]
        if found := re.fullmatch(r"/git/repositories/r1/pullRequests/7/threads/(\d+)/comments/1", route):
            comment = self.threads[int(found[1])]["comments"][0]
            if comment["author"]["id"] != OWN:
                return 403, {"message": "TF401021: You can only edit your own comments"}
            comment |= body
            return 200, comment
        return None

    def _pull(self, method: str, route: str, query: Mapping[str, list[str]], body: Any) -> tuple[int, Any] | None:
        if route == "/git/repositories/r1/pullrequests" and method == "GET":
            wanted = (query["searchCriteria.sourceRefName"][0], query["searchCriteria.status"][0])
            return 200, {
                "value": [one for one in self.pulls.values() if (one["sourceRefName"], one["status"]) == wanted]
            }
        if len((body or {}).get("description", "") if isinstance(body, dict) else "") > 4_000:
            return 400, {"message": "The maximum length of a description is 4000 characters."}
        if route == "/git/repositories/r1/pullrequests":
            number = len(self.pulls) + 1
            self.pulls[number] = {"pullRequestId": number, "status": "active", **body}
            return 201, self.pulls[number]
        if found := re.fullmatch(r"/git/repositories/r1/pullrequests/(\d+)", route):
            self.pulls[int(found[1])] |= body
            return 200, self.pulls[int(found[1])]
        if route == "/git/repositories/r1/pullrequestquery":
            of = {query["type"]: query["items"][0] for query in body["queries"]}
            last = {of["lastMergeCommit"]: [{"pullRequestId": one} for one in self.merged]} if self.merged else {}
            return 200, {"results": [last, {}]}
        return None

    def _item(self, method: str, route: str, _query: Mapping[str, list[str]], body: Any) -> tuple[int, Any] | None:
        if route == "/wit/workitemtypes/Task/states":
            return 200, {"value": [{"name": name, "category": category} for name, category in STATES]}
        if route == "/wit/wiql":
            tag = re.findall(r"CONTAINS '([^']*)'", body["query"])[0]
            there = [number for number, one in self.items.items() if one["fields"]["System.Tags"] == tag]
            return 200, {"workItems": [{"id": number} for number in there]}
        if route == "/wit/workitems/$Task" and method == "POST":
            number = len(self.items) + 1
            self.items[number] = {"id": number, "fields": {"System.State": "To Do", "System.Tags": ""}}
        elif found := re.fullmatch(r"/wit/workitems/(\d+)", route):
            number = int(found[1])
        else:
            return None
        for operation in body or ():
            kind, _, name = operation["path"].removeprefix("/").partition("/")
            assert (operation["op"], kind in ("fields", "multilineFieldsFormat")) == ("add", True)
            self.items[number].setdefault(kind, {})[name] = operation["value"]
        return 200, self.items[number]

    def _build(self, _method: str, route: str, query: Mapping[str, list[str]], _body: Any) -> tuple[int, Any] | None:
        if route == "/build/builds":
            assert query["branchName"] == ["refs/pull/7/merge"]
            return 200, {"value": [{"id": number} for number in sorted(self.builds, reverse=True)]}
        if found := re.fullmatch(r"/build/builds/(\d+)/artifacts", route):
            if int(found[1]) not in self.archives:
                return 404, {"message": "The artifact publish-plan was not found"}
            address = f"{self.url}/contoso/Model%20Catalogue/_apis/resources/{found[1]}?api-version=7.1"
            return 200, {"name": query["artifactName"][0], "resource": {"downloadUrl": address}}
        if found := re.fullmatch(r"/resources/(\d+)", route):
            return 302, f"{self.url}/storage/{found[1]}"
        return None
