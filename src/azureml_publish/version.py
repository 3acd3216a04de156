"""The version of this package: pip, User-Agent, plans and journals have it from here."""

__version__ = "0.1.0"

TOOL = f"azureml-publish/{__version__}"
"""How the tool signs its work."""
