"""Runs a job of a workflow step by step: its shell commands as they are; of the actions what they leave behind."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import REPOSITORY

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")


@dataclass
class Runner:
    """One run of a workflow for an event, with the artifacts that its jobs hand on.

    Attributes:
        repository: the checked out repository of the caller.
        contexts: `github`, `inputs` and so on.
        environ: variables of every step.
        artifacts: kept files by the name of the artifact.
        log: name, exit code and output of every step that ran.
    """

    repository: Path
    contexts: dict[str, Any]
    environ: dict[str, str]
    artifacts: dict[str, Path] = field(default_factory=dict)
    log: list[tuple[str, int, str]] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)

    def job(self, workflow: Mapping[str, Any], name: str, folder: Path) -> bool:
        """Run one job; whether it succeeded, and it does where its condition says that it is not to run."""
        job = workflow["jobs"][name]
        if job.get("needs", name) in self.failed:
            self.failed.add(name)
            return False
        if not self._holds(str(job.get("if", "true"))):
            return True
        temp = folder / "temp"
        temp.mkdir(parents=True)
        workspace = folder / "workspace"
        self.contexts |= {"runner": {"temp": str(temp)}, "steps": {}}
        sound = True
        for step in job["steps"]:
            condition = str(step.get("if", "true"))
            if not (sound or "always()" in condition) or not self._holds(condition):
                continue
            code, said = self._step(step, workspace, temp, self.variables(workflow, job, step))
            self.log.append((step.get("name", step.get("uses", "")), code, said))
            sound = sound and (code == 0 or bool(step.get("continue-on-error")))
        outputs = {key: self._filled(value) for key, value in job.get("outputs", {}).items()}
        self.contexts.setdefault("needs", {})[name] = {"outputs": outputs}
        if not sound:
            self.failed.add(name)
        return sound

    def action(self, action: Mapping[str, Any], given: Mapping[str, str], folder: Path) -> tuple[int, dict[str, str]]:
        """Run a composite action in the repository as a step of a job would; its exit code and outputs."""
        assert set(given) <= set(action["inputs"])
        inputs = {name: given.get(name, one.get("default", "")) for name, one in action["inputs"].items()}
        assert not [name for name, one in action["inputs"].items() if one.get("required") and not inputs[name]]
        self.contexts |= {"inputs": inputs, "steps": {}}
        temp, code = folder / "temp", 0
        temp.mkdir(parents=True)
        for step in action["runs"]["steps"]:
            if code == 0:
                code, said = self._step(step, self.repository, temp, self.variables(step))
                self.log.append((step["name"], code, said))
        return code, {name: self._filled(one["value"]) for name, one in action["outputs"].items()}

    def variables(self, *levels: Mapping[str, Any]) -> dict[str, str]:
        """The variables of a step, from its workflow, its job and itself."""
        return {key: self._filled(str(value)) for level in levels for key, value in level.get("env", {}).items()}

    def _step(self, step: Mapping[str, Any], workspace: Path, temp: Path, own: dict[str, str]) -> tuple[int, str]:
        given = {key: self._filled(str(value)) for key, value in step.get("with", {}).items()}
        action = step.get("uses", "").partition("@")[0]
        if action == "actions/checkout":
            if "repository" in given:
                (workspace / given["path"]).symlink_to(REPOSITORY)
            else:
                subprocess.run(["git", "clone", "-q", str(self.repository), str(workspace)], check=True, timeout=120)
        elif action == "actions/upload-artifact":
            assert given["name"] not in self.artifacts, "409: an artifact with this name is there"
            assert not re.search(r'["*:<>?|\\/\r\n]', given["name"]), "a name with such a character is refused"
            kept = temp.parent / given["name"]
            kept.mkdir()
            for path in given["path"].split():
                found = workspace / path
                if found.is_dir():
                    shutil.copytree(found, kept / found.name)
                else:
                    shutil.copy(found, kept)
            self.artifacts[given["name"]] = kept
        elif action == "actions/download-artifact":
            shutil.copytree(self.artifacts[given["name"]], given["path"], dirs_exist_ok=True)
        if "run" not in step:
            return 0, ""
        files = {name: temp / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        environ = {
            **os.environ,
            **self.environ,
            "RUNNER_TEMP": str(temp),
            **{key: str(path) for key, path in files.items()},
        }
        files["GITHUB_OUTPUT"].write_text("")
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", self._filled(step["run"])],
            cwd=workspace, env=environ | own, capture_output=True, text=True, timeout=1500, check=False,
        )  # fmt: skip
        lines = [line.partition("=") for line in files["GITHUB_OUTPUT"].read_text().splitlines()]
        if "id" in step:
            self.contexts["steps"][step["id"]] = {"outputs": {key: value for key, _, value in lines}}
        return ran.returncode, ran.stdout + ran.stderr

    def _filled(self, text: str) -> str:
        return _EXPRESSION.sub(lambda found: str(self._value(found[1])), text)

    def _holds(self, condition: str) -> bool:
        return bool(self._value(_EXPRESSION.sub(lambda found: found[1], condition)))

    def _value(self, expression: str) -> Any:
        """An expression of the few forms that the workflows have."""
        code = expression.replace("&&", " and ").replace("||", " or ").replace("always()", "True")
        code = re.sub(r"\btrue\b", "True", code)
        code = re.sub(
            r"\b(?:github|inputs|runner|steps|needs|job|secrets)(?:\.[\w-]+)+",
            lambda found: f"look('{found[0]}')",
            code,
        )
        return eval(" ".join(code.split()), {"look": self._look, "__builtins__": {}})

    def _look(self, path: str) -> Any:
        value: Any = self.contexts
        for key in path.split("."):
            value = value.get(key, "") if isinstance(value, Mapping) else ""
        return value


def workflow(name: str) -> dict[Any, Any]:
    """A workflow of this repository; its key `on` is YAML 1.1's true."""
    found: dict[Any, Any] = yaml.safe_load((REPOSITORY / ".github" / "workflows" / name).read_text(encoding="utf-8"))
    return found


def inputs_of(called: Mapping[Any, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a called workflow, as the caller gives them or by default."""
    declared = called[True]["workflow_call"]["inputs"]
    assert set(given) <= set(declared)
    return {name: given.get(name, one.get("default")) for name, one in declared.items()}
