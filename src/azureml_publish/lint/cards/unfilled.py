"""Owners, commits and names that programs and templates of cards leave to be filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.lint.markdown.cards import Card
from azureml_publish.patterns import near_words, pattern

_OWNER = (
    r"<?your[-_ ]?(?:(?:hf|hugging[-_ ]?face|github)[-_ ]?)?(?:user(?:[-_ ]?name)?|name|org(?:ani[sz]ation)?|account)>?"
)
_OTHERS_CODE = pattern(
    r"(?:from_pretrained\(|snapshot_download\(|\b(?:model_name|model_id|repo_id|base_model|model)[ ]?=)\s{0,20}"
    r"(?:\w+[ ]?(?:=|,)[ ]?)?[\"'](?P<name>"
    r"<(?:(?:your|my|path[-_ ]to)[-_ ][\w -]{2,40}|(?:model|repo|adapter)[-_ ](?:id|name|path)"
    r"|[\w -]{0,30}\bthis[-_ ]repo(?:sitory)?)>(?=[\"'])"
    r"|YOUR_(?:MODEL|REPO|ADAPTER|CHECKPOINT)[A-Z_]{0,20}(?=[\"'])"
    rf"|{_OWNER}/[\w.-]{{2,80}})[\"']",
    re.IGNORECASE,
)
_CLONED = pattern(
    rf"\bgit clone (?P<name>https?://(?:huggingface\.co|hf\.co|github\.com)/(?:datasets/|spaces/)?{_OWNER}"
    r"/(?!<?your)[\w.-]+)",
    re.IGNORECASE,
)
_NAMED = pattern(
    rf"^[ \t]*[-*+] \*\*[\w /-]{{3,30}}(?::\*\*|\*\*:) `(?P<name>{_OWNER}/[\w.-]+)`[ \t.]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""Code that takes a model, commands that fetch one, and items of a list that say where something lies."""
_OTHERS_PAGE = pattern(
    r"https?://(?:huggingface\.co|hf\.co)/(?:datasets/|spaces/)?your[-_]?(?:user(?:[-_]?name)?|org)/", re.IGNORECASE
)
_COMMIT_UNFILLED = pattern(
    r"\b(?:commit|revision|version|sha|release|build)(?: \w+)? `(?P<name>\{\{ ?[A-Z][A-Z0-9]*_[A-Z0-9_]+ ?\}\})`",
    re.IGNORECASE,
)
_IN_FRONT = pattern(r"\{\{ ?[A-Z][A-Z0-9_]{2,40} ?\}\}")
_WITHOUT_KEY = pattern(r"^[ \t]*(?P<name>@[a-z]+\{(?:\.\.\.|\u2026),)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_UNNAMED = "{MODEL_NAME}"
"""What sentence-transformers writes into a card that it has no name for."""
_ABOUT_TEMPLATES = pattern(
    r"\btemplates?\b|\bplaceholders?\b|\breplaced?\b|\bsubstitut|\bjinja|\bhandlebars", re.IGNORECASE
)
_GUIDED = pattern(r"\bconfigur|\bsettings?\b|\bstep \d|\bupload|\bselect\b|\bcreate an? ", re.IGNORECASE)
_READERS_OWN = pattern(r"\bfork(?:ed|ing|s)?\b|\bgit push\b|\brepo create\b", re.IGNORECASE)


def unfilled(card: Card) -> Iterator[tuple[int, str]]:
    """What was to be written there before the card went out, with its offset; not what a reader is to fill in."""
    lowered = card.source.lower()
    if ("your" in lowered or "<" in lowered) and "push_to_hub" not in card.source and not card.too_large:
        signs = ("your", "<my", "<path", "<model", "<repo", "<adapter", "this-repo", "this repo", "this_repo")
        matches = near_words(_OTHERS_CODE, card.source, lowered, signs)
        yield from [(match.start("name"), match["name"]) for match in matches][:1]
        for form, sign in ((_CLONED, "git clone "), (_NAMED, "`")):
            found = form.finditer(card.source) if sign in lowered and "your" in lowered else ()
            yield from [(one.start("name"), one["name"]) for one in found if not _is_readers(card, one)][:1]
    if "`{{" in card.source and not _ABOUT_TEMPLATES.search(card.source):
        yield from [(match.start("name"), match["name"]) for match in _COMMIT_UNFILLED.finditer(card.source)][:1]
    yield from [(match.start(), match[0]) for match in _IN_FRONT.finditer(card.source, 0, card.text_start)][:1]
    if "{..." in card.source or "{\u2026" in card.source:
        yield from [(match.start("name"), match["name"]) for match in _WITHOUT_KEY.finditer(card.source)][:1]
    if (at := card.source.find(_UNNAMED)) >= 0:
        yield at, _UNNAMED
    for link in card.links:
        if link.kind in ("markdown", "html") and _OTHERS_PAGE.match(link.url):
            yield link.url_start, link.url
        elif link.text.strip("`* ") == "None" and link.url.rstrip("/").endswith("/None"):
            yield link.start, card.source[link.start : link.end]


def _is_readers(card: Card, match: re.Match[str]) -> bool:
    """Whether the reader is to write the owner: of a fork or a repository to come, or as the lines above say."""
    above = card.source[max(0, match.start() - _NEAR) : match.start()]
    guided = _ABOUT_TEMPLATES.search(above) or _GUIDED.search(above)
    return guided is not None or _READERS_OWN.search(card.source) is not None


_NEAR = 300
