"""Rules on where the files of an asset folder's model come from: `path` of its model.yaml."""

from azureml_publish.lint.rules.path import duplicate, mlmodel_missing, name_mismatch, suffix, type_unsupported
from azureml_publish.lint.subject import Check

CHECKS: tuple[Check, ...] = (
    suffix.CHECK,
    name_mismatch.CHECK,
    type_unsupported.CHECK,
    duplicate.CHECK,
    mlmodel_missing.CHECK,
)
