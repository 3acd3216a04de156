"""What verbs print with `-o json`, as types: the JSON Schemas are made from them. Later versions may add keys.

The tests hold what every run of a verb prints against these types, so a key that is missing here is found.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter

from azureml_publish.reporters.outputs import folders, registries, sizes
from azureml_publish.reporters.outputs.envelope import Failure
from azureml_publish.reporters.outputs.lint import JsonReport

OUTPUTS: MappingProxyType[str, Any] = MappingProxyType(
    {
        "apply": registries.Apply,
        "archive": registries.Archive,
        "bump": folders.Bump,
        "deprecate": folders.Deprecate,
        "doctor": registries.Doctor,
        "download": registries.Download,
        "drift": registries.Drift,
        "explain": folders.Explain,
        "import": folders.Import,
        "init": folders.Begun,
        "lint": JsonReport | folders.LintStats | folders.LintDiff | folders.Baseline,
        "list": registries.Assets,
        "lock": folders.Lock,
        "migrate": folders.Migrate,
        "plan": registries.PlanReport,
        "preview": folders.Preview | folders.Export,
        "promote": registries.Promote,
        "render": folders.Render,
        "report merge": registries.Merged,
        "restore": registries.Archive,
        "rollback": registries.Promote,
        "rule": folders.Rules,
        "show": registries.Assets | registries.Files,
        "skus fit": sizes.Fit,
        "skus list": sizes.Sizes,
        "skus min": sizes.MinSpecs,
        "skus prune": sizes.Prune,
        "skus refresh": sizes.Refresh,
        "skus retiring": sizes.Retiring,
        "skus show": sizes.Charts,
        "verify": registries.Verify,
    }
)
"""By verb. `publish sbom` prints CycloneDX, which has a schema of its own."""


def output_schema(verb: str) -> dict[str, Any]:
    """The JSON Schema of what a verb prints: its result, or why it has none."""
    return TypeAdapter(OUTPUTS[verb] | Failure).json_schema(by_alias=True)
