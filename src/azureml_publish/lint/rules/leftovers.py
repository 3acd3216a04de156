"""Rules on what its authors left in a text: merge conflicts, credentials, repetitions, unfinished sections."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from azureml_publish.diagnostics import CREDENTIAL, Diagnostic, Location, Severity, may_hold_credential
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.prose import everything_of, prose_of, texts_of
from azureml_publish.lint.cards.typing_errors import unfinished
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.markdown.cards import Card, Passage, width_of
from azureml_publish.lint.subject import AssetSubject, Described, carried_text
from azureml_publish.patterns import pattern

_CONFLICT = pattern(r"^(?:<{7}|>{7})(?: \S.{0,200})?$", re.MULTILINE)
_DIFFERENCE = pattern(
    r"^@@ -\d{1,6}(?:,\d{1,6})? \+\d{1,6}(?:,\d{1,6})? @@|^diff --git a/\S+ b/\S+$|^={7}\n+>{7} \S.{0,200}$",
    re.MULTILINE,
)


@rule("CARD058", "conflict-marker", Severity.ERROR, "A merge conflict was left in a text.")
def conflict_marker(model: Described) -> Findings:
    """Conflict markers of git."""
    for card in prose_of(model):
        possible = "<<<<<<<" in card.source or "\n>>>>>>> " in card.source
        found = list(_CONFLICT.finditer(card.source)) if possible else []
        if found and any(match[0].startswith(">") or " " in match[0] for match in found):
            yield _conflict(card.at(found[0].start(), found[0][0]), found[0][0])
            continue
        sign = "\n@@ -" in card.source or "\ndiff --git" in card.source or "\n>>>>>>> " in card.source
        for match in list(_DIFFERENCE.finditer(card.prose))[:1] if sign else ():
            message = f"'{short(match[0])}' is a line of a diff or a merge conflict."
            hint = "Remove what git wrote, with the signs + and - before the lines."
            yield conflict_marker.at(card.at(match.start(), match[0]), message, hint)


@conflict_marker.also
def _in_files_beside(subject: AssetSubject) -> Findings:
    """Conflict markers in small files of settings and code beside the card, which then do not load."""
    for file in subject.read.asset.carried:
        name = file.path.rpartition("/")[2]
        text = (carried_text(file) or "") if _SETTINGS.fullmatch(name) else ""
        marked = "<<<<<<< " in text or ">>>>>>> " in text
        found = [one for one in _CONFLICT.finditer(text) if " " in one[0]] if marked else []
        if found:
            line = text.count("\n", 0, found[0].start()) + 1
            where = Passage(f"{subject.read.asset.shown}/{file.path}", line, 1, width_of(found[0][0]))
            yield _conflict(where, found[0][0])


def _conflict(where: Location, mark: str) -> Diagnostic:
    message = f"'{short(mark)}' marks an unresolved merge conflict."
    hint = "Keep one of the two sides, and remove the lines <<<<<<<, ======= and >>>>>>>."
    return conflict_marker.at(where, message, hint)


_SETTINGS = pattern(
    r"(?:requirements[\w.-]*\.txt|(?!tokenizer\.json|vocab\.json)[\w.-]+\.(?:ya?ml|py|jinja2?|toml|cfg|json)"
    r"|Dockerfile|MLmodel|LICENSE|special_tokens_map\.json)"
)

_LEAST_LETTERS = 8
"""A made-up token such as hf_xxxx has fewer different letters."""


_AZURITE = "Eby8vdM02xNOcqFlqUwJPLlm"
"""The beginning of the key of every local storage emulator.

