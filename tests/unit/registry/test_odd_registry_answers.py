"""Something else answers in a registry's place, with status 200, at once or after discovery has answered."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import trustme

from azureml_publish.assets import AssetId, AssetRecord, RegisteredAsset
from azureml_publish.emulator import Quirks
from azureml_publish.emulator.registry.wire import render_cloud, render_discovery
from azureml_publish.errors import NotAuthorised, PublishError, UnexpectedAnswer
from azureml_publish.network import Network
from azureml_publish.registry import cloud as clouds
from azureml_publish.registry.azure import AzureRegistry
from azureml_publish.registry.cloud import Cloud, find_cloud
from azureml_publish.registry.conformance import State
from azureml_publish.registry.credentials import Identity, github_assertion, take_early
from azureml_publish.registry.diagnostics import examine_registry
from azureml_publish.registry.vmsizes import Subscription
from tests.conftest import StaticCredential
from tests.unit.content.test_odd_answers import ANSWERS, Odd

NAME = "contoso"
RECORD = AssetRecord("m", 1, "custom_model", "text", {}, {}, {"a": "1"})
HELD = RegisteredAsset(AssetId(NAME, "m", 1), "custom_model", "", {}, {}, {}, path="https://store/c/model")
ABSENT = json.dumps({"error": {"code": "UserError", "innerError": {"code": "ModelNotFound"}, "message": "Not there."}})


class OddRegistry(Odd):
    """As `Odd`, but that discovery may answer as it should, and that a version may not be there."""

    discovers = False
    absent = False
    operation: ClassVar[dict[str, str]] = {}

    @property
    def host(self) -> str:
        return f"https://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]

    def do_GET(self) -> None:  # noqa: N802 - the name is that of the standard library
        addresses: Any = SimpleNamespace(https=self.host)
        path = self.path.partition("?")[0]
        if self.discovers and path.endswith("/discovery"):
            self.respond("application/json", json.dumps(render_discovery(NAME, addresses, Quirks())).encode())
        elif self.discovers and path == "/metadata":
            self.respond("application/json", json.dumps(render_cloud("Odd", addresses)).encode())
        elif self.absent and "azsdk" not in self.headers["User-Agent"]:
            self.respond("application/json", ABSENT.encode(), 404)
        elif self.operation and self.command != "GET":
            self.respond("application/json", b"", 202)
        else:
            super().do_GET()

    def end_headers(self) -> None:
        for name, value in self.operation.items() if self.command != "GET" else ():
            self.send_header(name, self.host + value)
        super().end_headers()

    do_PUT = do_POST = do_PATCH = do_GET  # noqa: N815 - the names are those of the standard library


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The host, and the path of its certificate."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    path = tmp_path_factory.mktemp("odd") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    with ThreadingHTTPServer(("127.0.0.1", 0), OddRegistry) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}", str(path)
        server.shutdown()
        thread.join()


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets what the server answers."""

    def set_up(answer: str, **further: Any) -> None:
        for name, value in {"answer": ANSWERS[answer], **further}.items():
            monkeypatch.setattr(OddRegistry, name, value)

    return set_up


def cloud_at(place: tuple[str, str]) -> Cloud:
    url = f"https://{place[0]}"
    return Cloud(url, url, name="Odd", metadata_url=f"{url}/metadata", network=Network(True, place[1]))


def registry_at(place: tuple[str, str], slept: list[float] | None = None, token: str = "test-token") -> AzureRegistry:
    credential: Any = StaticCredential(token)
    return AzureRegistry(NAME, credential, cloud_at(place), "test", ([] if slept is None else slept).append)


READS: dict[str, Callable[[AzureRegistry], object]] = {
    "state": lambda registry: registry.state("m", 1),
    "find": lambda registry: registry.find("m", 1),
    "numbers": lambda registry: registry.numbers("m"),
    "models": lambda registry: registry.models(),
    "versions": lambda registry: registry.versions("m"),
    "start_upload": lambda registry: registry.start_upload("m", 1),
    "open_content": lambda registry: registry.open_content(HELD),
    "create": lambda registry: registry.create(RECORD, "https://store/c/model"),
}
WRITES: dict[str, Callable[[AzureRegistry], object]] = {
    "replace_metadata": lambda registry: registry.replace_metadata(RECORD),
    "set_archived": lambda registry: registry.set_archived(HELD.id, archived=True),
}
NO_JSON = ("page", "xml", "no utf-8")


def told(call: Callable[[], object], host: str) -> UnexpectedAnswer:
    with pytest.raises(UnexpectedAnswer) as raised:
        call()
    assert host in raised.value.message
    assert raised.value.hint
    return raised.value


