"""Faults under way: whatever happens, nothing wrong lies in the container, and one more run finishes the transfer."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.artifacts.azureblob import Blobs
from azureml_publish.artifacts.container import Container, StoredFile
from azureml_publish.artifacts.hub import Hub
from azureml_publish.artifacts.lanes import Lanes
from azureml_publish.artifacts.manifest import check_content
from azureml_publish.artifacts.patience import Patience
from azureml_publish.artifacts.progress import Silent
from azureml_publish.artifacts.transfer import ModelContent, Transfer, publish_content
from azureml_publish.assets import AssetId, ContainerAccess
from azureml_publish.emulator import Emulator
from azureml_publish.errors import (
    ContentMismatch,
    Interrupted,
    NotAuthorised,
    NotFound,
    PublishError,
    Unreachable,
    UnusableSource,
)
from tests.conftest import REPOSITORY
from tests.emulator.test_publish_transfer import content_of

BLOCK = 16 * 1024
WEIGHTS = "model/model.safetensors"
READ = {"service": "hub", "method": "GET", "path": "resolve/.*/model.safetensors"}
SEND = {"service": "blobs", "method": "PUT", "path": "comp=block&"}


class Waits:
    """Waits that take no time, and how long they would have been."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, seconds: float) -> None:
        self.seconds += seconds


class Seen(Silent):
    """What a run told, and what it should do meanwhile."""

    def __init__(self, meanwhile: Callable[[int], None] = lambda _count: None) -> None:
        self.reused: set[str] = set()
        self.warned: list[str] = []
        self.waited: list[str] = []
        self._steps = 0
        self._meanwhile = meanwhile

    def advance(self, _model: str, _path: str, _count: int) -> None:
        self._steps += 1
        self._meanwhile(self._steps)

    def file_done(self, _model: str, path: str, _size: int, *, reused: bool) -> None:
        if reused:
            self.reused.add(path)

    def waits(self, _model: str, path: str, _seconds: float, reason: str) -> None:
        self.waited.append(f"{path}: {reason}")

    def warn(self, _model: str, text: str) -> None:
        self.warned.append(text)


class Run:
    """One model on its way to one container, as often as a test wants."""

    def __init__(self, emulator: Emulator, content: ModelContent, name: str = "faults") -> None:
        self.emulator = emulator
        self.content = content
        self.waits = Waits()
        self.access = self.lend(name)
        root = "mlflow_model_folder" if content.rendered.asset.type == "mlflow_model" else "model"
        self.container = Container(self.access, f"{content.digest[:12]}/{root}")

    def lend(self, name: str, **lent: Any) -> ContainerAccess:
        sas_uri = self.emulator.container(name, **lent)
        return ContainerAccess(sas_uri.partition("?")[0], sas_uri)

    def transfer(self, **changes: Any) -> Transfer:
        hub = Hub(self.emulator.environment["HF_ENDPOINT"], sleep=self.waits)
        patience = Patience(sleep=self.waits, chance=lambda: 1.0)
        made = Transfer(hub, Silent(), "azureml-publish/test", lambda: False, patience=patience, block=BLOCK)
        return replace(made, **changes)

    def __call__(self, renew: Any = None, access: ContainerAccess | None = None, **changes: Any) -> Any:
        return publish_content(self.content, access or self.access, self.transfer(**changes), renew)

    def stored(self) -> dict[str, StoredFile]:
        """What is visible, each file held against its noted digest."""
        found = dict(self.container.files())
        for path, file in found.items():
            data = b"".join(self.container.read(path, file.size))
            assert hashlib.sha256(data).hexdigest() == file.sha256, path
        return found

    def finish(self, **changes: Any) -> None:
        """One more run, without the fault; all of it is there afterwards, and right."""
        self.emulator.faults.clear()
        published = self(**changes)
        checked = check_content(AssetId("local", "any", 1), self.container, published.manifest)
        assert (checked.problems, checked.files) == ((), published.files)