Source: https://learn.microsoft.com/azure/storage/common/storage-use-azurite
"""


@rule("CARD059", "credential-shown", Severity.ERROR, "A text shows a credential.")
def credential_shown(model: Described) -> Findings:
    """A token, key or signed address that every reader could use. The message does not repeat it."""
    samples = (Card(sample.text, sample.place) for sample in model.samples)
    for card in (*everything_of(model), *samples):
        if len(card.source) < _SHORTEST:
            continue
        for match in CREDENTIAL.finditer(card.source) if may_hold_credential(card.source) else ():
            if len(set(match[0])) < _LEAST_LETTERS or match[0].startswith(_AZURITE) or _is_made_up(match[0]):
                continue
            yield _shown(card, match.start(), match[0], _kind(card.source, match))
        lowered = card.source.lower()
        names = (*_NAMES, *(_KEYS if "key" in lowered else ()))
        named = _NAMED.finditer(card.source) if any(sign in lowered for sign in names) else ()
        for match in (*named, *(_PASSWORD.finditer(card.source) if "@" in card.source else ())):
            value = match["value"]
            of_address = match[0].startswith("://")
            made_up = _NO_PASSWORD.fullmatch(match[0][3:]) if of_address else _MADE_UP.search(value)
            real = len(set(value)) >= _LEAST_LETTERS and re.search(r"\d", value) and re.search(r"[A-Za-z]", value)
            if real and not value.startswith("eyJ") and not CREDENTIAL.search(match[0]) and not made_up:
                what = "A password" if of_address else "A key"
                yield _shown(card, match.start("value"), value, what)


def _shown(card: Card, offset: int, text: str, what: str) -> Diagnostic:
    message = f"{what} is written here, and every reader can use it."
    hint = "Take it out, and revoke it: everyone who had the folder has it."
    return credential_shown.at(card.at(offset, text), message, hint)


_NAMED = pattern(
    r"(?:\bbearer |\b(?:x-)?api-key[\"']?\s?[:=]\s?[\"']?|\bsubscription-key[\"']?\s?[:=]\s?[\"']?"
    r"|\b(?:\w+_)?(?:secret_access_key|client_secret|api_key|account_key|access_token)[\"']?\s?[:=]\s?[\"'])"
    r"(?P<value>[A-Za-z0-9+/_.~=-]{20,200})(?![\w({\[])",
    re.IGNORECASE,
)
_PASSWORD = pattern(r"://[^\s/:@]{1,60}:(?P<value>[^\s/:@]{8,200})@[\w-]+\.\w+")
_NO_PASSWORD = pattern(
    r".*(?:[<>{}$%*\[\]]|your|xxx|\.\.\.|placeholder|dummy).*|[^:]*:[a-z_-]*(?:password|passwd|pwd|token|secret|key)\d{0,4}@.*"
    r"|.*@example\.\w+",
    re.IGNORECASE,
)
"""Placeholders for the user and password of an address in manuals."""
_SHORTEST = 17
"""The length of the shortest address with a password."""
_NAMES = ("bearer ", "client_secret", "access_token")
_KEYS = ("api-key", "subscription-key", "secret_access_key", "api_key", "account_key")
_MADE_UP = pattern(
    r"your|xxx|example|token|secret|passw|key[_-]|placeholder|dummy|1234|abcd|\.\.\.|os\.|env", re.IGNORECASE
)


def _is_made_up(token: str) -> bool:
    """Whether a token is an example: Amazon's, or a JSON Web Token without issuer, audience and expiry."""
    if token.endswith("EXAMPLE"):
        return True
    if not token.startswith("eyJ"):
        return False
    payload = token.split(".")[1]
    try:
        data = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return False
    return isinstance(data, dict) and not {"iss", "aud", "exp"} & data.keys()


def _kind(text: str, match: re.Match[str]) -> str:
    before = text[max(0, match.start() - 16) : match.start()]
    if before.endswith("sig="):
        return "The signature of an address (SAS)"
    if before.endswith("Key=") or "PRIVATE KEY" in match[0]:
        return "A key"
    return "A token"


_LEAST = 120
"""Shorter paragraphs may be repeated on purpose."""


