"""Finds mistakes: the engine, its rules, suppressions, fixes and baselines."""
