"""What a spec carries verbatim, so that no catalogue is locked out: keys that nothing else has a place for."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from azureml_publish.spec.reading import Written

Verbatim = Any
"""Any value that YAML can hold; it is written as it is read."""


def _dotted(path: str) -> str:
    section, dot, rest = path.partition(".")
    if section not in ("tags", "properties", "system_metadata", "root", "asset", "model") or not dot or not rest:
        raise ValueError("a key such as tags.license or system_metadata.SKU.inferenceMinSkuSpec is wanted")
    return path


class Extra(Written):
    """Keys of the asset that are written as they stand here, over those that are rendered; maps are merged.

    A tag or property whose value the layout `system_metadata` has in a key of its own is only its spelling in the
    layout `tags`, and left out of the other.
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
        Field(description="Keys that would be rendered and shall not be, for example tags.datasets."),
    ] = ()


class IntellectualProperty(Written):
    """Whose the model is; in the layout `tags` the property `intellectualPropertyPublisher`."""

    model_config = ConfigDict(alias_generator=to_camel)

    publisher: Annotated[str, Field(description="Organisation.")]
    protection_level: Annotated[str | None, Field(description="For example all or none.")] = None
