"""Links and mailboxes of a card that lead nowhere, or only in some viewers, and brackets beside links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.patterns import pattern

Odd: TypeAlias = tuple[int, str, str, str]
"""An offset in the card, the text there, what is wrong with it, and the hint."""

_PLACE = ("is a placeholder for an address", "Write the address that is meant.")
_ODD = tuple(
    (pattern(form, re.IGNORECASE), why, hint)
    for form, why, hint in (
        (
            r"//[\w-]+(?:\.[\w-]+)+(?:[/?#]|$)",
            "has no scheme, so that some viewers look for a file",
            "Write https: before it.",
        ),
        (
            r"https?://\S*%(?![0-9a-f]{2})",
            "has a % that does not begin an escaped character",
            "Write %25 for a percent sign.",
        ),
        (
            r"https?://[\w.+-]+@[\w-]+(?:\.[\w-]+)+/?$",
            "is a mail address after https://",
            "Write mailto:NAME@HOST.",
        ),
        (r"data:image/[\w.+-]+(?:;base64)?,\s*$", "is an image without data", "Write the address of an image."),
        (
            r"https?://(?:www\.)?example\.(?:com(?:[/?#]|$)|(?:org|net)/\S*\b(?:your|path|to|my|insert|placeholder)\b)",
            *_PLACE,
        ),
        (
            r"(?:https?://)?(?:url|link|href|address|todo|tbd|x{3,}|\.\.\.|(?:insert|your|link[-_ ]to)[-_ ]\w+)/?$",
            *_PLACE,
        ),
        (
            r"https?://\S+[?&](?:utm_source|ref|source)=(?:chatgpt|openai|perplexity|copilot|gemini)\b",
            "shows that an AI assistant supplied it",
            "Take that part out, and check that the page says what the card says.",
        ),
    )
)
"""Addresses that only some viewers can follow, or none: pattern, message and hint."""


_SIGN = pattern(r"[%@]|\.\.\.|example\.|(?:source|ref)=|://(?:url|link|todo|xxx|your|insert)")
"""A cheap test: every https address that one of the patterns above matches has one of these."""


def odd_address(url: str) -> tuple[str, str] | None:
    """What is wrong with a target that is well-formed and yet leads nowhere, and the hint."""
    if url.startswith("https://") and not _SIGN.search(url):
        return None
    return next(((why, hint) for form, why, hint in _ODD if form.match(url)), None)


_PAIRS = (
    ("[", "[[", pattern(r"\[\[(?<![\]!\\]\[\[)[^\[\]\n]{1,200}\]\(https?://[^\s()]{1,500}\)(?![^\[\n]{0,200}\])")),
    (")", "))", pattern(r"\]\(https?://[^\s()]{1,500}\)\)")),
    ("]", "]](", pattern(r"\]\]\((?=https?://)")),
)
_WORDS_FOR_URL = pattern(
    r"\]\((?:(?:link|url|address|insert|add|path|reference|pointer|your|the)\b[a-z ]{2,40})\)", re.IGNORECASE
)


def odd_brackets(card: Card) -> Iterator[Odd]:
    """A superfluous bracket beside a link, and words in the place of its address."""
    if "](" not in card.prose:
        return
    for sign, all_have, form in _PAIRS:
        for match in form.finditer(card.prose) if all_have in card.prose else ():
            before = card.words[card.prose.rfind("\n\n", 0, match.start()) + 1 : match.start()]
            begun = before.count(")") < before.count("(") if sign == ")" else before.count("]") + 1 < before.count("[")
            if sign == "[" or not begun:
                yield match.start(), match[0], f"This link has a {sign} too many", "Take it out."
    for match in _WORDS_FOR_URL.finditer(card.prose):
        yield match.start(), match[0], f"'{short(match[0])}' has words where the address belongs", "Write https://..."


_MAILBOX = pattern(r"@(?:(?:[\w-]+\.)*[\w-]*\.\.\w[\w.-]*|@[\w-]+\.\w+|example\.(?:com|org|net)\b)", re.IGNORECASE)
_NAME = pattern(r"(?<![\w/.@:+-])[\w.+-]+\Z")
_INVITED = pattern(
    r"\b(?:write to|contact|e-?mail|mail to|questions|reach us)\b[^\n@]{0,30}?(?<![\w.+-])[\w.+-]+\Z", re.IGNORECASE
)
_POINTED = pattern(r"<mailto:(?:[^\s@>]*>|[^\s@>]+@[^\s>]*[,;:][^\s>]*>)", re.IGNORECASE)
_LONGEST = 90
_NO_ADDRESS = pattern(r"://(?<=: https://)(?=[ \t.]*$)", re.MULTILINE)


def odd_mailboxes(card: Card) -> Iterator[Odd]:
    """Malformed or placeholder mailboxes that readers are to write to, and `https://` with nothing after it."""
    hint = "Write NAME@HOST, as people reach it."
    for match in _NO_ADDRESS.finditer(card.prose) if "://" in card.prose else ():
        yield match.start() - len("https"), "https://", "No address follows 'https://'", "Write it in full."
    for match in _POINTED.finditer(card.prose) if "<mailto:" in card.prose else ():
        yield match.start(), match[0], f"'{short(match[0])}' is not a mail address", hint
    for match in _MAILBOX.finditer(card.prose) if "@" in card.prose else ():
        first = max(0, match.start() - _LONGEST)
        name = _NAME.search(card.prose, first, match.start())
        if name and ("@example" not in match[0].lower() or _INVITED.search(card.prose, first, match.start())):
            text = card.prose[name.start() : match.end()]
            yield name.start(), text, f"'{short(text)}' is not a mail address", hint