@rule("CARD065", "text-repeated", Severity.WARNING, "A word, a line, a paragraph or a section is repeated.", pages=True)
def text_repeated(model: Described) -> Findings:
    """A repeated paragraph, section, word, sentence or line."""
    card = model.card
    yield from _like_another(model)
    if not card.too_large and (half := _second_half(card)) is not None:
        yield text_repeated.at(
            card.place(half, 1), "From here on the whole text is repeated.", "Take one of the two out."
        )
        return
    first: dict[str, int] = {}
    ends: dict[str, int] = {}
    copied: list[tuple[int, int]] = []
    for start, end, text, what, name in (*_sections(card), *_paragraphs(card)):
        above = first.setdefault(text, start)
        if above != start and not any(one <= start <= last for one, last in copied):
            copied.append((start, end))
            yield text_repeated.at(
                card.place(start, 1),
                f"The {what} '{short(name)}' is in line {card.place(above, 1).line} already, word for word.",
                "Take one of the two out.",
                severity=Severity.INFO if "".join(card.lines[ends[text] : start - 1]).strip() else None,
            )
        ends[text] = end
    for path, line in texts_of(model):
        words = (
            next(_words_twice(line.text), None) if path in ("displayName", "summary", "licenseDescription") else None
        )
        if words is not None:
            message = f"{path} says '{short(line.text[slice(*words)])}', which repeats itself."
            yield text_repeated.at(model.where(path), message, "Take one of the two out.")
    if not card.too_large:
        yield from _at_once(card)
        yield from _headings_twice(card)


_SHORT_WORDS = (
    *("The", "the", "An", "A", "an", "a", "of", "to", "in", "is", "and", "for", "on", "with", "by", "as", "be", "are"),
    *("This", "this", "from", "or", "at", "Its", "It", "its", "it", "was", "were", "has", "have", "can", "will"),
    *("which", "into", "than", "these", "their", "your", "you", "we"),
)
_PART = r"[\w'\u2019./-]"
_FIRST = {word: f"[{word[0].upper()}{word[0]}]{word[1:]}" if len(word) > 1 else word for word in _SHORT_WORDS}
_TWICE = {
    word: rf"{word[1:]}(?<={_FIRST[word]}[ \n]{word})(?<!{_PART}{_FIRST[word]}[ \n]{word})" for word in _SHORT_WORDS
}
_BY_LETTER = {word[0]: "|".join(form for one, form in _TWICE.items() if one[0] == word[0]) for word in _SHORT_WORDS}
_WORD_TWICE = pattern(
    rf"[ \n](?:{'|'.join(f'{letter}(?:{forms})' for letter, forms in _BY_LETTER.items())})(?!{_PART})"
)
"""Finds the second word. A space followed by one of few letters is found much faster than any word."""
_SENTENCE_TWICE = pattern(r"(?P<sentence>[A-Z](?<!\w[A-Z])[^.!?\n|]{20,300}+[.!?])[ \n](?P=sentence)(?=\s|$)")
_SENTENCE = 20


def _at_once(card: Card) -> Findings:
    """A word, sentence or line directly after itself."""
    ends = [sentence.strip() for sentence in card.words.replace("!", ".").replace("?", ".").split(".")]
    possible = any(len(second) >= _SENTENCE and first.endswith(second) for first, second in pairwise(ends))
    sentences = _SENTENCE_TWICE.finditer(card.words) if possible else ()
    for start, end in (*_words_twice(card.words), *(found.span() for found in sentences)):
        text = card.words[start:end]
        if not card.source.startswith(text, start):
            continue  # with code between
        yield text_repeated.at(card.at(start, text), f"'{short(text)}' repeats itself.", "Take one of the two out.")
    keys = _KEY_TWICE.finditer(card.words) if "_" in card.words else ()
    for entry in (*_ENTRY_TWICE.finditer(card.words), *keys):
        yield text_repeated.at(
            card.at(entry.start(), entry[0]), f"The list has {entry[1]} twice.", "Take one of the two out."
        )
    lines = [line.strip() for line in card.lines]
    alike = {number for number, (above, line) in enumerate(pairwise(lines), 2) if line == above and line}
    numbers = {number for first, last in card.paragraphs for number in range(first, last + 1)} if alike else alike
    for number in sorted(alike & numbers):
        text = lines[number - 1]
        if number - 1 in numbers and len(text.split()) > 1 and "|" not in text and _ALONE.search(text):
            yield text_repeated.at(
                card.place(number, 1), f"The line '{short(text)}' is repeated.", "Take one of the two out."
            )


