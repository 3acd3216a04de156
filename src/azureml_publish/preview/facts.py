"""What a catalogue's page says of a version before its card: the quick facts, and how to call it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azureml_publish.assets import MinSkuSpec, Value
from azureml_publish.documents import found_at
from azureml_publish.pipeline.describe import Described


@dataclass(frozen=True, slots=True)
class Fact:
    """One quick fact: its label, and its values."""

    label: str
    values: tuple[str, ...]


_FACTS = (
    ("Task", "tasks.inferenceTasks"),
    ("Fine-tuning", "tasks.fineTuningTasks"),
    ("Licence", "license"),
    ("Languages", "languages"),
    ("Publisher", "publisher"),
    ("Input", "inputModalities"),
    ("Output", "outputModalities"),
    ("Parameters", "parameterCount"),
    ("Context window", "textContextWindow"),
    ("Longest output", "maxOutputTokens"),
    ("Training data until", "trainingDataDate"),
    ("Trained on", "trainingData"),
    ("Datasets", "datasets"),
    ("Inference deprecated", "deprecation.inferenceDeprecationDate"),
    ("Inference retires", "deprecation.inferenceRetirementDate"),
    ("Fine-tuning retires", "deprecation.finetuneRetirementDate"),
    ("Least machine", "SKU.inferenceMinSkuSpec"),
)
"""Labels, and the dotted keys of the canonical metadata that they show."""

_TOKENS = ("Context window", "Longest output")


_TYPES = {"mlflow_model": "MLflow model", "triton_model": "Triton model"}


def type_name(type_: str) -> str:
    """A type of model as people write it."""
    return _TYPES.get(type_, type_.replace("_", " "))


def quick_facts(described: Described, type_: str) -> tuple[Fact, ...]:
    """The quick facts that are there, in the order in which they are read."""
    found = [Fact("Type", (type_name(type_),))]
    for label, path in _FACTS:
        values = tuple(_text_of(label, one) for one in _values(found_at(described.metadata, path.split("."))))
        if values:
            found.append(Fact(label, values))
    return tuple(found)


def _values(value: Value) -> Iterator[Value]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        yield from value
    elif value is not None and value != "" and not isinstance(value, Mapping):
        yield value


def _text_of(label: str, value: Value) -> str:
    if label == "Least machine":
        try:
            spec = MinSkuSpec.parse(str(value))
        except ValueError:
            return str(value)
        gpus = f"{spec.gpus} GPU{'s' * (spec.gpus != 1)}, " if spec.gpus else ""
        return f"{spec.vcpus} vCPUs, {gpus}{spec.memory_gib} GiB memory"
    if label.startswith(("Inference", "Fine-tuning retires")):
        return str(value)[:10]
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" + (" tokens" if label in _TOKENS else "")
    return str(value)


@dataclass(frozen=True, slots=True)
class CodeSample:
    """Code to copy; `language` is what highlights it."""

    title: str
    language: str
    text: str


def code_samples(name: str, version: int, registry: str, request: Any | None) -> tuple[CodeSample, ...]:
    """How to find a version, and how to call an endpoint that it was deployed to.

    The request and its headers are as Azure's documentation has them:
    https://learn.microsoft.com/azure/machine-learning/how-to-authenticate-online-endpoint
    """
    found = [
        CodeSample(
            "Azure CLI",
            "bash",
            f"az ml model show --registry-name {shlex.quote(registry)} \\\n"
            f"  --name {shlex.quote(name)} --version {version}\n",
        ),
        CodeSample(
            "Python",
            "python",
            "from azure.ai.ml import MLClient\nfrom azure.identity import DefaultAzureCredential\n\n"
            f"registry = MLClient(DefaultAzureCredential(), registry_name={registry!r})\n"
            f'model = registry.models.get({name!r}, version="{version}")\n',
        ),
    ]
    if request is not None:
        body = json.dumps(request, indent=2, ensure_ascii=False)
        found.append(
            CodeSample(
                "Request with curl",
                "bash",
                "# SCORING_URI and KEY are those of your endpoint\n"
                'curl "$SCORING_URI" \\\n  --header "Authorization: Bearer $KEY" \\\n'
                f'  --header "Content-Type: application/json" \\\n  --data {shlex.quote(body)}\n',
            )
        )
    return tuple(found)
