"""From source to container, on the emulator's blobs and on Microsoft's own emulator, Azurite: the same tests."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from azureml_publish.assets import AssetId, ContainerAccess, ManifestEntry, RenderedAsset, RenderedModel
from azureml_publish.content.manifest import check_content, parse_manifest
from azureml_publish.content.packaging.tree import MANIFEST_FILE, ArtifactFile, RenderedOrigin, manifest_digest
from azureml_publish.content.sources.hub import Hub
from azureml_publish.content.sources.readers import Readers
from azureml_publish.content.upload.container import BLOCK, Container
from azureml_publish.content.upload.file_upload import FileUpload, UploadContext, Watcher
from azureml_publish.content.upload.pool import UploadPool
from azureml_publish.content.upload.progress import Silent
from azureml_publish.content.upload.retry import RetryPolicy
from azureml_publish.content.upload.transfer import ModelContent, Transfer, describe_content, publish_content
from azureml_publish.emulator import Emulator
from azureml_publish.errors import ContentMismatch, Interrupted, NotFound, Unreachable
from azureml_publish.project import load_project
from tests.conftest import REPOSITORY, lacking

Lend = Callable[[str], ContainerAccess]

ASSET = AssetId("local", "odd", 1)
FILES = {
    "empty.dat": b"",
    "small.txt": b"a few bytes\n",
    "one block.bin": bytes(range(256)) * (BLOCK // 256),
    "deep/er/ein Gruß #1 100%.json": b"{}",
    "blocks.bin": secrets.token_bytes(2 * BLOCK + 12345),
}


@pytest.fixture(params=["emulator", pytest.param("azurite", marks=pytest.mark.azurite)])
def lend(request: pytest.FixtureRequest) -> Lend:
    """Makes a container, as a registry would lend it, on one of the two blob services."""
    made: Lend = request.getfixturevalue(f"lend_from_{request.param}")
    return made


@pytest.fixture
def lend_from_emulator(emulator: Emulator) -> Lend:
    def lend(name: str) -> ContainerAccess:
        sas_uri = emulator.container(name)
        return ContainerAccess(sas_uri.partition("?")[0], sas_uri)

    return lend


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Azurite's blob service: its account URL and the key of an account made for this run."""
    program = shutil.which("azurite-blob", path=f"{REPOSITORY / 'node_modules/.bin'}:{os.environ['PATH']}")
    if program is None:
        lacking("azurite", "npm install azurite")
    key = base64.b64encode(secrets.token_bytes(64)).decode()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = ["--blobPort", str(port), "--location", str(tmp_path_factory.mktemp("azurite")), "--silent"]
    arguments += ["--skipApiVersionCheck", "--disableTelemetry"]
    environ = os.environ | {"AZURITE_ACCOUNTS": f"testing:{key}"}
    process = subprocess.Popen([program, *arguments], env=environ, stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}/testing"
        for _ in range(1200):
            try:
                requests.get(url, timeout=1)
                break
            except requests.RequestException:
                time.sleep(0.1)
        else:
            pytest.fail("azurite-blob did not answer within two minutes")
        yield url, key
    finally:
        process.terminate()
        process.wait(120)