@pytest.mark.parametrize("discovers", [False, True])
@pytest.mark.parametrize("call", READS)
def test_what_came_instead_is_told_with_the_host(
    place: tuple[str, str], odd: Callable[..., None], call: str, *, discovers: bool
) -> None:
    for name in ANSWERS:
        odd(name, discovers=discovers)
        error = told(lambda: READS[call](registry_at(place)), place[0])
        if name == "page":
            assert "a page (text/html)" in error.message


@pytest.mark.parametrize("name", NO_JSON)
@pytest.mark.parametrize("call", WRITES)
def test_a_write_that_is_answered_with_no_json_is_told(
    place: tuple[str, str], odd: Callable[..., None], call: str, name: str
) -> None:
    odd(name, discovers=True)
    told(lambda: WRITES[call](registry_at(place)), place[0])


@pytest.mark.parametrize("name", ["list", "object", "text", "nothing", *NO_JSON])
def test_an_operation_that_does_not_tell_its_state_is_told(
    place: tuple[str, str], odd: Callable[..., None], name: str
) -> None:
    slept: list[float] = []
    odd(name, discovers=True, operation={"Azure-AsyncOperation": "/operations/1"})
    told(lambda: registry_at(place, slept).set_archived(HELD.id, archived=True), place[0])
    assert slept == [0.0]


@pytest.mark.parametrize("name", ["page", "list", "object", "text"])
def test_what_azure_ai_ml_cannot_read_as_it_registers_is_told(
    place: tuple[str, str], odd: Callable[..., None], azure_sdk: None, name: str
) -> None:
    odd(name, discovers=True, absent=True)
    told(lambda: registry_at(place).create(RECORD, f"https://{place[0]}/c/model"), place[0])


@pytest.mark.parametrize("name", ANSWERS)
def test_a_cloud_whose_description_is_something_else_is_told(
    place: tuple[str, str], odd: Callable[..., None], name: str
) -> None:
    odd(name)
    clouds._fetch.cache_clear()
    environ = {
        "AZUREML_CURRENT_CLOUD": "Odd",
        "ARM_CLOUD_METADATA_URL": f"https://{place[0]}/metadata",
        "REQUESTS_CA_BUNDLE": place[1],
    }
    with pytest.raises(PublishError) as raised:
        find_cloud(environ)
    assert place[0] in raised.value.message
    assert isinstance(raised.value, UnexpectedAnswer) is (name != "list"), "an empty list knows no cloud"


@pytest.mark.parametrize("discovers", [False, True])
@pytest.mark.parametrize("name", ANSWERS)
def test_doctor_goes_on_with_a_line_for_it(
    place: tuple[str, str], odd: Callable[..., None], name: str, *, discovers: bool
) -> None:
    odd(name, discovers=discovers)
    credential: Any = StaticCredential()
    lines = {one.subject: one for one in examine_registry(NAME, Identity("x", credential), cloud_at(place), "test")}
    if discovers:
        assert lines["registry"].state is State.FINE
        assert (lines["rights"].state, place[0] in lines["rights"].message) == (State.WARNING, True)
        assert (lines["call: list of models"].state, place[0] in lines["call: list of models"].message) == (
            State.FAILED,
            True,
        )
    else:
        assert (lines["registry"].state, place[0] in lines["registry"].message) == (State.FAILED, True)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_subscription_that_answers_otherwise_is_told(
    place: tuple[str, str], odd: Callable[..., None], name: str
) -> None:
    odd(name)
    credential: Any = StaticCredential()
    told(Subscription("s", credential, cloud_at(place), "test").regions, place[0])


@pytest.mark.parametrize("name", ANSWERS)
def test_github_that_answers_otherwise_hands_out_no_token(
    place: tuple[str, str], odd: Callable[..., None], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    odd(name)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", place[1])
    environ = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"https://{place[0]}/token",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "a-token-\u20ac" if name == "page" else "a-token",
    }
    with pytest.raises(NotAuthorised, match="GitHub issues no identity token"):
        github_assertion(environ)


@pytest.mark.parametrize("token", ["t\u00f6ken", "t\u20acken"])
def test_a_token_with_another_letter_is_told_and_not_shown(
    place: tuple[str, str], odd: Callable[..., None], token: str
) -> None:
    odd("page")
    credential: Any = StaticCredential(token)
    for call in (
        lambda: registry_at(place, token=token).models(),
        lambda: take_early(Identity("a test", credential), ("https://management.azure.com/.default",)),
    ):
        with pytest.raises(NotAuthorised, match="holds a character that no token has") as raised:
            call()
        assert token not in raised.value.message + raised.value.hint
