"""Includes a GitLab configuration with inputs, and runs the jobs of a pipeline as a runner does.

https://docs.gitlab.com/ci/inputs/ and https://docs.gitlab.com/ci/yaml/
"""

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

_INPUT = re.compile(r"\$\[\[ inputs\.([\w-]+) \]\]")


def included(file: Path, inputs: Mapping[str, str]) -> dict[str, Any]:
    """The jobs of a configuration with inputs."""
    header, _, body = file.read_text(encoding="utf-8").partition("\n---\n")
    declared = yaml.safe_load(header)["spec"]["inputs"]
    assert set(inputs) <= set(declared), f"no inputs {set(inputs) - set(declared)}"
    values = {name: inputs.get(name, (one or {}).get("default")) for name, one in declared.items()}
    for name, value in inputs.items():
        assert value in declared[name].get("options", [value])
    assert None not in values.values(), f"no values for {[name for name, value in values.items() if value is None]}"
    found: dict[str, Any] = _interpolated(yaml.safe_load(body), values)
    return found


def _interpolated(value: Any, values: Mapping[str, Any]) -> Any:
    """Inputs are put into the values of the parsed YAML, not into its text."""
    if isinstance(value, str):
        return _INPUT.sub(lambda found: str(values[found[1]]), value)
    if isinstance(value, list):
        return [_interpolated(one, values) for one in value]
    if isinstance(value, dict):
        return {key: _interpolated(inner, values) for key, inner in value.items()}
    return value


@dataclass
class GitLabRunner:
    """Runs the jobs of one pipeline in the order of the file.

    Attributes:
        repository: the project's repository.
        variables: predefined variables, such as CI_PIPELINE_SOURCE, and those of the project.
        artifacts: the folder with what each job kept.
        log: name, exit code and output of every job that ran.
    """

    repository: Path
    folder: Path
    variables: dict[str, str]
    artifacts: dict[str, Path] = field(default_factory=dict)
    log: dict[str, tuple[int, str]] = field(default_factory=dict)

    def run(self, jobs: Mapping[str, Any]) -> bool:
        """Run all jobs whose rules hold; whether none failed."""
        for name, raw in jobs.items():
            if name.startswith("."):
                continue
            job = self._extended(jobs, raw)
            if not any(self._holds(rule["if"]) for rule in job["rules"]):
                continue
            if all(self.log.get(needed, (1,))[0] == 0 for needed in job.get("needs", ())):
                self._job(name, job)
        return all(code == 0 for code, _ in self.log.values())

    def _extended(self, jobs: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
        base = jobs[raw["extends"]]
        return {**base, **raw, "variables": {**base["variables"], **raw.get("variables", {})}}

    def _job(self, name: str, job: Mapping[str, Any]) -> None:
        project = self.folder / name.replace(":", "-")
        subprocess.run(["git", "clone", "-q", str(self.repository), str(project)], check=True, timeout=120)
        for needed in job.get("needs", ()):
            shutil.copytree(self.artifacts[needed], project, dirs_exist_ok=True)
        variables = {**self.variables, "CI_PROJECT_DIR": str(project)}
        variables |= {key: self._filled(str(value), variables) for key, value in job["variables"].items()}
        variables |= dict.fromkeys(job.get("id_tokens", {}), "signed")
        script = "\n".join(["set -eo pipefail", *job["before_script"], *job["script"]])
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-c", script],
            cwd=project, env={**os.environ, **variables}, capture_output=True, text=True, timeout=1500, check=False,
        )  # fmt: skip
        self.log[name] = (ran.returncode, ran.stdout + ran.stderr)
        kept = self.artifacts[name] = self.folder / f"{project.name}-artifacts"
        kept.mkdir()
        artifacts = job.get("artifacts", {})
        for path in (*artifacts.get("paths", ()), *artifacts.get("reports", {}).values()):
            found = project / path
            if found.is_dir():
                shutil.copytree(found, kept / path)
            elif found.exists():
                (kept / path).parent.mkdir(exist_ok=True)
                shutil.copy(found, kept / path)

    @staticmethod
    def _filled(text: str, variables: Mapping[str, str]) -> str:
        return re.sub(r"\$(\w+)", lambda found: variables.get(found[1], ""), text)

    def _holds(self, rule: str) -> bool:
        """A rule of the few forms that the configuration has."""
        return all(self._compared(part) for part in rule.split(" && "))

    def _compared(self, part: str) -> bool:
        def value(text: str) -> str:
            return self.variables.get(text[1:], "") if text.startswith("$") else text.strip('"')

        left, operator, right = re.fullmatch(r"(\S+)(?: (==|!=) (\S+))?", part).groups()  # type: ignore[union-attr]
        if operator is None:
            return bool(value(left))
        return (value(left) == value(right)) == (operator == "==")
