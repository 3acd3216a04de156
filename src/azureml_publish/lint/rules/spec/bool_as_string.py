"""SPEC010: true or false as text in the system metadata, whose types are native. Tags are text, so they may."""

from azureml_publish.diagnostics import Rule, Severity
from azureml_publish.lint.rules.spec.native_types import BOOLEANS, text_check, truth

RULE = Rule("SPEC010", "bool-as-string", Severity.WARNING, "A truth value of the system metadata is text.")

CHECK = text_check(RULE, BOOLEANS, truth, "a truth value")
