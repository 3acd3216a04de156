"""The rule on markup that Markdown does not understand, so that its signs are shown as text."""

from __future__ import annotations

import html
import html.entities
import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from markdown_it import MarkdownIt

from azureml_publish.diagnostics import Severity
from azureml_publish.lint.cards.findings import replacing, short
from azureml_publish.lint.cards.prose import texts_of
from azureml_publish.lint.cards.typing_errors import almost
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.markdown.cards import Card, CardEdit
from azureml_publish.lint.rules.card_text import within_fence
from azureml_publish.lint.subject import AssetSubject, Described
from azureml_publish.patterns import Signs, near, pattern

_Shown: TypeAlias = tuple[int, str, str, str, CardEdit | None]
"""Offset, text, what is wrong, hint, and the edit where there is just one."""


class _Mark(NamedTuple):
    """A pattern, signs of which each match has one in or beside it (lower case), what is wrong, and the hint."""

    signs: tuple[str, ...]
    form: re.Pattern[str]
    what: str
    hint: str


def _mark(signs: str, what: str, hint: str, *forms: str) -> _Mark:
    return _Mark(tuple(signs.split("\n")), pattern("|".join(forms), re.IGNORECASE | re.MULTILINE), what, hint)


_OTHER = "is markup of another Markdown dialect, and is shown as text"
_FORMS = (
    _mark(
        ":::\n!!!\n???",
        _OTHER,
        "Write a paragraph that begins with the word in bold.",
        r"^:::+ ?\{?(?:note|tip|info|warning|caution|danger|important|success|details|callout|\.)[^\n]{0,60}$",
        r"^(?:!!!|\?\?\?\+?) ?[a-z]{3,12}(?: \"[^\"\n]{1,80}\")?$",
    ),
    _mark("{:\n{#", _OTHER, "Take it out.", r"\{: ?[.#][\w-]+[^}\n]{0,60}\}", r"^#{1,6} [^\n]{1,80}\{#[\w-]+\}$"),
    _mark(
        "[toc\n[_toc\n{toc\n{ toc",
        _OTHER,
        "Take it out, or link the sections.",
        r"\[\[_?toc_?\]\]|^@?\[toc\]|^\{\{ ?toc ?\}\}$",
    ),
    _mark(
        ".. ",
        "is reStructuredText, and is shown as text",
        "Write it in Markdown.",
        r"^\.\. (?:note|warning|tip|important|image|figure|code-block|code|math|toctree|admonition|contents)::",
    ),
    _mark(
        "{{<\n{{%\n<tip",
        _OTHER,
        "Take it out, or write it in Markdown.",
        r"\{\{[<%] ?/?[a-z][^\n]{0,80}[>%]\}\}|</?tip(?: warning=\{true\})?>",
    ),
    _mark(
        "h1. \nh2. \nh3. \n== \n'''\n{code\n{noformat\n{panel\n[/\n![[\n[0m",
        "is markup of a wiki, a forum or a terminal, and is shown as text",
        "Write it in Markdown, or take it out.",
        r"^h[1-6]\. (?=[A-Z])[^\n]{1,60}$|^={2,5} [A-Z][^=\n]{1,60} ={2,5}$|'''[A-Za-z][^'\n]{1,60}'''",
        r"\{(?:code|noformat|panel)(?::[^}\n]{0,40})?\}|\[(?P<code>b|i|u|img|url|code)\][^\[\]\n]{1,200}\[/(?P=code)\]",
        r"!\[\[[^\[\]\n]{1,80}\]\]|\[(?:\d{1,2};)?\d{1,2}m[^\n]{0,80}\[0m",
    ),
    _mark(
        "#######",
        "is not a heading: there are only six levels",
        "Write six # at most.",
        r"^ {0,3}#{7,20}[ \t]+(?=\w)[^\n]{1,80}$",
    ),
    _mark(
        "<http",
        "is an address in brackets that is not closed",
        "Write > after it.",
        r"(?<![\w=(\"'<\[])<https?://[^\s<>\"']{3,300}(?=[ \t]+\S)(?![^<>\n]*>)",
    ),
    _mark(
        "<br\n<hr\n<img\n</",
        "is a tag that is not closed",
        "Write > after it.",
        r"<(?:br|hr)[ \t]*/(?![ \t]*>)|<(?:br|hr|img)\b(?![^<>]*>)",
        r"</(?:b|i|em|strong|p|div|span|a|li|ul|ol|td|tr|th|table|h[1-6]|details|summary|center)\b(?!\s*>)",
    ),
    _mark(
        "=\u201c\n=\u201d\n=\u2018\n=\u2019\n= \u201c\n= \u201d",
        "has typographic quotes, which become part of the value",
        'Write ".',
        r"<[a-z][a-z0-9]*(?:\s[^<>\n]{0,200})?\s[a-z-]{2,20}= ?[\u201c\u201d\u2018\u2019][^<>\n]{0,200}>",
    ),
    _mark("[ ]\n[x]", "is not a task list item", "Write `- ` before it.", r"^\[[ x]\] (?=\w)"),
    _mark(
        "\\#",
        "is not a heading because of the backslash",
        "Take the backslash out.",
        r"^\\#{1,6} (?=[A-Z])[^\n]{2,60}$",
    ),
    _mark(
        "**\n__ ",
        "is not bold because of the spaces inside",
        "Take the spaces out.",
        r"\*\* (?<![^\s(]\*\* )(?=[A-Za-z])[^*\n]{1,80}\*\*",
        r"\*\*(?<![^\s(]\*\*)[A-Za-z][^*\n]{0,80} \*\*(?=[ \n.,;:)]|\Z)",
        r"__ (?<![^\s(]__ )(?=[A-Za-z])[^_\n]{1,80} __(?!\w)",
    ),
    _mark(
        "\u2022\n\u25e6\n\u25aa",
        "is not a list item: the lines run together",
        "Write `- ` for each of the signs.",
        r"^[ \t]*[\u2022\u25e6\u25aa][ \t]*[^\n]{2,300}\n(?=[ \t]*[\u2022\u25e6\u25aa])",
    ),
    _mark(
        "?s\n?t\n?re\n?ve\n?ll",
        "lost its apostrophe when a program read another encoding",
        "Write the apostrophe.",
        r"\b(?:[a-z]+n\?t|(?:it|that|there|here|what|who|he|she|let)\?s|[a-z]{2,20}\?s (?=[a-z])"
        r"|(?:we|you|they|i)\?(?:re|ve|ll|d))(?![\w=&])",
    ),
)

