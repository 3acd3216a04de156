"""Model folders in git are the truth: render, check, plan and register them in Azure ML registries.

    import azureml_publish

    project = azureml_publish.open_project("catalogue")
    report = project.lint()
    plan = project.plan(registry="dev")

What `__all__` names is the public Python API, and follows semantic versioning; `docs/python.md` shows it. Each name is
loaded when it is first used, so that importing the package costs nothing.
"""

import importlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from azureml_publish.version import __version__

if TYPE_CHECKING:
    from azureml_publish.api import LintResult, PlanResult, Project, open_project
    from azureml_publish.assets import AssetId, ContentCheck, RenderedAsset, RenderedModel
    from azureml_publish.content.upload.progress import Progress
    from azureml_publish.diagnostics import Diagnostic, Fix, Location, Severity
    from azureml_publish.emulator import Emulator
    from azureml_publish.errors import (
        Conflict,
        NotAuthorised,
        NotFound,
        Overtaken,
        PublishError,
        Unreachable,
        UsageProblem,
    )
    from azureml_publish.execute.apply import Result
    from azureml_publish.execute.outcome import Outcome
    from azureml_publish.pipeline.apply import ApplyResult
    from azureml_publish.pipeline.scheduler import Scheduler
    from azureml_publish.plan.actions import Action, ActionKind, FieldChange, Plan
    from azureml_publish.plan.rules import ChangeClass
    from azureml_publish.project import UnsoundProject

__all__ = [
    "Action",
    "ActionKind",
    "ApplyResult",
    "AssetId",
    "ChangeClass",
    "Conflict",
    "ContentCheck",
    "Diagnostic",
    "Emulator",
    "FieldChange",
    "Fix",
    "LintResult",
    "Location",
    "NotAuthorised",
    "NotFound",
    "Outcome",
    "Overtaken",
    "Plan",
    "PlanResult",
    "Progress",
    "Project",
    "PublishError",
    "RenderedAsset",
    "RenderedModel",
    "Result",
    "Scheduler",
    "Severity",
    "Unreachable",
    "UnsoundProject",
    "UsageProblem",
    "__version__",
    "open_project",
]

_HOMES = MappingProxyType(
    {
        "api": ("LintResult", "PlanResult", "Project", "open_project"),
        "assets": ("AssetId", "ContentCheck", "RenderedAsset", "RenderedModel"),
        "content.upload.progress": ("Progress",),
        "diagnostics": ("Diagnostic", "Fix", "Location", "Severity"),
        "emulator": ("Emulator",),
        "errors": (
            *("Conflict", "NotAuthorised", "NotFound", "Overtaken", "PublishError"),
            *("Unreachable", "UsageProblem"),
        ),
        "execute.apply": ("Result",),
        "execute.outcome": ("Outcome",),
        "pipeline.apply": ("ApplyResult",),
        "pipeline.scheduler": ("Scheduler",),
        "project": ("UnsoundProject",),
        "plan.actions": ("Action", "ActionKind", "FieldChange", "Plan"),
        "plan.rules": ("ChangeClass",),
    }
)
"""Where each public name is defined."""


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            found = getattr(importlib.import_module(f"{__name__}.{home}"), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
