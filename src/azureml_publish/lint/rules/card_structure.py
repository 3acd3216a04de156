"""Rules on the structure of a card: front matter, fences, HTML, and whether it has any text."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from azureml_publish.diagnostics import Location, Severity
from azureml_publish.lint.cards.findings import replacing, short, times
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.markdown.cards import PARSED_CHARACTERS, Card
from azureml_publish.lint.names.models import hub_id
from azureml_publish.lint.subject import Described, ModelSubject
from azureml_publish.patterns import pattern

_SHOWN = pattern(r"[^\W_]")
_NOTHING = pattern(
    r"\W*(?:this is (?:an?|the|my) (?:\w+ )?model|(?:my|new|test|demo|sample) model|hello,? world|(?:a |the )?(?:model"
    r" )?description)\W*",
    re.IGNORECASE,
)


@rule("CARD052", "card-empty", Severity.WARNING, "The card has no text.", pages=True)
def card_empty(model: Described) -> Findings:
    """A card without text, or with headings only."""
    card = model.card
    if card.too_large:
        return
    headings = {heading.line for heading in card.headings}
    lines = card.words.split("\n")
    if card.fences or card.images or card.links or card.tables:
        return
    shown = [line for number, line in enumerate(lines, 1) if number not in headings and _SHOWN.search(line)]
    if shown and not (len(shown) == 1 and _NOTHING.fullmatch(shown[0])):
        return
    what = "holds headings and nothing below them" if headings else "holds nothing to read"
    message = f"This text {what}, and it is published with the model."
    yield card_empty.at(card.place(1, 1), message, "Write what the model does, for whom, and where it comes from.")


@card_empty.also
def _template_empty(model: ModelSubject) -> Findings:
    """A card that is only the template, so the page shows nothing but the spec."""
    begun = _OF_TEMPLATE.match(model.folder.card) if not model.folder.finished else None
    own = (model.project.project.templates / "card.md.j2").is_file()
    if begun and not own and not model.folder.spec.description and not _SHOWN.search(_TAGS.sub("", model.folder.card)):
        message = "The card has no text of its own, so the page shows only what the spec says."
        hint = "Write in its blocks what the model does, for whom, and where it comes from."
        yield card_empty.at(Location(model.folder.card_path), message, hint)


_OF_TEMPLATE = pattern(r"\s*\{% extends \"card\.md\.j2\" %\}")
_TAGS = pattern(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)


_KEY = pattern(r"[A-Za-z][\w-]*[ \t]*:(?=\s|$)")


@rule(
    "CARD053",
    "front-matter",
    Severity.WARNING,
    "The card begins with front matter, which a registry shows as text.",
    pages=True,
)
def front_matter(model: Described) -> Findings:
    """YAML before the card: the Hub reads it as metadata, a registry shows it as a rule and a heading."""
    card = model.card
    if card.front_matter:
        edit = replacing(card, 0, card.start_of(card.front_matter), "")
        message = f"The card begins with {card.front_matter} lines of front matter, which a registry shows as text."
        hint = "Move what it says into model.yaml (license, languages, datasets, tasks), and take it out here."
        yield front_matter.at(card.place(1, 1), message, hint, fix=card.fix([edit], safe=False), width=3)
    elif match := _OTHER_FRONT.match(card.source):
        message = "The card begins with what a site or the Hub reads as front matter; a registry shows it as text."
        hint = "Move what it says into model.yaml (license, languages, datasets, tasks), and take it out here."
        yield front_matter.at(card.at(match.start(match.lastgroup or "mark")), message, hint, width=3)
    elif card.lines[0].rstrip() == "---" and len(card.lines) > 1 and _KEY.match(card.lines[1]):
        message = "The card begins with front matter that is not closed, so all of it is shown."
        hint = "End it with a line ---, or better, move what it says into model.yaml."
        yield front_matter.at(card.place(1, 1), message, hint, width=3)


_OTHER_FRONT = pattern(
    r"\s*(?:<!--(?:(?!-->)[\s\S]){0,2000}-->\s*)?(?:```ya?ml\n)?"
    r"(?:(?P<mark>---)\n(?:[a-z_]{3,30}:[^\n]*\n|[ \t-][^\n]*\n)+---[ \t]*(?:\n|\Z)"
    r"|(?P<toml>\+\+\+)\n(?:\w+ *=[^\n]*\n)+\+\+\+"
    r"|(?:#{1,3} [^\n]{1,200}\n\s*(?P<below>-{3,})|(?P<long>-{4,}))\n(?:[a-z_]{3,30}:[^\n]*\n|[ \t-][^\n]*\n){0,20}?"
    r"(?:license|language|tags|pipeline_tag|library_name|base_model|datasets|metrics):[^\n]*\n"
    r"(?:[a-z_]{3,30}:[^\n]*\n|[ \t-][^\n]*\n){0,60}?-{3,}[ \t]*(?:\n|\Z))"
)
"""Front matter in other forms: TOML, after blank lines or a comment, in a fence, below a heading, or between other
dashes."""


@rule("CARD054", "fence-open", Severity.WARNING, "A code fence is not closed.", pages=True)
def fence_open(model: Described) -> Findings:
    """A fence without an end, so everything below it is shown as code."""
    card = model.card
    for token in card.tokens:
        if token.type != "fence" or not token.map:
            continue
        first, end = token.map
        last = card.lines[end - 1].strip("> \t") if end <= len(card.lines) else ""
        closed = end - first > 1 and len(last) >= len(token.markup) and not last.strip(token.markup[0])
        if not closed:
            below = sum(1 for line in card.lines[first + 1 : end] if line.strip())
            yield fence_open.at(
                card.passage(first + 1, card.lines[first].find(token.markup) + 1, token.markup),
                f"No {token.markup} closes this fence, which turns into code {times(below, 'line')} below it.",
                f"Write {token.markup} after the code.",
            )
        elif (
            (inner := _FENCE_WITHIN.search(token.content))
            and inner["marks"] == token.markup
            and token.info.strip() not in ("md", "markdown")
            and (token.info.strip() not in ("text", "txt") or _HEADING_WITHIN.search(token.content, 0, inner.start()))
        ):
            yield fence_open.at(
                card.passage(first + 1, card.lines[first].find(token.markup) + 1, token.markup),
                f"The next fence, {short(inner[0].strip())}, begins within this one, so its code is shown as text.",
                f"Write {token.markup} after the code.",
            )
    yield from _open_formulas(card)
    formulas = [match.start() for match in _FORMULA.finditer(card.prose)] if "$$" in card.source else []
    begun = [match.start("mark") for match in _BEGUN.finditer(card.prose)] if len(formulas) % 2 else []
    if begun:
        hint = "Write $$ after the formula."
        yield fence_open.at(card.at(begun[-1]), "No $$ closes this formula.", hint, width=2)


_HEADING_WITHIN = pattern(r"^#{1,6} \S", re.MULTILINE)
_FENCE_WITHIN = pattern(r"^ {0,3}(?P<marks>`{3,}|~{3,}) ?[a-z]+[ \t]*$", re.IGNORECASE | re.MULTILINE)


def _open_formulas(card: Card) -> Findings:
    """TeX environments, braces of powers and indices, and round brackets without an end in their paragraph."""
    commands = ("\\begin{", "\\end{", "\\(", "\\[", "\\frac") if "\\" in card.prose else ()
    if not any(sign in card.prose for sign in ("^{", "_{", *commands)):
        return
    for first, last in card.paragraphs:
        start = card.starts[first - 1]
        text = card.prose[start : card.start_of(last)]
        wrong = next((at for sign, end, at in _opened(text) if text.count(sign) > text.count(end)), None)
        if wrong is not None:
            line, column = card.position(start + wrong)
            shown = card.lines[line - 1][column - 1 :]
            yield fence_open.at(
                card.place(line, column), f"The formula at '{short(shown[:40])}' is not closed.", "Close it."
            )


def _opened(text: str) -> Iterator[tuple[str, str, int]]:
    """The signs that begin a part of a formula and are not closed, each with its end and its offset."""
    for match in _BEGINS.finditer(text):
        if match["name"]:
            yield match[0], f"\\end{{{match['name']}}}", match.start()
        elif match["brace"]:
            yield "{", "}", match.start()
        elif ")" not in text[match.end() :] and text.count("\\(") > text.count("\\)"):
            yield "\\(", "\\)", match.start()


_BEGINS = pattern(
    r"\\begin\{(?P<name>equation\*?|align\*?|aligned|matrix|[bp]matrix|cases|split|gather\*?|array|tabular)\}"
    r"|(?P<brace>[\^_]\{|\\(?:frac|sqrt|text|mathbf|mathrm)\{)|(?<!\\)\\\((?= ?[\w\\])"
)
_FORMULA = pattern(r"(?<![\\$])\$\$(?!\$)")
_BEGUN = pattern(r"^[ \t>]*(?P<mark>\$\$)(?![^\n]*\$\$)(?=[^\n]*[\\=^_]|[ \t]*\n[^\n]*[\\=^_])", re.MULTILINE)
"""Where a formula begins a line. Dollars elsewhere are prices and shell variables."""


_CONTAINERS = frozenset(
    {
        *("a", "b", "strong", "em", "sup", "sub", "u", "small", "big", "mark", "font", "span", "button", "picture"),
        *("table", "thead", "tbody", "ul", "ol", "div", "details", "summary", "blockquote", "center", "section"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "figure", "figcaption", "article", "video", "code", "pre"),
    }
)
"""Elements that need an end tag. Others end by themselves (p, li, td), have no end (br, img), or are not HTML but
tokens of a vocabulary (s, mask, i of a set)."""

_TAG = pattern(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s[^<>]*)?)>")
_QUOTED = frozenset({*_CONTAINERS, "img", "p", "td", "th", "tr", "li", "br", "hr", "source"})
_LONG_NAMES = ("details", "summary", "strong", "center", "table", "blockquote", "section", "figure", "picture")
_CUT = pattern(r"<(?:a|img|div|span|font|table|td|th|p)\s+[\w-]+\s*=[^<>]*?(?=<|\n\n|\Z)", re.IGNORECASE)
_MOST = 5


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A place where HTML is malformed."""

    offset: int
    text: str
    message: str
    hint: str


