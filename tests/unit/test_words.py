"""Names, docstrings, comments and messages keep to usual words: a stranger reads them once."""

from __future__ import annotations

import re
from pathlib import Path

import azureml_publish

INSTEAD = {
    "told": "reported",
    "said": "message, stated",
    "asked": "requested, read",
    "asker": "identity",
    "mend": "fix",
    "mends": "fixes",
    "mended": "fixed",
    "mending": "fixing",
    "whoever": "the person, the machine",
    "lend": "give access",
    "lends": "gives access",
    "lent": "gave access",
    "patience": "retry",
    "hush": "suppress",
}
"""Words of a private dialect, and what to write."""

WORD = re.compile(rf"(?<![a-zA-Z])({'|'.join(INSTEAD)})(?![a-zA-Z])", re.IGNORECASE)


def test_the_code_speaks_plain_english() -> None:
    root = Path(azureml_publish.__file__).parent
    found = [
        f"{path.relative_to(root)}:{number}: '{match[0]}'; write {INSTEAD[match[0].lower()]}"
        for path in sorted(root.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for match in WORD.finditer(line)
    ]
    assert found == []
