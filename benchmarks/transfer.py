"""Moves a checkpoint from the emulated Hub into blob storage, side by side with what else one would do.

Run by hand: `.venv/bin/python benchmarks/transfer.py [--size 2GiB] [--files 2000] [--rounds 1]`.

The emulator (Hub, registry and blobs) and Azurite run in processes of their own, and so does every contestant, so that
its memory is its own. A contestant imports and signs in first; then the clock runs. Ratios within one run are what
counts: the servers share the machine with the contestant.

| contestant | does |
| --- | --- |
| publish | lists, streams, hashes, checks, commits, writes the manifest, registers |
| sdk | `snapshot_download` into an empty folder, then `MLClient.models.create_or_update` with that folder |
| floor | one bare read of each file piped into `upload_blob`, no hash, no check, no record |
"""

# ruff: noqa: PLC0415, S101 - a contestant imports what it needs, and nothing of another

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REVISION = "c0ffee" + "0" * 34
BARS = {"sdk": 0.55, "floor": 1.15, "small": 0.30}
"""At most so much of the other's time."""
MOST_MEMORY = 300
"""MiB at most."""
MIB = 1024 * 1024
SPEC = """\
name: {name}
version: 1
type: custom_model
source: {{huggingface: bench/{name}, revision: {revision}}}
tasks: {{inference: other}}
"""


def parse_size(text: str) -> int:
    """Bytes, from `512MiB`."""
    found = re.fullmatch(r"(\d+)(KiB|MiB|GiB)?", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"'{text}' is no size")
    return int(found[1]) * {None: 1, "KiB": 1024, "MiB": MIB, "GiB": 1024 * MIB}[found[2]]


def fill(path: Path, size: int) -> None:
    """Write random bytes."""
    with path.open("wb") as stream:
        for start in range(0, size, 8 * MIB):
            stream.write(secrets.token_bytes(min(8 * MIB, size - start)))


def make_checkpoints(data: Path, size: int, files: int) -> None:
    """Two repositories for the Hub: one large file, and many small ones."""
    for name in ("large", "many"):
        folder = data / "hub" / "bench" / name / REVISION
        folder.mkdir(parents=True)
        (folder / "config.json").write_text('{"model_type": "none"}')
        if name == "large":
            fill(folder / "weights.dat", size)
        else:
            for number in range(files):
                fill(folder / f"part-{number:05}.dat", 10 * 1024)


