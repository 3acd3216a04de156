"""Converts asset folders of either layout to model folders, and proves that nothing was lost."""

from __future__ import annotations

from azureml_publish.asset_folders import CARD, AssetFolder, ReadFolder, read_asset_folder
from azureml_publish.importer.az_models import parse_az_model, read_az_model
from azureml_publish.importer.comparison import Difference
from azureml_publish.importer.defaults import propose_defaults
from azureml_publish.importer.draft import Draft, draft_spec, find_layout
from azureml_publish.importer.migration import Migration, migrate_spec
from azureml_publish.importer.new_folder import ImportSettings, NewFolder, difference, make_model_folder
from azureml_publish.importer.placing import place_folder
from azureml_publish.importer.presets import choose_presets
from azureml_publish.importer.project_file import new_project, with_presets
from azureml_publish.importer.proof import prove
from azureml_publish.importer.rules import ImportRules

__all__ = [
    "CARD",
    "AssetFolder",
    "Difference",
    "Draft",
    "ImportRules",
    "ImportSettings",
    "Migration",
    "NewFolder",
    "ReadFolder",
    "choose_presets",
    "difference",
    "draft_spec",
    "find_layout",
    "make_model_folder",
    "migrate_spec",
    "new_project",
    "parse_az_model",
    "place_folder",
    "propose_defaults",
    "prove",
    "read_asset_folder",
    "read_az_model",
    "with_presets",
]
