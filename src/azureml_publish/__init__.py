"""Model folders in git are the truth: render, check, plan and register them in Azure ML registries."""

__version__ = "0.1.0"
