"""The unmodified azure-storage-blob against the emulator's blob service."""

import base64
import hashlib
import os
import socket
import time
from pathlib import Path

import pytest
import requests
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import BlobBlock, BlobClient, ContainerClient

from azureml_publish.emulator import Emulator


@pytest.fixture
def container(emulator: Emulator) -> ContainerClient:
    return ContainerClient.from_container_url(
        emulator.container("files"), max_block_size=1024 * 1024, max_single_put_size=1024 * 1024, retry_total=0
    )


def opened(url: str) -> ContainerClient:
    return ContainerClient.from_container_url(url, retry_total=0)


def code_of(error: HttpResponseError) -> str:
    """The storage error code; azure-storage-blob adds the attribute, azure-core does not declare it."""
    code = getattr(error, "error_code", "")
    return str(getattr(code, "value", code))


def test_small_blob_goes_up_and_comes_down(container: ContainerClient) -> None:
    blob = container.upload_blob("a/b c#ü.txt", b"hello", metadata={"k": "v"}, content_type="text/plain")
    assert blob.download_blob().readall() == b"hello"
    properties = blob.get_blob_properties()
    assert properties.size == 5
    assert properties.metadata == {"k": "v"}
    assert properties.content_settings.content_type == "text/plain"
    assert properties.content_settings.content_md5 == bytearray(hashlib.md5(b"hello").digest())
    assert properties.etag.startswith('"0x8')


def test_empty_blob(container: ContainerClient) -> None:
    blob = container.upload_blob("empty", b"")
    assert blob.download_blob().readall() == b""
    assert blob.get_blob_properties().size == 0


def test_large_blob_goes_up_in_blocks_and_down_in_ranges(container: ContainerClient) -> None:
    content = os.urandom(5 * 1024 * 1024 + 17)
    blob = container.upload_blob("big", content, max_concurrency=4)
    committed, uncommitted = blob.get_block_list("all")
    assert [block.size for block in committed] == [1024 * 1024] * 5 + [17]
    assert uncommitted == []
    assert blob.download_blob(max_concurrency=2).readall() == content
    assert blob.download_blob(offset=1024 * 1024 - 3, length=7).readall() == content[1024 * 1024 - 3 :][:7]
    assert blob.download_blob(offset=5 * 1024 * 1024 + 10).readall() == content[-7:]
    assert blob.download_blob(offset=3, length=100, validate_content=True).readall() == content[3:103]
    with pytest.raises(HttpResponseError) as caught:
        blob.download_blob(offset=len(content))
    assert caught.value.status_code == 416


def test_block_list_takes_latest_committed_and_uncommitted(container: ContainerClient) -> None:
    blob = container.get_blob_client("blocks")
    for name, content in (("aa", b"1"), ("bb", b"2")):
        blob.stage_block(name, content)
    with pytest.raises(ResourceNotFoundError):
        blob.get_blob_properties()
    assert [block.id for block in blob.get_block_list("uncommitted")[1]] == ["aa", "bb"]
    blob.commit_block_list([BlobBlock("bb"), BlobBlock("aa")], metadata={"step": "1"})
    assert blob.download_blob().readall() == b"21"
    blob.stage_block("aa", b"new")
    # Raw XML: azure-storage-blob 12.31 sends every BlobBlock as Latest, whatever its state.
    entries = "<Committed>YWE=</Committed><Uncommitted>YWE=</Uncommitted><Latest>YmI=</Latest>"
    answer = requests.put(f"{blob.url}&comp=blocklist", data=f"<BlockList>{entries}</BlockList>", timeout=120)
    assert answer.status_code == 201
    assert blob.download_blob().readall() == b"1new2"
    assert blob.get_block_list("all")[1] == []
    with pytest.raises(HttpResponseError) as caught:
        blob.commit_block_list([BlobBlock("zz")])
    assert code_of(caught.value) == "InvalidBlockList"
    assert blob.download_blob().readall() == b"1new2"


def test_segments_that_nobody_names_are_deleted(container: ContainerClient, emulator: Emulator) -> None:
    segments = emulator._folder.segments
    blob = container.upload_blob("one", b"first")
    blob.upload_blob(b"second", overwrite=True)
    blob.stage_block("xx", b"never committed")
    assert len(list(segments.iterdir())) == 2
    container.get_blob_client("two").start_copy_from_url(blob.url, requires_sync=True)
    blob.delete_blob()
    assert len(list(segments.iterdir())) == 1
    assert container.get_blob_client("two").download_blob().readall() == b"second"
    container.delete_blob("two")
    assert list(segments.iterdir()) == []


def test_wrong_md5_is_refused_and_leaves_nothing(emulator: Emulator) -> None:
    url, _, query = emulator.container("files").partition("?")
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    headers = {"x-ms-blob-type": "BlockBlob", "Content-MD5": wrong}
    for suffix in ("", "&comp=block&blockid=YWE="):
        answer = requests.put(f"{url}/x?{query}{suffix}", data=b"content", headers=headers, timeout=120)
        assert (answer.status_code, answer.headers["x-ms-error-code"]) == (400, "Md5Mismatch")
    assert list(emulator._folder.segments.iterdir()) == []
    assert list(emulator._folder.incoming.iterdir()) == []


