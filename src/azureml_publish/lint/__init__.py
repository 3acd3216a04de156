"""The linter: the engine, the rules, suppressions, fixes and baselines."""
