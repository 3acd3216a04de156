"""The public Python API: its surface against a golden, the programs of docs/python.md, and what it raises."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import azureml_publish
from azureml_publish import Conflict, NotFound, Outcome, UnsoundProject, UsageProblem, open_project
from tests.conftest import REPOSITORY, StaticCredential, edit

GOLDEN = Path(__file__).parent / "goldens" / "api.txt"
PAGE = (REPOSITORY / "docs" / "python.md").read_text(encoding="utf-8")
EMULATED = "azureml://registries/local"


def surface() -> Iterator[str]:
    """Each public name, with what a program may rely on: parameters, fields, members, and what it is a kind of.

    Signatures are taken from the source, as Python's versions write annotations in different ways.
    """
    for name in azureml_publish.__all__:
        public = getattr(azureml_publish, name)
        if isinstance(public, str):
            yield f"{name}: str"
        elif not inspect.isclass(public):
            yield signature(ast.parse(inspect.getsource(public)).body[0])
        else:
            yield f"class {name}({', '.join(base.__name__ for base in public.__bases__ if base is not object)})"
            yield from (f"    {line}" for line in members(public))


def members(public: type) -> Iterator[str]:
    if dataclasses.is_dataclass(public):
        assert public.__dataclass_params__.frozen  # type: ignore[attr-defined]
    (definition,) = ast.parse(inspect.getsource(public)).body
    assert isinstance(definition, ast.ClassDef)
    for one in definition.body:
        if isinstance(one, ast.FunctionDef):
            if not one.name.startswith("_") or one.name in ("__init__", "__enter__"):
                yield signature(one)
        elif isinstance(one, ast.AnnAssign | ast.Assign):
            target = one.target if isinstance(one, ast.AnnAssign) else one.targets[0]
            if not ast.unparse(target).startswith("_"):
                yield ast.unparse(one)


def signature(definition: ast.stmt) -> str:
    assert isinstance(definition, ast.FunctionDef)
    kinds = "".join(f"@{ast.unparse(one)} " for one in definition.decorator_list)
    returned = f" -> {ast.unparse(definition.returns)}" if definition.returns is not None else ""
    return f"{kinds}{definition.name}({ast.unparse(definition.args)}){returned}"


def test_the_surface_is_the_one_that_was_promised() -> None:
    """A difference is a new name or a break: the changelog says it, then the golden takes this text."""
    assert "".join(f"{line}\n" for line in surface()) == GOLDEN.read_text(encoding="utf-8")


def test_every_name_is_exported_and_documented() -> None:
    assert set(azureml_publish.__all__) <= set(dir(azureml_publish))
    for name in azureml_publish.__all__:
        if name != "__version__":
            assert inspect.getdoc(getattr(azureml_publish, name)), name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = azureml_publish.nothing


def test_importing_the_package_loads_nothing_of_it() -> None:
    code = "import sys, azureml_publish; print(*sorted(n for n in sys.modules if n.startswith('azureml_publish')))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == ["azureml_publish", "azureml_publish.version"]
    assert (Path(azureml_publish.__file__).parent / "py.typed").is_file()


def program(heading: str) -> str:
    """The Python program below a heading of docs/python.md."""
    found = re.search(rf"^## {heading}\n.*?```python\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


@pytest.fixture
def catalogue(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, under the name that the page gives it; its directory is the current one."""
    root = project.rename(project.with_name("catalogue"))
    monkeypatch.chdir(root.parent)
    return root


def run(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "program"}
    exec(compile(source, "docs/python.md", "exec"), names)
    return names


