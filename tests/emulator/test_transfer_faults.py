"""Faults under way: whatever happens, nothing wrong lies in the container, and one more run finishes the transfer."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.content.upload.pool import UploadPool
from azureml_publish.emulator import Emulator
from azureml_publish.errors import (
    ContentMismatch,
    Interrupted,
    NotAuthorised,
    NotFound,
    PublishError,
    Unreachable,
)
from tests.emulator.faulty import BLOCK, READ, SEND, WEIGHTS, Run, Seen

pytestmark = pytest.mark.long  # transfers that are cut off, one by one

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
        run(pool=UploadPool(1))
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


KILLER = """
import json, os, signal, sys
from pathlib import Path
import azure.storage.blob, huggingface_hub
from azureml_publish.content.sources.hub import Hub
from azureml_publish.content.upload.progress import Silent
from azureml_publish.content.upload.transfer import Transfer, describe_content, publish_content
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


@pytest.mark.long
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
    process.communicate(timeout=120)
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
    assert watching.waited[0].startswith("model.safetensors: The Hub answers 503")
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
