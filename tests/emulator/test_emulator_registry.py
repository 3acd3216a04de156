"""The control plane call by call: what clients rely on and no client library shows."""

import json
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import requests

from azureml_publish.emulator import Emulator
from tests.conftest import version_of


def test_metadata_names_the_cloud(emulator: Emulator, control: Any) -> None:
    (cloud,) = control.call("GET", emulator.environment["ARM_CLOUD_METADATA_URL"]).json()
    assert cloud["name"] == emulator.environment["AZUREML_CURRENT_CLOUD"]
    assert cloud["resourceManager"] == emulator.url
    assert cloud["portal"].count(".") >= 3
    assert {"authentication", "suffixes"} <= set(cloud)


def test_any_registry_name_is_one(emulator: Emulator, control: Any) -> None:
    url = emulator.url + "/registrymanagement/v1.0/registries/{}/discovery?api-version=v1.0"
    for name in ("local", "azureml", "contoso-prod_1"):
        found = control.call("GET", url.format(name)).json()
        assert found["registryName"] == name
        assert found["primaryRegionResourceProviderUri"] == f"{emulator.url}/"
        assert found["registryFqdns"][found["primaryRegion"]]
    for name in ("ab", "-bad", "a" * 34, "sp ace"):
        assert control.call("GET", url.format(name)).status_code == 404


def test_bearer_token_is_required(emulator: Emulator, control: Any) -> None:
    url = f"{control.base()}/models/bert/versions/1"
    bundle = emulator.environment["REQUESTS_CA_BUNDLE"]
    for header in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer "}):
        answer = requests.get(url, headers=header, verify=bundle, timeout=120)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    denied = requests.get(url, headers={"Authorization": "Bearer denied"}, verify=bundle, timeout=120)
    assert (denied.status_code, denied.json()["error"]["code"]) == (401, "UserError")
    assert "WWW-Authenticate" not in denied.headers


def test_unknown_routes_are_not_served(emulator: Emulator, control: Any) -> None:
    for method, url in (
        ("GET", f"{emulator.url}/"),
        ("GET", f"{control.base()}/environments/x/versions/1"),
        ("POST", f"{control.base()}/models/bert/versions/1"),
        ("DELETE", f"{control.base()}/models/bert"),
        ("GET", f"{emulator.url}/subscriptions/s/resourceGroups/g"),
    ):
        answer = control.call(method, url)
        assert answer.status_code == 501
        assert answer.json()["error"]["message"].startswith(f"The emulator does not serve {method} /")


def test_identity_and_body_are_checked(control: Any) -> None:
    uri = control.upload("bert", "1")
    good = {"modelUri": uri}
    for name, version, body in (
        ("bert", "1.0", good),
        ("bert", "latest", good),
        ("_bert", "1", good),
        ("bert", "1", {}),
        ("bert", "1", {**good, "tags": {"a": 1}}),
        ("bert", "1", {**good, "properties": {"a": {"b": "c"}}}),
        ("bert", "1", {**good, "modelType": "pickle"}),
        ("bert", "1", {**good, "description": 3}),
        ("bert", "1", {**good, "system_metadata": ["x"]}),
        ("bert", "1", {"modelUri": uri + "-not-there"}),
    ):
        answer = control.put(name, version, body)
        assert answer.status_code == 400, (name, version, body)
        assert answer.json()["error"]["message"]
    assert control.call("PUT", f"{control.base()}/models/bert/versions/1", data=b"{").status_code == 400
    assert control.call("GET", f"{control.base()}/models/bert").status_code == 404
    assert control.put("bert", "1", good).status_code == 201
    assert control.put("bert", "1", good).status_code == 200


def test_content_elsewhere_is_kept_as_it_is(control: Any) -> None:
    uri = "https://contoso.blob.core.windows.net/models/bert"
    made = control.put("bert", "1", {"modelUri": uri}).json()
    assert made["properties"]["modelUri"] == uri
    body = {"assetId": made["id"], "blobUri": uri}
    assert control.call("POST", f"{control.base()}/datarefs/bert/versions/1", json=body).status_code == 400


