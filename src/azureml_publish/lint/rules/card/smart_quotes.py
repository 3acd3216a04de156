"""CARD043: typographic quotes in code, which no language reads as quotes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.markdown.cards import Fence
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD043", "smart-quote-in-code", Severity.ERROR, "Code has typographic quotes.")

_QUOTES = re.compile("[\u2018\u2019\u201c\u201d\u201e\u201f]")
_STRINGS = re.compile(r"\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'|(?:#|//)[^\n]*")
_CODE = frozenset(
    [
        "python",
        "py",
        "python3",
        "json",
        "jsonc",
        "bash",
        "sh",
        "shell",
        "console",
        "powershell",
        "yaml",
        "yml",
        "javascript",
        "js",
        "typescript",
        "ts",
        "c",
        "cpp",
        "csharp",
        "java",
        "go",
        "rust",
        "sql",
        "http",
    ]
)


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    if card.text.isascii() or not _QUOTES.search(card.source):
        return
    for fence in card.fences:
        found = _first_quote(fence)
        if found is None:
            continue
        line = fence.line + 1 + fence.text.count("\n", 0, found)
        quote = fence.text[found]
        yield RULE.at(
            card.place(line, card.lines[line - 1].find(quote) + 1),
            f"The {fence.language} has the typographic quote {quote} (U+{ord(quote):04X}), which is no quote in code.",
            "Write \" or '; people copy code as it stands.",
            width=1,
        )


def _first_quote(fence: Fence) -> int | None:
    """The first such quote that is not within a string or a comment."""
    if fence.language not in _CODE or not _QUOTES.search(fence.text):
        return None
    if fence.language.startswith("json"):
        try:
            json.loads(fence.text)
        except (ValueError, RecursionError):
            pass
        else:
            return None
    bare = _STRINGS.sub(lambda match: " " * len(match[0]), fence.text)
    match = _QUOTES.search(bare)
    return match.start() if match else None


CHECK = Check(RULE, described=_check)
