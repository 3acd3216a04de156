"""A repository of models that belongs to somebody else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SPEC = """\
name: churn
version: 1
type: custom_model
source: {local: weights}
license: mit
description: Says who leaves.
"""


class Stranger:
    """One model in an embedded registry, in git."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "models" / "churn" / "weights").mkdir(parents=True)
        registry = root.parent / "registry"
        (root / "publish.yaml").write_text(f"registries:\n  local: {{emulator: '{registry}'}}\n")
        (root / ".gitignore").write_text(".publish/\nbuild/\n.publish-tool\n")
        (root / "models/churn/model.yaml").write_text(SPEC)
        (root / "models/churn/weights/weights.bin").write_bytes(b"weights")
        self.git("init", "-q", "-b", "main")
        self.commit("begin")

    def git(self, *arguments: str, check: bool = True) -> str:
        names = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(self.root), *names, *arguments]
        return subprocess.run(command, check=check, capture_output=True, text=True, timeout=120).stdout.strip()

    def commit(self, message: str) -> str:
        self.git("add", ".")
        self.git("commit", "-qm", message)
        return self.git("rev-parse", "HEAD")

    def publish(self, *arguments: str) -> str:
        """Run publish in the repository itself."""
        command = [sys.executable, "-m", "azureml_publish", "-C", str(self.root), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