_HEADING = pattern(
    r"^ {0,3}(#{2,6})([A-Za-z][^#\n]{1,80})$|(?<=\n\n)(#)([A-Z][^#\n]{1,60})(?=\n\n|\n*\Z)", re.MULTILINE
)
_UNSPACED = pattern(r"#[A-Za-z]")
"""A cheap test: every text that the pattern above matches has a match of this one."""
_APART = pattern(r"(?<!\])\[([^\[\]\n]*[a-z]{2}[^\[\]\n]*)\]([ \t]+)\((https?://[^()\s]{1,500})\)")
_UNDEFINED = pattern(
    r"(?<![\]\\])!?\[([^\[\]\n]*(?:[a-z]{3}|[a-z]\.? [A-Z])[^\[\]\n]*)\]\[([A-Za-z][\w .-]{1,60})\](?![(\[:])"
)
_LINE_END = pattern(r"(?<=[.!?:)\w])\\n\\n|(?<=[.!?)])\\n(?=\s|$|[-*#A-Z])")
_ENTITY = pattern(r"&amp;(?:lt|gt|amp|nbsp|quot|apos|#[0-9]{2,5});")
_ESCAPED = pattern(r"(?<!\\)\\u(20[0-3][0-9a-f]|00[a-f][0-9a-f])(?![0-9a-f])", re.IGNORECASE)
"""Quotes, dashes and accented letters in JSON escapes."""
_BOLD = pattern(r"(?<![^\s(\[])\*\*(?=[A-Za-z])")
_SIGNS = Signs(sign for one in _FORMS for sign in one.signs)
_LINE_ENDS = pattern(
    r"^(?![^\n]*[$])[^\n]*?[\w.,:](?P<at>\\n)(?=[A-Za-z])[^\n]*?\w\\n(?=[A-Za-z])[^\n]*$", re.MULTILINE
)
"""At least two in one line: a single one may be a TeX command or part of a path."""
_NO_IMAGE = pattern(r"!\[(?<![^\s>|(]!\[)([^\[\]\n]{0,100})\](?:\[\])?(?![(\[:])")
_IN_CODE = pattern(r"&(?:lt|gt|amp|quot|nbsp|#39|#x27);")
_PLAIN_CODE = frozenset({"python", "py", "bash", "sh", "shell", "console", "json", "yaml", "yml"})
_TAGS = pattern(r"</?(?:b|i|u|p|a|em|br|ul|li|div|span|strong|font|h[1-6])(?:\s[^<>]*)?/?>", re.IGNORECASE)
_TAG_SHOWN = pattern(
    r"&lt;/?(?:br|p|em|ul|li|tr|td|img|div|span|table|strong|h[1-6])(?: [^&\n]{0,80})?/?&gt;", re.IGNORECASE
)
_INLINE = MarkdownIt("commonmark")
_NOTE = pattern(r"(?:(?<=[\w.,;:!?)*])[ ]?|^(?=\[\^[\w-]{1,20}\] \w))\[\^([\w-]{1,20})\](?!:|[+*?])", re.MULTILINE)
_NOTE_BELOW = pattern(r"^ {0,3}\[\^([\w-]{1,20})\]:", re.MULTILINE)
_MOST = 10


