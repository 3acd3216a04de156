"""Rules on characters in cards and other texts: encoding, spaces, quotes and line ends."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from azureml_publish.diagnostics import Severity
from azureml_publish.lint.cards.findings import once_a_card, replacing, times
from azureml_publish.lint.cards.prose import everything_of, texts_of
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.markdown.cards import Card, CardEdit, Fence
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import near_words, pattern

_TAIL = "".join(
    sorted({bytes([byte]).decode("latin-1") for byte in range(0x80, 0xC0)})
    + sorted({bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xA0)})
)
_RUN = pattern(rf"(?:[\u00c2-\u00f4][{re.escape(_TAIL)}]{{1,3}})+")
_LONE = pattern(
    r"(?<!\w)\u00c2(?=[ \t]|$)|(?<=[.,;:!?)'\"])\u00c2(?=\s|$)|(?<=[a-z]{2})\u00c2(?=\s|$)"
    r"|(?<=\w)\ufffd|\ufffd(?=\w)|(?<=[\w.,;:!?)] )\ufffd+(?= (?!or |and |character|is |are |for )\w)",
    re.MULTILINE,
)
_OTHER_PAGES = {"cp1251": "\u0432\u0402", "mac-roman": "\u201a\u00c4"}
"""How the first two bytes of UTF-8 dashes and typographic quotes look in encodings other than Windows-1252."""

_OTHER = pattern("(?:" + "|".join(_OTHER_PAGES.values()) + ")[^\\x00-\\x7f]")
_SUSPECT = pattern("[\u00c2-\u00f4\ufffd]|" + "|".join(_OTHER_PAGES.values()))


@rule("CARD040", "mojibake", Severity.ERROR, "Characters were read in the wrong encoding.")
def mojibake(model: Described) -> Findings:
    """Characters of UTF-8 that were read in another encoding."""
    for card in everything_of(model):
        if not card.text.isascii() and _SUSPECT.search(card.source):
            yield from _misread(card)


def _misread(card: Card) -> Findings:
    prose = _with_copied_code(card)
    covered = 0
    found = [match for form in (_RUN, _OTHER) for match in form.finditer(prose)]
    found += near_words(_LONE, prose, prose, ("\u00c2", "\ufffd"))
    for match in sorted(found, key=lambda one: one.start()):
        meant = _meant(match[0])
        if meant is None or match.start() < covered:
            continue
        covered = match.end()
        known = bool(meant)
        edit = replacing(card, match.start(), match.end(), meant)
        what = f"'{meant}'" if meant.strip() else "a space"
        yield mojibake.at(
            card.at(match.start(), match[0]),
            f"{times(len(match[0]), 'character')} here ({_codes(match[0])}) "
            + (f"{'was' if len(match[0]) == 1 else 'were'} {what} before a program read UTF-8 as another encoding."
               if known else "replace something that was lost when a program read another encoding."),
            f"Write {what}." if known else "Write what was meant, or take it out.",
            fix=card.fix([edit]) if known else None,
        )  # fmt: skip


def _meant(text: str) -> str | None:
    """The characters that were meant; empty where they are lost, None where nothing is wrong."""
    if not text.strip("\ufffd"):
        return ""
    if text == "\u00c2":
        return ""  # the other half was a no-break space, and is a plain space by now
    try:
        page = next((page for page, sign in _OTHER_PAGES.items() if text.startswith(sign)), None)
        raw = text.encode(page) if page else b"".join(_byte(character) for character in text)
        meant = raw.decode("utf-8").replace("\u00a0", " ")
    except UnicodeError:
        return None
    return "" if "\ufffd" in meant else meant


def _byte(character: str) -> bytes:
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")


def _codes(text: str) -> str:
    return " ".join(f"U+{ord(character):04X}" for character in text[:4])


def _with_copied_code(card: Card) -> str:
    """The prose, and code in JSON and Python, which people copy. Other code may contain such characters."""
    lines = card.prose.split("\n")
    for fence in card.fences:
        if fence.language in ("json", "jsonc", "text", "txt", "", "python", "py"):
            last = min(fence.line + fence.text.count("\n"), len(lines))
            lines[fence.line : last] = card.lines[fence.line : last]
    return "\n".join(lines)


_CONTROL = pattern(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u2028\u2029\ue000-\uf8ff]"
    "|(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+"
)
"""Control characters except tab, line feed, carriage return and U+0085 (a line end on some systems); line and paragraph
separators that editors do not show; private-use characters, which every font shows differently; and tag characters,
which can hide text for programs and belong only into some flags."""


@rule("CARD048", "control-character", Severity.WARNING, "A text contains a control character.")
def control_character(model: Described) -> Findings:
    """A character that pages do not show and programs may obey."""
    for card in everything_of(model):
        found = [] if card.source.replace("\n", "").isprintable() else list(_CONTROL.finditer(card.source))
        if found and not card.text.isascii():  # CARD040 reports wrong encodings
            misread = [one.span() for one in _RUN.finditer(card.source)]
            found = [one for one in found if not any(start <= one.start() < end for start, end in misread)]
        if found:
            edits = [replacing(card, one.start(), one.end(), "") for one in found]
            message = (
                f"{times(len(edits), 'control character', 'is')} in the text, the first U+{ord(found[0][0][0]):04X}:"
                " pages do not show it, terminals may obey it."
            )
            yield once_a_card(control_character, card, edits, message, "Take it out.")


_NBSP = pattern(
    "(?<![0-9\u00ab\u00c2\u00a0])\u00a0(?![:;!?%\u00bb\u00b0\u20ac\u00a0])"  # units and French punctuation use them
    "|(?<=[^\u00c2])\u00a0(?=[ \u00a0\n]|$)|(?<=[ \u00a0])\u00a0"
)


@rule("CARD041", "nbsp", Severity.WARNING, "A no-break space is in the place of a plain space.")
def nbsp(model: Described) -> Findings:
    """A no-break space where a plain space is meant."""
    for card in model.cards:
        if "\u00a0" not in card.source:
            continue
        edits = [replacing(card, match.start(), match.end(), " ") for match in _NBSP.finditer(card.source)]
        if edits:
            message = (
                f"{times(len(edits), 'no-break space', 'is')} in place of a plain space (U+00A0, not U+0020):"
                " programs that split at spaces, Markdown among them, do not see it."
            )
            yield once_a_card(nbsp, card, edits, message, "Write a plain space.")


_LATIN = r"[\x00-\u024f\u2010-\u203f]"
_HIDDEN = pattern(
    rf"\ufeff|\u2060|(?<=[A-Za-z0-9_-])\u00ad(?=[A-Za-z0-9_-])|(?:(?<={_LATIN})|^)[\u200b\u200c\u200d]+(?={_LATIN}|$)"
)
"""Joiners are needed between emoji, and in Arabic and Indic words."""


@rule("CARD042", "zero-width-char", Severity.WARNING, "The text contains a character without width.")
def zero_width_char(model: Described) -> Findings:
    """A character without width that no emoji and no script needs."""
    for card in everything_of(model):
        if not card.text.isascii() and any(hidden in card.source for hidden in "\ufeff\u2060\u200b\u200c\u200d\u00ad"):
            yield from _hidden(card)


def _hidden(card: Card) -> Findings:
    edits = [replacing(card, match.start(), match.end(), "") for match in _HIDDEN.finditer(card.source)]
    if edits:
        line, column = edits[0][:2]
        character = card.lines[line - 1][column - 1]
        message = (
            f"{times(len(edits), 'invisible character', 'is')} in the text, the first U+{ord(character):04X}:"
            " searching and copying fail because of it."
        )
        found = once_a_card(zero_width_char, card, edits, message, "Take it out.")
        harmful = _IN_WORD.search(card.source) or card.source[:1] == "\ufeff"
        yield found if harmful else replace(found, severity=Severity.INFO)


_IN_WORD = pattern(
    "(?<=[A-Za-z0-9_-])[\ufeff\u2060\u200b\u200c\u200d\u00ad](?=[A-Za-z0-9_-])"
    "|(?<=[A-Za-z]{3})[\u2060\u200b\u200c](?= [a-z]{3}|[,.;:!?)])"
)
"""Within a word or name, such a character breaks search and copies. At the beginning, where Windows editors write one,
it hides a heading or front matter."""

_QUOTES = pattern("[\u2018\u2019\u201c\u201d\u201e\u201f]")
_STRINGS = pattern(r"\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'|(?:#|//)[^\n]*")
_CODE = frozenset(
    [
        *("python", "py", "python3", "json", "jsonc", "bash", "sh", "shell", "console", "powershell", "yaml"),
        *("yml", "javascript", "js", "typescript", "ts", "c", "cpp", "csharp", "java", "go", "rust", "sql", "http"),
    ]
)


@rule("CARD043", "smart-quote-in-code", Severity.ERROR, "Code has typographic quotes.")
def smart_quote_in_code(model: Described) -> Findings:
    """Typographic quotes in code, which no language understands, and around a value of the metadata."""
    for card in model.cards:
        if not card.text.isascii() and _QUOTES.search(card.source):
            yield from _quoted_code(card)
    for path, text in texts_of(model):
        if _QUOTED.fullmatch(text.text):
            message = f"The quotes of {path} are typographic, so they are a part of the value: {text.text}"
            yield smart_quote_in_code.at(model.where(path), message, "Write \" or ', or no quotes at all.")


_QUOTED = pattern("\\s*[\u2018\u2019\u201c\u201d\u201e\u201f][^\u2018\u201c\n]*[\u2018\u2019\u201c\u201d\u201f]\\s*")


def _quoted_code(card: Card) -> Findings:
    for fence in card.fences:
        found = _first_quote(fence)
        if found is None:
            continue
        line = fence.line + 1 + fence.text.count("\n", 0, found)
        quote = fence.text[found]
        message = f"The {fence.language} has the typographic quote {quote} (U+{ord(quote):04X}), not a quote of code."
        hint = "Write \" or '; people copy code as it is."
        yield smart_quote_in_code.at(card.place(line, card.lines[line - 1].find(quote) + 1), message, hint, width=1)


def _first_quote(fence: Fence) -> int | None:
    """The first such quote outside strings and comments."""
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


_TAB = pattern(r"(?<=[^\s>*+#.)-])\t+(?=\S)")
"""Tabs that indent or follow a list marker have a meaning in Markdown; these have none."""


@rule("CARD044", "tab-in-prose", Severity.INFO, "A tab is within text.")
def tab_in_prose(model: Described) -> Findings:
    """A tab within text."""
    card = model.card
    if "\t" not in card.source:
        return
    edits = [replacing(card, match.start(), match.end(), " ") for match in _TAB.finditer(card.prose)]
    if edits:
        message = f"{times(len(edits), 'tab', 'is')} within text."
        yield once_a_card(tab_in_prose, card, edits, message, "Write a space.")


@rule("CARD045", "trailing-whitespace", Severity.INFO, "A line ends with spaces that have no effect.")
def trailing_whitespace(model: Described) -> Findings:
    """Spaces at the end of a line that do not make a line break."""
    card = model.card
    if " \n" not in card.source and "\t\n" not in card.source and card.source[-1:] not in (" ", "\t"):
        return
    edits = list(_edits(card))
    if edits:
        message = f"{times(len(edits), 'line', 'ends')} with spaces that have no effect."
        hint = "Take them out. Two spaces that break a line of text are left alone."
        yield once_a_card(trailing_whitespace, card, edits, message, hint, width=edits[0][3] - edits[0][1])


def _edits(card: Card) -> Iterator[CardEdit]:
    kept: set[int] = set()
    for token in card.tokens:
        if token.map and token.type in ("fence", "code_block", "html_block"):
            kept.update(range(token.map[0] + 1, token.map[1] + 1))
    broken = {line for first, last in card.paragraphs for line in range(first, last)}
    for number, line in enumerate(card.lines, 1):
        bare = line.rstrip(" \t")
        if len(bare) == len(line) or number in kept or number <= card.front_matter:
            continue
        if number in broken and bare and line.endswith("  "):
            continue
        if bare.strip(" \t>") or not bare:
            yield number, len(bare) + 1, number, len(line) + 1, ""


_END = pattern(r"\r\n?|\n")


@rule("CARD046", "crlf", Severity.WARNING, "Lines end with CR LF.")
def crlf(model: Described) -> Findings:
    """Windows line ends."""
    card = model.card
    count = card.text.count("\r")
    if not count or card.too_large:
        return
    ends = enumerate(_END.finditer(card.text), 1)
    edits: list[CardEdit] = [
        (number, len(card.lines[number - 1]) + 1, number + 1, 1, "\n") for number, end in ends if end[0] != "\n"
    ]
    message = f"{times(count, 'line', 'ends')} with CR LF: a change with another editor may change every line."
    hint = "Save the file with LF; `* text=auto eol=lf` in .gitattributes keeps it."
    mixed = len(edits) < card.text.count("\n")
    severity = None if mixed else Severity.INFO  # if all lines have them, an editor or git may write them
    yield once_a_card(crlf, card, edits, message, hint, severity=severity)


@rule("CARD047", "no-final-newline", Severity.INFO, "The last line has no line feed.")
def no_final_newline(model: Described) -> Findings:
    """A last line without a line feed."""
    card = model.card
    if not card.text.strip() or card.text.endswith(("\n", "\r")):
        return
    line, column = len(card.lines), len(card.lines[-1]) + 1
    yield no_final_newline.at(
        card.place(line, max(1, column - 1)),
        "The card's last line has no line feed, so adding a line below changes both.",
        "End it with a line feed.",
        fix=card.fix([(line, column, line, column, "\n")]),
        width=1,
    )
