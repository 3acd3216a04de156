"""What people write: `model.yaml`, `publish.yaml` and `sample-links.yaml`, typed (pydantic) and closed."""

from azureml_publish.spec.extra import Extra, IntellectualProperty
from azureml_publish.spec.metadata import Metadata
from azureml_publish.spec.model import (
    Compute,
    FinetuneDefaults,
    MinSku,
    Mlflow,
    ModelSpec,
    Recommended,
    SkuQuery,
    Tasks,
)
from azureml_publish.spec.project import Defaults, ProjectConfig, RegistryConfig
from azureml_publish.spec.reading import read_spec
from azureml_publish.spec.samples import Link, SampleLinks, SampleRow
from azureml_publish.spec.source import (
    BlobFolder,
    BlobSource,
    GitRepository,
    GitSource,
    HubSource,
    LocalSource,
    identify_source,
)

__all__ = [
    "BlobFolder",
    "BlobSource",
    "Compute",
    "Defaults",
    "Extra",
    "FinetuneDefaults",
    "GitRepository",
    "GitSource",
    "HubSource",
    "IntellectualProperty",
    "Link",
    "LocalSource",
    "Metadata",
    "MinSku",
    "Mlflow",
    "ModelSpec",
    "ProjectConfig",
    "Recommended",
    "RegistryConfig",
    "SampleLinks",
    "SampleRow",
    "SkuQuery",
    "Tasks",
    "identify_source",
    "read_spec",
]
