"""Rules on the model card: tables, links, words, and whether it speaks of this model."""

from azureml_publish.checks.card import table_row_cells
from azureml_publish.checks.subject import Check

CHECKS: tuple[Check, ...] = (table_row_cells.CHECK,)
