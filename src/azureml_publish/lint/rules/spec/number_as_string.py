"""SPEC011: a whole number as text in the system metadata, whose types are native. Tags are text, so they may."""

from azureml_publish.diagnostics import Rule, Severity
from azureml_publish.lint.rules.spec.native_types import NUMBERS, number, text_check

RULE = Rule("SPEC011", "number-as-string", Severity.WARNING, "A number of the system metadata is text.")

CHECK = text_check(RULE, NUMBERS, number, "a number")