_ALONE = pattern(r"^[-*+] .*[a-z]{3}|[a-z]{3}[^.!?]*$")
"""A list entry, or a line that is not a sentence; sentences are compared by words."""
_ENTRY_TWICE = pattern(r"([A-Z](?<!\w[A-Z])[a-z]{3,14})(?:,|,? and) \1(?=,|\.|;| and\b)")
_KEY_TWICE = pattern(r"\b([a-z]+_[a-z_]{2,20})(?:,|,? and) \1(?=,|\.|;| and\b)")


def _words_twice(text: str) -> Iterator[tuple[int, int]]:
    before = 0
    for second in _WORD_TWICE.finditer(text):
        start = second.start() - len(second[0]) + 1
        if start >= before:  # of three equal ones, the first two
            before = second.end()
            yield start, before


def _headings_twice(card: Card) -> Findings:
    """Two sections with the same name under one heading and different text, so it is unclear which one holds."""
    above: list[tuple[int, str]] = []
    first: dict[tuple[tuple[int, str], ...], int] = {}
    for heading in card.headings:
        name = (heading.level, " ".join(heading.text.lower().split()))
        above = [*(one for one in above if one[0] < heading.level), name]
        path = ((0, name[1]),) if name[1] in _OF_TEMPLATE else tuple(above)
        before = first.setdefault(path, heading.line)
        if before != heading.line and heading.level <= _DEEPEST and re.fullmatch(r"[\w /&,()'-]{4,60}", name[1]):
            message = f"The heading '{short(heading.text)}' is in line {card.place(before, 1).line} already."
            hint = "Merge both sections, or give each its own name."
            yield text_repeated.at(card.place(heading.line, heading.column), message, hint)


_OF_TEMPLATE = ("inference samples", "sample inputs and outputs", "finetuning samples", "model evaluation samples")


def _second_half(card: Card) -> int | None:
    """The line at which a text that is there twice begins again; None for other texts."""
    if card.text.count(next((text for line in card.lines if (text := line.strip())), "")) < 2:
        return None
    lines = [(number, text) for number, line in enumerate(card.lines, 1) if (text := line.strip())]
    middle = len(lines) // 2
    if len(lines) % 2 or middle < _FEWEST or sum(len(text) for _, text in lines) < _LEAST * 2:
        return None
    alike = [text for _, text in lines[:middle]] == [text for _, text in lines[middle:]]
    return lines[middle][0] if alike else None


_FEWEST = 2
"""Fewer lines may be repeated on purpose."""


def _like_another(model: Described) -> Findings:
    """Notes or an evaluation page with the same text as the card or another page."""
    first = {" ".join(model.card.text.split()): "the card"} if model.pages else {}
    for page in model.pages:
        text = " ".join(page.text.split())
        path = page.beginning.path
        above = first.setdefault(text, path)
        if above != path and len(text) >= _LEAST:
            yield text_repeated.at(
                page.beginning,
                f"This page is, word for word, the same as {above}.",
                "Write what belongs on it, or take it out.",
            )


