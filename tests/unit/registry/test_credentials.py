"""Which credential fits the surroundings; no token of a real identity is asked for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from azureml_publish.emulator import Emulator
from azureml_publish.errors import NotAuthorised, PublishError, Unreachable, UsageProblem
from azureml_publish.registry.cloud import CLOUDS, find_cloud
from azureml_publish.registry.credentials import Identity, find_credential, github_assertion, take_early

GITHUB = {
    "ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:1/token?job=1",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "a-request-token",
    "AZURE_CLIENT_ID": "00000000-0000-0000-0000-000000000001",
    "AZURE_TENANT_ID": "00000000-0000-0000-0000-000000000002",
}
PIPELINES = {
    "SYSTEM_OIDCREQUESTURI": "http://127.0.0.1:1/oidc",
    "SYSTEM_ACCESSTOKEN": "an-access-token",
    "AZURESUBSCRIPTION_CLIENT_ID": "00000000-0000-0000-0000-000000000001",
    "AZURESUBSCRIPTION_TENANT_ID": "00000000-0000-0000-0000-000000000002",
    "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "00000000-0000-0000-0000-000000000003",
}


@pytest.mark.parametrize(
    ("environ", "name", "kind"),
    [
        ({"AZUREML_CURRENT_CLOUD": "Emulator"} | GITHUB, "the emulator's token", "AnyToken"),
        (GITHUB, "GitHub's OIDC federation", "ClientAssertionCredential"),
        (PIPELINES, "Azure Pipelines' service connection", "AzurePipelinesCredential"),
        (GITHUB | {"AZURE_FEDERATED_TOKEN_FILE": "token"}, "azure-identity's default chain", "DefaultAzureCredential"),
        (
            GITHUB | {"AZURE_TOKEN_CREDENTIALS": "prod"},
            "azure-identity, AZURE_TOKEN_CREDENTIALS=prod",
            "DefaultAzureCredential",
        ),
        ({}, "azure-identity's default chain", "DefaultAzureCredential"),
    ],
)
def test_the_credential_fits_the_surroundings(
    environ: dict[str, str], name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in (PIPELINES | environ).items():
        monkeypatch.setenv(variable, value)  # azure-identity reads the process's own
    identity = find_credential(environ)
    assert (identity.name, type(identity.credential).__name__) == (name, kind)


def test_a_credential_that_nobody_knows_is_a_usage_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "nobody")
    with pytest.raises(UsageProblem, match="nobody"):
        find_credential({"AZURE_TOKEN_CREDENTIALS": "nobody"})


@pytest.mark.parametrize("text", ["soon", "0", "-1", "1.5"])
def test_a_time_out_is_a_number_of_seconds(text: str) -> None:
    with pytest.raises(UsageProblem, match="PUBLISH_CREDENTIAL_TIMEOUT"):
        find_credential({"PUBLISH_CREDENTIAL_TIMEOUT": text})


def test_a_token_that_nobody_hands_out_is_told_before_anything_is_done(azure_sdk: None) -> None:
    from azure.core.exceptions import ClientAuthenticationError

    class Refusing:
        def get_token(self, *_scopes: str, **_options: Any) -> Any:
            raise ClientAuthenticationError("AADSTS700024: client assertion is not within its valid time range.")

    with pytest.raises(NotAuthorised, match=r"No token for https://storage\.azure\.com from a test") as told:
        take_early(Identity("a test", Refusing()), ("https://storage.azure.com/.default",))
    assert "doctor" in told.value.hint


class _Issuer(BaseHTTPRequestHandler):
    """Answers as a GitHub job's token service does."""

    asked: ClassVar[list[tuple[str, str | None]]]
    status = 200

    def do_GET(self) -> None:
        type(self).asked.append((self.path, self.headers["Authorization"]))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(json.dumps({"count": 1, "value": "an.identity.token"}).encode())

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def issuer() -> Iterator[tuple[str, type[_Issuer]]]:
    class Own(_Issuer):
        asked: ClassVar[list[tuple[str, str | None]]] = []

    server = HTTPServer(("127.0.0.1", 0), Own)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/token?job=1", Own
    server.shutdown()
    server.server_close()
    thread.join(timeout=120)


def test_github_is_asked_for_the_audience_of_the_exchange(issuer: tuple[str, type[_Issuer]]) -> None:
    url, served = issuer
    assert github_assertion(GITHUB | {"ACTIONS_ID_TOKEN_REQUEST_URL": url}) == "an.identity.token"
    assert served.asked == [("/token?job=1&audience=api%3A%2F%2FAzureADTokenExchange", "bearer a-request-token")]


def test_a_job_without_the_permission_is_told_so_without_its_token(issuer: tuple[str, type[_Issuer]]) -> None:
    url, served = issuer
    served.status = 403
    with pytest.raises(NotAuthorised) as told:
        github_assertion(GITHUB | {"ACTIONS_ID_TOKEN_REQUEST_URL": url})
    assert "id-token: write" in told.value.hint
    assert "a-request-token" not in told.value.message + told.value.hint


def test_national_clouds_are_known_by_name() -> None:
    assert find_cloud({}) == CLOUDS["AzureCloud"]
    china = find_cloud({"AZUREML_CURRENT_CLOUD": "AzureChinaCloud"})
    assert china.scope == "https://management.chinacloudapi.cn/.default"
    assert china.authority == "login.chinacloudapi.cn"
    elsewhere = {
        "AZUREML_CURRENT_CLOUD": "AzureUSGovernment",
        "REGISTRY_DISCOVERY_ENDPOINT_URL": "https://127.0.0.1:1/",
    }
    assert find_cloud(elsewhere).discovery == "https://127.0.0.1:1"


def test_the_clouds_known_by_name_are_those_of_azure_core(azure_sdk: None) -> None:
    from azure.core import AzureClouds
    from azure.mgmt.core.tools import get_arm_endpoints

    arm = {str(get_arm_endpoints(cloud)["resource_manager"]).rstrip("/") for cloud in AzureClouds}
    assert {cloud.arm for cloud in CLOUDS.values()} == arm


def test_a_cloud_that_nobody_knows_is_told_with_those_that_are() -> None:
    with pytest.raises(PublishError, match="no cloud named Moon") as told:
        find_cloud({"AZUREML_CURRENT_CLOUD": "Moon"})
    assert "AzureChinaCloud" in told.value.hint


def test_the_description_of_a_cloud_is_fetched_once_and_a_failure_is_not_kept(
    emulator: Emulator, emulator_environment: dict[str, str]
) -> None:
    url = f"{emulator.environment['ARM_CLOUD_METADATA_URL']}&for=this-test"
    emulator.faults.add(service="registry", path="/metadata", status=503, times=1)
    emulator.faults.add(service="registry", path="/metadata", status=503, after=1)
    environ = emulator_environment | {"ARM_CLOUD_METADATA_URL": url}
    with pytest.raises(Unreachable):
        find_cloud(environ)
    assert find_cloud(environ) == find_cloud(environ)
