"""Rules on sample input and output, in files of their own or in a card, and on MLflow's word about them."""

from azureml_publish.lint.rules.sample import (
    invalid_json,
    mask_token,
    missing,
    row_width,
    signature,
    signature_missing,
    task_shape,
)
from azureml_publish.lint.subject import Check

CHECKS: tuple[Check, ...] = (
    invalid_json.CHECK,
    signature.CHECK,
    row_width.CHECK,
    missing.CHECK,
    signature_missing.CHECK,
    task_shape.CHECK,
    mask_token.CHECK,
)
