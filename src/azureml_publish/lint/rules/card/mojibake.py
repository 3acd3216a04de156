"""CARD040: characters that were written in UTF-8 and read in another encoding."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import replacing, times, width_of
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD040", "mojibake", Severity.ERROR, "Characters were read in the wrong encoding.")

_TAIL = "".join(
    sorted({bytes([byte]).decode("latin-1") for byte in range(0x80, 0xC0)})
    + sorted({bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xA0)})
)
_RUN = re.compile(rf"(?:[\u00c2-\u00f4][{re.escape(_TAIL)}]{{1,3}})+")
_LONE = re.compile(
    r"(?<!\w)\u00c2(?=[ \t]|$)|(?<=[.,;:!?)'\"])\u00c2(?=\s|$)|(?<=[a-z]{2})\u00c2(?=\s|$)|\ufffd", re.MULTILINE
)
_SUSPECT = re.compile("[\u00c2-\u00f4\ufffd]")


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    if card.text.isascii() or not _SUSPECT.search(card.source):
        return
    prose = _with_json(model)
    covered = 0
    for match in sorted([*_RUN.finditer(prose), *_LONE.finditer(prose)], key=lambda one: one.start()):
        meant = _meant(match[0])
        if meant is None or match.start() < covered:
            continue
        covered = match.end()
        known = bool(meant)
        edit = replacing(card, match.start(), match.end(), meant)
        what = f"'{meant}'" if meant.strip() else "a blank"
        yield RULE.at(
            card.at(match.start()),
            f"{times(len(match[0]), 'character')} here ({_codes(match[0])}) "
            + (f"{'was' if len(match[0]) == 1 else 'were'} {what} before a program took UTF-8 for another encoding."
               if known else "stand for something that was lost when a program took one encoding for another."),
            f"Write {what}." if known else "Write what was meant, or take it out.",
            fix=card.fix([edit]) if known else None,
            width=width_of(match[0]),
        )  # fmt: skip


def _meant(text: str) -> str | None:
    """What the characters were; empty where it is lost, None where they are what they seem."""
    if text == "\ufffd":
        return ""
    if text == "\u00c2":
        return ""  # its other half was a no-break space, and is gone or a blank by now
    try:
        raw = b"".join(_byte(character) for character in text)
        return raw.decode("utf-8").replace("\u00a0", " ")
    except UnicodeError:
        return None


def _byte(character: str) -> bytes:
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")


def _codes(text: str) -> str:
    return " ".join(f"U+{ord(character):04X}" for character in text[:4])


def _with_json(model: Described) -> str:
    """The prose, and code in JSON: people copy that. Other code may well hold such characters, a vocabulary say."""
    card = model.card
    lines = card.prose.split("\n")
    for fence in card.fences:
        if fence.language in ("json", "jsonc", "text", "txt", ""):
            last = min(fence.line + fence.text.count("\n"), len(lines))
            lines[fence.line : last] = card.lines[fence.line : last]
    return "\n".join(lines)


CHECK = Check(RULE, described=_check)