def test_md5_of_the_client_library_is_checked(container: ContainerClient) -> None:
    content = os.urandom(3 * 1024 * 1024)
    container.upload_blob("checked", content, validate_content=True)
    assert container.download_blob("checked", validate_content=True).readall() == content


def test_metadata_is_replaced(container: ContainerClient) -> None:
    blob = container.upload_blob("m", b"x", metadata={"a": "1"})
    before = blob.get_blob_properties()
    blob.set_blob_metadata({"b": "2"})
    after = blob.get_blob_properties()
    assert (after.metadata, after.size) == ({"b": "2"}, before.size)
    assert after.etag != before.etag
    assert [item.metadata for item in container.list_blobs(include=["metadata"])] == [{"b": "2"}]


def test_conditions(container: ContainerClient) -> None:
    from azure.core import MatchConditions

    blob = container.upload_blob("c", b"1")
    with pytest.raises(ResourceExistsError) as exists:
        container.upload_blob("c", b"2")
    assert code_of(exists.value) == "BlobAlreadyExists"
    etag = blob.get_blob_properties().etag
    blob.upload_blob(b"2", overwrite=True, etag=etag, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceModifiedError):
        blob.upload_blob(b"3", overwrite=True, etag=etag, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceModifiedError):
        blob.download_blob(etag=etag, match_condition=MatchConditions.IfNotModified)
    assert blob.download_blob().readall() == b"2"


def test_listing_pages_prefixes_and_delimiters(container: ContainerClient) -> None:
    names = ["a.txt", "dir/1", "dir/2", "dir/sub/3", "dir.txt", "e&<f>", "z"]
    for name in names:
        container.upload_blob(name, b"x")
    assert [item.name for item in container.list_blobs()] == sorted(names)
    pages = [[item.name for item in page] for page in container.list_blobs(results_per_page=3).by_page()]
    assert pages == [sorted(names)[:3], sorted(names)[3:6], sorted(names)[6:]]
    assert [item.name for item in container.list_blobs(name_starts_with="dir/")] == ["dir/1", "dir/2", "dir/sub/3"]
    assert sorted(item.name for item in container.walk_blobs()) == ["a.txt", "dir.txt", "dir/", "e&<f>", "z"]
    walked = container.walk_blobs(name_starts_with="dir/", results_per_page=1)
    assert [item.name for item in walked] == ["dir/1", "dir/2", "dir/sub/"]
    assert [item.size for item in container.list_blobs(name_starts_with="z")] == [1]


def test_uncommitted_blobs_are_listed_on_request(container: ContainerClient) -> None:
    container.upload_blob("b", b"x")
    container.get_blob_client("a").stage_block("xx", b"1")
    assert [item.name for item in container.list_blobs()] == ["b"]
    assert [item.name for item in container.list_blobs(include=["uncommittedblobs"])] == ["a", "b"]


def test_server_side_copies(container: ContainerClient, emulator: Emulator) -> None:
    content = os.urandom(100_000)
    source = container.upload_blob("from", content, metadata={"k": "v"})
    other = opened(emulator.container("other"))
    copied = other.get_blob_client("to")
    assert copied.start_copy_from_url(source.url, requires_sync=True)["copy_status"] == "success"
    assert copied.download_blob().readall() == content
    assert copied.get_blob_properties().metadata == {"k": "v"}
    parts = other.get_blob_client("parts")
    parts.stage_block_from_url("aa", source.url, source_offset=50_000, source_length=50_000)
    parts.stage_block_from_url("bb", source.url, source_offset=0, source_length=50_000)
    parts.commit_block_list([BlobBlock("aa"), BlobBlock("bb")])
    assert parts.download_blob().readall() == content[50_000:] + content[:50_000]
    put = other.get_blob_client("put")
    put.upload_blob_from_url(source.url)
    assert put.download_blob().readall() == content


def test_block_from_a_hub_file(container: ContainerClient, emulator: Emulator) -> None:
    base = f"{emulator.http_url}/google-bert/bert-base-cased/resolve/5532cc56f74641d4bb33641f5c76a55d11f846e0"
    expected = requests.get(f"{base}/model.safetensors", timeout=120).content
    blob = container.get_blob_client("model.safetensors")
    blob.stage_block_from_url("aa", f"{base}/model.safetensors", source_offset=0, source_length=1000)
    blob.stage_block_from_url("bb", f"{base}/model.safetensors", source_offset=1000, source_length=len(expected) - 1000)
    blob.commit_block_list([BlobBlock("aa"), BlobBlock("bb")])
    assert blob.download_blob().readall() == expected
    with pytest.raises(HttpResponseError):
        blob.stage_block_from_url("cc", f"{base}/nothing", source_offset=0, source_length=1)


