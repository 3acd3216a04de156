"""The rule on Markdown that is not what it was meant to be, so that its signs are shown as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from markdown_it import MarkdownIt

from azureml_publish.diagnostics import Severity
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.in_cards import replacing, short, width_of
from azureml_publish.lint.markdown.cards import Card, CardEdit
from azureml_publish.lint.prose import texts_of
from azureml_publish.lint.subject import AssetSubject, Described
from azureml_publish.patterns import pattern

_Shown: TypeAlias = tuple[int, str, str, str, CardEdit | None]
"""Offset and text, what it is, what to write, and the edit where there is only one."""

_HEADING = pattern(
    r"^ {0,3}(#{2,6})([A-Za-z][^#\n]{1,80})$|(?<=\n\n)(#)([A-Z][^#\n]{1,60})(?=\n\n|\n*\Z)", re.MULTILINE
)
_UNSPACED = pattern(r"#[A-Za-z]")
"""In every text that the expression above finds, and found much faster."""
_APART = pattern(r"(?<!\])\[([^\[\]\n]*[a-z]{2}[^\[\]\n]*)\]([ \t]+)\((https?://[^()\s]{1,500})\)")
_UNDEFINED = pattern(r"(?<![\]\\])!?\[([^\[\]\n]*[a-z]{3}[^\[\]\n]*)\]\[([A-Za-z][\w .-]{1,60})\](?![(\[:])")
_LINE_END = pattern(r"(?<=[.!?:)\w])\\n\\n|(?<=[.!?)])\\n(?=\s|$|[-*#A-Z])")
_ENTITY = pattern(r"&amp;(?:lt|gt|amp|nbsp|quot|apos|#[0-9]{2,5});")
_ESCAPED = pattern(r"(?<!\\)\\u(20[0-3][0-9a-f]|00[a-f][0-9a-f])(?![0-9a-f])", re.IGNORECASE)
"""Quotes, dashes and letters with accents as JSON escapes them."""
_BOLD = pattern(r"(?<![^\s(\[])\*\*(?=[A-Za-z])")
_INLINE = MarkdownIt("commonmark")
_NOTE = pattern(r"(?<=[\w.,;:!?)*])[ ]?\[\^([\w-]{1,20})\](?!:|[+*?])")
_NOTE_BELOW = pattern(r"^ {0,3}\[\^([\w-]{1,20})\]:", re.MULTILINE)
_MOST = 10


@rule(
    "CARD066", "markup-shown", Severity.WARNING, "Markup stands as text, because it is not quite Markdown.", pages=True
)
def markup_shown(model: Described) -> Findings:
    """Headings without a space, links with one, bold that nothing ends, and line ends and entities escaped twice."""
    card = model.card
    if card.too_large:
        return
    for offset, text, what, hint, edit in sorted(_all(card), key=lambda one: one[0])[:_MOST]:
        fix = card.fix([edit], safe=False) if edit is not None else None
        yield markup_shown.at(card.at(offset), f"'{short(text)}' {what}.", hint, fix=fix, width=width_of(text))


@markup_shown.also
def _in_metadata(subject: AssetSubject) -> Findings:
    """Line ends, entities and characters that were escaped twice in the texts of the metadata that readers see."""
    model = subject.described
    for path, text in texts_of(model):
        match = next((one for form in (_ENTITY, _ESCAPED, _LINE_END) if (one := form.search(text.text))), None)
        if path in ("displayName", "summary", "licenseDescription") and match:
            hint = "Write the character or the line end itself."
            yield markup_shown.at(
                model.where(path), f"{path} shows '{short(match[0])}', which was escaped twice.", hint
            )


def _all(card: Card) -> Iterator[_Shown]:
    for match in _HEADING.finditer(card.prose) if _UNSPACED.search(card.prose) else ():
        marks = match[1] or match[3]
        at = match.start(1) if match[1] else match.start(3)
        edit = replacing(card, at + len(marks), at + len(marks), " ")
        yield at, match[0].strip(), "is not a heading without a space after the #", "Write a space after it.", edit
    for match in _APART.finditer(card.prose) if "] " in card.prose or "]\t" in card.prose else ():
        edit = replacing(card, match.start(2), match.end(2), "")
        yield match.start(), match[0], "is not a link with a space between its brackets", "Take the space out.", edit
    defined = {key.casefold() for key in card.definitions}
    for match in _UNDEFINED.finditer(card.prose) if "][" in card.prose else ():
        key = " ".join(match[2].split()).casefold()
        if key not in defined:
            defined.add(key)  # one definition is enough for all places
            hint = f"Write [{short(match[1])}](https://...), or define [{match[2]}]: https://... below."
            yield match.start(), match[0], "is not a link, because nothing defines its target", hint, None
    for match in _LINE_END.finditer(card.prose) if "\\n" in card.prose else ():
        yield match.start(), match[0], "is an escaped line end, shown as it is", "Break the line instead.", None
    for match in _ENTITY.finditer(card.prose) if "&amp;" in card.prose else ():
        edit = replacing(card, match.start(), match.end(), "&" + match[0].removeprefix("&amp;"))
        yield match.start(), match[0], "is an entity that was escaped twice", f"Write {edit[-1]}.", edit
    for match in _ESCAPED.finditer(card.prose) if "\\u" in card.prose else ():
        meant = chr(int(match[1], 16))
        edit = replacing(card, match.start(), match.end(), meant)
        yield match.start(), match[0], "is an escaped character, shown as it is", f"Write {meant}.", edit
    notes = frozenset(match[1] for match in _NOTE_BELOW.finditer(card.prose)) if "[^" in card.prose else frozenset()
    for match in _NOTE.finditer(card.prose) if "[^" in card.prose else ():
        if match[1] not in notes:
            hint = f"Write [^{match[1]}]: and the note below, or take it out."
            yield match.start(), match[0], "is a footnote that is nowhere", hint, None
    yield from _open_bold(card)
    yield from _open_code(card)


_SPAN = pattern(r"(?<!`)(`+)(?!`)[^`](?:(?!\n\n)[\s\S])*?(?<!`)\1(?!`)")
_TICK = pattern(r"(?<![\w`\\'])`(?=[\w(./$-])")
"""A backtick that begins code; as an accent, or as a quote of LaTeX, it stands otherwise."""


def _open_code(card: Card) -> Iterator[_Shown]:
    """A backtick before a word that a viewer would show: nothing in its paragraph ends it."""
    for first, last in card.paragraphs if "`" in card.prose else ():
        start = card.starts[first - 1]
        text = "\n".join(card.lines[first - 1 : last])
        if text.count("`") % 2 == 0 or "''" in text or "\u00b4" in text:
            continue
        bare = _SPAN.sub(lambda match: " " * len(match[0]), text)
        match = _TICK.search(bare) if bare.count("`") == 1 else None
        if match is not None:
            shown = text[match.start() :][:40].partition("\n")[0]
            yield start + match.start(), shown, "begins code that nothing ends", "End it with `.", None


def _open_bold(card: Card) -> Iterator[_Shown]:
    """`**` before a word that a viewer would show: nothing in its paragraph ends it."""
    if "**" not in card.prose:
        return
    for first, last in card.paragraphs:
        start = card.starts[first - 1]
        end = card.starts[last] if last < len(card.starts) else len(card.prose)
        text = card.prose[start:end]
        if text.count("**") % 2 == 0 or (match := _BOLD.search(text)) is None:
            continue
        tokens = _INLINE.parseInline(text)[0].children or []
        if any(token.type == "text" and _BOLD.search(token.content) for token in tokens):
            marks = [found.start() for found in _BOLD.finditer(text)]
            at = start + (marks[-1] if marks else match.start())
            yield (
                at,
                card.prose[at : at + 40].partition("\n")[0],
                "begins bold text that nothing ends",
                "End it with **.",
                None,
            )
