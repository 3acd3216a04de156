"""Compares rendered models with a registry's state: what would be done, field by field, and what cannot be. Pure.

`rules` is the table of what may change in a registered version, `fields` compares both sides, `diff` makes the plan,
and `saved` is its file format. `drift` looks the other way, and `drift_fix` writes what it finds into a spec.
"""

from azureml_publish.plan.actions import WRITING, Action, ActionKind, Desired, FieldChange, Plan, WithoutFolder
from azureml_publish.plan.diff import (
    changed_metadata,
    differences,
    lacking_keys,
    make_plan,
    plan_model,
)
from azureml_publish.plan.drift import Drift, DriftedField, DriftStatus, ModelDrift, Side, baselines, find_drift
from azureml_publish.plan.fields import registered_fields, wanted_fields
from azureml_publish.plan.rules import RULES, ChangeClass, FieldRule, rule_of
from azureml_publish.plan.saved import (
    Observed,
    Provenance,
    Request,
    SavedPlan,
    StaleEntry,
    moved_since,
    read_plan,
    save_plan,
)

__all__ = [
    "RULES",
    "WRITING",
    "Action",
    "ActionKind",
    "ChangeClass",
    "Desired",
    "Drift",
    "DriftStatus",
    "DriftedField",
    "FieldChange",
    "FieldRule",
    "ModelDrift",
    "Observed",
    "Plan",
    "Provenance",
    "Request",
    "SavedPlan",
    "Side",
    "StaleEntry",
    "WithoutFolder",
    "baselines",
    "changed_metadata",
    "differences",
    "find_drift",
    "lacking_keys",
    "make_plan",
    "moved_since",
    "plan_model",
    "read_plan",
    "registered_fields",
    "rule_of",
    "save_plan",
    "wanted_fields",
]
