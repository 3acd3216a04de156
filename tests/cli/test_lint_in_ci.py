"""`publish lint` as pre-commit and the GitHub action run it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.cli.test_lint import CARD, SPEC, doubled
from tests.conftest import REPOSITORY, Run, edit
from tests.unit.test_git import disguise

__all__ = ["doubled"]


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", "-C", root, *identity, *arguments], check=True, capture_output=True, timeout=120)


def test_github_gets_paths_of_the_repository_changed_files_first_and_a_summary(
    publish: Run, doubled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = doubled.parent
    git(top, "init")
    git(top, "add", "project/models")
    git(top, "commit", "-m", "one")
    other = doubled / "models/distilbert-base-uncased/model.yaml"
    edit(other, "license: apache-2.0", "license: our-own")
    git(top, "commit", "-a", "-m", "two")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(top / "summary.md"))
    edit(doubled / SPEC, "license: apache-2.0", "license: mine")
    git(top, "commit", "-a", "-m", "three")
    lines = [line for line in publish("lint", "-o", "github").out.splitlines() if line.startswith("::")]
    assert [line.partition("::")[2].partition("::")[0].split(",")[1] for line in lines] == [
        f"file=project/{SPEC}",
        f"file=project/{SPEC}",
        "file=project/models/distilbert-base-uncased/model.yaml",
    ]
    assert "SKU002" in lines[0]
    assert "| error | <code>SKU002" in (top / "summary.md").read_text(encoding="utf-8")


def test_a_project_that_looks_like_a_bare_repository_runs_nothing(publish: Run, doubled: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    disguise(doubled, f"[core]\nfsmonitor = touch {mark}\n")
    assert publish("lint", "-o", "github").code == 4
    assert not mark.exists()


def test_the_manifest_of_pre_commit_is_valid_and_its_files_are_ours() -> None:
    manifest = REPOSITORY / ".pre-commit-hooks.yaml"
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", str(manifest)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    for hook in yaml.safe_load(manifest.read_text(encoding="utf-8")):
        files_of = re.compile(hook["files"])
        for path in (SPEC, CARD, "publish.yaml", "templates/card.md.j2", "catalogue/models/a/samples/input.json"):
            assert files_of.search(path)
        for path in ("models/README.md", "docs/rules.md", "src/models.py", "publish.yaml.bak"):
            assert not files_of.search(path)


@pytest.mark.long
def test_pre_commit_mends_with_the_hook_and_then_passes(
    doubled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in the manifest, but with the command of this environment: building one takes the network.
    manifest = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    hook = next(one for one in manifest if one["id"] == "publish-lint-fix")
    command = str(Path(sys.executable).with_name("publish"))
    local = {**hook, "language": "system", "entry": hook["entry"].replace("publish", command, 1)}
    config = {"repos": [{"repo": "local", "hooks": [local]}]}
    (doubled / ".pre-commit-config.yaml").write_text(json.dumps(config), encoding="utf-8")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    for variable in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(variable)
    git = ["git", "-C", str(doubled)]
    subprocess.run([*git, "init", "--quiet"], timeout=120, check=True)
    subprocess.run([*git, "add", "--all"], timeout=120, check=True)

    def run() -> tuple[int, str]:
        words = [sys.executable, "-m", "pre_commit", "run", "--files", SPEC]
        ran = subprocess.run(words, cwd=doubled, capture_output=True, text=True, timeout=120, check=False)
        return ran.returncode, ran.stdout

    code, said = run()
    assert code == 1, said
    assert "Fixed 1 finding." in said
    assert "[Standard_DS3_v2]   # why" in (doubled / SPEC).read_text(encoding="utf-8")
    subprocess.run([*git, "add", "--all"], timeout=120, check=True)
    assert run()[0] == 0


def test_the_composite_action_lets_no_input_become_a_command() -> None:
    action = yaml.safe_load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))
    scripts = [step["run"] for step in action["runs"]["steps"] if "run" in step]
    assert all("${{" not in script for script in scripts)
    assert all(step["shell"] == "bash" for step in action["runs"]["steps"] if "run" in step)


def test_sarif_opens_the_page_of_each_rule(publish: Run, doubled: Path) -> None:
    def help_uri() -> str:
        (run,) = json.loads(publish("lint", "-o", "sarif").out)["runs"]
        (rule,) = (one for one in run["tool"]["driver"]["rules"] if one["id"] == "SKU002")
        assert "twice" in rule["help"]["markdown"]
        return str(rule["helpUri"])

    path, _, anchor = help_uri().removeprefix("file://").partition("#")
    assert "## SKU002 sku-duplicate" in Path(path).read_text(encoding="utf-8")
    assert anchor == "sku002-sku-duplicate"
    with (doubled / "publish.yaml").open("a", encoding="utf-8") as file:
        file.write("lint: {docs: 'https://docs.contoso.com/publish/'}\n")
    assert help_uri() == "https://docs.contoso.com/publish/rules/skus#sku002-sku-duplicate"
