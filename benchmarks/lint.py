"""`publish lint --assets` beside Microsoft's own validator, on the same generated catalogue, in the same run.

Run it by hand: .venv/bin/python benchmarks/lint.py [--folders 1000]

`azureml-assets` is installed into an environment of its own (kept between runs below the system's folder for temporary
files; `--upstream PYTHON` names another one). The bar: without any cache at least 8 times as fast on two cores, with a
warm one 25 times. Memory is that of the largest process.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from azureml_publish.documents import dump_yaml
from azureml_publish.layouts.convert import lay_out
from azureml_publish.skus.catalogue import Sku, load_catalogue
from azureml_publish.skus.derive import derive_min_spec

PACKAGE = "azureml-assets==1.17.8"
SCENARIOS = ("inference", "evaluation", "finetune")
TASKS = ("fill-mask", "text-classification", "text-generation", "summarization", "question-answering")
WORDS = (
    *("the", "a", "model", "reads", "text", "and", "answers", "after", "it", "was", "trained", "on", "pages", "of"),
    *("books", "with", "labels", "by", "people", "who", "wrote", "them", "down"),
)


def make_catalogue(folder: Path, count: int, seed: int, kilobytes: tuple[int, int]) -> int:
    """Write asset folders, every other one in the older layout; their size in bytes."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible catalogue, no secret
    sizes = [sku for sku in load_catalogue() if not derive_min_spec((sku,)).unknown]
    lists = [tuple(chance.sample(sizes, chance.choice((4, 8, 17, 44, 49)))) for _ in range(60)]
    written = 0
    for number in range(count):
        name = f"contoso-reader-{number:04}"
        path = folder / name
        path.mkdir(parents=True)
        task = chance.choice(TASKS)
        spec = make_spec(chance, name, task, {scenario: chance.choice(lists) for scenario in SCENARIOS}, number)
        blob = f"huggingface/{name}/mlflow_model_folder"
        texts = {
            "spec.yaml": dump_yaml(spec) + "\n",
            "asset.yaml": "extra_config: model.yaml\nspec: spec.yaml\ntype: model\ncategories: [Foundation Models]\n",
            "model.yaml": f"path:\n  container_name: models\n  container_path: {blob}\n  storage_name: contoso\n"
            "  type: azureblob\npublish:\n  description: description.md\n  type: mlflow_model\n",
            "MLmodel": make_mlmodel(name, task),
            "description.md": make_card(chance, name, chance.randint(*kilobytes) * 1024),
        }
        for file, text in texts.items():
            written += (path / file).write_text(text, encoding="utf-8")
    return written


def make_spec(
    chance: random.Random, name: str, task: str, computes: Mapping[str, tuple[Sku, ...]], number: int
) -> dict[str, Any]:
    """The data of one asset YAML, in one of the two layouts."""
    native: dict[str, Any] = {
        "languages": ["en", *chance.sample(("de", "fr", "es", "it", "nl"), 2)],
        "sharedComputeCapacityEnabled": True,
        "tasks": {"fineTuningTasks": ["text-classification"], "inferenceTasks": [task]},
        "SKU": {f"{scenario}RecommendedSkus": [sku.name for sku in skus] for scenario, skus in computes.items()}
        | {f"{scenario}MinSkuSpec": str(derive_min_spec(skus).spec) for scenario, skus in computes.items()},
        "publisher": chance.choice(("Contoso", "Fabrikam")),
        "datasets": chance.sample(("bookcorpus", "wikipedia", "squad", "openwebtext"), 2),
        "displayName": f"Reader {number}",
        "hiddenLayerScanned": True,
        "huggingFaceModelId": f"contoso/reader-{number:04}",
        "license": chance.choice(("mit", "apache-2.0", "bsd-3-clause")),
        "supportedComputes": {f"{s}Computes": [sku.name for sku in skus] for s, skus in computes.items()},
    }
    laid_out = lay_out(native, "tags" if number % 2 else "system_metadata")
    defaults = {"apply_deepspeed": "true", "apply_lora": chance.choice(("true", "false")), "apply_ort": "true"}
    spec: dict[str, Any] = {
        "$schema": "https://azuremlschemas.azureedge.net/latest/model.schema.json",
        "name": name,
        "path": "./",
        "properties": {"SHA": f"{chance.getrandbits(160):040x}"} | laid_out.properties,
        "tags": {"model_specific_defaults": defaults} | laid_out.tags,
    }
    if number % 2:
        spec["tags"]["SharedComputeCapacityEnabled"] = ""
    if laid_out.system_metadata:
        spec["system_metadata"] = laid_out.system_metadata
    return spec | {"version": chance.randrange(1, 30)}


def make_mlmodel(name: str, task: str) -> str:
    """An MLmodel as MLflow's transformers flavour writes it."""
    data: dict[str, Any] = {
        "flavors": {
            "python_function": {"env": {"conda": "conda.yaml"}, "loader_module": "mlflow.transformers"},
            "transformers": {"code": None, "components": ["tokenizer"], "framework": "pt", "task": task},
        },
        "metadata": {"base_model_name": name, "base_model_task": task, "is_acft_model": True},
        "mlflow_version": "2.8.1",
        "signature": {"inputs": '[{"type": "string"}]', "outputs": '[{"type": "string"}]', "params": None},
    }
    return dump_yaml(data) + "\n"