def test_put_replaces_and_merges(control: Any) -> None:
    made = control.register(
        "bert", "1", description="d", tags={"a": "1"}, properties={"p": "1"}, system_metadata={"n": 1, "gone": True}
    )
    assert made["properties"]["flavors"] == {}
    change = {"tags": {"b": "2"}, "properties": {"q": "2"}, "system_metadata": {"m": [1.5], "gone": None}}
    after = control.put("bert", "1", change).json()["properties"]
    assert (after["description"], after["tags"], after["properties"]) == (None, {"b": "2"}, {"p": "1", "q": "2"})
    assert after["modelUri"] == made["properties"]["modelUri"]
    assert "system_metadata" not in after
    assert control.call("GET", f"{control.models()}/bert:1").json()["systemMetadata"] == {"n": 1, "m": [1.5]}


def test_archived_versions_are_hidden_on_request(control: Any) -> None:
    for version in ("1", "2"):
        control.register("bert", version)
    control.put("bert", "1", {"isArchived": True})
    url = f"{control.base()}/models/bert/versions?listViewType="
    names = {
        view: [version_of(entry) for entry in control.call("GET", url + view).json()["value"]]
        for view in ("All", "ActiveOnly", "ArchivedOnly")
    }
    assert names == {"All": ["2", "1"], "ActiveOnly": ["2"], "ArchivedOnly": ["1"]}
    assert control.call("GET", url + "Some").status_code == 400


def test_lists_come_in_pages(control: Any) -> None:
    for number in range(1, 231):
        control.put("bert", str(number), {"modelUri": "https://contoso.example/x"})

    def follow(url: str) -> tuple[int, list[str]]:
        pages, names = 0, []
        while url:
            page = control.call("GET", url).json()
            names += [version_of(entry) for entry in page["value"]]
            url, pages = page.get("nextLink", ""), pages + 1
        return pages, names

    url = f"{control.base()}/models/bert/versions?api-version=2021-10-01-dataplanepreview"
    assert follow(url) == (3, [str(number) for number in range(230, 0, -1)])
    assert follow(f"{url}&$orderBy=createdtime asc&$top=120") == (2, [str(number) for number in range(1, 121)])
    assert follow(f"{url}&$orderBy=createdtime desc&$top=1") == (1, ["230"])
    for bad in ("$orderBy=name", "$top=x", "$skipToken=%21"):
        assert control.call("GET", f"{url}&{bad}").status_code == 400
    listed = control.call("GET", f"{control.models()}?name=bert").json()
    assert len(listed["value"]) == 100
    assert listed["nextLink"].startswith(control.models())


def test_container_counts_above_everything_ever_used(control: Any) -> None:
    url = f"{control.base()}/models/bert"
    for version in ("12", "3"):
        control.register("bert", version)
    properties = control.call("GET", url).json()["properties"]
    assert (properties["latestVersion"], properties["nextVersion"]) == ("3", "13")
    for version in ("12", "3"):
        control.call("DELETE", f"{control.models()}/bert:{version}")
    properties = control.call("GET", url).json()["properties"]
    assert (properties["latestVersion"], properties["nextVersion"]) == (None, "13")
    assert control.call("GET", f"{url}/versions").json()["value"] == []


def test_tombstone_refuses_upload_and_registration(control: Any) -> None:
    made = control.register("bert", "1")
    control.call("DELETE", f"{control.models()}/bert:1")
    body = {"assetId": made["id"]}
    for answer in (
        control.put("bert", "1", {"modelUri": made["properties"]["modelUri"]}),
        control.call("PUT", f"{control.base()}/tempdatarefs/bert/versions/1", json=body),
    ):
        assert answer.status_code == 400
        assert "was deleted at" in answer.json()["error"]["message"]
        assert "cannot be recreated" in answer.json()["error"]["message"]
    assert control.call("DELETE", f"{control.models()}/bert:1").status_code == 404