def _sections(card: Card) -> Iterator[tuple[int, int, str, str, str]]:
    """Sections without their subsections: first and last line, heading and text, and the word for it in a message."""
    lines = [heading.line for heading in card.headings]
    counts = Counter(heading.text for heading in card.headings)
    for heading, end in zip(card.headings, (*lines[1:], len(card.lines) + 1), strict=False):
        body = " ".join(" ".join(card.lines[heading.line : end - 1]).split()) if counts[heading.text] > 1 else ""
        if len(body) > _LEAST // 3:
            yield heading.line, end - 1, f"{heading.text}\n{body}", "section", heading.text


def _paragraphs(card: Card) -> Iterator[tuple[int, int, str, str, str]]:
    for start, end in card.paragraphs:
        raw = " ".join(card.lines[start - 1 : end])
        if len(raw) >= _LEAST and len(text := " ".join(raw.split())) >= _LEAST:
            yield start, end, text, "paragraph", text


@rule(
    "CARD067",
    "section-empty",
    Severity.WARNING,
    "A section, a label or a sentence is unfinished.",
    pages=True,
)
def section_empty(model: Described) -> Findings:
    """A heading with nothing below it. A title needs no text."""
    card = model.card
    for match in _LABEL.finditer(card.prose) if ":**" in card.prose or "**:" in card.prose else ():
        part = slice(match.start(), match.end("next"))
        if card.source[part] != card.prose[part] or len(match["label"].split()) > _MOST_WORDS:
            continue  # with code after it, or a sentence
        message = f"Nothing follows '{short(match['label'])}'."
        hint = "Write it, or take the label out."
        yield section_empty.at(card.at(match.start("label"), match["label"]), message, hint)
    for offset, text in unfinished(card):
        message = f"The sentence breaks off at '{short(text)}'."
        yield section_empty.at(card.at(offset, text), message, "Write the rest of it.")
    if not (card.paragraphs or card.fences or card.tables or card.html):
        return  # CARD052 reports it
    following = (*card.headings[1:], None)
    for index, (heading, below) in enumerate(zip(card.headings, following, strict=False)):
        last = below.line - 1 if below is not None else len(card.lines)
        inside = any(map(str.strip, card.lines[_text_from(card, heading.line) : last]))
        if not heading.text.strip():
            yield section_empty.at(
                card.place(heading.line, heading.column), "This heading has no text.", "Write it, or take it out."
            )
            continue
        plain = not inside and re.fullmatch(r"[\w /&,()*-]{3,60}", heading.text) and len(heading.text.split()) <= 6
        ended = below is None or (below.level <= heading.level and not _is_part(below.text, heading.text))
        if index and plain and ended:
            message = f"The section '{short(heading.text)}' is empty."
            yield section_empty.at(card.place_of(heading), message, "Write it, or take the heading out.")


def _is_part(below: str, above: str) -> bool:
    """Whether a heading's words make it a part of the one above, whatever its level: Inputs of Inputs and Outputs."""
    words, whole = ({*re.findall(r"[a-z]{3,}", text.lower())} - {"and", "the"} for text in (below, above))
    return bool(words) and words < whole


_LABEL = pattern(
    r"^(?P<mark>[-*+] )?(?P<label>\*\*[A-Z][\w /()-]{2,50}(?::\*\*|\*\*:))[ \t]*(?=\n|\Z)"
    r"(?=(?P<next>\n*\Z|\n\s*#{1,4} [A-Z]|\n+(?(mark)[-*+] )\*\*[A-Z][\w /()-]{2,50}(?::\*\*|\*\*:)))",
    re.MULTILINE,
)
"""A bold label with a colon, and nothing before the next heading, label or end; in a list or as a line."""

_MOST_WORDS = 4
_DEEPEST = 2
"""Headings below this level often have the same name."""


def _text_from(card: Card, line: int) -> int:
    """The index of the first line below a heading, which may be underlined."""
    underlined = line < len(card.lines) and re.fullmatch(r" {0,3}(?:=+|-+)\s*", card.lines[line])
    return line + 1 if underlined and not card.lines[line - 1].lstrip().startswith("#") else line
