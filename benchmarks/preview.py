"""Times `publish preview` on generated catalogues: the first page, a page after an edit, and the memory of the server.

Run by hand on a quiet machine: `.venv/bin/python benchmarks/preview.py`. The bars: the first page within 1 s at 150
models and 2 s at 1,000, each from the start of the command to the last byte, and the three shipped models within 2 s of
the command that `make demo` names; the page of a model within 300 ms of an edit to its card or to a template at 150,
from the write to the last byte; the server below 250 MiB. Beside each the processor's time is
told, which says more where the machine has something else to do.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
PUBLISH = Path(sys.executable).with_name("publish")
FIRST_SECONDS = {3: 2.0, 150: 1.0, 1000: 2.0}
EDIT_SECONDS = 0.3
PEAK_MIB = 250.0
PAGE = "/models/model-0002/"


class Took(NamedTuple):
    """Seconds in all, and those of a processor among them."""

    seconds: float
    processor: float


class Server(NamedTuple):
    """A preview that runs: its address, the number of its process, and the looks that it tells of."""

    address: str
    process: int
    looks: Iterator[int]


@dataclass(frozen=True, slots=True)
class Measured:
    """The first page, the end of the first check, a page after edits of card and template, its bytes; MiB at most."""

    first: Took
    checked: float
    edits: tuple[Took, ...]
    template: Took
    page: int
    peak: float


def make_project(root: Path, count: int) -> None:
    """The shipped models, again and again under other names."""
    shutil.copy(ROOT / "publish.yaml", root)
    shutil.copytree(ROOT / "templates", root / "templates")
    shipped = sorted((ROOT / "models").iterdir())
    for number in range(count):
        source, folder = shipped[number % len(shipped)], root / "models" / f"model-{number:04}"
        shutil.copytree(source, folder)
        spec = folder / "model.yaml"
        spec.write_text(spec.read_text().replace(f"name: {source.name}", f"name: {folder.name}", 1))


@contextmanager
def served(root: Path) -> Iterator[tuple[str, int]]:
    """The address of a preview, and the number of its process."""
    command = [str(PUBLISH), "-C", str(root), "preview", "--no-open", "--port", "0", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - for the type checker
        try:
            yield process.stdout.readline().strip(), process.pid
        finally:
            process.terminate()


def read(address: str, path: str) -> bytes:
    """A page."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=600)
    connection.request("GET", path)
    text = connection.getresponse().read()
    connection.close()
    return text


def looks(address: str) -> Iterator[int]:
    """The numbers of the looks that the server tells of."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=600)
    connection.request("GET", "/events")
    answer = connection.getresponse()
    while line := answer.readline():
        if line.startswith(b"data: "):
            yield json.loads(line[6:])["number"]


def peak_mib(process: int) -> float:
    """The most memory that a process had, on Linux; 0 elsewhere."""
    status = Path(f"/proc/{process}/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def processor_seconds(process: int) -> float:
    """The time of the processor that a process has had, without its children, on Linux; 0 elsewhere."""
    status = Path(f"/proc/{process}/stat")
    if not status.is_file():
        return 0.0
    fields = status.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(count: int, edits: int) -> Measured:
    """Run a preview of so many models, and edit the card of one of them."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_project(root, count)
        began = time.perf_counter()
        with served(root) as (address, process):
            read(address, "/")
            first = Took(time.perf_counter() - began, processor_seconds(process))
            server = Server(address, process, looks(address))
            while next(server.looks) < 2:  # the first check, and what was edited before the watch began
                pass
            checked = time.perf_counter() - began
            page = len(read(address, PAGE))
            card, template = root / "models/model-0002/card.md.j2", root / "templates/card.md.j2"
            edited = [edit(card, "{% block summary %}\n", f"Edit {number}.", server) for number in range(edits)]
            shared = edit(template, "{% filter trim %}\n", "Edit all.", server)
            return Measured(first, checked, tuple(edited), shared, page, peak_mib(process))


def edit(file: Path, behind: str, words: str, server: Server) -> Took:
    """Write words into a file, and read a model's page until it has them."""
    text = file.read_text()
    time.sleep(0.3)  # somebody types
    start, had = time.perf_counter(), processor_seconds(server.process)
    file.write_text(text.replace(behind, f"{behind}{words}\n\n", 1))
    next(server.looks)
    while words.encode() not in read(server.address, PAGE):
        next(server.looks)
    return Took(time.perf_counter() - start, processor_seconds(server.process) - had)


def main() -> None:
    """Measure, and print beside the bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, nargs="*", default=[3, 150, 1000])
    parser.add_argument("--edits", type=int, default=10)
    arguments = parser.parse_args()
    for count in arguments.models:
        found = measure(count, arguments.edits)
        bar = f" (bar: {FIRST_SECONDS[count]:g} s)" if count in FIRST_SECONDS else ""
        middle = statistics.median(one.seconds for one in found.edits)
        work = statistics.median(one.processor for one in found.edits)
        most = max(one.seconds for one in found.edits)
        print(f"{count} models")
        print(f"  first page      {found.first.seconds:8.2f} s, {found.first.processor:.2f} s of processor{bar}")
        print(f"  all checked     {found.checked:8.2f} s")
        edit_bar = f" (bar: {EDIT_SECONDS:g} s)" if count == 150 else ""
        print(f"  after an edit   {middle:8.2f} s, {work:.2f} s of processor, {most:.2f} s at most{edit_bar}")
        shared = found.template
        print(f"  of a template   {shared.seconds:8.2f} s, {shared.processor:.2f} s of processor{edit_bar}")
        print(f"  page of a model {found.page / 1024:8.0f} KiB")
        print(f"  memory          {found.peak:8.0f} MiB (bar: {PEAK_MIB:.0f} MiB)")


if __name__ == "__main__":
    main()