@pytest.fixture
def run(emulator: Emulator, tmp_path: Path) -> Run:
    """A checkpoint of the emulated Hub, whose weights make some twenty blocks."""
    root = tmp_path / "bert"
    shutil.copytree(REPOSITORY / "models" / "bert-base-cased", root / "models" / "bert-base-cased")
    (root / "publish.yaml").touch()
    return Run(emulator, content_of(root))


@pytest.fixture
def staged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of blocks that are sent, while they are."""
    from azure.storage.blob import BlobClient

    sent: list[str] = []
    stage = BlobClient.stage_block

    def counted(self: Any, block_id: str, *arguments: Any, **named: Any) -> Any:
        sent.append(block_id)
        return stage(self, block_id, *arguments, **named)

    monkeypatch.setattr(BlobClient, "stage_block", counted)
    return sent


SURVIVED: dict[str, list[dict[str, Any]]] = {
    "reset in the middle of a range": [{**READ, "truncate_after": 5_000, "times": 7}],
    "range that ends early": [{**READ, "truncate_after": BLOCK - 1, "after": 3, "times": 2}],
    "source: 429 with Retry-After": [{**READ, "status": 429, "headers": {"Retry-After": "17"}, "times": 3}],
    "source: 429": [{**READ, "status": 429, "times": 4}],
    "source: 503 with Retry-After": [{**READ, "status": 503, "headers": {"Retry-After": "17"}, "times": 1}],
    "source: 503": [{**READ, "status": 503, "after": 2, "times": 4}],
    "slow source": [{**READ, "delay_seconds": 0.2, "times": 4}],
    "list of the source: 429 with Retry-After": [
        {"service": "hub", "path": "/api/models", "status": 429, "headers": {"Retry-After": "17"}, "times": 2}
    ],
    "storage: 429 with Retry-After": [{**SEND, "status": 429, "headers": {"Retry-After": "17"}, "times": 3}],
    "storage: 429": [{**SEND, "status": 429, "times": 4}],
    "storage: 503 with Retry-After": [{**SEND, "status": 503, "headers": {"Retry-After": "17"}, "times": 1}],
    "storage: 503": [{**SEND, "status": 503, "times": 4}],
    "storage: connection reset": [{**SEND, "truncate_after": 5_000, "times": 4}],
    "storage: a wrong byte in a block": [{**SEND, "corrupt": True, "times": 3}],
    "storage: a wrong byte in a small file": [
        {"service": "blobs", "method": "PUT", "path": "vocab.txt", "corrupt": True, "times": 1}
    ],
    "storage: 500 at the end of a file": [
        {"service": "blobs", "method": "PUT", "path": "comp=blocklist", "status": 500, "times": 2}
    ],
    "storage: the list is refused for a while": [
        {"service": "blobs", "method": "GET", "path": "comp=list", "status": 503, "times": 2}
    ],
}


@pytest.mark.parametrize("fault", SURVIVED)
def test_what_passes_is_waited_out(run: Run, emulator: Emulator, fault: str) -> None:
    for rule in SURVIVED[fault]:
        emulator.faults.add(**rule)
    assert run().files == 7
    assert len(run.stored()) == 8
    if "Retry-After" in fault:
        assert run.waits.seconds >= 17
    run.finish()


LASTING: dict[str, tuple[dict[str, Any], type[PublishError]]] = {
    "source: 503": ({**READ, "status": 503}, Unreachable),
    "source: nothing ever comes": ({**READ, "truncate_after": 0}, Unreachable),
    "source: a wait of an hour is asked for": (
        {**READ, "status": 429, "headers": {"Retry-After": "3600"}},
        Unreachable,
    ),
    "source: a wrong byte": ({**READ, "corrupt": True, "after": 9, "times": 1}, ContentMismatch),
    "source: refused": ({**READ, "status": 403}, NotAuthorised),
    "source: gone": ({**READ, "status": 404, "after": 5}, NotFound),
    "storage: 503": ({**SEND, "status": 503, "after": 3}, Unreachable),
    "storage: 403": ({**SEND, "status": 403, "after": 3}, NotAuthorised),
    "storage: 400": ({**SEND, "status": 400, "after": 3}, PublishError),
    "storage: every block damaged": ({**SEND, "corrupt": True}, Unreachable),
}


@pytest.mark.parametrize("fault", LASTING)
def test_what_stays_ends_the_run_and_the_next_one_finishes(run: Run, emulator: Emulator, fault: str) -> None:
    rule, error = LASTING[fault]
    emulator.faults.add(**rule)
    with pytest.raises(error) as raised:
        run()
    assert raised.value.hint or isinstance(raised.value, NotFound | Unreachable)
    assert run.waits.seconds < 300
    assert not {WEIGHTS, "publish-manifest.json"} & set(run.stored())
    run.finish()


def test_the_next_run_sends_only_what_is_missing(run: Run, emulator: Emulator, staged: list[str]) -> None:
    emulator.faults.add(**{**SEND, "path": "model.safetensors.*comp=block&"}, status=403, after=8)
    with pytest.raises(NotAuthorised):
        run()
    left = set(run.container.blocks(WEIGHTS))
    assert left
    staged.clear()
    watching = Seen()
    run.finish(progress=watching)
    assert not left & set(staged)
    assert staged
    assert watching.reused


def test_a_block_of_another_state_of_the_source_is_not_taken(run: Run, emulator: Emulator, staged: list[str]) -> None:
    """What an earlier run left is known by what it held: one wrong byte, and all that follows has other names."""
    emulator.faults.add(**READ, corrupt=True, after=2, times=1)
    with pytest.raises(ContentMismatch):
        run(lanes=Lanes(1))
    left = set(run.container.blocks(WEIGHTS))
    assert {name[:6] for name in left} >= {"000000", "000001", "000002", "000003"}
    staged.clear()
    run.finish()
    assert {name[:6] for name in left & set(staged)} == set()
    assert {name[:6] for name in left - set(staged)} >= {"000000", "000001"}
    assert "000002" in {name[:6] for name in staged}


def test_blocks_that_another_tool_left_are_dropped(run: Run) -> None:
    from azure.storage.blob import ContainerClient

    blob = f"{run.container.uri.removeprefix(run.access.uri)[1:]}/{WEIGHTS}"
    ContainerClient.from_container_url(run.access.sas_uri).get_blob_client(blob).stage_block("short", b"foreign")
    assert set(run.container.blocks(WEIGHTS)) == {"short"}
    run.finish()


class TestSignature:
    def test_it_is_renewed_before_it_runs_out(self, run: Run) -> None:
        from azureml_publish.artifacts.lease import Lease

        now = [0.0]
        access = run.lend("lease", lifetime_seconds=1000)
        renewed = []

        def renew() -> ContainerAccess:
            renewed.append(run.lend("lease", lifetime_seconds=5000))
            return renewed[-1]

        import time

        begun = time.time()
        lease = Lease(access, renew, clock=lambda: begun + now[0])
        first = lease.client()
        assert lease.client() is first
        now[0] = 700.0
        assert lease.client() is first
        now[0] = 760.0
        assert lease.client() is not first
        assert len(renewed) == 1
        assert lease.client() is lease.client()

    def test_one_that_runs_out_under_way_is_renewed(self, run: Run) -> None:
        expired = run.lend("faults", lifetime_seconds=-60)
        lent = []

        def renew() -> ContainerAccess:
            lent.append(1)
            return run.access

        assert run(renew, access=expired).files == 7
        assert lent
        run.finish()

    def test_one_that_is_refused_under_way_is_renewed(self, run: Run, emulator: Emulator) -> None:
        emulator.faults.add(**SEND, status=403, after=4, times=1)
        assert run(lambda: run.lend("faults", lifetime_seconds=1234)).files == 7
        run.finish()

    def test_another_container_is_not_mixed_in(self, run: Run, emulator: Emulator) -> None:
        emulator.faults.add(**SEND, status=403, after=4, times=1)
        with pytest.raises(PublishError, match="The registry lends"):
            run(lambda: run.lend("other"))
        run.finish()


class TestChangesUnderWay:
    @pytest.fixture
    def local(self, emulator: Emulator, tmp_path: Path) -> Run:
        folder = tmp_path / "local" / "models" / "large"
        (folder / "files").mkdir(parents=True)
        (folder / "files" / "weights.dat").write_bytes(random.Random(1).randbytes(20 * BLOCK + 7))
        (folder / "model.yaml").write_text(
            "name: large\nversion: 1\ntype: custom_model\nsource: {local: files}\ntasks: {inference: other}\n"
        )
        (folder / "card.md.j2").write_text("A card.\n")
        (tmp_path / "local" / "publish.yaml").touch()
        return Run(emulator, content_of(tmp_path / "local"), "local")

    @pytest.mark.parametrize("change", ["content", "shorter", "gone"])
    def test_a_local_file_that_changes_never_appears(self, local: Run, tmp_path: Path, change: str) -> None:
        path = tmp_path / "local/models/large/files/weights.dat"
        before = path.read_bytes()

        def meanwhile(step: int) -> None:
            if step == 4 and change == "gone":
                path.unlink()
            elif step == 4:
                path.write_bytes(
                    before[: 5 * BLOCK] + (b"" if change == "shorter" else b"x" * 15 * BLOCK + before[-7:])
                )

        with pytest.raises((ContentMismatch, UnusableSource), match=r"weights\.dat"):
            local(progress=Seen(meanwhile), lanes=Lanes(1))
        assert local.stored() == {}
        path.write_bytes(before)
        local.finish()

    def test_a_blob_that_changes_never_appears_and_one_that_stays_is_copied_by_the_service(
        self, emulator: Emulator, tmp_path: Path, staged: list[str]
    ) -> None:
        from azure.core.credentials import AzureSasCredential
        from azure.storage.blob import ContainerClient

        sas_uri = emulator.container("source")
        source = ContainerClient.from_container_url(sas_uri)
        data = random.Random(2).randbytes(12 * BLOCK + 5)
        source.upload_blob("top/weights.dat", data)
        source.upload_blob("top/small.txt", b"small")
        folder = tmp_path / "blob" / "models" / "blob"
        folder.mkdir(parents=True)
        (folder / "model.yaml").write_text(
            "name: blob\nversion: 1\ntype: custom_model\n"
            "source: {azureblob: {storage: account, container: source, path: top}}\ntasks: {inference: other}\n"
        )
        (folder / "card.md.j2").write_text("A card.\n")
        (tmp_path / "blob" / "publish.yaml").touch()
        run = Run(emulator, content_of(tmp_path / "blob"), "target")
        signature = sas_uri.partition("?")[2]
        endpoint = sas_uri.partition("?")[0].removesuffix("/source")
        blobs = Blobs(endpoint, lambda: AzureSasCredential(signature))

        def meanwhile(step: int) -> None:
            if step == 4:
                source.upload_blob("top/weights.dat", data[::-1], overwrite=True)

        with pytest.raises(ContentMismatch, match="not what it was"):
            run(blobs=blobs, progress=Seen(meanwhile), lanes=Lanes(1))
        assert "weights.dat" not in run.stored()
        run.finish(blobs=blobs)
        assert staged == []  # the service fetched every block itself
        again = Seen()
        run.finish(blobs=blobs, progress=again)
        assert again.reused == {"small.txt", "weights.dat"}
        with pytest.raises(NotAuthorised) as refused:
            run(blobs=Blobs(endpoint))
        assert "AZURE_STORAGE_SAS_TOKEN" in refused.value.hint


KILLER = """
import json, os, signal, sys
from pathlib import Path
import azure.storage.blob, huggingface_hub
from azureml_publish.artifacts.hub import Hub
from azureml_publish.artifacts.progress import Silent
from azureml_publish.artifacts.transfer import Transfer, describe_content, publish_content
from azureml_publish.assets import ContainerAccess, RenderedAsset, RenderedModel
from azureml_publish.project import load_project

