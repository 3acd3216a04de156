"""The SKU engine on 1,000 models with three scenarios each: catalogue, presets, lists, min specs, foresight, checks.

A third of the scenarios name a preset, a third write a query, a third a literal list; no two models write the same
query. What is timed starts with an unread catalogue and typed specs.

Run it by hand, on one core: taskset -c 0 .venv/bin/python benchmarks/skus.py [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import pstats
import statistics
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from azureml_publish.documents import Document
from azureml_publish.lint.engine import ModelSubject, ProjectSubject, check
from azureml_publish.lint.rules import sku_retirement, sku_specs
from azureml_publish.project import ModelFolder, Project
from azureml_publish.skus.catalogue import Catalogue, load_catalogue
from azureml_publish.skus.compute import resolve_compute, resolve_presets
from azureml_publish.skus.foresight import foresee
from azureml_publish.skus.lists import lists_of
from azureml_publish.spec import ModelSpec, ProjectConfig

MODELS = 1000
RUNS = 7
AS_OF = date(2026, 11, 21)
FAMILIES = (
    ["Dsv2", "Dav4", "Dasv4", "Fsv2", "FX", "Esv3", "NCasT4_v3", "NC_A100_v4", "NDv2", "ND_A100_v4"],
    ["NCv3", "NCasT4_v3", "NC_A100_v4", "NC_H100_v5", "ND_A100_v4"],
)
PRESETS = {
    "cpu-small": {"families": FAMILIES[0], "min": "2|0|8|28", "exclude": ["Standard_D2a_v4"]},
    "cpu-medium": {"families": FAMILIES[0], "min": "4|0|28|56"},
    "gpu": {"families": FAMILIES[1], "min": "4|1|28|64"},
}


def make_project() -> Project:
    """A project of so many models, as reading it would give it; the documents hold no text, as nothing is edited."""
    names = [sku.name for sku in load_catalogue()]
    folders = []
    for number in range(MODELS):
        listed = [names[(number * 7 + step * 11) % len(names)] for step in range(12)]
        written: list[Any] = [
            ("cpu-small", "cpu-medium", "gpu")[number % 3],
            {"families": FAMILIES[number % 2], "min": f"{1 + number % 4}|0|{number}|0", "max_gpus": 8},
            sorted(set(listed)),
        ]
        compute = dict(zip(("inference", "evaluation", "finetune"), written, strict=True))
        spec = ModelSpec.model_validate(
            {
                "name": f"model-{number}",
                "version": 1,
                "source": {"huggingface": "a/b", "revision": "0" * 40},
                "tasks": {"inference": "fill-mask"},
                "compute": compute,
            }
        )
        folder = f"model-{number}"
        document = Document(f"models/{folder}/model.yaml", "", {"compute": compute}, {})
        folders.append(ModelFolder(folder, Path(folder), spec, document, "", ""))
    config = ProjectConfig.model_validate({"presets": PRESETS})
    return Project(Path(), config, Document("publish.yaml", "", {"presets": PRESETS}, {}), tuple(folders))


def engine(project: Project, timed: Callable[[str], None]) -> int:
    """All of the engine once; `timed` is called after each part. How many things were found, so that none is idle."""
    load_catalogue.cache_clear()
    catalogue: Catalogue = load_catalogue()
    timed("load the catalogue")
    presets = resolve_presets(project.config, catalogue, AS_OF)
    computes = [resolve_compute(folder.spec, presets, catalogue, AS_OF) for folder in project.models]
    timed("select and derive 3,000 lists")
    foresight = foresee(lists_of(project, project.models), catalogue, AS_OF, 1200)
    timed("foresee retirement")
    subject = ProjectSubject(project, catalogue, presets, AS_OF)
    found = 0
    checks = (sku_retirement.sku_retired, sku_retirement.sku_retiring_soon, sku_specs.sku_figure_unknown)
    for folder, compute in zip(project.models, computes, strict=True):
        found += sum(1 for _ in check(ModelSubject(subject, folder, compute, None), checks=checks))
    timed("check lists (SKU010 to 012)")
    return found + len(foresight.losses) + sum(len(compute.allow_lists) for compute in computes)


def measure(project: Project) -> tuple[dict[str, float], int]:
    """Seconds of each part."""
    parts: dict[str, float] = {}
    last = time.perf_counter()

    def timed(part: str) -> None:
        nonlocal last
        now = time.perf_counter()
        parts[part] = now - last
        last = now

    return parts, engine(project, timed)


def main() -> None:
    """Print the median of each part and of the whole; with --profile where the time goes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true")
    profile = parser.parse_args().profile
    project = make_project()
    runs = []
    for _ in range(RUNS):
        gc.collect()
        parts, found = measure(project)
        runs.append(parts)
    for part in runs[0]:
        print(f"{part:<32} {statistics.median(run[part] for run in runs) * 1000:7.1f} ms")
    whole = [sum(run.values()) for run in runs]
    print(f"{'all':<32} {statistics.median(whole) * 1000:7.1f} ms   (worst {max(whole) * 1000:.1f}; {found} results)")
    if profile:
        profiler = cProfile.Profile()
        profiler.runcall(measure, project)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(14)


if __name__ == "__main__":
    main()
