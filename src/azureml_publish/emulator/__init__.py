"""A registry, its blob storage and a small Hub on loopback, for unmodified clients.

The web framework is loaded when `Emulator` or `Faults` is first used: `publish schema` needs only the settings.
"""

import importlib
from typing import TYPE_CHECKING, Any

from azureml_publish.emulator.quirks import PLAIN, RECORDED, Fault, Quirks

if TYPE_CHECKING:
    from azureml_publish.emulator.faults import Faults
    from azureml_publish.emulator.server import Emulator

__all__ = ["PLAIN", "RECORDED", "Emulator", "Fault", "Faults", "Quirks"]

_MODULES = {"Emulator": "server", "Faults": "faults"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
