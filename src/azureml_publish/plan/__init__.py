"""Compares rendered models with a registry's state: what would be done, field by field, and what cannot be. Pure.

`rules` is the table of what may change in a registered version, `fields` compares both sides, `diff` makes the plan,
and `saved` is its file format. `drift` looks the other way, and `drift_fix` writes what it finds into a spec.
"""