@pytest.mark.usefixtures("emulator_environment", "azure_sdk")
def test_the_notebook_of_the_page(catalogue: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(catalogue / "publish.yaml", "local: {emulator: .publish/registry}", "local: {name: local}")
    edit(catalogue / "models/bert-base-cased/model.yaml", "license: apache-2.0", "license: apache-2")
    names = run(program("In a notebook"))
    assert re.search(
        r"^models/bert-base-cased/model.yaml:\d+  SPEC031  .*apache-2", capsys.readouterr().out, re.MULTILINE
    )
    assert names["card"].startswith("# ") or "bert" in names["card"].lower()
    assert {row["model"] for row in names["rows"]} == {"bert-base-cased", "bert-large-cased", "distilbert-base-uncased"}
    assert {str(row["action"]) for row in names["rows"]} == {"create"}
    assert not (catalogue / "build").exists()


@pytest.mark.usefixtures("emulator_environment", "azure_sdk")
def test_the_scheduler_job_of_the_page(catalogue: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(catalogue / "publish.yaml", "local: {emulator: .publish/registry}", "local: {name: local}")
    publish_catalogue = run(program("In a scheduler"))["publish_catalogue"]
    assert publish_catalogue("catalogue") == 0
    assert sorted(capsys.readouterr().out.splitlines()) == [
        f"{one.asset.name}:{one.asset.version} created"
        for one in sorted(open_project(catalogue).render(), key=lambda o: o.asset.name)
    ]
    assert publish_catalogue("catalogue") == 0
    assert capsys.readouterr().out == ""
    spec = catalogue / "models/bert-base-cased/model.yaml"
    text = spec.read_text(encoding="utf-8")
    spec.write_text(re.sub("revision: [0-9a-f]{40}", f"revision: {'a' * 40}", text), encoding="utf-8")
    assert publish_catalogue("catalogue") == 6
    assert "bert-base-cased: " in capsys.readouterr().err
    spec.write_text(text.replace("license: apache-2.0", ""), encoding="utf-8")
    assert publish_catalogue("catalogue") == 4
    assert "SPEC008" in capsys.readouterr().err
    spec.write_text(text, encoding="utf-8")
    assert publish_catalogue("catalogue", "nowhere") == 3
    assert "knows no registry 'nowhere'" in capsys.readouterr().err


@pytest.mark.usefixtures("azure_sdk")
def test_the_emulator_of_the_page(catalogue: Path) -> None:
    names = run(program("Against an emulator"))
    assert {result.outcome for result in names["report"].results} == {Outcome.CREATED}
    assert len(names["checks"]) == 3
    assert all(check.files and not check.problems for check in names["checks"])


@pytest.mark.usefixtures("azure_sdk")
class TestAProject:
    def test_it_finds_all_mistakes_and_names_the_errors(self, project: Path) -> None:
        edit(project / "models/bert-base-cased/model.yaml", "license: apache-2.0", "")
        opened = open_project(project / "models", environ={}, today=date(2026, 11, 21))
        assert opened.root == project
        report = opened.lint("bert-base-cased")
        assert report.has_errors
        assert report.models == 1
        assert {one.code for one in opened.lint("bert-base-cased", select=("SPEC008",)).found} == {"SPEC008"}
        assert not opened.lint("bert-base-cased", ignore=("SPEC", "DOC")).has_errors
        assert not opened.lint("bert-large-cased").has_errors
        with pytest.raises(UnsoundProject) as unsound:
            opened.plan()
        assert [one.code for one in unsound.value.found] == ["SPEC008"]
        with pytest.raises(NotFound):
            opened.lint("bart")
        with pytest.raises(UsageProblem):
            open_project(project.parent)

    def test_it_renders_as_the_command_line_does(self, project: Path, publish: Any) -> None:
        opened = open_project(project, environ={})
        rendered = opened.render(layout="tags")
        assert not (project / "build").exists()
        assert publish("render", "--layout", "tags").code == 0
        opened.render(layout="tags", out="ours")
        for one in rendered:
            for file in one.files:
                assert (project / "build" / one.folder / file.path).read_text(encoding="utf-8") == file.text
                assert (project / "ours" / one.folder / file.path).read_text(encoding="utf-8") == file.text

    def test_apply_carries_out_the_plan_that_was_made_and_no_other(
        self, project: Path, emulator_environment: dict[str, str]
    ) -> None:
        opened = open_project(project, environ=emulator_environment)
        plan = opened.plan("bert-base-cased", registry=EMULATED)
        assert [action.model for action in plan.changes] == ["bert-base-cased"]
        assert plan.conflicts == ()
        edit(project / "models/bert-base-cased/model.yaml", "license: apache-2.0", "license: mit")
        with pytest.raises(Conflict, match="license"):
            opened.apply(plan)
        edit(project / "models/bert-base-cased/model.yaml", "license: mit", "license: apache-2.0")
        stopped = opened.apply(plan, stop=lambda: True)
        assert (stopped.exit_code, stopped.results[0].outcome) == (130, Outcome.SKIPPED)
        report = opened.apply(plan)
        assert [(one.model, one.outcome) for one in report.results] == [("bert-base-cased", Outcome.CREATED)]
        assert (report.exit_code, report.journal_failure) == (0, None)
        assert opened.plan("bert-base-cased", registry=EMULATED).changes == ()
        (check,) = opened.verify("bert-base-cased", registry=EMULATED)
        assert check.files
        assert not check.problems

    def test_a_given_credential_signs_in(self, project: Path, emulator_environment: dict[str, str]) -> None:
        asked: list[str] = []

        class Watched(StaticCredential):
            def get_token(self, *scopes: str, **options: Any) -> Any:
                asked.extend(scopes)
                return super().get_token(*scopes, **options)

        open_project(project, environ=emulator_environment, credential=Watched()).plan(registry=EMULATED)
        assert asked