def make_card(chance: random.Random, name: str, size: int) -> str:
    """A card with the sections, tables, links and fences of published ones, of about so many bytes."""

    def prose(words: int) -> str:
        chosen: list[str] = []  # no word twice at once, which CARD065 would report in each sentence
        while len(chosen) < words:
            chosen += [word for word in (chance.choice(WORDS),) if chosen[-1:] != [word]]
        return " ".join(chosen).capitalize() + "."

    sample = json.dumps({"input_data": [f"Paris is the [MASK] of {prose(3)}", prose(5)]}, indent=4)
    tail = (
        "\n# Inference samples\n\nInference type|Python sample (Notebook)|CLI with YAML\n|--|--|--|\n"
        f"Real time|[{name}.ipynb](https://example.org/{name}/online)|[{name}.sh](https://example.org/{name}/cli)\n"
        f"\n# Sample inputs and outputs\n\n### Sample input\n\n```json\n{sample}\n```\n\n### Sample output\n\n"
        '```json\n[\n    "capital",\n    "beautiful"\n]\n```\n'
    )
    parts = [f"{name} {prose(60)}\n\n# Training details\n\n"]
    while sum(map(len, parts)) + len(tail) < size:
        kind = chance.randrange(5)
        if kind == 0:
            parts.append(f"## {prose(3)[:-1]}\n\n")
        elif kind == 1:
            parts.append("".join(f"- {prose(14)}\n" for _ in range(5)) + "\n")
        elif kind == 2:
            rows = "".join(f"|{prose(2)}|{chance.random():.3f}|{chance.random():.3f}|\n" for _ in range(6))
            parts.append(f"|Task|Score|Loss|\n|---|---|---|\n{rows}\n")
        else:
            parts.append(f"{prose(50)} See [the paper](https://example.org/{chance.randrange(999)}). {prose(50)}\n\n")
    return "".join(parts) + tail


def upstream_python() -> Path:
    """An environment with Microsoft's validator, made where there is none yet."""
    folder = Path(tempfile.gettempdir()) / "azureml-publish-benchmarks" / PACKAGE
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"installing {PACKAGE} ...", flush=True)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", PACKAGE], check=True)
    return python


def timed(command: list[str], folder: Path, environ: Mapping[str, str], runs: int) -> tuple[float, float, str]:
    """The median time of a command, and its processor time of all cores, in seconds; and the last line that it said."""
    taken, worked, said = [], [], ""
    for _ in range(runs):
        begin, before = time.perf_counter(), processor()
        done = subprocess.run(command, cwd=folder, env=dict(environ), capture_output=True, text=True, check=False)
        taken.append(time.perf_counter() - begin)
        worked.append(processor() - before)
        if done.returncode not in (0, 1, 4) or "Traceback" in done.stderr:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
        said = (done.stderr or done.stdout).strip().splitlines()[-1]
    return statistics.median(taken), statistics.median(worked), said


def processor() -> float:
    """Processor seconds of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Make the catalogue, run both tools on it, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folders", type=int, default=1000)
    parser.add_argument("--kilobytes", type=int, nargs=2, default=(8, 16), help="size of the cards, from and to")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3, help="runs of `publish lint`; upstream runs once")
    parser.add_argument("--upstream", help="Python of an environment that has azureml-assets")
    chosen = parser.parse_args()
    validator = chosen.upstream or str(upstream_python())
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        size = make_catalogue(root / "models", chosen.folders, chosen.seed, tuple(chosen.kilobytes))
        print(f"{chosen.folders} asset folders, {size / 2**20:.1f} MiB, {os.cpu_count()} cores")
        environ = os.environ | {"PUBLISH_CACHE_DIR": str(root / "cache")}
        lint = [str(Path(sys.executable).parent / "publish"), "lint", "--assets", "models"]
        cold, cpu, said = timed([*lint, "--no-cache"], root, environ, chosen.runs)
        print(f"publish lint, no cache    {cold:7.2f} s   {cpu:7.2f} s of processor   {said}", flush=True)
        timed(lint, root, environ, 1)
        warm, warm_cpu, said = timed(lint, root, environ, chosen.runs)
        print(f"publish lint, warm cache  {warm:7.2f} s   {warm_cpu:7.2f} s of processor   {said}", flush=True)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        validate = [validator, "-m", "azureml.assets.validate_assets", "-i", "models"]
        upstream, upstream_cpu, _ = timed(validate, root, os.environ, 1)
        print(f"{PACKAGE}    {upstream:7.2f} s   {upstream_cpu:7.2f} s of processor")
    print(f"without a cache {upstream / cold:.1f} times as fast (bar 8), with one {upstream / warm:.1f} (bar 25)")
    print(f"by processor time {upstream_cpu / cpu:.1f} and {upstream_cpu / warm_cpu:.1f} times")
    print(f"largest process of publish lint {peak:.0f} MiB")


if __name__ == "__main__":
    main()
