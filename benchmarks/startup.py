"""How long `publish --help` and `publish lint` take, beside importing azure-ai-ml, in the same run.

Run it by hand: .venv/bin/python benchmarks/startup.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 7


def seconds(*command: str) -> float:
    """The median duration of a command over several runs, after one to warm the caches."""
    taken = []
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:])


def main() -> None:
    """Print each duration and its ratio to the import of azure-ai-ml."""
    publish = str(Path(sys.executable).with_name("publish"))
    sdk = seconds(sys.executable, "-c", "import azure.ai.ml")
    rows = {
        "python -c 'import azure.ai.ml'": sdk,
        "publish --help": seconds(publish, "--help"),
        "publish lint (three models)": seconds(publish, "lint"),
        "python -c 'pass'": seconds(sys.executable, "-c", "pass"),
    }
    for name, taken in rows.items():
        print(f"{name:<32} {taken * 1000:8.0f} ms   {taken / sdk:6.3f}")


if __name__ == "__main__":
    main()
