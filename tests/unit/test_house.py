"""The tree keeps the limits and the map of CONTRIBUTING.md: a stranger finds things by folder and file name alone."""

from __future__ import annotations

import ast
import re
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path
from typing import get_args

import grimp

from azureml_publish.cli import VERBS
from azureml_publish.content.packaging.kinds import KINDS
from azureml_publish.spec import ModelSpec
from tests.conftest import REPOSITORY

PACKAGE = REPOSITORY / "src" / "azureml_publish"
PYTHON = sorted(
    path for room in ("src", "tests", "benchmarks", "ci", "docs") for path in (REPOSITORY / room).rglob("*.py")
)
VAGUE = {"utils", "util", "helpers", "common", "misc", "base"}


def named(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def test_no_file_is_longer_than_400_lines_and_none_has_a_vague_name() -> None:
    lengths = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in PYTHON}
    assert len(lengths) > 600
    assert {path: lines for path, lines in lengths.items() if lines > 400} == {}
    assert [path for path in lengths if Path(path).stem in VAGUE] == []


def test_no_function_is_longer_than_60_lines() -> None:
    long = {
        f"{named(path)}:{node.lineno} {node.name}": lines
        for path in PYTHON
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > 60
    }
    assert long == {}


def test_the_map_names_every_room_and_no_other() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    inside = text.partition("\nsrc/azureml_publish/\n")[2].partition("\ntests/")[0]
    mapped = re.findall(r"^  (\w[\w.]+)/? ", inside, re.MULTILINE)
    rooms = {
        path.name for path in PACKAGE.iterdir() if path.suffix == ".py" or (path.is_dir() and list(path.glob("*.py")))
    }
    assert sorted(mapped) == sorted(rooms)
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layered = {room for layer in contracts["contracts"][0]["layers"] for room in layer.split(" | ")}
    assert {*layered, "__init__", "__main__"} == {room.removesuffix(".py") for room in rooms}
    without_click = next(one for one in contracts["contracts"] if one["name"] == "Only cli knows click")
    assert layered - {"cli"} == {room.removeprefix("azureml_publish.") for room in without_click["source_modules"]}


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = grimp.build_graph("azureml_publish", exclude_type_checking_imports=True, cache_dir=None)
    assert len(graph.modules) > 300
    TopologicalSorter({module: graph.find_modules_directly_imported_by(module) for module in graph.modules}).prepare()


def test_what_cli_holds_beside_verbs_is_named() -> None:
    files = {path.stem for path in (PACKAGE / "cli").glob("*.py")} | {"skus"}
    beside = {"__init__", "options", "transfer_options", "output", "progress", "confirm", "interrupts"}
    beside |= {"events"}
    assert files - beside == set(VERBS)


IN_PIPELINE = {"import": "imports", "list": "registered", "show": "registered", "restore": "archive"}
IN_PIPELINE |= {"download": "registered_files", "sbom": "registered_files", "preview": "live"}
PURE = {"rule", "schema", "completion"}
"""Verbs that say what the package itself knows."""


def test_what_a_verb_does_is_in_the_file_of_its_name() -> None:
    files = {path.stem for path in (PACKAGE / "pipeline").glob("*.py")}
    assert {IN_PIPELINE.get(verb, verb) for verb in VERBS} - PURE <= files
    assert not PURE & files


def test_every_source_and_every_model_kind_has_its_file() -> None:
    sources = [get_args(one)[0] for one in get_args(ModelSpec.model_fields["source"].annotation)]
    keys = {key for source in sources for key in source.model_fields} - {
        "include",
        "exclude",
        "revision",
        "allow_pickle",
    }
    files = {"hub" if key == "huggingface" else key for key in keys}
    assert len(files) == len(sources) > 5
    assert files <= {path.stem for path in (PACKAGE / "content" / "sources").glob("*.py")}
    assert set(KINDS) <= {path.stem for path in (PACKAGE / "content" / "packaging").glob("*.py")}


def test_rules_are_at_most_45_files() -> None:
    assert 20 < len(list((PACKAGE / "lint" / "rules").glob("*.py"))) <= 45


SHARED = {"__init__", "annotations", "cards", "diagnostics", "differences", "folding", "frames", "outcomes", "outputs"}
SHARED |= {"paint", "plan_markdown", "tables", "hostile_text"}
"""What several reports are made with. A new report is named after its verb or its form instead."""
FORMS = {"azure_pipelines", "code_quality", "events", "github", "json_forms", "junit", "sarif"}
OTHERWISE = {"import": "imports", "list": "registered", "show": "registered"}


def test_a_report_is_in_the_file_of_its_verb_or_of_its_form() -> None:
    """`import` is no name that Python takes, and what lists and shows versions is one."""
    modules = {path.stem for path in (PACKAGE / "reporters").iterdir() if path.stem != "__pycache__"}
    verbs = {OTHERWISE.get(verb, verb) for verb in VERBS}
    assert {name for name in modules - SHARED - FORMS - verbs if not name.startswith("sku_")} == set()
    assert SHARED | FORMS | set(OTHERWISE.values()) <= modules
