"""The table of shell completion, from the command line itself: `make schemas` writes it."""

from __future__ import annotations

import json
import sys

from azureml_publish.cli import VERBS, group
from azureml_publish.cli.completion import table


def text() -> str:
    """What `completions.json` must hold."""
    return json.dumps(table(group, {**VERBS}), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
