"""Measures this tool beside others, for docs/compare.md.

Run by hand, a part at a time:

    python -m benchmarks.others lines       lines that a person writes for 100 models
    python -m benchmarks.others again       bytes that are sent after a broken transfer, and by a second run
    python -m benchmarks.others validate    seeded mistakes that each tool refuses

`validate` needs `make gate`, which installs Microsoft's validator, and `make proof`, which installs MLflow.
`catalogue.py`, `transfer.py` and `startup.py` measure time.
"""

# ruff: noqa: PLC0415 - azure-ai-ml is imported where it is measured

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import logging
import os
import secrets
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from azureml_publish import Emulator, PublishError, open_project
from azureml_publish.pipeline.lint_assets import check_folder
from tests.unit.lint.made_up_catalogue import folders
from tests.unit.lint.seeded_defects import SEEDS

ROOT = Path(__file__).parents[1]
MIB = 1024 * 1024
MODELS = 100
SIZE = 256 * MIB
DAY = date(2026, 11, 21)


def lines() -> None:
    """Count what a person writes for models like bert-base-cased, with one `publish.yaml`, and what comes of it."""
    written = ROOT / "models" / "bert-base-cased"
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "project"
        shutil.copytree(ROOT / "models", project / "models")
        shutil.copy(ROOT / "publish.yaml", project)
        open_project(project).render("bert-base-cased", out=project / "build")
        made = {path.name: _count(path) for path in (project / "build" / "bert-base-cased").iterdir()}
    own = {path.name: _count(path) for path in written.iterdir() if path.suffix in (".yaml", ".j2")}
    shared = _count(ROOT / "publish.yaml")
    print(f"publish, written:   {own}, and publish.yaml {shared}")
    print(f"a catalogue's YAML: {made}")
    print(f"{MODELS} models, YAML: {MODELS * own['model.yaml'] + shared} with publish,", end=" ")
    print(f"{MODELS * made['spec.yaml']} as `az ml model create -f` takes it,", end=" ")
    print(
        f"{MODELS * sum(made[name] for name in ('spec.yaml', 'asset.yaml', 'model.yaml'))} as azureml-assets keeps it"
    )
    print(f"{MODELS} models, cards: {MODELS * own['card.md.j2']} and {MODELS * made['description.md']}")


def _count(path: Path) -> int:
    """Lines that say something."""
    return sum(bool(line.strip()) for line in path.read_text(encoding="utf-8").splitlines())