@rule("CARD055", "html-malformed", Severity.WARNING, "HTML in the card is malformed.", pages=True)
def html_malformed(model: Described) -> Findings:
    """HTML tags that are cut off, unclosed, closed twice, or whose quotes are unclosed."""
    card = model.card
    if card.too_large or "<" not in card.prose:
        return
    parts = (_cut_tags, _unbalanced, _open_comment, _slips_of_tags, _short_rows)
    wrong = sorted((one for part in parts for one in part(card)), key=lambda one: one.offset)
    for one in wrong[:_MOST]:
        yield html_malformed.at(card.at(one.offset, one.text), one.message, one.hint)


def _open_comment(card: Card) -> Iterator[_Wrong]:
    """Comments without an end. The others are blanked out of `prose`."""
    at = card.prose.find("<!--")
    if at >= 0 and "-->" not in card.prose[at:]:
        yield _Wrong(
            at, "<!--", "Nothing closes this comment, so everything below it is hidden.", "Write --> after it."
        )


_WHOLE_TAGS = r"(?:b|i|u|p|a|div|span|sup|sub|table|tr|td|th|li|ul|ol|strong|em|details|summary)"
_MARKS = r"(?:b|i|u|em|strong|s|sup|sub)"
_SLIPS = tuple(
    (pattern(form, re.IGNORECASE), what, hint)
    for form, what, hint in (
        (
            rf"< /?(?:{_WHOLE_TAGS}|br|hr|img)(?: ?/)?>|</ {_WHOLE_TAGS}>|<(?:br|hr|img)\b[^<>]*/ >",
            "is not an HTML tag because of its space",
            "Remove the space.",
        ),
        (
            rf"<(?P<name>{_WHOLE_TAGS}|center|h[1-6])\b[^<>]*>[^<>\n]+<(?P=name)>[ \t]*(?:\n|\Z)",
            "begins again where it should end",
            "Write / before the last name.",
        ),
        (
            rf"<(?P<out>{_MARKS})><(?P<within>{_MARKS})>[^<>\n]{{1,200}}</(?P=out)>[^<>\n]{{0,80}}</(?P=within)>",
            "ends its elements in the wrong order",
            "Close first what was opened last.",
        ),
    )
)


