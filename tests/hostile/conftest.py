"""Says of each class of attack how many inputs were tried, and how many got through: `make hostile`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tried: Counter[str] = Counter()
    through: Counter[str] = Counter()
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, ()):
            if not report.nodeid.startswith("tests/hostile/"):
                continue
            name = Path(report.nodeid.partition("::")[0]).stem.removeprefix("test_").replace("_", " ")
            inputs = dict(report.user_properties).get("inputs", 1)
            tried[name] += inputs if outcome == "passed" else 1
            through[name] += outcome != "passed"
    terminalreporter.section("inputs that were tried")
    for name in sorted(tried):
        terminalreporter.line(f"{name}: {tried[name]} tried, got through: {through[name]}")