def test_copy_from_elsewhere_or_without_a_signature_is_refused(container: ContainerClient) -> None:
    blob = container.upload_blob("secret", b"x")
    target = container.get_blob_client("target")
    for source, status in (("https://example.org/file", 400), (blob.url.partition("?")[0], 401)):
        with pytest.raises(HttpResponseError) as caught:
            target.start_copy_from_url(source, requires_sync=True)
        assert caught.value.status_code == status


def test_signatures(emulator: Emulator) -> None:
    full = opened(emulator.container("sas"))
    full.upload_blob("x", b"x")
    reader = opened(emulator.container("sas", permissions="r"))
    assert reader.download_blob("x").readall() == b"x"
    for act in (
        lambda: reader.upload_blob("y", b"y"),
        lambda: list(reader.list_blobs()),
        lambda: reader.delete_blob("x"),
        lambda: reader.get_blob_client("x").set_blob_metadata({"a": "b"}),
    ):
        with pytest.raises(HttpResponseError) as caught:
            act()
        assert (caught.value.status_code, code_of(caught.value)) == (403, "AuthorizationPermissionMismatch")
    creator = opened(emulator.container("sas", permissions="c"))
    creator.upload_blob("new", b"y")
    with pytest.raises(HttpResponseError):
        creator.upload_blob("x", b"y", overwrite=True)


def test_bad_signatures(emulator: Emulator) -> None:
    good = emulator.container("sas")
    expired = emulator.container("sas", lifetime_seconds=-1)
    elsewhere = emulator.container("other").replace("/other?", "/sas?")
    widened = emulator.container("sas", permissions="r").replace("sp=r", "sp=racwdl")
    prolonged = expired.replace("se=2", "se=3")
    for url in (expired, elsewhere, widened, prolonged, good.replace("sig=", "sig=A")):
        with pytest.raises(HttpResponseError) as caught:
            list(opened(url).list_blobs())
        assert (caught.value.status_code, code_of(caught.value)) == (403, "AuthenticationFailed")
    assert requests.get(good.partition("?")[0] + "/x", timeout=120).status_code == 401


def test_errors_of_missing_things(container: ContainerClient, emulator: Emulator) -> None:
    with pytest.raises(ResourceNotFoundError) as blob:
        container.download_blob("nothing")
    assert code_of(blob.value) == "BlobNotFound"
    gone = emulator.container("gone")
    emulator.reset()
    with pytest.raises(ResourceNotFoundError) as missing:
        list(opened(gone).list_blobs())
    assert code_of(missing.value) == "ContainerNotFound"
    opened(gone).create_container()
    assert list(opened(gone).list_blobs()) == []
    with pytest.raises(ResourceExistsError):
        opened(gone).create_container()


def test_interrupted_upload_leaves_nothing(emulator: Emulator) -> None:
    url, _, query = emulator.container("files").partition("?")
    host, _, path = url.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), timeout=120) as connection:
        head = f"PUT /{path}/half?{query} HTTP/1.1\r\nHost: {host}\r\nx-ms-blob-type: BlockBlob\r\n"
        connection.sendall(head.encode() + b"Content-Length: 1000000\r\n\r\n" + bytes(400_000))
    with pytest.raises(ResourceNotFoundError):
        opened(f"{url}?{query}").download_blob("half")
    deadline = time.monotonic() + 120
    while list(emulator._folder.incoming.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert list(emulator._folder.incoming.iterdir()) == []
    assert list(emulator._folder.segments.iterdir()) == []


def test_unknown_calls_are_not_served(emulator: Emulator) -> None:
    url, _, query = emulator.container("files").partition("?")
    for method, suffix in (("PUT", "/x?comp=lease&"), ("GET", "?restype=container&comp=acl&"), ("PATCH", "/x?")):
        answer = requests.request(method, f"{url}{suffix}{query}", timeout=120)
        assert answer.status_code == 501
        assert f"{method} /emulator/files" in answer.text


def test_blobs_can_also_be_reached_where_records_say(emulator: Emulator, tmp_path: Path) -> None:
    sas = emulator.container("assets-0")
    opened(sas).upload_blob("folder/x", b"content")
    url = f"{emulator.url}/assets-0/folder/x?{sas.partition('?')[2]}"
    answer = requests.get(url, timeout=120, verify=emulator.environment["REQUESTS_CA_BUNDLE"])
    assert answer.content == b"content"


def test_blob_client_reads_path_style_urls(emulator: Emulator) -> None:
    url, _, query = emulator.container("files").partition("?")
    blob = BlobClient.from_blob_url(f"{url}/deep/er/name?{query}")
    blob.upload_blob(b"1")
    assert (blob.account_name, blob.container_name, blob.blob_name) == ("emulator", "files", "deep/er/name")
    assert blob.download_blob().readall() == b"1"