def _slips_of_tags(card: Card) -> Iterator[_Wrong]:
    """Tags with a space, without a slash or in the wrong order, and parts outside the element that they need."""
    for form, what, hint in _SLIPS:
        for match in form.finditer(card.prose):
            yield _Wrong(match.start(), match[0], f"'{short(match[0])}' {what}.", hint)
    lowered = card.prose.lower()
    for part, wholes in _PARTS:
        for match in re.finditer(rf"<{part}(?=[\s>])", lowered) if f"<{part}" in lowered else ():
            before = lowered[: match.start()]
            if all(before.count(f"<{whole}") <= before.count(f"</{whole}>") for whole in wholes):
                message = f"'<{part}>' is outside of <{wholes[0]}>."
                yield _Wrong(match.start(), match[0], message, f"Put it into <{wholes[0]}>...</{wholes[0]}>.")
                break


_PARTS = (("summary", ("details",)), ("tr", ("table",)), ("td", ("table",)), ("th", ("table",)))
_ROW = pattern(r"<tr\b[^<>]*>(?P<cells>(?:(?!</?tr\b|</?table\b)[\s\S]){0,4000}?)</tr>", re.IGNORECASE)
_CELL = pattern(r"<t[dh]\b(?P<attributes>[^<>]*)>", re.IGNORECASE)
_TABLE = pattern(r"<table\b(?:(?!<table\b)[\s\S]){0,20000}?</table>", re.IGNORECASE)


