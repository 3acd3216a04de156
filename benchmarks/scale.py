"""How far the tool goes: workers of a dask scheduler, thousands of models, one change among thousands.

Run by hand, on a machine that does nothing else:

    .venv/bin/python -m benchmarks.scale workers     # 10,000 models' metadata at 50 ms, over 1, 2, 4 and 8 workers
    .venv/bin/python -m benchmarks.scale growth      # lint and render of 1,000 to 20,000 models; draws docs/growth.svg
    .venv/bin/python -m benchmarks.scale change      # one change in 2,000 models: lint < 1 s, plan < 2 s

`--models`, `--workers` and `--threads` take smaller counts. Everything goes against `publish emulator` in a process of
its own, on the same machine as the workers. A call is a request to the registry; how many a model takes is counted in
this process, which carries out a small plan by the same code. Efficiency is calls a second of so many workers, over so
many times those of one. The processor time says what limits: where emulator, scheduler, client and workers have used
all cores, it is the machine; where they have not, it is waiting for answers.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from benchmarks.catalogue import THERE, edit_project, make_project, read_stages, run, seed, serve
from tests.cli.cluster import Cluster

GROWTH = Path(__file__).parents[1] / "docs" / "growth.svg"
CHANGE = {"lint": 1.0, "lint --since HEAD": 1.0, "plan --since HEAD": 2.0, "plan": None}
"""What a user runs after a change, and the seconds that it may take; a whole plan reads every registered version."""


@dataclass(frozen=True, slots=True)
class Applied:
    """One run of apply over workers: seconds of its stage, processor seconds of everything, and models that changed."""

    workers: int
    seconds: float
    cpu: float
    models: int


def stage_seconds(events: Path, stage: str) -> float:
    """How long the last run was in a stage."""
    lines = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    return float([line["seconds"] for line in lines if line["event"] == "stage-done" and line["stage"] == stage][-1])


def processor(pids: Sequence[int]) -> float:
    """Processor seconds that processes, which still run, have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def slow_down(found: dict[str, str], latency: float) -> None:
    """Let the emulator wait before each answer."""
    secret = {"Authorization": f"Bearer {found['PUBLISH_EMULATOR_SECRET']}"}
    faults = f"{found['HF_ENDPOINT']}/faults"
    requests.post(faults, json={"delay_seconds": latency}, headers=secret, timeout=20).raise_for_status()


def calls_a_model(root: Path) -> float:
    """The requests that apply makes for one model whose metadata change: those of a small plan, in this process."""
    from azureml_publish.cli import main  # noqa: PLC0415 - what is measured elsewhere is to start in its own process
    from azureml_publish.registry.transport import PooledTransport  # noqa: PLC0415

    counted = 0
    send = PooledTransport.send

    def counting(self: Any, *arguments: Any, **options: Any) -> Any:
        nonlocal counted
        counted += 1
        return send(self, *arguments, **options)

    def count(*arguments: str) -> int:
        nonlocal counted
        counted = 0
        try:
            with redirect_stdout(io.StringIO()):
                main(["-C", str(root), *arguments])
        except SystemExit as ended:
            if ended.code:
                raise
        return counted

    names = [folder.name for folder in sorted((root / "models").iterdir())[:10]]
    PooledTransport.send = counting  # type: ignore[method-assign]
    try:
        planning = count("plan", *names, "-r", THERE, "-q", "-o", "json")
        return (count("apply", *names, "--yes", "-r", THERE, "-q", "-o", "json") - planning) / len(names)
    finally:
        PooledTransport.send = send  # type: ignore[method-assign]


def over_workers(root: Path, scratch: Path, count: int, threads: int) -> Applied:
    """Apply what changed over so many workers."""
    events = scratch / f"events-{count}.jsonl"
    with Cluster(scratch / f"dask-{count}") as cluster:
        for _ in range(count):
            cluster.add_worker(threads)
        began = processor([process.pid for process in cluster.workers.values()])
        ran = run(root, "apply", "--yes", "-q", "-r", THERE, "--scheduler", cluster.address, "--events", str(events))
        used = processor([process.pid for process in cluster.workers.values()]) - began
    lines = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    done = sum(line["event"] == "model-done" and line.get("outcome") == "updated" for line in lines)
    return Applied(count, stage_seconds(events, "apply"), ran.cpu + used, done)


