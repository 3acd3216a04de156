"""How MLflow loads and serves a model, as people write it: classes, versions, requirements and the signature."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from azureml_publish.spec.reading import Written

_COMPARED = r"(===|[<>=!~]=|[<>])\s*[\w.*+!-]+"
REQUIREMENT = (
    r"^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\s*(\[[\w., -]*\])?\s*"
    rf"({_COMPARED}(\s*,\s*{_COMPARED})*|@\s*\S+)?\s*(;\s*\S.*)?|(git\+)?https?://\S+)$"
)
"""A requirement as pip reads it (https://peps.python.org/pep-0508/), or an address."""


class Column(Written):
    """One input or output of a signature (https://mlflow.org/docs/latest/ml/model/signatures/)."""

    name: Annotated[str | None, Field(description="Its name; without it the value has none.")] = None
    type: Annotated[
        Literal["boolean", "integer", "long", "float", "double", "string", "binary", "datetime", "array", "object"]
        | None,
        Field(description="A type of MLflow, for example string."),
    ] = None
    tensor: Annotated[str | None, Field(description="For a tensor instead: NumPy's type, for example float32.")] = None
    shape: Annotated[tuple[StrictInt, ...] | None, Field(description="A tensor's shape; -1 is any number.")] = None
    required: Annotated[StrictBool, Field(description="Whether a request must have it.")] = True
    items: Annotated[dict[str, Any] | None, Field(description="What an array holds, as MLflow writes it.")] = None
    properties: Annotated[dict[str, Any] | None, Field(description="What an object holds, as MLflow writes it.")] = None

    @model_validator(mode="after")
    def _one_kind(self) -> Column:
        if (self.type is None) == (self.tensor is None):
            raise ValueError("either type or tensor is wanted")
        return self

    def stated(self) -> dict[str, Any]:
        """The column as MLflow's JSON has it."""
        named = {"name": self.name} if self.name is not None else {}
        if self.tensor is not None:
            spec = {"dtype": self.tensor, "shape": list(self.shape if self.shape is not None else (-1,))}
            return {"type": "tensor", "tensor-spec": spec, **named}
        inner = {"items": self.items, "properties": self.properties}
        held = {key: value for key, value in inner.items() if value is not None}
        return {"type": self.type, **held, **named, "required": self.required}


class Signature(Written):
    """What a model takes and gives, instead of what its task does."""

    inputs: Annotated[tuple[Column, ...] | None, Field(description="Columns that a request has.")] = None
    outputs: Annotated[tuple[Column, ...] | None, Field(description="Columns that an answer has.")] = None

    def columns(self) -> dict[str, list[dict[str, Any]]]:
        """The columns that are written, as MLflow's JSON has them."""
        sides = {"inputs": self.inputs, "outputs": self.outputs}
        return {side: [column.stated() for column in columns] for side, columns in sides.items() if columns is not None}


Default = StrictBool | StrictInt | StrictFloat | StrictStr
Requirement = Annotated[str, Field(pattern=REQUIREMENT)]


class Mlflow(Written):
    """How MLflow's transformers flavour loads the model. What is left out follows from task, files and project."""

    model_class: Annotated[str | None, Field(description="transformers class, for example BertForMaskedLM.")] = None
    tokenizer_class: Annotated[str | None, Field(description="transformers class.")] = None
    pipeline_class: Annotated[str | None, Field(description="transformers pipeline class.")] = None
    task: Annotated[
        str | None,
        Field(description="transformers' task, if it is another: translation_en_to_de, llm/v1/chat. [default: tasks]"),
    ] = None
    mlflow: Annotated[str | None, Field(description="MLflow's version in the model's environment.")] = None
    transformers: Annotated[str | None, Field(description="transformers' version in the environment.")] = None
    torch: Annotated[str | None, Field(description="PyTorch's version in the environment.")] = None
    python: Annotated[str | None, Field(description="Python's version in the environment.")] = None
    requirements: Annotated[
        tuple[Requirement, ...], Field(description="Further packages of the environment, for example einops==0.8.1.")
    ] = ()
    signature: Annotated[Signature | None, Field(description="What it takes and gives. [default: the task's]")] = None
    params: Annotated[
        dict[str, Default | tuple[Default, ...]] | None,
        Field(description="What a request may set, with its default: {max_new_tokens: 256, temperature: 0.7}."),
    ] = None