@rule(
    "CARD066",
    "markup-shown",
    Severity.WARNING,
    "Markup is shown as text, because it is not valid Markdown.",
    pages=True,
)
def markup_shown(model: Described) -> Findings:
    """Malformed headings, links and bold text, and line ends and entities that were escaped twice."""
    card = model.card
    if card.too_large:
        return
    for offset, text, what, hint, edit in sorted(_all(card), key=lambda one: one[0])[:_MOST]:
        fix = card.fix([edit], safe=False) if edit is not None else None
        yield markup_shown.at(card.at(offset, text), f"'{short(text)}' {what}.", hint, fix=fix)


@markup_shown.also
def _in_metadata(subject: AssetSubject) -> Findings:
    """Line ends, entities and characters that were escaped twice in metadata texts for readers."""
    model = subject.described
    for path, text in texts_of(model):
        if path not in ("displayName", "summary", "licenseDescription"):
            continue
        match = next((one for form in _IN_TEXTS if (one := form.search(text.text))), None)
        if match:
            hint = "Write the character or the line end itself."
            yield markup_shown.at(
                model.where(path), f"{path} shows '{short(match[0])}', which was escaped twice.", hint
            )
        elif tag := _TAGS.search(text.text):
            yield markup_shown.at(
                model.where(path), f"{path} holds '{short(tag[0])}', and is not HTML.", "Write it without tags."
            )


_IN_TEXTS = (_ENTITY, _IN_CODE, _ESCAPED, _LINE_END, pattern(r"(?<=\w)\\n(?=\w)|\\n$"))


def _all(card: Card) -> Iterator[_Shown]:
    for match in _HEADING.finditer(card.prose) if _UNSPACED.search(card.prose) else ():
        marks = match[1] or match[3]
        at = match.start(1) if match[1] else match.start(3)
        edit = replacing(card, at + len(marks), at + len(marks), " ")
        yield at, match[0].strip(), "is not a heading, for lack of a space after the #", "Write a space after it.", edit
    for match in _APART.finditer(card.prose) if "] " in card.prose or "]\t" in card.prose else ():
        edit = replacing(card, match.start(2), match.end(2), "")
        yield (
            match.start(),
            match[0],
            "is not a link because of the space between its brackets",
            "Take the space out.",
            edit,
        )
    defined = {key.casefold() for key in card.definitions}
    for match in _UNDEFINED.finditer(card.prose) if "][" in card.prose else ():
        key = " ".join(match[2].split()).casefold()
        if key not in defined:
            defined.add(key)  # one definition fixes all places
            hint = f"Write [{short(match[1])}](https://...), or define [{match[2]}]: https://... below."
            yield match.start(), match[0], "is not a link, because nothing defines its target", hint, None
    for match in _LINE_END.finditer(card.prose) if "\\n" in card.prose else ():
        yield match.start(), match[0], "is an escaped line end, shown as it is", "Break the line instead.", None
    for match in _ENTITY.finditer(card.prose) if "&amp;" in card.prose else ():
        edit = replacing(card, match.start(), match.end(), "&" + match[0].removeprefix("&amp;"))
        yield match.start(), match[0], "is an entity that was escaped twice", f"Write {edit[-1]}.", edit
    for match in _TAG_SHOWN.finditer(card.prose) if "&lt;" in card.prose else ():
        if "tag" not in card.lines[card.position(match.start())[0] - 1].lower():
            yield match.start(), match[0], "is a tag of HTML that readers see", "Write the tag, or take it out.", None
    yield from _marks(card, defined)
    yield from _entities(card)
    yield from _tex(card)
    for match in _ESCAPED.finditer(card.prose) if "\\u" in card.prose else ():
        meant = chr(int(match[1], 16))
        edit = replacing(card, match.start(), match.end(), meant)
        yield match.start(), match[0], "is an escaped character, shown as it is", f"Write {meant}.", edit
    yield from _open_bold(card)
    yield from _open_code(card)
    yield from _other_blocks(card)


