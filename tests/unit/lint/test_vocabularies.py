"""Nonsense in every key of the system metadata: what the service refuses is an error for a team's own registry, too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.lint.rules.vocabularies import FORMS, Key, vocabulary
from azureml_publish.pipeline.lint_assets import lint_assets
from azureml_publish.pipeline.run import RunContext
from azureml_publish.spec.project import Profile
from azureml_publish.spec.tasks import TASKS, has_service_name, service_task
from tests.unit.lint.assets import TODAY, sound, write
from tests.unit.lint.test_checks_in_detail import SPEC, lint

SERVICE = {
    *("azureOffers", "benchmark", "deploymentOptionDetails", "deploymentOptions", "domain", "hostedOn", "industry"),
    *("inputModalities", "keywords", "languages", "maapSurchargeType", "modelCapabilities", "outputModalities"),
    *("playgroundRateLimitTier", "tasks.fineTuningTasks", "tasks.inferenceTasks"),
}
"""What the validator's schema marks as validated by the service."""

CONSTRAINED = {
    name: key for name, key in vocabulary().items() if key.values or key.form or key.each or key.minimum is not None
}
HEAD = SPEC.replace("tasks: {inference: fill-mask}\n", "type: custom_model\n")


def nonsense(key: Key) -> Any:
    """A value of the right type that nobody takes."""
    if key.type == "array":
        return ["nonsense"]
    if key.type == "object":
        return {"nonsense": "text"} if key.names else {"nonsense": -5}
    return {"boolean": False, "integer": -5}.get(key.type, "nonsense")


def nested(name: str, value: Any) -> Any:
    for part in reversed(name.split(".")):
        value = {part: value}
    return value


def in_model(root: Path, name: str, profile: str) -> list[Diagnostic]:
    """What lint finds in a model folder with nonsense for one key."""
    spec = f"{HEAD}extra: {{system_metadata: {json.dumps(nested(name, nonsense(CONSTRAINED[name])))}}}\n"
    if name == "license":
        spec = HEAD.replace("license: mit", "license: nonsense")
    elif name.startswith("supportedComputes."):
        scenario = name.partition(".")[2].removesuffix("Computes")
        spec = f"{HEAD}compute: {{{scenario}: [nonsense]}}\n"
    elif name.endswith("RecommendedSkus"):
        scenario = name.removeprefix("SKU.").removesuffix("RecommendedSkus")
        spec = f"{HEAD}compute: {{{scenario}: [Standard_D4a_v4]}}\nrecommended: {{{scenario}: [nonsense]}}\n"
    return _about(name, lint(root, spec, publish=f"profile: {profile}\n"))


def in_asset(root: Path, name: str, profile: Profile) -> list[Diagnostic]:
    """What lint finds in an asset folder with nonsense for one key."""
    files = sound()
    spec = yaml.safe_load(files["spec.yaml"])
    top, _, below = name.partition(".")
    metadata = spec["system_metadata"]
    value = nonsense(CONSTRAINED[name])
    metadata[top] = {**(metadata.get(top) or {}), below: value} if below else value
    write(root, {**files, "spec.yaml": yaml.safe_dump(spec)})
    return _about(
        name, lint_assets(RunContext(root, {}, TODAY), ("assets",), TODAY, cache=False, profile=profile).found
    )


def _about(name: str, found: Iterable[Diagnostic]) -> list[Diagnostic]:
    return [one for one in found if "nonsense" in one.message or name in one.message]


def test_there_is_a_value_that_each_key_refuses() -> None:
    assert set(CONSTRAINED) >= SERVICE
    assert {key.form for key in CONSTRAINED.values() if key.form} == set(FORMS)
    assert len(CONSTRAINED) > 55


@pytest.mark.parametrize("find", [in_model, in_asset])
@pytest.mark.parametrize("name", sorted(CONSTRAINED))
def test_nonsense_is_an_error_where_the_service_refuses_it_and_told_anyway(
    tmp_path: Path, name: str, find: Callable[[Path, str, str], list[Diagnostic]]
) -> None:
    own = {one.severity for one in find(tmp_path / "own", name, "registry")}
    strict = {one.severity for one in find(tmp_path / "strict", name, "microsoft-catalog")}
    assert Severity.ERROR in strict, name
    assert own, name
    if not name.startswith(("SKU.", "supportedComputes.")):  # of sizes other rules tell
        assert (Severity.ERROR in own) is (name in SERVICE), name


@pytest.mark.parametrize(
    "text", ["languages: [nonsense]", "tasks: {inference: nonsense}", "metadata: {inputModalities: [nonsense]}"]
)
def test_a_tag_may_hold_any_text(tmp_path: Path, text: str) -> None:
    head = HEAD.replace("languages: [en]\n", "")
    for layout, severity in (("system_metadata", Severity.ERROR), ("tags", Severity.WARNING)):
        found = lint(tmp_path / layout, f"{head}{text}\n", publish=f"layout: {layout}\n")
        assert severity in {one.severity for one in found if one.code == "GATE001"}


@pytest.mark.parametrize(
    ("kind", "task", "hint"),
    [
        ("mlflow_model", "text2text-generation", "Write text-generation, and mlflow: {task: text2text-generation}, by"),
        ("custom_model", "text2text-generation", "Write text-generation."),
        ("mlflow_model", "feature-extraction", "Write embeddings."),
        ("mlflow_model", "depth-estimation", "Write mlflow: {task: depth-estimation} in place of `tasks`"),
        (
            "custom_model",
            "tabular-classification",
            "Leave `tasks` out, as the service has no name for it; tags: {task:",
        ),
        ("custom_model", "depth-estimation", "Leave `tasks` out"),
    ],
)
def test_a_task_without_a_name_in_the_service_is_not_taken_for_another(
    tmp_path: Path, kind: str, task: str, hint: str
) -> None:
    head = HEAD.replace("type: custom_model", f"type: {kind}\ntasks: {{inference: {task}}}")
    strict = lint(tmp_path / "strict", head, publish="profile: microsoft-catalog\n")
    (found,) = (one for one in strict if one.code == "GATE001" and "inferenceTasks" in one.message)
    assert found.hint.startswith(hint), found
    # A registry of one's own gets such a task as a tag, so that nothing is refused.
    own = [one for one in lint(tmp_path / "own", head) if one.code.startswith("GATE")]
    assert [one.code for one in own] == (["GATE001"] if has_service_name(task) else []), own


def test_the_tasks_that_go_up_as_a_tag_are_those_that_the_service_has_no_name_for() -> None:
    named = {str(one).lower() for one in vocabulary()["tasks.inferenceTasks"].values}
    for task in TASKS:
        assert has_service_name(task) == (service_task(task).lower() in named), task