@pytest.fixture
def lend_from_azurite(azurite: tuple[str, str]) -> Lend:
    from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, generate_container_sas

    url, key = azurite

    def lend(name: str) -> ContainerAccess:
        container = f"{name}-{secrets.token_hex(4)}"
        with BlobServiceClient(url, credential=key) as service:
            service.create_container(container)
        sas = generate_container_sas(
            "testing",
            container,
            account_key=key,
            permission=ContainerSasPermissions(read=True, write=True, list=True, create=True, add=True),
            expiry=datetime.now(UTC) + timedelta(hours=1),
        )
        return ContainerAccess(f"{url}/{container}", f"{url}/{container}?{sas}")

    return lend


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model of odd files, published as they are from a local folder."""
    model = tmp_path / "odd" / "models" / "odd"
    for name, data in FILES.items():
        path = model / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (model / "model.yaml").write_text(
        "name: odd\nversion: 1\ntype: custom_model\nsource: {local: files}\ntasks: {inference: other}\n"
    )
    (model / "card.md.j2").write_text("A card.\n")
    (tmp_path / "odd" / "publish.yaml").touch()
    return tmp_path / "odd"


def content_of(root: Path) -> ModelContent:
    project, found = load_project(root)
    assert project is not None
    assert found == ()
    model = project.models[0]
    asset = RenderedAsset(model.spec.name, 1, model.spec.type, "A card.\n", {}, {}, {})
    return describe_content(model, RenderedModel(model.folder, asset, ()))


def move(container: Container, file: ArtifactFile) -> None:
    """Bring one file, as a transfer of a model does."""
    context = UploadContext(container, Readers(Hub()), UploadPool(), RetryPolicy(), lambda: False)
    moving = FileUpload(file, context, Watcher("odd", file, Silent(), threading.Event()), {})
    for span in moving.spans:
        moving.bring(span)
    if moving.error is not None:
        raise moving.error


def transfer(hub: Hub | None = None, *, stop: Callable[[], bool] = lambda: False) -> Transfer:
    return Transfer(hub or Hub(), Silent(), "azureml-publish/test", stop)


def test_every_file_arrives_as_it_is_with_a_manifest_beside_it(folder: Path, lend: Lend) -> None:
    access = lend("arrives")
    published = publish_content(content_of(folder), access, transfer())

    container = Container(access, access.folder_of(published.uri))
    for name, data in FILES.items():
        assert b"".join(container.read(name)) == data
    expected = [ManifestEntry(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in FILES.items()]
    assert parse_manifest(container.read_part(MANIFEST_FILE)) == tuple(sorted(expected))
    assert published.manifest == manifest_digest(expected)
    assert (published.files, published.size) == (len(FILES), sum(map(len, FILES.values())))

    check = check_content(ASSET, container, published.manifest)
    assert (check.problems, check.files, check.size) == ((), published.files, published.size)


def test_a_damaged_missing_or_foreign_file_is_told(folder: Path, lend: Lend) -> None:
    access = lend("damaged")
    published = publish_content(content_of(folder), access, transfer())
    container = Container(access, access.folder_of(published.uri))
    wrong = FILES["small.txt"].upper()
    for name, data in (("small.txt", wrong), ("one block.bin", b"short"), ("foreign.txt", b"hello")):
        move(container, ArtifactFile(name, len(data), RenderedOrigin(data)))
    problems = check_content(ASSET, container, "0" * 64).problems
    assert len(problems) == 4
    assert problems[0].startswith("publish-manifest.json: its digest is")
    assert any(problem.startswith("small.txt: its SHA-256 is") for problem in problems)
    assert any(problem.startswith("one block.bin: 5 bytes") for problem in problems)
    assert "foreign.txt: not in the manifest" in problems


def test_a_second_run_keeps_what_the_first_brought(folder: Path, lend: Lend) -> None:
    access = lend("second")
    first = publish_content(content_of(folder), access, transfer())
    seen: dict[str, bool] = {}

    class Watching(Silent):
        def file_done(self, _model: str, path: str, _size: int, *, reused: bool) -> None:
            seen[path] = reused

    again = publish_content(content_of(folder), access, Transfer(Hub(), Watching(), "t", lambda: False))
    assert again == first
    assert seen == dict.fromkeys(FILES, True)


@pytest.mark.parametrize("damage", ["size", "sha256", "git_oid"])
@pytest.mark.parametrize("name", ["small.txt", "blocks.bin"])
def test_a_file_that_is_not_what_was_promised_never_appears(lend: Lend, name: str, damage: str) -> None:
    data = FILES[name]
    container = Container(lend("promised"), "model")
    file = ArtifactFile(
        name,
        len(data) + (damage == "size"),
        RenderedOrigin(data),
        sha256="0" * 64 if damage == "sha256" else None,
        git_oid="0" * 40 if damage == "git_oid" else None,
    )
    with pytest.raises(ContentMismatch, match=name):
        move(container, file)
    assert dict(container.files()) == {}


def test_a_stopped_transfer_carries_on_in_the_next_run(folder: Path, lend: Lend) -> None:
    access = lend("stopped")
    content = content_of(folder)
    done: list[str] = []

    class Watching(Silent):
        def file_done(self, _model: str, path: str, _size: int, *, reused: bool) -> None:
            assert not reused
            done.append(path)

    stopped = replace(transfer(stop=lambda: bool(done)), progress=Watching(), pool=UploadPool(1))
    with pytest.raises(Interrupted):
        publish_content(content, access, stopped)
    partly = Container(access, f"{content.digest[:12]}/model").files()
    assert 0 < len(partly) < len(FILES)
    assert all(partly[name].size == len(FILES[name]) for name in partly)
    published = publish_content(content, access, transfer())
    assert published.files == len(FILES)


def test_changed_files_go_into_a_folder_of_their_own(folder: Path, lend: Lend) -> None:
    access = lend("changed")
    first = publish_content(content_of(folder), access, transfer())
    (folder / "models/odd/files/small.txt").write_text("other\n")
    second = publish_content(content_of(folder), access, transfer())
    assert first.uri != second.uri
    assert check_content(ASSET, Container(access, access.folder_of(first.uri)), first.manifest).problems == ()


def test_a_local_file_that_changes_after_the_plan_is_found_out(folder: Path, lend: Lend) -> None:
    content = content_of(folder)
    (folder / "models/odd/files/small.txt").write_bytes(FILES["small.txt"].upper())
    access = lend("moved")
    with pytest.raises(ContentMismatch, match=r"small\.txt"):
        publish_content(content, access, transfer())
    assert "small.txt" not in Container(access, f"{content.digest[:12]}/model").files()


def test_a_signature_never_shows(lend: Lend) -> None:
    access = lend("secret")
    signature = access.sas_uri.partition("sig=")[2].partition("&")[0]
    assert signature
    container = Container(ContainerAccess(access.uri, access.sas_uri.replace("sig=", "sig=x")), "model")
    with pytest.raises(Exception, match="refuses") as refused:
        container.files()
    for text in (repr(access), str(refused.value), repr(refused.value)):
        assert signature not in text


class TestFromTheHub:
    """The emulated Hub as the source."""

    @pytest.fixture
    def hub(self, emulator: Emulator) -> Hub:
        return Hub(emulator.environment["HF_ENDPOINT"], sleep=lambda _seconds: None)

    @pytest.fixture
    def bert(self, tmp_path: Path) -> ModelContent:
        root = tmp_path / "bert"
        shutil.copytree(REPOSITORY / "models" / "bert-base-cased", root / "models" / "bert-base-cased")
        (root / "publish.yaml").touch()
        return content_of(root)

    def test_a_checkpoint_is_laid_out_as_mlflow_wants_it(self, hub: Hub, bert: ModelContent) -> None:
        paths = [file.path for file in bert.list_files(Readers(hub))]
        assert paths == [
            "LICENSE",
            "components/tokenizer/config.json",
            "components/tokenizer/tokenizer.json",
            "components/tokenizer/tokenizer_config.json",
            "components/tokenizer/vocab.txt",
            "model/config.json",
            "model/model.safetensors",
        ]

    @pytest.mark.parametrize("path", ["model.safetensors", "config.json"])
    def test_a_damaged_file_is_refused(self, emulator: Emulator, hub: Hub, bert: ModelContent, path: str) -> None:
        emulator.faults.add(service="hub", method="GET", path=f"resolve/.*/{path}", corrupt=True)
        sas_uri = emulator.container("corrupt")
        access = ContainerAccess(sas_uri.partition("?")[0], sas_uri)
        with pytest.raises(ContentMismatch, match=path):
            publish_content(bert, access, transfer(hub))
        stored = Container(access, f"{bert.digest[:12]}/mlflow_model_folder").files()
        assert not any(name.endswith(f"/{path}") for name in stored)
        emulator.faults.clear()
        assert publish_content(bert, access, transfer(hub)).files == 7

    def test_a_broken_connection_is_taken_up_where_it_broke(
        self, emulator: Emulator, hub: Hub, bert: ModelContent
    ) -> None:
        emulator.faults.add(
            service="hub", method="GET", path="resolve/.*/model.safetensors", truncate_after=100_000, times=3
        )
        sas_uri = emulator.container("broken")
        published = publish_content(bert, ContainerAccess(sas_uri.partition("?")[0], sas_uri), transfer(hub))
        assert published.files == 7

    def test_a_hub_that_keeps_breaking_off_is_given_up(self, emulator: Emulator, hub: Hub, bert: ModelContent) -> None:
        emulator.faults.add(service="hub", method="GET", path="resolve/.*/model.safetensors", truncate_after=0)
        sas_uri = emulator.container("given-up")
        waits: list[float] = []
        impatient = replace(transfer(hub), retry=RetryPolicy(sleep=waits.append))
        with pytest.raises(Unreachable):
            publish_content(bert, ContainerAccess(sas_uri.partition("?")[0], sas_uri), impatient)
        assert sum(waits) > 5

    def test_storage_that_fails_for_a_while_is_tried_again(
        self, emulator: Emulator, hub: Hub, bert: ModelContent
    ) -> None:
        emulator.faults.add(service="blobs", method="PUT", status=503, headers={"Retry-After": "0"}, times=1)
        sas_uri = emulator.container("busy")
        published = publish_content(bert, ContainerAccess(sas_uri.partition("?")[0], sas_uri), transfer(hub))
        assert published.files == 7

    def test_an_unknown_revision_is_not_found(self, hub: Hub, bert: ModelContent) -> None:
        source: Any = bert.folder.spec.source
        with pytest.raises(NotFound, match="f" * 40):
            hub.list_files(source.model_copy(update={"revision": "f" * 40}))

    def test_a_hub_that_is_not_there_is_told(self, bert: ModelContent) -> None:
        source: Any = bert.folder.spec.source
        with pytest.raises(Unreachable, match="cannot be reached"):
            Hub("http://127.0.0.1:9").list_files(source)

    def test_the_manifest_says_where_the_files_come_from(
        self, emulator: Emulator, hub: Hub, bert: ModelContent
    ) -> None:
        sas_uri = emulator.container("provenance")
        access = ContainerAccess(sas_uri.partition("?")[0], sas_uri)
        published = publish_content(bert, access, transfer(hub))
        container = Container(access, access.folder_of(published.uri))
        manifest = json.loads(b"".join(container.read("publish-manifest.json")))
        assert manifest["source"] == {
            "huggingface": "google-bert/bert-base-cased",
            "revision": "5532cc56f74641d4bb33641f5c76a55d11f846e0",
        }
        assert manifest["tool"] == "azureml-publish/test"
