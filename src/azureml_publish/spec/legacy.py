"""Tags and properties that neither layout has moved: typed here, and in the same place in both layouts."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple, TypeAlias

from pydantic import Field, StrictBool

from azureml_publish.spec.reading import Written

Form: TypeAlias = Literal["text", "list", "bool", "presence"]
"""How a value stands in the asset: as it is, or (`presence`) as an empty text that is there or not."""


class Place(NamedTuple):
    """Where a key of `Legacy` stands in an asset."""

    section: Literal["tags", "properties"]
    key: str
    form: Form


class Legacy(Written):
    """Tags and properties that no metadata replaces. Keys of today are at the top of the spec and in `metadata`."""

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
        StrictBool | None, Field(description="Tag Deprecated, which only is there or not; see metadata.deprecation.")
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
    "base_weights_id": Place("properties", "baseWeightsId", "text"),
    "batch_compute_allow_list": Place("tags", "batch_compute_allow_list", "list"),
    "copy_registry_files_to_workspace": Place("properties", "azureml.copyRegistryFilesToWorkspace", "bool"),
    "deprecated": Place("tags", "Deprecated", "presence"),
    "model_id": Place("properties", "model_id", "text"),
    "training_dataset": Place("tags", "training_dataset", "text"),
    "training_datasets": Place("tags", "training_datasets", "text"),
    "vanity_registry": Place("tags", "_aml_system_vanity_registry", "text"),
}
"""Every key of `Legacy` and where it stands, as seen in Azure/azureml-assets at 4b41f8ccbc."""