@contextmanager
def emulator(data: Path) -> Iterator[dict[str, str]]:
    """The emulator in its own process, and the variables that lead clients to it."""
    command = [str(Path(sys.executable).with_name("publish")), "emulator", "--data", str(data), "--port", "0"]
    command += ["--service-shape", "plain"]  # else everybody waits for what the service does behind an answer
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        served: dict[str, str] = {}
        while "HF_ENDPOINT" not in served or "REQUESTS_CA_BUNDLE" not in served:
            name, _, value = process.stdout.readline().strip().partition("=")
            served[name] = value
        yield served
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def azurite(folder: Path) -> Iterator[Callable[[str], str] | None]:
    """Azurite's blobs in their own process: makes containers, and signatures for them; None if it is not installed."""
    from datetime import UTC, datetime, timedelta

    program = shutil.which(
        "azurite-blob", path=f"{Path(__file__).parents[1] / 'node_modules/.bin'}:{os.environ['PATH']}"
    )
    if program is None:
        yield None
        return
    import base64

    from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, generate_container_sas

    key = base64.b64encode(secrets.token_bytes(64)).decode()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [
        "--blobPort",
        str(port),
        "--location",
        str(folder),
        "--silent",
        "--skipApiVersionCheck",
        "--disableTelemetry",
    ]
    process = subprocess.Popen(
        [program, *arguments], env=os.environ | {"AZURITE_ACCOUNTS": f"bench:{key}"}, stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        url = f"http://127.0.0.1:{port}/bench"

        def lend(container: str) -> str:
            with BlobServiceClient(url, credential=key) as service:
                service.create_container(container)
            signature = generate_container_sas(
                "bench",
                container,
                account_key=key,
                permission=ContainerSasPermissions(
                    read=True, write=True, list=True, create=True, add=True, delete=True
                ),
                expiry=datetime.now(UTC) + timedelta(hours=2),
            )
            return f"{url}/{container}?{signature}"

        yield lend
    finally:
        process.terminate()
        process.wait(20)


# Contestants: each runs in a process of its own, and prints what it took as JSON.


def run_publish(name: str, sas_uri: str | None, options: argparse.Namespace) -> Callable[[], None]:
    """What `publish apply` does for one model; into a container of one's own without the registration."""
    import azure.ai.ml  # noqa: F401 - as for the other: importing it is no part of moving files

    from azureml_publish.assets import ContainerAccess, RenderedAsset, RenderedModel
    from azureml_publish.content.sources.hub import Hub
    from azureml_publish.content.upload.pool import UploadPool
    from azureml_publish.content.upload.progress import Silent
    from azureml_publish.content.upload.transfer import Transfer, describe_content, publish_content
    from azureml_publish.execute.apply import apply_plan
    from azureml_publish.execute.registration import Tools
    from azureml_publish.plan.actions import Desired
    from azureml_publish.plan.diff import make_plan
    from azureml_publish.project import load_project
    from azureml_publish.registry.azure import AzureRegistry
    from azureml_publish.registry.cloud import find_cloud
    from azureml_publish.registry.credentials import find_credential
    from azureml_publish.version import TOOL

    folder = Path(tempfile.mkdtemp(prefix="bench-project-"))
    (folder / "models" / name).mkdir(parents=True)
    (folder / "publish.yaml").touch()
    (folder / "models" / name / "model.yaml").write_text(SPEC.format(name=name, revision=REVISION))
    (folder / "models" / name / "card.md").write_text("A card.\n")
    project, _ = load_project(folder)
    assert project is not None
    asset = RenderedAsset(f"{name}-{secrets.token_hex(4)}", 1, "custom_model", "A card.", {}, {}, {})
    content = describe_content(project.models[0], RenderedModel(name, asset, ()))
    pool = UploadPool(options.connections) if options.connections else UploadPool()
    transfer = Transfer(Hub(os.environ["HF_ENDPOINT"]), Silent(), TOOL, lambda: False, pool=pool)
    shutil.rmtree(folder)
    if sas_uri is not None:
        access = ContainerAccess(sas_uri.partition("?")[0], sas_uri)
        return lambda: print(publish_content(content, access, transfer).size, file=sys.stderr)
    registry = AzureRegistry("local", find_credential(os.environ).credential, find_cloud(os.environ), TOOL)
    registry.models()  # signs in
    registry._sdk._ml_client()  # noqa: SLF001 - as for the other: its client is there before files move

    def apply() -> None:
        state = registry.state(asset.name, asset.version)
        plan = make_plan("local", [(Desired(asset, content.digest), state)])
        results = apply_plan(plan, {asset.name: content}, Tools(registry, transfer), jobs=2)
        assert [result.outcome for result in results] == ["created"], results

    return apply


def run_sdk(name: str, _sas_uri: str | None, _options: argparse.Namespace) -> Callable[[], None]:
    """What one does with the two SDKs."""
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Model
    from huggingface_hub import snapshot_download

    from azureml_publish.registry.credentials import find_credential

    client = MLClient(find_credential(os.environ).credential, registry_name="local")
    next(iter(client.models.list()), None)
    folder = Path(tempfile.mkdtemp(prefix="bench-snapshot-"))

    def both() -> None:
        local = snapshot_download(f"bench/{name}", revision=REVISION, local_dir=folder)
        client.models.create_or_update(
            Model(name=f"{name}-{secrets.token_hex(4)}", version="1", path=local, type="custom_model")
        )
        DISK.append(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()))
        shutil.rmtree(folder)

    return both


def run_floor(name: str, sas_uri: str | None, _options: argparse.Namespace) -> Callable[[], None]:
    """A bare read piped into `upload_blob`."""
    from azure.storage.blob import ContainerClient
    from huggingface_hub import HfApi, get_session, hf_hub_url

    api, endpoint = HfApi(), os.environ["HF_ENDPOINT"]
    assert sas_uri is not None
    container = ContainerClient.from_container_url(sas_uri)

    def pipe() -> None:
        for sibling in api.model_info(f"bench/{name}", revision=REVISION, files_metadata=True).siblings or ():
            url = hf_hub_url(f"bench/{name}", sibling.rfilename, revision=REVISION, endpoint=endpoint)
            with get_session().stream("GET", url) as response:
                container.upload_blob(
                    f"{secrets.token_hex(4)}/{sibling.rfilename}", response.iter_bytes(), length=sibling.size
                )

    return pipe


CONTESTANTS = {"publish": run_publish, "sdk": run_sdk, "floor": run_floor}
DISK: list[int] = []


