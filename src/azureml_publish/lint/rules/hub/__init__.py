"""Rules on what the Hub says of the repository that a spec pins."""

from azureml_publish.lint.online_rules import OnlineCheck
from azureml_publish.lint.rules.hub import commit_outdated, commit_unknown, gated, license_differs, missing, moved

CHECKS: tuple[OnlineCheck, ...] = (
    license_differs.CHECK,
    gated.CHECK,
    commit_unknown.CHECK,
    commit_outdated.CHECK,
    moved.CHECK,
    missing.CHECK,
)
