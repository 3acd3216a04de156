"""Diagnostics, plans, results and lists as text or JSON: functions that return strings."""
