"""What an MLflow model folder says about itself: `MLmodel` and the environment beside it, as data for the templates.

The layout is that of MLflow's transformers flavour (https://mlflow.org/docs/latest/ml/deep-learning/transformers/), as
`mlflow.transformers.save_model` writes it. Nothing here needs the weights: a class that the spec does not name is the
task's Auto class, which finds the real one in `config.json` when the model is loaded.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from azureml_publish.spec import HubSource, Mlflow, ModelSpec

_TEXT: tuple[Mapping[str, Any], ...] = ({"type": "string", "required": True},)


def _columns(**types: str) -> tuple[Mapping[str, Any], ...]:
    return tuple({"type": kind, "name": name, "required": True} for name, kind in types.items())


_VECTOR = ({"name": "double", "type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}},)


@dataclass(frozen=True, slots=True)
class TaskClasses:
    """How transformers serves one task: the Auto class of its models, its pipeline, and the signature.

    `inputs` and `outputs` are the columns that `mlflow.transformers` gives the task by itself. `task` is transformers'
    name, where the catalogue has another.
    """

    model: str
    pipeline: str
    inputs: tuple[Mapping[str, Any], ...] = _TEXT
    outputs: tuple[Mapping[str, Any], ...] = _TEXT
    task: str | None = None


TASKS = MappingProxyType(
    {
        "fill-mask": TaskClasses("AutoModelForMaskedLM", "FillMaskPipeline"),
        "text-classification": TaskClasses(
            "AutoModelForSequenceClassification",
            "TextClassificationPipeline",
            outputs=_columns(label="string", score="double"),
        ),
        "token-classification": TaskClasses("AutoModelForTokenClassification", "TokenClassificationPipeline"),
        "question-answering": TaskClasses(
            "AutoModelForQuestionAnswering",
            "QuestionAnsweringPipeline",
            inputs=_columns(question="string", context="string"),
        ),
        "summarization": TaskClasses("AutoModelForSeq2SeqLM", "SummarizationPipeline"),
        "text-translation": TaskClasses("AutoModelForSeq2SeqLM", "TranslationPipeline", task="translation"),
        "translation": TaskClasses("AutoModelForSeq2SeqLM", "TranslationPipeline"),
        "text2text-generation": TaskClasses("AutoModelForSeq2SeqLM", "Text2TextGenerationPipeline"),
        "text-generation": TaskClasses("AutoModelForCausalLM", "TextGenerationPipeline"),
        "feature-extraction": TaskClasses("AutoModel", "FeatureExtractionPipeline", outputs=_VECTOR),
    }
)

FALLBACK = Mlflow(mlflow="3.4.0", transformers="4.57.1", torch="2.9.0", python="3.11.13")
"""Versions of the model's environment, where neither the spec nor the project names them."""


def settings(spec: ModelSpec, defaults: Mlflow | None) -> Mlflow:
    """The spec's MLflow settings, completed by the project's and by those that follow from the task."""
    return settings_of(spec.tasks.inference, defaults, spec.mlflow)


def settings_of(task: str, *written: Mlflow | None) -> Mlflow:
    """What follows from a task, under what is written, the last one uppermost."""
    layers = [layer.model_dump(exclude_none=True) for layer in (FALLBACK, *written) if layer]
    if known := TASKS.get(task):
        layers.insert(1, {"model_class": known.model, "pipeline_class": known.pipeline, "task": known.task or task})
    layers.insert(1, {"tokenizer_class": "AutoTokenizer"})
    return Mlflow.model_validate({key: value for layer in layers for key, value in layer.items()})


def mlmodel(spec: ModelSpec, chosen: Mlflow) -> dict[str, Any]:
    """The data of `MLmodel`."""
    task = TASKS.get(spec.tasks.inference, TaskClasses("", ""))
    origin = spec.source.huggingface if isinstance(spec.source, HubSource) else spec.name
    revision = spec.source.revision if isinstance(spec.source, HubSource) else ""
    return {
        "flavors": {
            "python_function": {
                "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
                "loader_module": "mlflow.transformers",
                "model_binary": "model",
                "python_version": chosen.python,
            },
            "transformers": {
                "code": None,
                "components": ["tokenizer"],
                "framework": "pt",
                "instance_type": chosen.pipeline_class,
                "model_binary": "model",
                "pipeline_model_type": chosen.model_class,
                "source_model_name": origin,
                "task": chosen.task or spec.tasks.inference,
                "tokenizer_type": chosen.tokenizer_class,
                "transformers_version": chosen.transformers,
            },
        },
        "metadata": {
            "base_model_name": spec.name,
            "base_model_task": spec.tasks.inference,
            "is_acft_model": True,
            "is_finetuned_model": False,
        },
        "mlflow_version": chosen.mlflow,
        # Of the source alone: a new version of the same files is the same model.
        "model_uuid": uuid.uuid5(uuid.NAMESPACE_URL, f"{origin}@{revision}").hex,
        "signature": {
            "inputs": json.dumps(task.inputs),
            "outputs": json.dumps(task.outputs),
            "params": None,
        },
    }


def requirements(chosen: Mlflow) -> list[str]:
    """The pip requirements of the model's environment."""
    return [f"mlflow=={chosen.mlflow}", f"torch=={chosen.torch}", f"transformers=={chosen.transformers}"]


def conda(chosen: Mlflow) -> dict[str, Any]:
    """The data of `conda.yaml`."""
    return {
        "name": "mlflow-env",
        "channels": ["conda-forge"],
        "dependencies": [f"python={chosen.python}", "pip", {"pip": requirements(chosen)}],
    }


def python_env(chosen: Mlflow) -> dict[str, Any]:
    """The data of `python_env.yaml`."""
    return {
        "python": chosen.python,
        "build_dependencies": ["pip", "setuptools", "wheel"],
        "dependencies": ["-r requirements.txt"],
    }