def _short_rows(card: Card) -> Iterator[_Wrong]:
    """HTML rows with another number of cells than the first. Tables with cells over several columns are not judged."""
    for table in _TABLE.finditer(card.prose) if "<tr" in card.prose else ():
        if "span" in table[0].lower():
            continue
        rows = [(row, len(_CELL.findall(row["cells"]))) for row in _ROW.finditer(table[0])]
        counts = [count for _, count in rows if count]
        odd = next(((row, count) for row, count in rows if count and count != counts[0]), None)
        if odd is not None and counts.count(counts[0]) + 1 >= len(counts):
            message = f"This row has {odd[1]} cells, the first {counts[0]}."
            yield _Wrong(table.start() + odd[0].start(), odd[0][0], message, "Fill in the missing cells.")


def _cut_tags(card: Card) -> Iterator[_Wrong]:
    for match in _CUT.finditer(card.prose):
        yield _Wrong(
            match.start(),
            match[0],
            f"The tag '{short(match[0])}' has no >, so it is shown as text.",
            "Close it with >.",
        )


def _unbalanced(card: Card) -> Iterator[_Wrong]:
    opened: list[tuple[str, int, str]] = []
    for match in _TAG.finditer(card.prose):
        closing, name, attributes = bool(match[1]), match[2].lower(), match[3]
        near = (
            difflib.get_close_matches(name, _LONG_NAMES, n=1, cutoff=0.8)
            if len(name) > 4 and match[2].islower()
            else []
        )
        if (near and near[0] != name) or (closing and name == "br"):
            meant = near[0] if near else name
            yield _Wrong(match.start(), match[0], f"'{match[0]}' is not an HTML tag.", f"Write <{meant}>.")
        if name not in _QUOTED:
            continue
        if attributes.count('"') % 2 or (not attributes.count('"') and attributes.count("'") % 2):
            message = f"A quote in '{short(match[0])}' is not closed, so the tag means something else."
            yield _Wrong(match.start(), match[0], message, "Close the quote.")
        if name not in _CONTAINERS:
            continue
        if not closing:
            if not attributes.rstrip().endswith("/"):
                opened.append((name, match.start(), match[0]))
            continue
        depth = next((at for at in range(len(opened) - 1, -1, -1) if opened[at][0] == name), None)
        if depth is None:
            message = f"'{match[0]}' ends an element that never began."
            yield _Wrong(match.start(), match[0], message, f"Write <{name}> before it, or take it out.")
            continue
        yield from (_not_closed(*one) for one in opened[depth + 1 :])
        del opened[depth:]
    yield from (_not_closed(*one) for one in opened)