def _other_blocks(card: Card) -> Iterator[_Shown]:
    """Text that became a heading through a row of dashes below it, or code through four spaces before it."""
    for heading in card.headings:
        text = " ".join(heading.text.split())
        line = card.lines[heading.line - 1].lstrip(" >")
        if not line.startswith("#") and len(text.split()) >= _FEWEST_WORDS and text.endswith(".") and "://" not in text:
            hint = "Put an empty line before the row of dashes."
            yield (
                card.starts[heading.line - 1],
                text,
                "becomes a heading through the row of dashes below it",
                hint,
                None,
            )
    for token in card.tokens:
        match = _SENTENCE.match(token.content) if token.type == "code_block" and token.map else None
        if match and token.map and len(match[0].split()) >= _FEWEST_WORDS:
            hint = "Remove the spaces before it."
            yield card.starts[token.map[0]], match[0], "becomes code through the four spaces before it", hint, None


_FEWEST_WORDS = 8
_SENTENCE = pattern(r"[A-Z][a-z]*(?: (?:[A-Za-z][a-z'-]*|[A-Z0-9.-]+|\d+),?)+[.:]\n?\Z")
"""Words and numbers only: other text may be code or a program's output."""


def _marks(card: Card, defined: set[str]) -> Iterator[_Shown]:
    """What only looks like Markdown: markup of other languages, and images without an address."""
    places = _SIGNS.places(card.prose)
    for one in _FORMS if places else ():
        if places.keys().isdisjoint(one.signs):
            continue
        for match in near(one.form, card.prose, (place for sign in one.signs for place in places.get(sign, ()))):
            around = slice(max(0, match.start() - 1), match.end() + 1)
            if card.source[around] == card.prose[around]:  # otherwise it contains code
                yield match.start(), match[0].strip(), one.what, one.hint, None
                break
    for match in _LINE_ENDS.finditer(card.words) if card.prose.count("\\n") > 1 else ():
        yield match.start("at"), "\\n", "is an escaped line end, shown as it is", "Break the line instead.", None
    for match in _NO_IMAGE.finditer(card.prose) if "![" in card.prose else ():
        if match[1].casefold() not in defined:
            yield (
                match.start(),
                match[0],
                "is not an image, for lack of an address",
                "Write ![what it shows](https://...).",
                None,
            )
    notes = {match[1] for match in _NOTE_BELOW.finditer(card.prose)} if "[^" in card.prose else set()
    for match in _NOTE.finditer(card.prose) if "[^" in card.prose else ():
        if match[1] not in notes:
            notes.add(match[1])  # one note fixes all places
            hint = f"Write [^{match[1]}]: and the note below, or take it out."
            yield match.start(), match[0], "is a footnote without a note", hint, None


_TEX = pattern(
    r"\\(?:textbf|textit|emph|texttt|textsc|underline|cite[pt]?|ref|eqref|label|footnote|section\*?|subsection\*?|url"
    r"|href|caption|includegraphics|item|begin|end)(?:\[[^\]\n]{0,60}\])?(?:\{[^{}\n]{1,80}\}|(?<=item) (?=\w))"
)
_FORMULA = pattern(r"\$|\\[(\[]|\\begin\{(?:equation|align|math|gather|array|bmatrix|pmatrix|cases|split)")


