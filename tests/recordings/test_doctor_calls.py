"""What doctor says of each call where a service answers otherwise: what falls back, and which role is missing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from azure.core.exceptions import ServiceRequestError
from requests.structures import CaseInsensitiveDict

from azureml_publish.registry import http
from azureml_publish.registry.answers import place_of
from azureml_publish.registry.conformance import Examined, State, examine_calls
from azureml_publish.registry.diagnostics import examine_place
from tests.recordings.blobs import Blob
from tests.recordings.exchange import exchanges
from tests.recordings.proxy import Answer, Request
from tests.recordings.service import Service, Version
from tests.recordings.shape import Shape

REGISTRY = "testFeed"
PAGE = Answer(200, b"<html>Sign in</html>", {"Content-Type": "text/html"})
REFUSED = Answer(exchanges(23)[0].status, exchanges(23)[0].body)
"""A missing role, as recorded."""
NOT_FOUND = Answer(404, {"error": {"code": "UserError", "message": "No such route."}})
CLOSED = Answer(403, b"<?xml version='1.0'?><Error><Code>AuthorizationFailure</Code></Error>")
"""What a storage account says to a network that it does not let in."""


class Direct:
    """A client of a service without a network between; `odd` answers first, to what it matches."""

    def __init__(self, service: Service, odd: tuple[str, Answer | None] | None = None) -> None:
        self.service = service
        self.odd = odd

    def answer(self, method: str, url: str, sent: Any = None) -> Answer:
        parts = urlsplit(url)
        if self.odd is not None and re.search(self.odd[0], f"{method} {url}"):
            if self.odd[1] is None:
                raise ServiceRequestError("no route to host")
            return self.odd[1]
        query = {key.lower(): value for key, value in parse_qsl(parts.query)}
        body = json.dumps(sent).encode() if sent is not None else b""
        headers = {"authorization": "Bearer made-up"} if ".blob." not in parts.netloc else {}
        return self.service.answer(Request(method, parts.hostname or "", unquote(parts.path), query, headers, body))

    def send_request(self, request: Any, **_options: Any) -> Any:
        answer = self.answer(request.method, request.url, json.loads(request.content) if request.content else None)
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        content = b"" if answer.body is None else content
        return SimpleNamespace(
            status_code=answer.status,
            headers=CaseInsensitiveDict(answer.headers),
            body=lambda: content,
            content=content,
            reason="",
            request=request,
            text=content.decode,
        )


def registered(shape: Shape | None = None) -> Service:
    """A service with one version, whose content lies there."""
    service = Service(shape or Shape())
    uri = "https://store0.blob.core.windows.net:443/testfeed-1/model"
    service.storage.containers["testfeed-1"] = {"model/MLmodel": Blob(b"", "store0")}
    properties = {"description": "", "tags": {}, "properties": {}, "modelUri": uri, "isArchived": False}
    held = {**properties, "system_metadata": {"license": "mit"}, "modelType": "custom_model", "flavors": {}}
    service.versions["bert", "1"] = Version(
        held, "2026-04-18T22:30:02.0617664+00:00", "2026-04-18T22:30:02.0617664+00:00"
    )
    return service


def found_of(service: Service, odd: tuple[str, Answer | None] | None = None) -> dict[str, Examined]:
    client: Any = Direct(service, odd)
    url = f"https://eastus.api.azureml.ms/registrymanagement/v1.0/registries/{REGISTRY}/discovery"
    place = place_of(http.send(client, "GET", url), REGISTRY, url)

    def send(method: str, where: str, body: Any = None) -> Any:
        return http.send(client, method, where, body=body, sleep=lambda _seconds: None)

    def fetch(where: str) -> int:
        return int(client.answer("GET", where).status)

    found = [examine_place(REGISTRY, "eastus2", place), *examine_calls(place, REGISTRY, send, fetch)]
    return {one.subject.removeprefix("call: "): one for one in found}


FINE, WARNING, FAILED = State.FINE, State.WARNING, State.FAILED
READ, WRITE = "registries/assets/read, which the role", "registries/assets/write, which the role"

SHAPED: tuple[tuple[str, Shape, str], ...] = (
    ("registry", Shape(), "Conforms: discovery names two hosts."),
    ("registry", Shape(region="respelled"), "Conforms: discovery names two hosts."),
    *(("registry", Shape(region=one), "Falls back: discovery names one host") for one in ("missing", "null", "empty")),
    ("registry", Shape(ends_in_slash=False), "registered without azure-ai-ml"),
    ("list of models", Shape(), "Conforms: 1 on the first page, and no other."),
    ("list of versions", Shape(), "Conforms: a name that is not there has an empty list."),
    ("list of versions", Shape(lists=False), "Falls back: a name that is not there is 404"),
    ("a version that is not there", Shape(), "Conforms: 404."),
    ("a version that is not there", Shape(absence="empty"), "Falls back: the list of versions."),
    ("operations", Shape(), "Conforms: eastus2.api.azureml.ms answers"),
    ("version", Shape(), "Conforms; returns 77 keys"),
    ("version", Shape(fills_keys=False), "Conforms; returns the set keys"),
    ("version", Shape(hands_metadata_back=False), "Falls back: the model registry API."),
    ("numbers of a model", Shape(counts=True), "Conforms."),
    ("numbers of a model", Shape(), "Falls back: the list of versions. Its numbers contradict"),
    ("numbers of a model", Shape(has_container=False), "Falls back: the list of versions. Not there:"),
    ("model registry API", Shape(model_registry=True), "Conforms: returns system metadata."),
    ("model registry API", Shape(), "Falls back: the front end alone. Not there:"),
    ("download", Shape(), "Conforms: a signature that allows 'rl', with which store"),
    ("upload", Shape(), "Conforms: refused for a version that is there"),
    ("upload", Shape(lends="arm"), "Falls back: startPendingUpload of Resource Manager"),
)


@pytest.mark.parametrize(("subject", "shape", "said"), SHAPED)
def test_what_conforms_and_what_falls_back(subject: str, shape: Shape, said: str) -> None:
    one = found_of(registered(shape))[subject]
    assert one.state is FINE
    assert said in one.message


ODD: tuple[tuple[str, str, Answer | None, State, str, str], ...] = (
    *(("list of models", "/models$", one, FAILED, "", "") for one in (PAGE, NOT_FOUND, None)),
    ("list of models", "/models$", REFUSED, FAILED, "UnAuthorizedRegistryAccess", READ),
    ("list of versions", "/bert/versions$|exist/versions$", REFUSED, WARNING, "UnAuthorizedRegistryAccess", READ),
    *(("list of versions", "exist/versions$", one, FAILED, "", "") for one in (PAGE, None)),
    ("list of versions", "exist/versions$", Answer(405), FINE, "Falls back: a model's container", ""),
    ("a version that is not there", "exist/versions/1", Answer(404, b"<html>"), FINE, "Falls back: the list of v", ""),
    ("a version that is not there", "exist/versions/1", Answer(200, {}), FAILED, "absence cannot be recognised", ""),
    ("a version that is not there", "exist/versions/1", REFUSED, FAILED, "UnAuthorizedRegistryAccess", READ),
    *(("operations", "/operations/", one, FAILED, "", "") for one in (PAGE, Answer(404, b"<html>"), Answer(502), None)),
    ("operations", "/operations/", REFUSED, FAILED, "UnAuthorizedRegistryAccess", READ),
    ("operations", "/operations/", Answer(400), FINE, "Conforms", ""),
    *(("version", "GET .*/bert/versions/1", one, FAILED, "", "") for one in (PAGE, NOT_FOUND, None, Answer(200, {}))),
    ("version", "GET .*/bert/versions/1", REFUSED, FAILED, "UnAuthorizedRegistryAccess", READ),
    *(("numbers of a model", "/models/bert$", one, FAILED, "", "") for one in (PAGE, None)),
    ("numbers of a model", "/models/bert$", NOT_FOUND, FINE, "Falls back: the list", ""),
    ("numbers of a model", "/models/bert$", REFUSED, WARNING, "UnAuthorizedRegistryAccess", READ),
    *(("model registry API", "/modelregistry/", one, FINE, "Falls back: the front", "") for one in (PAGE, None)),
    ("model registry API", "/modelregistry/", Answer(200, {"name": "bert"}), FINE, "Falls back: returns no system", ""),
    ("model registry API", "/modelregistry/", REFUSED, WARNING, "UnAuthorizedRegistryAccess", READ),
    *(("download", "/datarefs/", one, FAILED, "", "") for one in (PAGE, NOT_FOUND, None, Answer(200, {}))),
    ("download", "/datarefs/", REFUSED, FAILED, "UnAuthorizedRegistryAccess", READ),
    ("download", "comp=list", CLOSED, FAILED, "blob.core.windows.net lists no files", "private endpoint"),
    ("download", "comp=list", None, FAILED, "cannot be reached", ""),
    *(("upload", "/tempdatarefs/", one, FINE, "Falls back: startPendingUpload", "") for one in (PAGE, NOT_FOUND, None)),
    ("upload", "/tempdatarefs/", REFUSED, WARNING, "UnAuthorizedRegistryAccess", WRITE),
    ("upload", "/tempdatarefs/", Answer(200, {}), FINE, "Gives access to a container", ""),
)


@pytest.mark.parametrize("case", ODD)
def test_a_call_that_is_answered_otherwise(case: tuple[str, str, Answer | None, State, str, str]) -> None:
    subject, where, answer, state, said, hint = case
    found = found_of(registered(), (where, answer))
    assert (found[subject].state, said in found[subject].message) == (state, True), found[subject]
    assert hint in found[subject].hint
    others = {name for name, one in found.items() if one.state is not State.FINE} - {subject}
    assert others <= {"download"}, found  # it needs the version


def test_each_call_says_how_it_is_known_and_what_writes_is_not_made() -> None:
    found = found_of(registered())
    made = [one for name, one in found.items() if name not in ("registry", "calls that write")]
    assert len(made) == 9
    assert all(
        re.search(r" \((recorded|recorded of data only|logged|documented|assumed)\)$", one.message) for one in made
    )
    assert "startPendingUpload" in found["calls that write"].message
    assert WRITE in found["calls that write"].message


def test_the_table_of_the_docs_names_the_line_of_each_call() -> None:
    text = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text(encoding="utf-8")
    rows = text.partition("| call | answer | known | `doctor` |\n")[2].partition("\n\n")[0].splitlines()[1:]
    named = {row.rstrip(" |").rpartition("|")[2].strip() for row in rows}
    lines = {name for name in found_of(registered()) if name != "calls that write"}
    assert named == {*lines, "rights", "cloud", "not made", "none"}


@pytest.mark.parametrize("shape", [Shape(lists=False), Shape(page=1)])
def test_a_version_is_found_wherever_it_shows(shape: Shape) -> None:
    service = registered(shape)
    service.versions["zebra", "3"] = service.versions.pop(("bert", "1"))
    assert "77 keys" in found_of(service)["version"].message
    service.versions.clear()
    assert "none was found" in found_of(service)["calls of a version"].message
