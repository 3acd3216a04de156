"""The adapter to Azure ML's registries where it speaks to the service itself, against the emulator."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.assets import AssetRecord, RegisteredAsset
from azureml_publish.emulator import Emulator
from azureml_publish.errors import Conflict, NotFound, Overtaken
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.registry.azure import AzureRegistry
from azureml_publish.registry.cloud import find_cloud
from azureml_publish.registry.http import send
from azureml_publish.registry.transport import PooledTransport
from tests.conftest import ControlPlane, StaticCredential

PROPERTIES: dict[str, Any] = {
    "description": "old",
    "tags": {"t": "1"},
    "properties": {"p": "1"},
    "modelType": "custom_model",
}


@pytest.fixture
def registry(emulator_environment: dict[str, str]) -> AzureRegistry:
    assert emulator_environment
    return opened("local")


def opened(name: str) -> AzureRegistry:
    credential: Any = StaticCredential()
    return AzureRegistry(name, credential, find_cloud(os.environ), "test")


def record(**changed: Any) -> AssetRecord:
    fields: dict[str, Any] = {
        "name": "m", "version": 1, "type": "custom_model", "description": "new", "tags": {"t": "2"},
        "properties": {}, "system_metadata": {},
    }  # fmt: skip
    return AssetRecord(**fields | changed)


def found(registry: AzureRegistry) -> RegisteredAsset:
    asset = registry.find("m", 1)
    assert asset is not None
    return asset


def test_a_version_that_is_not_there_is_none(registry: AzureRegistry) -> None:
    assert registry.find("m", 1) is None


def test_a_registry_that_is_not_there_is_not_found(registry: AzureRegistry, emulator: Emulator) -> None:
    emulator.faults.add(service="registry", path="/discovery", status=404)
    with pytest.raises(NotFound, match="the registry"):
        registry.find("m", 1)


def test_an_update_keeps_what_it_does_not_mean(registry: AzureRegistry, control: ControlPlane) -> None:
    """azure-ai-ml's create_or_update loses fields that it does not know, and brings an archived version back."""
    kept: dict[str, Any] = {
        "flavors": {"f": {"data": {"k": "v"}}},
        "stage": "Staging",
        "isArchived": True,
        "variantInfo": {"x": 1},
    }
    before = control.register("m", "1", **PROPERTIES, **kept)["properties"]
    registry.update(found(registry), record(properties={"q": "2"}), {}, archived=True)
    after = control.call("GET", f"{control.base()}/models/m/versions/1").json()["properties"]
    assert after == before | {"description": "new", "tags": {"t": "2"}, "properties": {"p": "1", "q": "2"}}
    assert found(registry).archived


def test_an_update_is_one_request(registry: AzureRegistry, control: ControlPlane, emulator: Emulator) -> None:
    """So that no other run's can come between two of them."""
    control.register("m", "1", **PROPERTIES, system_metadata={"gone": 1, "stays": True, "languages": ["fr"]})
    asset = found(registry)
    emulator.faults.add(service="registry", after=1, status=400)
    wanted = {"stays": True, "languages": ["en"]}
    registry.update(asset, record(system_metadata=wanted), {"gone": None, "languages": ["en"]}, archived=True)
    emulator.faults.clear()
    now = found(registry)
    assert (now.description, now.tags, now.system_metadata, now.archived) == ("new", {"t": "2"}, wanted, True)


def test_system_metadata_can_be_replaced_alone(registry: AzureRegistry, control: ControlPlane) -> None:
    control.register("m", "1", **PROPERTIES, system_metadata={"gone": 1, "stays": True})
    registry.replace_metadata(record(system_metadata={"stays": True, "languages": ["en"]}))
    now = found(registry)
    assert (now.description, now.system_metadata) == ("old", {"stays": True, "languages": ["en"]})


def test_of_two_writes_under_one_number_the_second_is_refused_whole(
    registry: AzureRegistry, control: ControlPlane
) -> None:
    control.register("m", "1", **PROPERTIES)
    asset = found(registry)
    registry.update(asset, record(properties={"a": "one"}), {}, archived=False)
    late = record(description="late", properties={"a": "two"}, system_metadata={"k": 1})
    with pytest.raises(Conflict, match="refuses"):
        registry.update(asset, late, {"k": 1}, archived=True)
    now = found(registry)
    assert (now.description, now.properties["a"]) == ("new", "one")
    assert (now.system_metadata, now.archived) == ({}, False)


def test_a_version_that_is_gone_is_not_updated(registry: AzureRegistry, control: ControlPlane) -> None:
    control.register("m", "1", **PROPERTIES)
    asset = found(registry)
    other = opened("local")
    control.call("DELETE", f"{control.models()}/m:1").raise_for_status()
    with pytest.raises(Overtaken):
        other.update(asset, record(), {}, archived=False)


def test_a_create_is_not_failed_by_the_stale_answer_that_azure_ai_ml_reads(
    registry: AzureRegistry, control: ControlPlane, emulator: Emulator, azure_sdk: None
) -> None:
    path = control.upload("m", "1")
    emulator.faults.add(service="registry", method="GET", path="/models/m/versions/1", status=404, after=1)
    registry.create(record(), path)
    emulator.faults.clear()
    assert found(registry).description == "new"


def test_a_long_running_operation_is_waited_for(
    registry: AzureRegistry, control: ControlPlane, emulator: Emulator
) -> None:
    control.register("m", "1", **PROPERTIES)

    def copy(target: str) -> None:
        source = "azureml://registries/local/models/m/versions/1"
        version = {"api-version": "2021-10-01-dataplanepreview"}
        body = {"properties": {"sourceAssetId": source}}
        send(registry._rest, "POST", f"{control.base(target)}/import", params=version, body=body)

    copy("other")
    copied = opened("other").find("m", 1)
    assert copied is not None
    assert copied.description == "old"

    # That it cannot be looked at says nothing about it: what became of it is read.
    emulator.faults.add(service="registry", path="/operations/", status=400)
    copy("third")
    assert opened("third").find("m", 1) is not None


STRICT = """
import os, sys
from azureml_publish.assets import AssetRecord
from azureml_publish.registry.azure import AzureRegistry
from azureml_publish.registry.cloud import find_cloud
from tests.conftest import StaticCredential

registry = AzureRegistry("local", StaticCredential(), find_cloud(os.environ), "test")
registry.create(AssetRecord("m", 1, "custom_model", "new", {}, {}, {}), sys.argv[1])
print(registry.find("m", 1).id.version)
"""


@pytest.mark.long
def test_a_program_that_makes_errors_of_warnings_registers_a_version(
    emulator_environment: dict[str, str], control: ControlPlane
) -> None:
    """In a process of its own: azure-ai-ml warns as it is imported, and only then."""
    assert emulator_environment
    ran = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning", "-c", STRICT, control.upload("m", "1")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "1\n"), ran.stderr


def test_an_opened_registry_is_closed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connections stay open as long as it is used, and no longer."""
    closed: list[PooledTransport] = []
    close = PooledTransport.close

    def note(transport: PooledTransport) -> None:
        closed.append(transport)
        close(transport)

    monkeypatch.setattr(PooledTransport, "close", note)
    run = RunContext(project, {}, date(2026, 11, 21))
    subject = load(run, (), Settings()).subject
    assert subject is not None
    with open_registry(run, subject.project, None) as opened:
        closed.clear()  # the cloud's metadata came by another
        opened.registry.models()
        assert not closed
    assert len(closed) == 1
