"""Tags and properties that are the same in both layouts, typed."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple, TypeAlias

from pydantic import Field, StrictBool

from azureml_publish.spec.reading import Written

Form: TypeAlias = Literal["text", "list", "bool", "presence"]
"""How a value is written in the asset: unchanged, or (`presence`) as an empty text that is there or not."""


class LegacyPlace(NamedTuple):
    """The section and key of an asset that hold a field of `Legacy`."""

    section: Literal["tags", "properties"]
    key: str
    form: Form


class Legacy(Written):
    """Older tags and properties. Current keys are at the top of the spec and in `metadata`."""

    base_weights_id: Annotated[
        str | None, Field(description="Property baseWeightsId: the model whose weights these are, by its name.")
    ] = None
    batch_compute_allow_list: Annotated[
        tuple[str, ...] | None, Field(description="Tag of the same name: Azure VM sizes for batch endpoints.")
    ] = None
    copy_registry_files_to_workspace: Annotated[
        StrictBool | None,
        Field(
            description="Property azureml.copyRegistryFilesToWorkspace: whether a deployment copies the files first."
        ),
    ] = None
    deprecated: Annotated[
        StrictBool | None, Field(description="Tag Deprecated, which has no value; see metadata.deprecation.")
    ] = None
    model_id: Annotated[
        str | None, Field(description="Property model_id: the Hub's repository id; see source and huggingFaceModelId.")
    ] = None
    training_dataset: Annotated[str | None, Field(description="Tag of the same name, as text; see datasets.")] = None
    training_datasets: Annotated[str | None, Field(description="Tag of the same name, as text; see datasets.")] = None
    vanity_registry: Annotated[
        str | None, Field(description="Tag _aml_system_vanity_registry: the registry that the catalogue shows.")
    ] = None


PLACES = {
    "base_weights_id": LegacyPlace("properties", "baseWeightsId", "text"),
    "batch_compute_allow_list": LegacyPlace("tags", "batch_compute_allow_list", "list"),
    "copy_registry_files_to_workspace": LegacyPlace("properties", "azureml.copyRegistryFilesToWorkspace", "bool"),
    "deprecated": LegacyPlace("tags", "Deprecated", "presence"),
    "model_id": LegacyPlace("properties", "model_id", "text"),
    "training_dataset": LegacyPlace("tags", "training_dataset", "text"),
    "training_datasets": LegacyPlace("tags", "training_datasets", "text"),
    "vanity_registry": LegacyPlace("tags", "_aml_system_vanity_registry", "text"),
}
"""Every field of `Legacy` and its place in an asset, as seen in Azure/azureml-assets at 4b41f8ccbc."""