def _tex(card: Card) -> Iterator[_Shown]:
    """LaTeX commands in text, once a card. Cards with formulas are not judged."""
    match = _TEX.search(card.words) if "\\" in card.words and not _FORMULA.search(card.source) else None
    if match is not None:
        yield match.start(), match[0], "is a command of LaTeX, and is shown as text", "Write it in Markdown.", None


_ANY_ENTITY = pattern(r"&(?P<name>[a-z]{4,8});")
_ENTITIES = (
    *("nbsp", "quot", "apos", "copy", "mdash", "ndash", "hellip", "trade", "rarr", "larr", "times"),
    *("middot", "bull"),
)


def _entities(card: Card) -> Iterator[_Shown]:
    """Entities in code, where they are not resolved, and misspelt ones."""
    if "&" not in card.source:
        return
    for entity in _ANY_ENTITY.finditer(card.words):
        meant = almost(entity["name"], _ENTITIES) if f"{entity['name']};" not in html.entities.html5 else None
        if meant is not None:
            yield entity.start(), entity[0], "is not an entity, and is shown as it is", f"Write &{meant};.", None
    for fence in card.fences:
        match = _IN_CODE.search(fence.text) if fence.language in _PLAIN_CODE else None
        if match and "<" not in fence.text:
            line = fence.line + fence.text.count("\n", 0, match.start())
            column = card.lines[min(line, len(card.lines) - 1)].find(match[0])
            meant = html.unescape(match[0])
            yield card.starts[line] + max(column, 0), match[0], "is shown as it is in code", f"Write {meant}.", None
    for match in _SPAN_WITH.finditer(card.source) if _IN_CODE.search(card.source) else ():
        blank = not card.prose[match.start() : match.end()].strip() and not within_fence(card, match.start())
        if blank and re.search(r"\w", re.sub(r"&?\w+;", "", match[0])):
            yield match.start(), match[0], "is shown as it is in code", f"Write {html.unescape(match[0])}.", None


_SPAN_WITH = pattern(r"`(?<!``)[^`\n]{0,80}&(?:lt|gt|amp|quot);[^`\n]{0,80}`(?!`)")
_SPAN = pattern(r"(?<!`)(`+)(?!`)[^`](?:(?!\n\n)[\s\S])*?(?<!`)\1(?!`)")
_TICK = pattern(r"(?<![\w`\\'])`(?=[\w(./$-])")
"""A backtick that begins code, not one that is an accent or a LaTeX quote."""


def _open_code(card: Card) -> Iterator[_Shown]:
    """A backtick before a word without another one in the paragraph."""
    for first, last in card.paragraphs if "`" in card.prose else ():
        start = card.starts[first - 1]
        text = "\n".join(card.lines[first - 1 : last])
        if text.count("`") % 2 == 0 or "''" in text or "\u00b4" in text:
            continue
        bare = _SPAN.sub(lambda match: " " * len(match[0]), text)
        match = _TICK.search(bare) if bare.count("`") == 1 else None
        if match is not None:
            shown = text[match.start() :][:40].partition("\n")[0]
            yield start + match.start(), shown, "begins code that is not closed", "End it with `.", None


def _open_bold(card: Card) -> Iterator[_Shown]:
    """`**` before a word without another one in the paragraph."""
    if "**" not in card.prose:
        return
    for first, last in card.paragraphs:
        start = card.starts[first - 1]
        text = card.prose[start : card.start_of(last)]
        if text.count("**") % 2 == 0 or (match := _BOLD.search(text)) is None:
            continue
        tokens = _INLINE.parseInline(text)[0].children or []
        if any(token.type == "text" and _BOLD.search(token.content) for token in tokens):
            marks = [found.start() for found in _BOLD.finditer(text)]
            at = start + (marks[-1] if marks else match.start())
            yield (
                at,
                card.prose[at : at + 40].partition("\n")[0],
                "begins bold text that is not closed",
                "End it with **.",
                None,
            )
