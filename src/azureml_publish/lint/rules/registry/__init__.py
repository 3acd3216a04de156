"""Rules on what a registry holds under the version of a spec. `publish plan` has the whole comparison."""

from azureml_publish.lint.online_rules import OnlineCheck
from azureml_publish.lint.rules.registry import version_behind, version_conflicts, version_deleted, version_newer

CHECKS: tuple[OnlineCheck, ...] = (
    version_conflicts.CHECK,
    version_deleted.CHECK,
    version_behind.CHECK,
    version_newer.CHECK,
)
