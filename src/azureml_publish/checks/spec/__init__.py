"""Rules on what `model.yaml` says, and the files that belong to it."""

from azureml_publish.checks.spec import (
    license_missing,
    license_unknown,
    name_pattern,
    pickle_allowed,
    revision_form,
    version_number,
)
from azureml_publish.checks.subject import Check

CHECKS: tuple[Check, ...] = (
    name_pattern.CHECK,
    version_number.CHECK,
    revision_form.CHECK,
    pickle_allowed.CHECK,
    license_missing.CHECK,
    license_unknown.CHECK,
)