def _not_closed(name: str, offset: int, text: str) -> _Wrong:
    return _Wrong(offset, text, f"Nothing closes '{short(text)}'.", f"Write </{name}> where it ends.")


_LARGE_BYTES = 16 * 1024
"""Only three of 156 published cards are larger."""


@rule("CARD050", "card-too-large", Severity.INFO, "The card is larger than almost every published one.")
def card_too_large(model: Described) -> Findings:
    """A card that is too long to be read."""
    card = model.card
    if len(card.text) <= _LARGE_BYTES // 4:
        return
    size = len(card.text.encode("utf-8", "replace"))
    if size <= _LARGE_BYTES:
        return
    beyond = (
        f" Beyond {PARSED_CHARACTERS // 1024} Ki characters a card is not checked further." if card.too_large else ""
    )
    message = f"The card has {size / 1024:,.0f} KiB; three of 156 published ones exceed {_LARGE_BYTES // 1024}.{beyond}"
    hint = "Move long tables and licences to a page of their own, and link it."
    yield card_too_large.at(card.place(1, 1), message, hint, severity=Severity.WARNING if card.too_large else None)


_DISCLAIMER = pattern(
    r"\bsummary\b[^.\n]{0,40}\b(?:generated|written|created|produced)\b[^.\n]{0,20}\b"
    r"(?:using|by|with)\s+(?:ChatGPT|GPT-?[0-9][\w.]*|an? (?:AI|LLM|language model)|AI|Copilot|Claude|Gemini)\b",
    re.IGNORECASE,
)
_ORIGINAL = pattern(r"\boriginal[- ]model[- ]card\b", re.IGNORECASE)


@rule(
    "CARD051", "machine-summary-disclaimer-link", Severity.INFO, "A machine-written summary does not link its original."
)
def machine_summary_disclaimer_link(model: Described) -> Findings:
    """A summary that is marked as written by a machine and does not link its original."""
    card = model.card
    if "summary" not in card.source:
        return
    for match in _DISCLAIMER.finditer(card.words):
        line = card.position(match.start())[0]
        first, last = next((one for one in card.paragraphs if one[0] <= line <= one[1]), (line, line))
        start, end = card.starts[first - 1], card.start_of(last)
        if any(start <= link.start < end for link in card.links):
            continue
        named, own = _ORIGINAL.search(card.words, match.start(), end), hub_id(model)
        fix = None
        if named and own:
            text = f"[{named[0]}](https://huggingface.co/{own})"
            fix = card.fix([replacing(card, named.start(), named.end(), text)])
        message = f"'{short(match[0])}', says the card, but it does not link the original."
        hint = f"Link https://huggingface.co/{own}." if own else "Link the original model card."
        yield machine_summary_disclaimer_link.at(card.at(match.start(), match[0]), message, hint, fix=fix)
