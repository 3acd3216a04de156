"""What the start of each verb takes of the processor, beside importing azure-ai-ml, in the same run.

Run by hand: `.venv/bin/python benchmarks/startup.py`. A small project (the three shipped models, registered in an
embedded registry) leaves little but the start to be measured. Processor time, of the user and of the system, says
nearly the same on a busy machine as on a quiet one; the least of several runs counts. Beside it stands the ratio to
`import azure.ai.ml`, and the help of `hf` and of `mlflow`, which `make proof` installs. Python keeps the compiled form
of what it imports, as it does for whoever installs the package: with
`PYTHONDONTWRITEBYTECODE` every run would compile it again.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PUBLISH = str(Path(sys.executable).with_name("publish"))
RUNS = 9
MODEL = "bert-base-cased"
COMPLETION_SECONDS = 0.15
"""The bar for the answer to a shell."""
PLAN_SECONDS = 0.5
"""The bar for a plan of three models where nothing is to do."""

ROWS = (
    ("--help",),
    ("lint",),
    ("render",),
    ("plan",),
    ("list",),
    ("show", MODEL),
    ("verify",),
    ("__complete", "=bert", "plan"),
)
"""The last one is what a shell calls."""


def seconds(project: Path, *command: str) -> float:
    """The least processor time of a command over several runs, after one to warm the caches."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    taken = []
    for _ in range(RUNS + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=project, check=True, capture_output=True, env=environ)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(taken[1:])


def main() -> None:
    """Print each processor time and its ratio to the import of azure-ai-ml."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        for name in ("models", "templates"):
            shutil.copytree(ROOT / name, project / name)
        shutil.copy(ROOT / "publish.yaml", project)
        subprocess.run([PUBLISH, "apply", "--yes"], cwd=project, check=True, capture_output=True)
        sdk = seconds(project, sys.executable, "-c", "import azure.ai.ml")
        print(f"{'import azure.ai.ml':<24} {sdk * 1000:6.0f} ms   1.000")
        beside = Path(sys.executable).parent, ROOT / ".venv-proof" / "bin"
        others = [next((str(one / name) for one in beside if (one / name).exists()), "") for name in ("hf", "mlflow")]
        for row in (("python", "-c", "pass"), *((other, "--help") for other in others if other), *ROWS):
            command = (sys.executable, *row[1:]) if row[0] == "python" else row if row[0] in others else (PUBLISH, *row)
            taken = seconds(project, *command)
            bars = {"plan": PLAN_SECONDS, "__complete": COMPLETION_SECONDS}
            bar = f"   (bar: {bars[row[0]] * 1000:.0f} ms)" if row[0] in bars else ""
            name = "completion in a shell" if row[0] == "__complete" else " ".join((Path(row[0]).name, *row[1:]))
            print(f"{name:<24} {taken * 1000:6.0f} ms   {taken / sdk:5.3f}{bar}")


if __name__ == "__main__":
    main()
