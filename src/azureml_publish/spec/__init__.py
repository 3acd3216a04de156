"""What people write: `model.yaml`, `publish.yaml` and `sample-links.yaml`, typed (pydantic) and closed."""

from azureml_publish.spec.metadata import Metadata
from azureml_publish.spec.model import (
    Compute,
    FinetuneDefaults,
    HubSource,
    LocalSource,
    MinSku,
    Mlflow,
    ModelSpec,
    SkuQuery,
)
from azureml_publish.spec.project import Defaults, ProjectConfig, RegistryConfig
from azureml_publish.spec.reading import read_spec
from azureml_publish.spec.samples import Link, SampleLinks, SampleRow

__all__ = [
    "Compute",
    "Defaults",
    "FinetuneDefaults",
    "HubSource",
    "Link",
    "LocalSource",
    "Metadata",
    "MinSku",
    "Mlflow",
    "ModelSpec",
    "ProjectConfig",
    "RegistryConfig",
    "SampleLinks",
    "SampleRow",
    "SkuQuery",
    "read_spec",
]