def again() -> None:
    """Break the upload of one file of 256 MiB halfway, run the same again, and count what then goes to the storage."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "weights"
        folder.mkdir()
        (folder / "weights.bin").write_bytes(secrets.token_bytes(SIZE))
        for name, begin in (("publish", _publish), ("azure-ai-ml", _azure)):
            with Emulator(Path(scratch) / f"emulator-{name}") as emulator, _environment(emulator):
                run, block = begin(folder, Path(scratch) / name)
                emulator.faults.add(
                    service="blobs", method="PUT", path="comp=block&", after=SIZE // block // 2, status=403
                )
                first = _counted(emulator, run)
                emulator.faults.clear()
                print(f"{name}: breaks off with {first}", flush=True)
                print(f"{name}: the same again: {_counted(emulator, run)}", flush=True)
                print(f"{name}: once more:      {_counted(emulator, run)}", flush=True)


def _publish(folder: Path, home: Path) -> tuple[Callable[[], str], int]:
    spec = home / "models" / "churn"
    spec.mkdir(parents=True)
    (home / "publish.yaml").write_text("registries: {there: {name: local}}\n", encoding="utf-8")
    text = (
        f"name: churn\nversion: 1\ntype: custom_model\nsource: {{local: {folder}}}\nlicense: mit\ndescription: Churn.\n"
    )
    (spec / "model.yaml").write_text(text, encoding="utf-8")

    def run() -> str:
        project = open_project(home)
        report = project.apply(project.plan(registry="there"))
        return ", ".join(str(result.outcome) for result in report.results)

    return run, 8 * MIB


def _azure(folder: Path, _: Path) -> tuple[Callable[[], str], int]:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Model
    from azure.core.credentials import AccessToken

    class Anybody:
        def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
            return AccessToken("anybody", int(time.time()) + 3600)

    client = MLClient(Anybody(), registry_name="local", polling_interval=0)

    def run() -> str:
        client.models.create_or_update(Model(name="churn", version="1", path=folder, type="custom_model"))
        return "done"

    return run, 4 * MIB


@contextmanager
def _environment(emulator: Emulator) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(emulator.environment)
    yield
    os.environ.clear()
    os.environ.update(before)


def _counted(emulator: Emulator, run: Callable[[], str]) -> str:
    """How a run ends, and the MiB that it sends to the port of the blobs."""
    port, sent, send = emulator.http_url.rpartition(":")[2], 0, http.client.HTTPConnection.send

    def counting(self: http.client.HTTPConnection, data: Any) -> None:
        nonlocal sent
        before = data.tell() if hasattr(data, "tell") else 0
        send(self, data)
        if str(self.port) == port:
            sent += data.tell() - before if hasattr(data, "tell") else len(data)

    http.client.HTTPConnection.send = counting  # type: ignore[method-assign]
    try:
        ended = run()
    except PublishError as error:
        ended = f"{type(error).__name__}: {error.message}"
    except Exception as error:  # noqa: BLE001 - however azure-ai-ml fails
        ended = f"{type(error).__name__}: {str(error).splitlines()[0]}"
    finally:
        http.client.HTTPConnection.send = send  # type: ignore[method-assign]
    return f"{sent / MIB:.0f} MiB sent; {ended[:160]}"


def validate() -> None:
    """Put each seeded mistake into one folder that Microsoft's validator takes as it is, and have each tool look."""
    from huggingface_hub import ModelCard

    python = ROOT / ".venv-gate" / "bin" / "python"
    logging.disable(logging.WARNING)  # huggingface_hub says of each card that it has no front matter
    with tempfile.TemporaryDirectory() as scratch:
        sound = {name: files for name, files in folders() if "description.md" in files}
        for name, files in sound.items():
            _write(Path(scratch) / "sound" / name, files)
        taken = {Path(path).name for path, said in _said(python, Path(scratch) / "sound").items() if _passes(said)}
        print(f"{len(taken)} of {len(sound)} sound folders pass Microsoft's validator")
        seeded = []
        for number, seed in enumerate(SEEDS):
            fits = [(name, change) for name in sorted(taken) if (change := seed.change(sound[name]))]
            if fits:
                name, change = fits[0]
                _write(Path(scratch) / "spoilt" / str(number) / name, {**sound[name], **change})
                seeded.append((number, seed, name))
        said = _said(python, Path(scratch) / "spoilt")
        mlflow = _refused_by_mlflow(Path(scratch))
        rows = []
        for number, seed, name in seeded:
            folder = Path(scratch) / "spoilt" / str(number)
            known = {
                (one.code, one.message) for one in check_folder(Path(scratch) / "sound" / name, Path(scratch), DAY)[0]
            }
            found = [one for one in check_folder(folder / name, folder, DAY)[0] if (one.code, one.message) not in known]
            try:
                ModelCard.load(folder / name / "description.md")
                refused = False
            except Exception:  # noqa: BLE001 - however it fails
                refused = True
            ours = any(one.code in seed.codes for one in found)
            theirs = (not _passes(said[str(folder / name)]), str(folder / name) in mlflow, refused)
            rows.append((seed.name, (ours, *theirs)))
    tools = ("publish lint", "Microsoft's validator", "MLflow", "huggingface_hub")
    for title, refusals in rows:
        print(f"{title}: {', '.join(itertools.compress(tools, refusals)) or 'nobody'}")
    for column, tool in enumerate(tools):
        print(f"{tool}: {sum(refusals[column] for _, refusals in rows)} of {len(rows)}")


def _refused_by_mlflow(root: Path) -> set[str]:
    """The folders whose MLmodel MLflow does not load; a folder without one is none of its models."""
    program = (
        "import json, pathlib, sys\nfrom mlflow.models import Model\nrefused = []\n"
        "for path in pathlib.Path(sys.argv[1]).rglob('MLmodel'):\n"
        "    try: Model.load(str(path.parent))\n"
        "    except Exception: refused.append(str(path.parent))\n"
        "print(json.dumps(refused))"
    )
    command = [str(ROOT / ".venv-proof" / "bin" / "python"), "-c", program, str(root)]
    refused = set(
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
    )
    if sound := {one for one in refused if Path(one).is_relative_to(root / "sound")}:
        raise ValueError(f"MLflow does not load {sound}, although they are sound.")
    return refused


def _write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")


def _said(python: Path, root: Path) -> dict[str, str]:
    given = json.dumps(sorted({str(path.parent) for path in root.rglob("spec.yaml")}))
    command = [str(python), str(ROOT / "tests" / "gate" / "validate_all.py")]
    said: dict[str, str] = json.loads(
        subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout
    )
    return said


def _passes(said: str) -> bool:
    return "All validations passed" in said


def main() -> None:
    """Measure one part."""
    parts = {"lines": lines, "again": again, "validate": validate}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=parts)
    warnings.simplefilter("ignore")
    parts[parser.parse_args().part]()


if __name__ == "__main__":
    main()