def measure(
    contestant: str, name: str, sas_uri: str | None, served: dict[str, str], options: argparse.Namespace
) -> Any:
    """Run one contestant in a process of its own; seconds, MiB of memory at most, bytes of temporary disk."""
    arguments = ["--contestant", contestant, "--name", name, "--connections", str(options.connections)]
    environ = os.environ | served | {"BENCH_CONTAINER": sas_uri or "", "NO_PROXY": "127.0.0.1,localhost"}
    environ |= {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HOME": served["BENCH_HOME"], "HF_HUB_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(
        [sys.executable, __file__, *arguments], env=environ, text=True, capture_output=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{contestant} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def contest(options: argparse.Namespace) -> None:
    """Be one contestant."""
    work = CONTESTANTS[options.contestant](options.name, os.environ["BENCH_CONTAINER"] or None, options)
    began, used = time.monotonic(), time.process_time()
    if options.profile:
        import cProfile

        cProfile.runctx("work()", {}, {"work": work}, options.profile)
    else:
        work()
    took, cpu = time.monotonic() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": took, "cpu": cpu, "mib": peak, "disk": sum(DISK)}))


def compare(title: str, taken: dict[str, Any], bars: dict[str, float]) -> bool:
    """Print a table of one comparison; whether every bar was met."""
    print(f"\n{title}")
    for contestant, one in taken.items():
        disk = f", {one['disk'] / MIB:,.0f} MiB of temporary disk" if one["disk"] else ""
        print(f"  {contestant:8} {one['seconds']:7.2f} s, {one['cpu']:6.2f} s of CPU, {one['mib']:5.0f} MiB{disk}")
    met = True
    for other, bar in bars.items():
        ratio = taken["publish"]["seconds"] / taken[other]["seconds"]
        met &= ratio <= bar
        print(f"  publish / {other}: {ratio:.2f} (bar: {bar:.2f}) {'met' if ratio <= bar else 'NOT met'}")
    if taken["publish"]["mib"] > MOST_MEMORY:
        met = False
        print(f"  memory: more than {MOST_MEMORY} MiB")
    return met


def main() -> None:
    """Measure everything, side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=parse_size, default=2048 * MIB)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--connections", type=int, default=0, help="as of publish apply; 0: its default")
    parser.add_argument("--only", choices=["large", "small", "azurite"], action="append")
    parser.add_argument("--contestant", choices=CONTESTANTS, help=argparse.SUPPRESS)
    parser.add_argument("--name", default="large", help=argparse.SUPPRESS)
    parser.add_argument("--profile", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contestant:
        contest(options)
        return
    wanted = set(options.only or ("large", "azurite", "small"))
    met = True
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        data, home = Path(scratch) / "data", Path(scratch) / "home"
        make_checkpoints(data, options.size, options.files)
        with emulator(data) as served, azurite(Path(scratch) / "azurite") as lend:
            served["BENCH_HOME"] = str(home)
            _warm(served)

            def run(name: str, contestants: dict[str, str | None]) -> dict[str, Any]:
                """The fastest of some rounds of each, turn by turn."""
                rounds = [
                    {who: measure(who, name, where, served, options) for who, where in contestants.items()}
                    for _ in range(options.rounds)
                ]
                return {who: min((one[who] for one in rounds), key=lambda one: one["seconds"]) for who in contestants}

            size = f"{options.size / MIB:,.0f} MiB"
            if "large" in wanted:
                floor = _lend_from_emulator(served)
                taken = run("large", {"publish": None, "sdk": None, "floor": floor})
                met &= compare(
                    f"{size} from the Hub to the registry's blobs", taken, {k: BARS[k] for k in ("sdk", "floor")}
                )
            if "azurite" in wanted and lend is not None:
                taken = run("large", {"publish": lend("publish"), "floor": lend("floor")})
                met &= compare(f"{size} from the Hub to Azurite", taken, {"floor": BARS["floor"]})
            if "small" in wanted:
                taken = run("many", {"publish": None, "sdk": None})
                met &= compare(f"{options.files} files of 10 KiB from the Hub", taken, {"sdk": BARS["small"]})
    raise SystemExit(0 if met else 1)


def _warm(served: dict[str, str]) -> None:
    """Let the emulator hash its files, once, before anything is measured."""
    import requests

    for name in ("large", "many"):
        url = f"{served['HF_ENDPOINT']}/api/models/bench/{name}/revision/{REVISION}?blobs=true"
        requests.get(url, timeout=600).raise_for_status()


def _lend_from_emulator(served: dict[str, str]) -> str:
    """A container with a signature, as the registry lends it."""
    from azureml_publish.registry.azure import AzureRegistry
    from azureml_publish.registry.cloud import find_cloud
    from azureml_publish.registry.credentials import find_credential

    os.environ.update({name: value for name, value in served.items() if name != "HF_ENDPOINT"})
    registry = AzureRegistry("local", find_credential(os.environ).credential, find_cloud(os.environ), "benchmark")
    return registry.start_upload("floor", 1).sas_uri


if __name__ == "__main__":
    main()
