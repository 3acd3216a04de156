"""`publish skus refresh` against a stand-in for Azure Resource Manager on loopback, over HTTPS."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme

from tests.conftest import Run

HERE = Path(__file__).parent
SUBSCRIPTION = "34adfa4f-cedf-4dc0-ba29-b6d1a69ab345"

# The shape of the service's answer, from its own example: Azure/azure-rest-api-specs, machinelearningservices,
# stable/2024-04-01/examples/VirtualMachineSize/list.json. Beside sizes that agree with the catalogue: one with a figure
# that the catalogue lacks, one with another figure, one that it does not know.
RECORDED = json.loads((HERE / "goldens" / "vm_sizes.json").read_text(encoding="utf-8"))


class Arm:
    """What the stand-in answers, and what it was asked."""

    def __init__(self) -> None:
        self.regions: dict[str, Any] = dict(RECORDED["regions"])
        self.status: dict[str, int] = {}
        self.asked: list[tuple[str, dict[str, list[str]], str]] = []
        self.url = ""

    def answer(self, target: str, authorization: str) -> tuple[int, Any]:  # noqa: PLR0911 - one answer a route
        parts = urlsplit(target)
        path = parts.path
        self.asked.append((path, parse_qs(parts.query), authorization))
        if path == "/metadata":
            return 200, [{"name": "Emulator", "resourceManager": self.url}]
        base = f"/subscriptions/{SUBSCRIPTION}"
        if not authorization.startswith("Bearer "):
            return 401, {"error": {"code": "AuthenticationFailed", "message": "no token"}}
        if not path.startswith(f"{base}/"):
            return 404, {"error": {"code": "SubscriptionNotFound", "message": "no such subscription"}}
        if path == f"{base}/locations":
            return self.status.get("locations", 200), RECORDED["locations"]
        region = path.removeprefix(f"{base}/providers/Microsoft.MachineLearningServices/locations/").partition("/")[0]
        if region in self.status:
            return self.status[region], {"error": {"code": "Whatever", "message": "told so"}}
        if region in self.regions and path.endswith(f"/{region}/vmSizes"):
            return 200, self.regions[region]
        return 404, {"error": {"code": "NoRegisteredProviderFound", "message": "not here"}}


@pytest.fixture
def arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Arm]:
    found = Arm()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = found.answer(self.path, self.headers.get("Authorization", ""))
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            """Tests are quiet."""

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    server = ThreadingHTTPServer(("localhost", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    found.url = f"https://localhost:{server.server_address[1]}"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "Emulator")  # so that any token will do
    monkeypatch.setenv("ARM_CLOUD_METADATA_URL", f"{found.url}/metadata")
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", SUBSCRIPTION)
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def test_all_regions_are_asked_and_the_differences_shown(publish: Run, project: Path, arm: Arm) -> None:
    ran = publish("skus", "refresh")
    assert ran.code == 0, ran.err
    assert ran.out == (HERE / "goldens" / "refresh.txt").read_text(encoding="utf-8")
    assert ran.err == "Nothing is written; --write puts it into skus.overlay.csv.\n"
    assert not (project / "skus.overlay.csv").exists()
    asked = {path.split("/locations")[-1]: query for path, query, _ in arm.asked}
    assert asked[""] == {"api-version": ["2022-12-01"]}
    assert asked["/eastus/vmSizes"] == {"api-version": ["2024-04-01"]}
    assert set(asked) >= {"/eastus/vmSizes", "/westeurope/vmSizes", "/atlantis/vmSizes"}
    assert not any("stage" in path for path, _, _ in arm.asked)  # a logical region is none to ask


def test_the_overlay_is_written_beside_publish_yaml_and_used(publish: Run, project: Path, arm: Arm) -> None:
    package = Path(str(__import__("azureml_publish").__file__)).parent
    before = (package / "skus" / "catalogue.csv").read_bytes()
    written = publish("skus", "refresh", "--write")
    assert written.code == 0, written.err
    assert written.err == "Written: skus.overlay.csv.\n"
    assert (package / "skus" / "catalogue.csv").read_bytes() == before
    rows = (project / "skus.overlay.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[0] for row in rows] == [
        "name",
        "Standard_NC80adis_H100_v5",
        "Standard_ND96asr_v4",
        "Standard_NC192ads_A100_v4",
    ]
    assert all("vmSizes 2024-04-01 in" in row for row in rows[1:])
    assert "80|2|640|256" in publish("skus", "min", "Standard_NC80adis_H100_v5").out
    assert "Standard_NC192ads_A100_v4" in publish("skus", "list", "--family", "NC_A100_v4").out
    lint = json.loads(publish("lint", "-o", "json").out)["diagnostics"]
    assert [(one["code"], "Standard_ND96asr_v4" in one["message"]) for one in lint] == [("SKU013", True)]

    again = json.loads(publish("skus", "refresh", "--write", "-o", "json").out)
    assert again["written"] == ("skus.overlay.csv" if again["differences"] else None)
    assert all(one["disputed"] for one in again["differences"])


def test_one_region_by_name(publish: Run, arm: Arm) -> None:
    found = json.loads(publish("skus", "refresh", "--region", "eastus", "-o", "json").out)
    assert found["regions"] == ["eastus"]
    assert found["without_service"] == []
    assert {(one["name"], one["figure"], one["new"]) for one in found["differences"]} >= {
        ("Standard_NC80adis_H100_v5", "temp_disk_gib", False),
        ("Standard_NC192ads_A100_v4", "vcpus", True),
    }
    assert not any("westeurope" in path for path, _, _ in arm.asked)


@pytest.mark.parametrize(
    ("where", "status", "arguments", "code", "said"),
    [
        ("eastus", 403, [], 5, "Sign in (az login)"),
        ("locations", 401, [], 5, "Azure does not show its regions"),
        ("eastus", 418, [], 1, "the answer is 418"),
        ("", 0, ["--region", "atlantis"], 3, "az account list-locations"),
        ("", 0, ["--subscription", "other"], 3, "Check the subscription's id"),
    ],
)
def test_what_azure_refuses_is_told_with_its_code(
    publish: Run, arm: Arm, project: Path, *, where: str, status: int, arguments: list[str], code: int, said: str
) -> None:
    if where:
        arm.status[where] = status
    ran = publish("skus", "refresh", "--write", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert not (project / "skus.overlay.csv").exists()


def test_nobody_at_home(publish: Run, arm: Arm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARM_CLOUD_METADATA_URL", "https://localhost:9/metadata")
    ran = publish("skus", "refresh")
    assert ran.code == 1
    assert "cannot be fetched" in ran.err