def test_upload_goes_on_in_the_same_container(emulator: Emulator, control: Any) -> None:
    body = {"assetId": "azureml://registries/local/models/bert/versions/1"}
    url = f"{control.base()}/tempdatarefs/bert/versions/1"
    arm = (
        f"{emulator.url}/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/registries/local"
        "/models/bert/versions/1/startPendingUpload?api-version=2024-04-01"
    )
    first = control.call("PUT", url, json=body).json()["blobReferenceForConsumption"]
    again = control.call("PUT", url, json=body).json()["blobReferenceForConsumption"]
    pending = control.call("POST", arm, json={"pendingUploadType": "TemporaryBlobReference"}).json()
    assert pending["pendingUploadType"] == "TemporaryBlobReference"
    assert pending["pendingUploadId"]
    assert first["blobUri"] == again["blobUri"] == pending["blobReferenceForConsumption"]["blobUri"]
    assert first["credential"]["credentialType"] == "SAS"
    assert first["credential"]["sasUri"].startswith(f"{first['blobUri']}?")
    assert control.call("PUT", url, json={"assetId": "azureml://other"}).status_code == 400
    control.register("bert", "1")
    assert control.call("PUT", url, json=body).status_code == 409
    assert control.call("POST", arm, json={"pendingUploadType": "TemporaryBlobReference"}).status_code == 409


def test_read_signature_does_not_write(control: Any) -> None:
    made = control.register("bert", "1")
    body = {"assetId": made["id"], "blobUri": made["properties"]["modelUri"]}
    reference = control.call("POST", f"{control.base()}/datarefs/bert/versions/1", json=body).json()
    reference = reference["blobReferenceForConsumption"]
    url, _, query = reference["credential"]["sasUri"].partition("?")
    assert reference["blobUri"] == f"{url}/content"
    assert control.call("GET", f"{url}/content/MLmodel?{query}").status_code == 200
    put = control.call("PUT", f"{url}/x?{query}", data=b"x", headers={"x-ms-blob-type": "BlockBlob"})
    assert put.status_code == 403
    foreign = control.register("other", "1")["properties"]["modelUri"]
    stolen = control.call("POST", f"{control.base()}/datarefs/bert/versions/1", json={**body, "blobUri": foreign})
    assert stolen.status_code == 400


def test_patch(control: Any) -> None:
    control.register("bert", "1", properties={"p": "1"}, tags={"t": "1"}, system_metadata={"a": 1})
    url = f"{control.models()}/bert:1"

    def patch(*operations: dict[str, Any]) -> requests.Response:
        answer: requests.Response = control.call(
            "PATCH", url, json=list(operations), headers={"Content-Type": "application/json-patch+json"}
        )
        return answer

    good = patch(
        {"op": "replace", "path": "/systemMetadata/b", "value": {"x": [True, None]}},
        {"op": "remove", "path": "/systemMetadata/a"},
        {"op": "replace", "path": "/isArchived", "value": True},
        {"op": "add", "path": "/properties/q~1r", "value": "2"},
        {"op": "replace", "path": "/kvTags", "value": {"u": "2"}},
        {"op": "replace", "path": "/description", "value": "new"},
    )
    assert good.status_code == 200
    read = control.call("GET", url).json()
    assert read["systemMetadata"] == {"b": {"x": [True, None]}}
    assert (read["isArchived"], read["description"], read["kvTags"]) == (True, "new", {"u": "2"})
    assert read["properties"] == {"p": "1", "q/r": "2"}
    for operation in (
        {"op": "replace", "path": "/properties/p", "value": "2"},
        {"op": "remove", "path": "/properties/p"},
        {"op": "replace", "path": "/properties/n", "value": 2},
        {"op": "replace", "path": "/url", "value": "x"},
        {"op": "replace", "path": "/isArchived", "value": "yes"},
        {"op": "move", "path": "/kvTags/u", "from": "/kvTags/v"},
        {"path": 1},
    ):
        assert patch(operation).status_code == 400, operation
    assert control.call("GET", url).json() == read