def measure_workers(asked: argparse.Namespace, scratch: Path) -> None:
    """Calls a second and efficiency over 1, 2, 4 and 8 workers."""
    root = scratch / "project"
    root.mkdir()
    make_project(root, asked.models[0])
    with serve(scratch / "registry") as found:
        os.environ.update(found, NO_PROXY="127.0.0.1,localhost")
        seed(read_stages(root)[0], found)
        edit_project(root, 1)
        calls = calls_a_model(root)
        slow_down(found, asked.latency)
        print(f"{asked.models[0]} models, {calls:.1f} calls a model in apply, {asked.latency * 1000:.0f} ms each")
        print(f"{asked.threads} threads a worker, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        one = 0.0
        for number, count in enumerate(asked.workers):
            edit_project(root, 2 - number % 2)
            ran = over_workers(root, scratch, count, asked.threads)
            rate = ran.models * calls / ran.seconds
            one = one or rate / count
            ideal = count * asked.threads / asked.latency
            print(
                f"{count} workers: {ran.models} models in {ran.seconds:7.1f} s, {rate:7.1f} calls a second, "
                f"efficiency {rate / one / count:4.0%}, {rate / ideal:4.0%} of what waiting alone allows, "
                f"{ran.cpu:6.1f} s of processor in client and workers",
                flush=True,
            )


@dataclass(frozen=True, slots=True)
class Grown:
    """What a verb took for so many models: processor seconds, and the most memory of a process in MiB."""

    models: int
    cpu: float
    peak: float


def measure_growth(asked: argparse.Namespace, scratch: Path) -> None:
    """Processor time and memory of lint and render, as the number of models grows; draws them."""
    found: dict[str, list[Grown]] = {"lint": [], "render": []}
    for count in asked.models:
        root = scratch / f"project-{count}"
        root.mkdir()
        make_project(root, count)
        for verb, grown in found.items():
            ran = run(root, verb, "-q", *(("--no-cache",) if verb == "lint" else ()))
            grown.append(Grown(count, ran.cpu, ran.peak))
            each = ran.cpu / count * 1000
            print(
                f"{verb:6} {count:6} models {ran.seconds:7.1f} s, {ran.cpu:7.1f} s of processor ({each:.1f} ms each), "
                f"{ran.peak:5.0f} MiB at most",
                flush=True,
            )
    GROWTH.write_text(draw(found), encoding="utf-8")
    print(f"{GROWTH} shows it.")


def draw(found: dict[str, list[Grown]]) -> str:
    """Two charts beside each other, as SVG."""
    lines = []
    for place, (title, value) in enumerate((("seconds of processor", "cpu"), ("MiB at most", "peak"))):
        left, top, width, height = 60 + 340 * place, 40, 240, 180
        most_models = max(one.models for each in found.values() for one in each)
        most = max(getattr(one, value) for each in found.values() for one in each) * 1.1
        lines.append(f'<text x="{left}" y="24" font-weight="bold">{title}</text>')
        lines.append(f'<path d="M{left} {top}V{top + height}H{left + width}" fill="none" stroke="currentColor"/>')
        for part in (0.5, 1.0):
            y = top + height - part * height / 1.1
            lines.append(f'<text x="{left - 6}" y="{y + 4:.0f}" text-anchor="end">{most / 1.1 * part:,.0f}</text>')
            x = left + part * width
            label = f"{most_models * part:,.0f}"
            lines.append(f'<text x="{x:.0f}" y="{top + height + 18}" text-anchor="middle">{label}</text>')
        for verb, colour in (("lint", "#0969da"), ("render", "#bf8700")):
            points = [
                (left + one.models / most_models * width, top + height - getattr(one, value) / most * height)
                for one in found[verb]
            ]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
            lines += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
            x, y = points[-1]
            lines.append(f'<text x="{x + 6:.0f}" y="{y + 4:.0f}" fill="{colour}">{verb}</text>')
        lines.append(f'<text x="{left + width / 2:.0f}" y="{top + height + 36}" text-anchor="middle">models</text>')
    body = "\n".join(lines)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 270" font-family="sans-serif" font-size="12" '
        'fill="currentColor" role="img" aria-label="Time and memory grow with the number of models">\n'
        "<style>svg { color: #1f2328 } @media (prefers-color-scheme: dark) { svg { color: #e6edf3 } }</style>\n"
        f"{body}\n</svg>\n"
    )


@contextmanager
def served(scratch: Path, root: Path) -> Iterator[None]:
    """A registry that holds what the folders say."""
    with serve(scratch / "registry") as found:
        os.environ.update(found, NO_PROXY="127.0.0.1,localhost")
        seed(read_stages(root)[0], found)
        yield


def measure_change(asked: argparse.Namespace, scratch: Path) -> bool:
    """One changed model among thousands; whether the bars are kept."""
    root, count = scratch / "project", asked.models[0]
    root.mkdir()
    make_project(root, count)
    (root / ".gitignore").write_text(".publish/\nbuild/\n")
    git = ("git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "Begin"]):
        subprocess.run([*git, *command], check=True)
    kept: dict[str, float] = {}
    with served(scratch, root):
        os.environ["PUBLISH_CACHE_DIR"] = str(scratch / "cache")
        run(root, "lint", "-q")  # as the day before
        card = root / "models" / "model-0007" / "card.md.j2"
        for line, bar in CHANGE.items():
            verb, *options = line.split()
            # Each time it is another change, of which the cache knows nothing.
            runs = []
            for number in range(3 if bar else 1):
                card.write_text(re.sub(r"reads .*?text", f"reads {verb} {number} {len(kept)} text", card.read_text()))
                runs.append(run(root, verb, "-q", *options, *(("-r", THERE) if verb == "plan" else ())))
            best = min(runs, key=lambda one: one.seconds)
            kept[line] = best.seconds - (bar or best.seconds)
            wanted = f", {bar:.0f} s are wanted" if bar else ""
            load = os.getloadavg()[0]
            print(f"{line}, one change in {count} models: {best} (load {load:.1f}{wanted})", flush=True)
    return max(kept.values()) <= 0


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["workers", "growth", "change"])
    parser.add_argument("--models", type=int, nargs="+", help="how many; several for growth")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--threads", type=int, default=4, help="of each worker")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds before each answer")
    asked = parser.parse_args()
    default = {"workers": [10_000], "growth": [1000, 2000, 5000, 10_000, 20_000], "change": [2000]}
    asked.models = asked.models or default[asked.what]
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        if asked.what == "workers":
            measure_workers(asked, scratch)
        elif asked.what == "growth":
            measure_growth(asked, scratch)
        elif not measure_change(asked, scratch):
            sys.exit("A bar is not kept.")


if __name__ == "__main__":
    main()
