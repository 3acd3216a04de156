"""Plans and updates a generated catalogue: time, memory, and the ratio to azure-ai-ml's own calls one after another.

Run by hand: `.venv/bin/python benchmarks/catalogue.py`. Everything goes against `publish emulator` in a process of its
own, in the recorded shape of the service, which waits 20 ms before each answer. Two cores are meant: the emulator takes
one of them.

The bars: to ask the registry about 1,000 models and compare takes less than 6 s; to write their descriptions and system
metadata, with journal and reading back, a tenth of what `MLClient.models.get` and `create_or_update` take for the
descriptions alone; the whole of `publish plan` takes less than 8 s; one create, through azure-ai-ml and read back, less
than 4 s; and no process grows above 400 MiB. The whole verbs read, render and check the folders as well, which needs no
registry and is spread over the cores while the registry is asked.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from azure.core.credentials import AccessToken

from azureml_publish.assets import MANIFEST_PROPERTY, SOURCE_PROPERTY
from azureml_publish.content.sources.hub import Hub
from azureml_publish.content.upload.progress import Silent
from azureml_publish.content.upload.transfer import Transfer, describe_content
from azureml_publish.execute.apply import apply_plan
from azureml_publish.execute.journal import Journal
from azureml_publish.execute.outcome import Outcome
from azureml_publish.execute.registration import Tools
from azureml_publish.layouts.wire import record_of
from azureml_publish.pipeline.check import CheckedProject, load_checked
from azureml_publish.pipeline.load import Settings
from azureml_publish.pipeline.observe import observe_models
from azureml_publish.pipeline.run import RunContext
from azureml_publish.plan.actions import Plan
from azureml_publish.registry.azure import AzureRegistry
from azureml_publish.registry.cloud import find_cloud

PUBLISH = Path(sys.executable).with_name("publish")
THERE = "azureml://registries/local"
ASK_SECONDS = 6.0
PLAN_SECONDS = 8.0
CREATE_SECONDS = 4.0
TIMES_AS_FAST = 10.0
PEAK_MIB = 400.0

SPEC = """\
name: {name}
version: 1
type: custom_model
source:
  huggingface: google-bert/bert-base-cased
  revision: 5532cc56f74641d4bb33641f5c76a55d11f846e0
license: apache-2.0
languages: [en]
datasets: [bookcorpus, wikipedia]
tasks:
  inference: fill-mask
  finetune: [text-classification, question-answering]
compute:
  inference: small
  evaluation: small
  finetune: gpu
metadata:
  hiddenLayerScanned: true
  sharedComputeCapacityEnabled: true
"""
PROJECT = """\
presets:
  small: {families: [Dsv2, Dav4, Dasv4, Fsv2, NCasT4_v3, NC_A100_v4], min: 2|0|8|28}
  gpu: {families: [NCasT4_v3, NC_A100_v4, ND_A100_v4], min: 4|1|28|64}
defaults:
  finetune: {apply_deepspeed: true, apply_lora: true, apply_ort: true}
"""
CARD = '{{% extends "card.md.j2" %}}\n{{% block summary %}}\nThe model {name} reads text. {words}\n{{% endblock %}}\n'


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of the command line: seconds, those of a processor among them, and the most memory in MiB."""

    seconds: float
    cpu: float
    peak: float

    def __str__(self) -> str:
        return f"{self.seconds:7.1f} s   {self.cpu:6.1f} s of processor, {self.peak:.0f} MiB at most"


