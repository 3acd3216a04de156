"""A registry as the rest of the project knows it, and the adapter to Azure ML's."""

from azureml_publish.registry.azure import AzureRegistry
from azureml_publish.registry.protocol import Registry

__all__ = ["AzureRegistry", "Registry"]
