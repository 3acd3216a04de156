"""Verbatim keys of an asset that no other key of a spec covers, so that every catalogue can be described."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from azureml_publish.spec.reading import Written

Verbatim = Any
"""Any YAML value; it is written unchanged."""


def _dotted(path: str) -> str:
    section, dot, rest = path.partition(".")
    if section not in ("tags", "properties", "system_metadata", "root", "asset", "model") or not dot or not rest:
        raise ValueError("a key such as tags.license or system_metadata.SKU.inferenceMinSkuSpec is wanted")
    return path


class Extra(Written):
    """Keys of the asset that are written verbatim and replace rendered ones; maps are merged.

    A tag or property that has its own key in the layout `system_metadata` is written in the layout `tags` only.
    """

    tags: Annotated[dict[str, Verbatim], Field(description="Tags.")] = Field(default_factory=dict)
    properties: Annotated[dict[str, Verbatim], Field(description="Properties.")] = Field(default_factory=dict)
    system_metadata: Annotated[dict[str, Verbatim], Field(description="System metadata, in both layouts.")] = Field(
        default_factory=dict
    )
    root: Annotated[dict[str, Verbatim], Field(description="Top-level keys of spec.yaml.")] = Field(
        default_factory=dict
    )
    asset: Annotated[dict[str, Verbatim], Field(description="Keys of asset.yaml.")] = Field(default_factory=dict)
    model: Annotated[dict[str, Verbatim], Field(description="Keys of the rendered model.yaml.")] = Field(
        default_factory=dict
    )
    omit: Annotated[
        tuple[Annotated[str, AfterValidator(_dotted)], ...],
        Field(description="Rendered keys to leave out, for example tags.datasets."),
    ] = ()


class IntellectualProperty(Written):
    """The owner of the model; in the layout `tags` the property `intellectualPropertyPublisher`."""

    model_config = ConfigDict(alias_generator=to_camel)

    publisher: Annotated[str, Field(description="Organisation.")]
    protection_level: Annotated[str | None, Field(description="For example all or none.")] = None