class AnyToken:
    """A credential for the emulator."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        """A token that lasts."""
        return AccessToken("benchmark", int(time.time()) + 3600)


def make_project(root: Path, count: int) -> None:
    """Write model folders with a Hub source and a card of some length."""
    (root / "publish.yaml").write_text(PROJECT)
    for number in range(count):
        folder = root / "models" / f"model-{number:04}"
        folder.mkdir(parents=True)
        (folder / "model.yaml").write_text(SPEC.format(name=folder.name))
        words = " ".join(f"Sentence {index} of its summary tells what it was trained on." for index in range(40))
        (folder / "card.md.j2").write_text(CARD.format(name=folder.name, words=words))


def edit_project(root: Path, number: int) -> None:
    """Change every model's card and one key of its metadata; another number, another change."""
    other = ("de", "fr")[number - 1]  # the service refuses languages that it does not know
    for folder in (root / "models").iterdir():
        (folder / "model.yaml").write_text(SPEC.format(name=folder.name).replace("[en]", f"[en, {other}]"))
        card = (folder / "card.md.j2").read_text()
        (folder / "card.md.j2").write_text(re.sub(r"reads text[0-9]*\.", f"reads text{number}.", card))


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[dict[str, str]]:
    """An emulator in a process of its own; the variables that lead to it."""
    process = subprocess.Popen(
        [PUBLISH, "emulator", "--data", folder, "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    found: dict[str, str] = {}
    try:
        assert process.stdout is not None  # noqa: S101 - for the type checker
        while len(found) < 6 and (line := process.stdout.readline()):
            name, _, value = line.strip().partition("=")
            found[name] = value
        yield found
    finally:
        process.terminate()
        process.wait(20)


def seed(staged: CheckedProject, environ: dict[str, str]) -> str:
    """Register every model as it is now, with one small file for all of them, faster than through any client.

    Returns:
        Where that file lies.
    """
    base = environ["REGISTRY_DISCOVERY_ENDPOINT_URL"].rstrip("/")
    place = "subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/registries/local"
    session = requests.Session()
    session.verify = environ["REQUESTS_CA_BUNDLE"]
    session.headers["Authorization"] = "Bearer benchmark"
    sas = session.post(f"{base}/{place}/models/content/versions/1/startPendingUpload", json={}).json()
    uri, _, signature = sas["blobReferenceForConsumption"]["credential"]["sasUri"].partition("?")
    session.put(f"{uri}/model/file?{signature}", data=b"x", headers={"x-ms-blob-type": "BlockBlob"}).raise_for_status()

    for folder, rendered in staged.rendered:
        content = describe_content(folder, rendered)
        record = record_of(rendered.asset, {MANIFEST_PROPERTY: "f" * 64, SOURCE_PROPERTY: content.digest})
        properties = {
            "description": record.description,
            "tags": dict(record.tags),
            "properties": dict(record.properties),
            "modelType": record.type,
            "modelUri": f"{uri}/model",
            "system_metadata": dict(record.system_metadata),
        }
        where = f"{base}/mferp/managementfrontend/{place}/models/{record.name}/versions/{record.version}"
        begun = session.put(where, json={"properties": properties})
        begun.raise_for_status()
        while session.get(begun.headers["Location"]).status_code == 202:
            pass  # till then a read may answer what was there before
    return f"{uri}/model"


def run(root: Path, *arguments: str, expected: int = 0) -> Ran:
    """Run `publish` and measure it."""
    began = time.monotonic()
    process = subprocess.Popen(
        [PUBLISH, "-C", root, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None  # noqa: S101 - for the type checker
    assert process.stderr is not None  # noqa: S101
    errors: list[str] = []
    reader = threading.Thread(target=lambda stream: errors.append(stream.read()), args=(process.stderr,))
    reader.start()
    process.stdout.read()
    reader.join()
    _, status, usage = os.wait4(process.pid, 0)
    taken = time.monotonic() - began
    code = process.returncode = os.waitstatus_to_exitcode(status)
    if code != expected:
        raise SystemExit(f"publish {' '.join(arguments)} ended with {code}:\n{errors[0][-2000:]}")
    return Ran(taken, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


@dataclass(frozen=True, slots=True)
class Timed:
    """What a call gave, its seconds, and those of a processor among them."""

    value: Any
    seconds: float
    cpu: float


def plan_models(staged: CheckedProject, registry: AzureRegistry, jobs: int) -> Plan:
    """Ask a registry about every model, and compare."""
    return observe_models(staged, registry, jobs).observed.plan()


def create_one(staged: CheckedProject, registry: AzureRegistry, path: str) -> None:
    """Register one version more, through azure-ai-ml as `apply` does, and read it back."""
    record = replace(record_of(staged.rendered[0][1].asset, {}), name="created")
    registry.create(record, path)
    while registry.find("created", record.version) is None:
        time.sleep(0.05)


def timed(call: Callable[[], Any]) -> Timed:
    """Measure a call in this process."""
    began, cpu = time.monotonic(), time.process_time()
    value = call()
    return Timed(value, time.monotonic() - began, time.process_time() - cpu)


def one_after_another(names: list[str]) -> float:
    """Seconds a model for reading a version and writing its description through azure-ai-ml."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from azure.ai.ml import MLClient  # noqa: PLC0415 - it warns as it is imported

        client = MLClient(AnyToken(), registry_name="local")
        client.models.get(names[0], version="1")  # what is made once is not counted
        began = time.monotonic()
        for name in names:
            model = client.models.get(name, version="1")
            model.description = f"{model.description} "
            client.models.create_or_update(model)
    return (time.monotonic() - began) / len(names)


def read_stages(root: Path) -> tuple[CheckedProject, float]:
    """What `plan` does before it asks a registry, and the seconds it takes."""
    began = time.monotonic()
    run = RunContext(root, os.environ, datetime.now(UTC).date())
    staged = load_checked(run, (), Settings())
    return staged, time.monotonic() - began


def measure(root: Path, found: dict[str, str], asked: argparse.Namespace) -> tuple[list[str], bool]:
    """Everything, one after another; the lines to print, and whether the bars are kept."""
    count, jobs = asked.count, ("--jobs", str(asked.jobs), "-r", THERE, "-q")
    staged, reading = read_stages(root)
    path = seed(staged, found)
    faults = f"{found['HF_ENDPOINT']}/faults"
    secret = {"Authorization": f"Bearer {found['PUBLISH_EMULATOR_SECRET']}"}
    requests.post(faults, json={"delay_seconds": asked.latency}, headers=secret, timeout=20).raise_for_status()

    registry = AzureRegistry("local", AnyToken(), find_cloud(os.environ), "benchmark")
    asking = timed(lambda: plan_models(staged, registry, asked.jobs))
    if asking.value.changes:
        raise SystemExit("The catalogue was not registered as it is.")
    planned = run(root, "plan", *jobs)

    edit_project(root, 1)
    planning = observe_models(read_stages(root)[0], registry, asked.jobs)
    plan, contents = planning.observed.plan(), planning.contents
    journal = Journal.begin(
        root / "journal", verb="apply", registry="local", plan=plan.digest, changes=count, tool="benchmark"
    )
    transfer = Transfer(Hub(), Silent(), "benchmark", lambda: False)
    tools = Tools(registry, transfer, journal=journal)
    writing = timed(lambda: apply_plan(plan, contents, tools, jobs=asked.jobs))
    journal.end("finished")
    if any(result.outcome is not Outcome.UPDATED for result in writing.value):
        raise SystemExit("Not every model was updated.")
    edit_project(root, 2)
    applied = run(root, "apply", "--yes", *jobs)
    run(root, "plan", "--detailed-exitcode", *jobs)  # nothing is left to do

    names = [rendered.asset.name for _, rendered in staged.rendered][: asked.sample]
    alone = one_after_another(names) * count
    ratio, peak = alone / writing.seconds, max(planned.peak, applied.peak)
    created = timed(lambda: create_one(staged, registry, path))
    bars = {
        "ask": asking.seconds <= ASK_SECONDS,
        "plan": planned.seconds <= PLAN_SECONDS,
        "write": ratio >= TIMES_AS_FAST,
        "create": created.seconds <= CREATE_SECONDS,
        "memory": peak <= PEAK_MIB,
    }
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    lines = [
        f"{count} models, {asked.latency * 1000:.0f} ms before each answer, {asked.jobs} jobs, {load}",
        f"plan   read, render, check          {reading:7.1f} s",
        f"plan   ask the registry, compare    {asking.seconds:7.1f} s   {asking.cpu:6.1f} s of processor",
        f"plan   the whole verb               {planned}",
        f"apply  write and read back          {writing.seconds:7.1f} s   {writing.cpu:6.1f} s of processor",
        f"apply  the whole verb               {applied}",
        f"azure-ai-ml, get and create_or_update one by one: {alone:.1f} s, scaled up from {len(names)} models",
        f"writing is {ratio:.1f} times as fast, the whole verb {alone / applied.seconds:.1f} times",
        f"create one version and read it back {created.seconds:7.1f} s   {created.cpu:6.1f} s of processor",
        "bars: " + ", ".join(f"{name} {'kept' if kept else 'not kept'}" for name, kept in bars.items()),
    ]
    return lines, all(bars.values())


def main() -> None:
    """Make a catalogue, measure it, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument(
        "--sample",
        type=int,
        default=2,
        help="Models for azure-ai-ml, which waits 30 s between two polls; its time is scaled up.",
    )
    parser.add_argument("--latency", type=float, default=0.02, help="Seconds the emulator waits before it answers.")
    parser.add_argument("--jobs", type=int, default=16)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        make_project(root, asked.count)
        with serve(root / "registry") as found:
            os.environ.update(found, NO_PROXY="127.0.0.1,localhost")
            lines, kept = measure(root, found, asked)
    print("\n".join(lines))
    if not kept:
        raise SystemExit("A bar is not kept.")


if __name__ == "__main__":
    main()
