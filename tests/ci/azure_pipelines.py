"""Expands the templates of Azure Pipelines as its server does, and runs a pipeline's steps as its agent does.

https://learn.microsoft.com/azure/devops/pipelines/process/templates and .../process/expressions
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import REPOSITORY

_EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")
_MACRO = re.compile(r"\$\(([\w.]+)\)")


def expanded(template: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """A template with its parameters, and the templates in it. All scalars are strings, as the server reads them."""
    document = yaml.load(template.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    declared = {one["name"]: one for one in document.pop("parameters")}
    assert set(given) <= set(declared), f"{template.name} has no {set(given) - set(declared)}"
    values = {name: given.get(name, one.get("default")) for name, one in declared.items()}
    assert None not in values.values(), f"{template.name} lacks {[n for n, v in values.items() if v is None]}"
    for name, one in declared.items():
        if one["type"] == "boolean":
            values[name] = values[name] in (True, "true")
        assert values[name] in one.get("values", [values[name]])
    found = _expanded(document, values, template.parent)
    assert isinstance(found, dict)
    return found


def _expanded(value: Any, given: Mapping[str, Any], folder: Path) -> Any:
    if isinstance(value, str):
        if whole := _EXPRESSION.fullmatch(value):
            return _evaluate(whole[1], given)
        return _EXPRESSION.sub(lambda found: _text(_evaluate(found[1], given)), value)
    if isinstance(value, list):
        return [*_items(value, given, folder)]
    return {_text(_expanded(key, given, folder)): _expanded(inner, given, folder) for key, inner in value.items()}


def _items(values: list[Any], given: Mapping[str, Any], folder: Path) -> Iterator[Any]:
    taken = False
    for one in values:
        first = next(iter(one)) if isinstance(one, dict) else ""
        if branch := re.fullmatch(r"\$\{\{ (?:if (.*)|else) \}\}", first):
            taken = bool(_evaluate(branch[1], given)) if branch[1] else not taken
            if taken:
                yield from _items(one[first], given, folder)
        elif first == "template":
            made = expanded(folder / one["template"], _expanded(one.get("parameters", {}), given, folder))
            yield from next(iter(made.values()))
        else:
            yield _expanded(one, given, folder)


def _evaluate(expression: str, given: Mapping[str, Any]) -> Any:
    code = re.sub(r"\bparameters\.(\w+)", lambda found: f"given[{found[1]!r}]", expression)
    functions = {
        "eq": lambda a, b: a == b,
        "ne": lambda a, b: a != b,
        "coalesce": lambda *all_: next(filter(None, all_), ""),
    }
    return eval(code, {"given": given, "__builtins__": {}, **functions})


def _text(value: Any) -> str:
    return str(value)


@dataclass
class Agent:
    """Runs the stages of one pipeline.

    Attributes:
        repository: the repository that the pipeline is for.
        variables: predefined variables, such as Build.Reason.
        environ: further variables of every step.
        artifacts: what was published, by name.
        log: name, exit code and output of every step that ran.
        summaries: the texts that were uploaded as summaries of the run.
    """

    repository: Path
    folder: Path
    variables: dict[str, str]
    environ: dict[str, str]
    artifacts: dict[str, Path] = field(default_factory=dict)
    log: list[tuple[str, int, str]] = field(default_factory=list)
    summaries: list[str] = field(default_factory=list)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def run(self, pipeline: Mapping[str, Any]) -> bool:
        """Run all stages; whether none failed."""
        for stage in pipeline["stages"]:
            sound = stage.get("dependsOn") not in self.failed
            if not self._holds(stage.get("condition", "succeeded()"), sound=sound):
                self.failed |= set() if sound else {stage["stage"]}
                continue
            (job,) = stage["jobs"]
            name = job.get("job") or job["deployment"]
            steps = job.get("steps") or job["strategy"]["runOnce"]["deploy"]["steps"]
            if not self._job(stage["stage"], name, steps):
                self.failed.add(stage["stage"])
        return not self.failed

    def _job(self, stage: str, name: str, steps: list[dict[str, Any]]) -> bool:
        workspace = self.folder / stage
        temp = workspace / "temp"
        temp.mkdir(parents=True)
        self.variables |= {"Pipeline.Workspace": str(workspace), "Agent.TempDirectory": str(temp)}
        sound = True
        for step in steps:
            if not self._holds(step.get("condition", "succeeded()"), sound=sound):
                continue
            code, said = self._step(step, workspace)
            for key, value in re.findall(
                r"^##vso\[task\.setvariable variable=([^;]+);isOutput=true\](.*)$", said, re.MULTILINE
            ):
                self.outputs.setdefault(stage, {})[f"{name}.{step['name']}.{key}"] = value
            self.summaries += [
                Path(path).read_text() for path in re.findall(r"^##vso\[task\.uploadsummary\](.*)$", said, re.MULTILINE)
            ]
            self.log.append((step.get("displayName", ""), code, said))
            sound = sound and (code == 0 or step.get("continueOnError") in (True, "true"))
        return sound

    def _step(self, step: Mapping[str, Any], workspace: Path) -> tuple[int, str]:
        if "checkout" in step:
            target = workspace / step["path"]
            if step["checkout"] == "self":
                subprocess.run(["git", "clone", "-q", str(self.repository), str(target)], check=True, timeout=120)
            else:
                target.symlink_to(REPOSITORY)
            return 0, ""
        if "publish" in step:
            found = Path(self._filled(step["publish"]))
            kept = self.folder / "artifacts" / step["artifact"]
            if not found.exists():
                return 1, f"##[error]Path does not exist: {found}"
            kept.parent.mkdir(exist_ok=True)
            shutil.copytree(found, kept) if found.is_dir() else shutil.copy(found, kept)
            self.artifacts[step["artifact"]] = kept
            return 0, ""
        if "download" in step:
            if step["download"] != "none":
                shutil.copytree(self.artifacts[step["artifact"]], workspace / step["artifact"])
            return 0, ""
        if step.get("task", "").startswith("UsePythonVersion"):
            return 0, ""
        inputs = step.get("inputs", {})
        script = step.get("bash") or inputs["inlineScript"]
        environ = {key: self._filled(value) for key, value in step.get("env", {}).items()}
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-c", self._filled(script)],
            cwd=self._filled(step.get("workingDirectory") or inputs.get("workingDirectory") or str(workspace)),
            env={**os.environ, **self.environ, **environ},
            capture_output=True, text=True, timeout=1500, check=False,
        )  # fmt: skip
        return ran.returncode, ran.stdout + ran.stderr

    def _filled(self, text: str) -> str:
        """Macros; one that is not known stays, as the agent leaves it."""
        return _MACRO.sub(lambda found: self.variables.get(found[1], found[0]), text)

    def _holds(self, condition: str, *, sound: bool) -> bool:
        code = re.sub(r"\band\(", "all_(", condition)
        code = re.sub(r"\bdependencies\.(\w+)\.outputs", r"outputs.get('\1', {})", code)
        code = re.sub(r"(outputs\.get\([^)]*\)|variables)\[('[^']*')\]", r"\1.get(\2, '')", code)
        names = {
            "all_": lambda *parts: all(parts),
            "eq": lambda a, b: a == b,
            "ne": lambda a, b: a != b,
            "succeeded": lambda: sound,
            "succeededOrFailed": lambda: True,
            "variables": self.variables,
            "outputs": self.outputs,
        }
        return bool(eval(code, {"__builtins__": {}, **names}))