signal.alarm(120)
asked = json.loads(sys.argv[1])
model = load_project(Path(asked["root"]))[0].models[0]
asset = RenderedAsset(model.spec.name, 1, model.spec.type, "A card.\\n", {}, {}, {})

class Telling(Silent):
    def advance(self, model, path, count):
        os.write(tell, b".")

for moment in asked["moments"]:
    hear, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hear)
        transfer = Transfer(Hub(asked["hub"]), Telling(), "test", lambda: False, block=asked["block"])
        content = describe_content(model, RenderedModel(model.folder, asset, ()))
        publish_content(content, ContainerAccess(asked["uri"], asked["sas"]), transfer)
        os._exit(0)
    os.close(tell)
    heard = b""
    while len(heard) < moment and (more := os.read(hear, 1)):
        heard += more
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(hear)
    print(len(heard), flush=True)
    sys.stdin.readline()
"""


def test_kill_9_at_ten_moments_leaves_nothing_wrong_and_the_last_run_finishes(
    run: Run, emulator: Emulator, tmp_path: Path, staged: list[str]
) -> None:
    chance = random.Random(20261121)
    asked = {
        "uri": run.access.uri,
        "sas": run.access.sas_uri,
        "hub": emulator.environment["HF_ENDPOINT"],
        "block": BLOCK,
        "root": str(tmp_path / "bert"),
        "moments": [chance.randrange(1, 30) for _ in range(10)],
    }
    # One process imports, and forks ten times: the imports are what takes long.
    process = subprocess.Popen(
        [sys.executable, "-c", KILLER, json.dumps(asked)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    came = []
    for _ in range(10):
        came.append(int(process.stdout.readline()))
        run.stored()
        print(file=process.stdin, flush=True)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert all(came)
    assert "publish-manifest.json" not in run.stored() or came[-1] >= 6
    run.finish()


def test_ctrl_c_ends_cleanly_and_the_next_run_carries_on(run: Run, staged: list[str]) -> None:
    stopped: list[int] = []
    with pytest.raises(Interrupted) as told:
        run(stop=lambda: len(staged) >= 5, progress=Seen(stopped.append))
    assert told.value.exit_code == 130
    assert "Run again" in told.value.hint
    left = set(run.container.blocks(WEIGHTS))
    assert left
    assert WEIGHTS not in run.stored()
    staged.clear()
    run.finish()
    assert not left & set(staged)


def test_a_wait_is_told_and_can_be_stopped(run: Run, emulator: Emulator) -> None:
    emulator.faults.add(**READ, status=503, headers={"Retry-After": "100"})
    watching = Seen()
    with pytest.raises(Interrupted):
        run(stop=lambda: bool(watching.waited), progress=watching)
    assert watching.waited[0].startswith(f"{WEIGHTS}: The Hub answers 503")
    assert run.waits.seconds < 10
    run.finish()


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_nothing_of_a_signature_is_told(run: Run, emulator: Emulator) -> None:
    signature = run.access.sas_uri.partition("sig=")[2].partition("&")[0]
    emulator.faults.add(**SEND, status=503)
    watching = Seen()
    with pytest.raises(Unreachable) as raised:
        run(progress=watching)
    assert watching.waited
    assert not any(signature in text for text in (str(raised.value), repr(raised.value), *watching.waited))
    assert raised.value.__cause__ is None
