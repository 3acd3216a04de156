"""A run imports and builds nothing that it does not use. `benchmarks/startup.py` measures what that saves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    *("azure", "huggingface_hub", "starlette", "uvicorn", "rich", "requests", "trustme"),
    *("nh3", "pygments", "watchfiles", "distributed", "dask", "opentelemetry"),
)
WATCHED = """
import json, sys
from azureml_publish.cli import main
codes, loaded = [], []
for verb in json.loads(sys.argv[1]):
    try:
        main(verb)
    except SystemExit as ended:
        codes.append(ended.code)
        loaded.append(sorted(sys.modules))
print("\\n" + json.dumps([codes, loaded]))
"""


def loaded_by(project: Path, verbs: list[list[str]]) -> list[set[str]]:
    """The modules that are loaded after each of these verbs, which end well, one after the other in one process."""
    given = json.dumps([["-C", str(project), *verb] for verb in verbs])
    ran = subprocess.run([sys.executable, "-c", WATCHED, given], capture_output=True, text=True, check=True)
    codes, loaded = json.loads(ran.stdout.rstrip().rpartition("\n")[2])
    assert codes == [0] * len(verbs)
    return [set(names) for names in loaded]


def without_sdk(project: Path, verbs: list[list[str]]) -> bool:
    """Whether these verbs, one after the other in one process, import nothing that starts slowly."""
    loaded = loaded_by(project, verbs)
    heavy = [(verb, name) for verb, modules in zip(verbs, loaded, strict=True) for name in HEAVY if name in modules]
    return "azureml_publish" in loaded[0] and heavy == []


VERBS = [["--help"], ["lint"], ["render"], ["schema"], ["lint", "--help"], ["apply", "--help"], ["preview", "--help"]]


def test_offline_verbs_import_no_sdk(project: Path) -> None:
    assert without_sdk(project, VERBS)


@pytest.mark.parametrize("verb", ["list", "show"])
def test_verbs_that_read_a_registry_alone_start_without_rules_and_pages(verb: str) -> None:
    code = f"import sys; from azureml_publish.cli import {verb}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rooms = {name.split(".")[1] for name in ran.stdout.split() if name.startswith("azureml_publish.")}
    assert rooms & {"execute", "importer", "lint", "plan", "preview", "render"} == set()


def test_help_and_lint_load_nothing_of_other_verbs_and_options(project: Path) -> None:
    helped, linted = loaded_by(project, [["--help"], ["lint"]])
    assert "click" in helped
    assert helped.isdisjoint(("concurrent.futures", "hashlib", "jinja2", "markdown_it", "pydantic", "yaml"))
    assert "azureml_publish.lint.rules.card_text" in linted
    assert linted.isdisjoint(("multiprocessing", "ssl"))
    others = ("lint.online.link_client", "pipeline.fix", "pipeline.lint_assets", "reporters.sarif")
    assert linted.isdisjoint(f"azureml_publish.{name}" for name in others)


@pytest.mark.parametrize("module", ["api", "content.packaging.kinds", "lint.engine", "cli.plan"])
def test_no_class_of_a_file_is_built_before_such_a_file_is_read(module: str) -> None:
    code = f"""
import azureml_publish.{module}
from pydantic import BaseModel
waiting, seen = [BaseModel], set()
while waiting:
    seen.add(one := waiting.pop())
    waiting += [each for each in one.__subclasses__() if each.__module__.startswith("azureml_publish.")]
# The lines of a journal come from several threads, and their classes are built before those begin. Three classes are
# in both files of a project: what is built once for both takes less than what each builds for itself.
both = ("Metadata", "Mlflow", "FinetuneDefaults")
late = [one for one in seen - {{BaseModel}} if one.__module__ != "azureml_publish.execute.journal"]
late = [one for one in late if one.__name__ not in both]
print(len(seen), *(one.__name__ for one in late if one.__pydantic_complete__))"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    classes, *built = ran.stdout.split()
    assert int(classes) > 20
    assert built == []
