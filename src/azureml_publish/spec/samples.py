"""`sample-links.yaml`: the notebooks and scripts in the cards' sample tables, by task."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from azureml_publish.spec.reading import Written


class Link(Written):
    """A link as a card shows it."""

    text: str
    url: Annotated[str, Field(pattern=r"^https://")]


class SampleRow(Written):
    """One row of a sample table. A row that links neither a notebook nor a script is not shown."""

    type: Annotated[str | None, Field(description="Inference only: Real time or Batch.")] = None
    use_case: str | None = None
    dataset: Link | None = None
    notebook: Link | None = None
    cli: Link | None = None
    flavors: Annotated[
        tuple[str, ...],
        Field(
            description="Flavours of the models that it is written for; python_function stands for a model that has no "
            "other. [default: those of Hugging Face models, and python_function]"
        ),
    ] = ("transformers", "hftransformers", "hftransformersv2", "python_function")


class SampleLinks(Written):
    """Rows by task, for each of the three sample tables."""

    inference: dict[str, tuple[SampleRow, ...]] = Field(default_factory=dict)
    evaluation: dict[str, tuple[SampleRow, ...]] = Field(default_factory=dict)
    finetune: dict[str, tuple[SampleRow, ...]] = Field(default_factory=dict)
