"""A registry, its blob storage and a small Hub on loopback, for unmodified clients.

This package and nothing else loads the web framework, so it is imported only where an emulator is served.
"""

from azureml_publish.emulator.faults import Faults
from azureml_publish.emulator.quirks import Fault, Quirks
from azureml_publish.emulator.server import Emulator

__all__ = ["Emulator", "Fault", "Faults", "Quirks"]
