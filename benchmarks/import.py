"""Imports and proves a generated catalogue: time and memory. Run by hand: `.venv/bin/python benchmarks/import.py`.

The bar is that of the project's own promise: 1,000 asset folders within 30 seconds on two cores, below 500 MiB.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from azureml_publish.documents import dump_yaml
from azureml_publish.skus.catalogue import load_catalogue
from azureml_publish.skus.derive import derive_min_spec

TASKS = ("fill-mask", "text-classification", "text-generation", "summarization", "question-answering")
WORDS = ("a", "model", "reads", "text", "and", "answers", "after", "it", "was", "trained", "on", "pages")


def make_catalogue(folder: Path, count: int, seed: int) -> None:
    """Write asset folders whose lists, cards and metadata vary as those of a grown catalogue do."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible catalogue, no secret
    sizes = [sku for sku in load_catalogue() if derive_min_spec((sku,)).spec is not None]
    lists = [chance.sample(sizes, chance.choice((4, 8, 17, 44, 49))) for _ in range(60)]
    for number in range(count):
        path = folder / f"model-{number:04}"
        path.mkdir(parents=True)
        computes = {scenario: chance.choice(lists) for scenario in ("inference", "evaluation", "finetune")}
        native = {
            "languages": ["en"],
            "sharedComputeCapacityEnabled": True,
            "tasks": {"fineTuningTasks": ["text-classification"], "inferenceTasks": [chance.choice(TASKS)]},
            "SKU": {f"{scenario}RecommendedSkus": [sku.name for sku in skus] for scenario, skus in computes.items()}
            | {f"{scenario}MinSkuSpec": str(derive_min_spec(tuple(skus)).spec) for scenario, skus in computes.items()},
            "hiddenLayerScanned": True,
            "license": chance.choice(("mit", "apache-2.0", "custom")),
            "supportedComputes": {f"{s}Computes": [sku.name for sku in skus] for s, skus in computes.items()},
            "displayName": f"Model {number}",
        }
        spec: dict[str, Any] = {
            "$schema": "https://azuremlschemas.azureedge.net/latest/model.schema.json",
            "name": path.name,
            "path": "./",
            "properties": {"SHA": f"{number:040x}"},
            "tags": {
                "model_specific_defaults": {"apply_deepspeed": "true", "apply_lora": chance.choice(("true", "false"))}
            },
            "system_metadata": native,
            "version": chance.randrange(1, 30),
        }
        (path / "spec.yaml").write_text(dump_yaml(spec) + "\n")
        (path / "asset.yaml").write_text(
            "extra_config: model.yaml\nspec: spec.yaml\ntype: model\ncategories: [Foundation Models]\n"
        )
        (path / "model.yaml").write_text(
            f"path:\n  container_name: models\n  container_path: huggingface/{path.name}/mlflow_model_folder\n"
            "  storage_name: examplestorage\n  type: azureblob\npublish:\n  description: description.md\n"
            "  type: mlflow_model\n"
        )
        (path / "MLmodel").write_text("flavors:\n  python_function:\n    loader_module: mlflow.transformers\n" * 10)
        paragraphs = "\n\n".join(" ".join(chance.choices(WORDS, k=60)) for _ in range(12))
        head = chance.choice(("# Training Details", "# Something else"))
        (path / "description.md").write_text(f"{paragraphs}\n\n{head}\n\n{paragraphs}\n")


def main() -> None:
    """Make, import, prove; print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        make_catalogue(Path(scratch) / "assets", asked.count, asked.seed)
        publish = Path(sys.executable).with_name("publish")
        began = time.monotonic()
        done = subprocess.run(
            [publish, "import", "assets", "--check"], cwd=scratch, text=True, capture_output=True, check=False
        )
        took = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    said = [line for line in done.stdout.splitlines() if line.startswith(("Imported", "YAML", "Proof"))]
    print("\n".join(said))
    print(f"{asked.count} folders: {took:.1f} s, {peak:.0f} MiB at most, exit code {done.returncode}")
    if done.returncode != 0 or took > 30 or peak > 500:
        print(done.stderr[-2000:], file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
