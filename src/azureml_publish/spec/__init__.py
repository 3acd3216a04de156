"""The files that people write: `model.yaml`, `publish.yaml` and `sample-links.yaml`, as closed pydantic models."""

from azureml_publish.spec.extra import Extra, IntellectualProperty
from azureml_publish.spec.house import NO_HOUSE_RULES, HouseRules
from azureml_publish.spec.legacy import PLACES, Legacy
from azureml_publish.spec.metadata import PAGE_KEYS, Metadata
from azureml_publish.spec.mlflow import Mlflow
from azureml_publish.spec.model import (
    Compute,
    FinetuneDefaults,
    MinSku,
    ModelSpec,
    Recommended,
    SkuQuery,
    Tasks,
)
from azureml_publish.spec.project import Defaults, Profile, ProjectConfig, RegistryConfig
from azureml_publish.spec.reading import parse_spec, read_spec
from azureml_publish.spec.samples import Link, SampleLinks, SampleRow
from azureml_publish.spec.source import (
    AzuremlSource,
    BlobFolder,
    BlobSource,
    GitRepository,
    GitSource,
    HubSource,
    LocalSource,
    MlflowSource,
    identify_source,
)
from azureml_publish.spec.tasks import TASKS, meant_task

__all__ = [
    "NO_HOUSE_RULES",
    "PAGE_KEYS",
    "PLACES",
    "TASKS",
    "AzuremlSource",
    "BlobFolder",
    "BlobSource",
    "Compute",
    "Defaults",
    "Extra",
    "FinetuneDefaults",
    "GitRepository",
    "GitSource",
    "HouseRules",
    "HubSource",
    "IntellectualProperty",
    "Legacy",
    "Link",
    "LocalSource",
    "Metadata",
    "MinSku",
    "Mlflow",
    "MlflowSource",
    "ModelSpec",
    "Profile",
    "ProjectConfig",
    "Recommended",
    "RegistryConfig",
    "SampleLinks",
    "SampleRow",
    "SkuQuery",
    "Tasks",
    "identify_source",
    "meant_task",
    "parse_spec",
    "read_spec",
]