def test_put_system_metadata_is_the_whole_of_it(control: Any) -> None:
    control.register("bert", "1", system_metadata={"a": 1, "b": 2})
    url = f"{control.models()}/bert:1/systemMetadata"
    assert control.call("PUT", url, json={"c": {"d": [1, "x", False]}}).status_code == 200
    assert control.call("GET", f"{control.models()}/bert:1").json()["systemMetadata"] == {"c": {"d": [1, "x", False]}}
    assert control.call("PUT", url, json=[1]).status_code == 400
    assert control.call("PUT", f"{control.models()}/bert:2/systemMetadata", json={}).status_code == 404


def test_import_is_polled_and_refuses_what_is_there(control: Any) -> None:
    made = control.register("bert", "1", tags={"a": "b"}, system_metadata={"n": 1})
    body = {"properties": {"referenceType": "Id", "sourceAssetId": made["id"], "destinationVersion": "2"}}
    url = f"{control.base('prod')}/import?api-version=2021-10-01-dataplanepreview"
    answer = control.call("POST", url, json=body)
    assert answer.status_code == 202
    states = [control.call("GET", answer.headers["Azure-AsyncOperation"]).json()["status"] for _ in range(2)]
    assert states == ["InProgress", "Succeeded"]
    assert control.call("GET", answer.headers["Location"]).status_code == 200
    copied = control.call("GET", f"{control.models('prod')}/bert:2").json()
    assert (copied["kvTags"], copied["systemMetadata"]) == ({"a": "b"}, {"n": 1})
    assert copied["url"] != made["properties"]["modelUri"]
    assert control.call("POST", url, json=body).status_code == 409
    body["properties"]["sourceAssetId"] = "azureml://registries/local/models/none/versions/1"
    assert control.call("POST", url, json=body).status_code == 404
    assert control.call("POST", url, json={"properties": {"sourceAssetId": "x"}}).status_code == 400


def test_registries_are_apart(control: Any) -> None:
    control.register("bert", "1", registry="one")
    assert control.call("GET", f"{control.base('two')}/models/bert/versions/1").status_code == 404
    assert control.call("GET", f"{control.base('two')}/models").json()["value"] == []


def test_bundle_knows_the_world_too(emulator: Emulator) -> None:
    import ssl
    from pathlib import Path

    import certifi

    bundle = Path(emulator.environment["REQUESTS_CA_BUNDLE"])
    assert Path(certifi.where()).read_text().strip() in bundle.read_text()
    context = ssl.create_default_context(cafile=bundle)
    with urllib.request.urlopen(emulator.environment["ARM_CLOUD_METADATA_URL"], context=context) as answer:
        assert answer.status == 200


def test_head_and_body_of_a_small_answer_come_together(emulator: Emulator) -> None:
    """Each piece of an answer would be a record of TLS, a packet, and a client that is woken."""
    import socket
    import ssl

    context = ssl.create_default_context(cafile=emulator.environment["REQUESTS_CA_BUNDLE"])
    place = urllib.parse.urlsplit(emulator.environment["ARM_CLOUD_METADATA_URL"])
    with (
        socket.create_connection((str(place.hostname), place.port or 0), timeout=120) as plain,
        context.wrap_socket(plain, server_hostname=place.hostname) as connection,
    ):
        for _ in range(2):
            connection.sendall(f"GET {place.path}?{place.query} HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
            head, _, body = connection.recv(65536).partition(b"\r\n\r\n")  # one record
            assert head.startswith(b"HTTP/1.1 200 ")
            assert json.loads(body)


def test_two_clients_cannot_both_create(control: Any, credential: Callable[[str], Any]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    uri = control.upload("bert", "1")
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda each: control.put("bert", "1", {"modelUri": uri, "tags": {"by": str(each)}}), range(8))
        )
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
