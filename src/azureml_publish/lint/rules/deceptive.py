"""Rules on what is not what it looks like: characters that reorder text, links that run code or lead nowhere."""

from __future__ import annotations

import html
import re
import unicodedata
from urllib.parse import unquote

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.lint.cards.addresses import odd_address
from azureml_publish.lint.cards.findings import once_a_card, replacing, short, times
from azureml_publish.lint.cards.prose import everything_of
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.markdown.cards import Card, Passage
from azureml_publish.lint.rules.links import targets, without_words
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern

_BIDI = pattern("[\u202a-\u202e\u2066-\u2069]")
_RIGHT_TO_LEFT = pattern("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


@rule("CARD049", "bidi-character", Severity.WARNING, "A character reorders the text.")
def bidi_character(model: Described) -> Findings:
    """A character that changes the direction of text, in a card without right-to-left text.

    Source: https://trojansource.codes: what a reader sees is then not what a program reads.
    """
    for card in everything_of(model):
        match = None if card.text.isascii() else _BIDI.search(card.source)
        if match and (match[0] in "\u202d\u202e" or not _RIGHT_TO_LEFT.search(card.source)):
            edits = [replacing(card, one.start(), one.end(), "") for one in _BIDI.finditer(card.source)]
            message = (
                f"{times(len(edits), 'character', 'changes')} the direction of text, the first U+{ord(match[0]):04X}:"
                " readers see something else."
            )
            yield once_a_card(bidi_character, card, edits, message, "Take it out.")


_LIKE = (
    "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0458\u0455"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425"
    "\u03bf\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
)
_MIXED = pattern(
    rf"(?<!\w)(?=[A-Za-z0-9_{_LIKE}]*[A-Za-z]{{2}})[A-Za-z0-9_{_LIKE}]*[{_LIKE}][A-Za-z0-9_{_LIKE}]*(?!\w)"
)
"""Latin words with Cyrillic or Greek letters that look like Latin ones."""


@rule(
    "CARD074",
    "letter-of-another-script",
    Severity.WARNING,
    "A word has a letter of another script that looks the same.",
)
def letter_of_another_script(model: Described) -> Findings:
    """A Latin word with a Cyrillic or Greek letter that looks the same: searching does not find the word.

    Source: https://www.unicode.org/reports/tr39/ (confusables).
    """
    for card in everything_of(model):
        alike = not card.text.isascii() and any(one in card.source for one in _LIKE)
        match = _MIXED.search(card.source) if alike else None
        if match:
            letter = next(one for one in match[0] if one in _LIKE)
            script = unicodedata.name(letter).partition(" ")[0].capitalize()
            message = f"'{match[0]}' has the {script} letter U+{ord(letter):04X}, which looks like a Latin letter."
            yield letter_of_another_script.at(card.at(match.start(), match[0]), message, "Type the word again.")
        ligature = None if card.text.isascii() else _LIGATURE.search(card.prose)
        if ligature:
            meant = unicodedata.normalize("NFKC", ligature[0])
            yield letter_of_another_script.at(
                card.at(ligature.start()),
                f"'{ligature[0]}' is the one character U+{ord(ligature[0]):04X}, which looks like several letters.",
                f"Write {meant}.",
                width=1,
            )


_LIGATURE = pattern("[\ufb00-\ufb06]")
"""Ligatures, which come from copying out of a PDF."""

_PAGE = pattern(
    r"https?://(?:www\.)?(?:(?:huggingface\.co|hf\.co)/(?:datasets/|spaces/)?[\w.-]+/[\w.-]+/blob/"
    r"|github\.com/[\w.-]+/[\w.-]+/blob/(?!\S*[?&]raw=(?:true|1)))",
    re.IGNORECASE,
)


@rule("CARD057", "image-is-a-page", Severity.WARNING, "An image's address leads to a page about a file.", pages=True)
def image_is_a_page(model: Described) -> Findings:
    """An image whose address is a page about the file, which viewers do not show as an image."""
    card = model.card
    for image in card.images:
        if _SHARED.match(image.url):
            message = f"The image {short(image.url)} is a page for sharing, which viewers do not show as an image."
            hint = "Write the address of the file itself, on a host that serves images."
            yield image_is_a_page.at(card.at(image.url_start, image.url), message, hint)
        if match := _PAGE.match(image.url):
            end = image.url_start + match.end()
            file = "/raw/" if "github" in match[0].lower() else "/resolve/"
            edit = replacing(card, end - len("/blob/"), end, file)
            message = f"The image {short(image.url)} is the page about a file, which viewers do not show as an image."
            hint = "Write /resolve/ (Hub) or /raw/ (GitHub) in place of /blob/."
            yield image_is_a_page.at(card.at(image.url_start, image.url), message, hint, fix=card.fix([edit]))


_SHARED = pattern(
    r"https?://(?:drive\.google\.com/file/|(?:www\.)?dropbox\.com/\S*[?&]dl=0|1drv\.ms/|[\w-]+\.sharepoint\.com/)",
    re.IGNORECASE,
)


_SCRIPT_BELOW = pattern(
    r"^ {0,3}\[[^\]\n]{1,99}\]:\s{0,3}<?((?:java|vb)script:[^\n]{0,99}|data:text/html[^\n]{0,99})",
    re.IGNORECASE | re.MULTILINE,
)
_SCRIPT = pattern(r"[\s\x00-\x1f]*(?:javascript|vbscript|data\s*:\s*text/html)\s*:?", re.IGNORECASE)


@rule(
    "CARD056", "link-runs-code", Severity.ERROR, "A link or an image runs code, or the card has a script.", pages=True
)
def link_runs_code(model: Described) -> Findings:
    """Code in a card or link, which viewers remove, or run."""
    card = model.card
    for link, what in targets(card):
        written = unquote(html.unescape(link.url))
        if link.kind != "broken" and (match := _SCRIPT.match(written)) and (":" in match[0] or "/html" in match[0]):
            message = f"The {what} '{short(link.url)}' is code, not an address."
            hint = "Write the address of a page, or take it out."
            yield link_runs_code.at(card.at(link.url_start, link.url), message, hint)
    for match in _SCRIPT_BELOW.finditer(card.prose) if "]:" in card.prose else ():
        message = f"The target '{short(match[1])}' is code, not an address."
        hint = "Write the address of a page, or take it out."
        yield link_runs_code.at(card.at(match.start(1), match[1]), message, hint)
    for tag in _CODE_TAG.finditer(card.prose) if "<" in card.prose else ():
        yield link_runs_code.at(
            card.at(tag.start(), tag[0]),
            f"'{short(tag[0])}' is code in the card, which viewers remove.",
            "Take it out.",
            severity=Severity.WARNING if _PAGE_TAG.match(tag[0]) else None,
        )


_PAGE_TAG = pattern(r"<(?:style|link|meta|base|form)\b", re.IGNORECASE)
_CODE_TAG = pattern(
    r"<(?:script|iframe|style)\b[^<>]*>|<(?:object|embed|link|meta|base|form)\s[^<>]*=[^<>]*>"
    r"|<[a-z][\w-]*\s[^<>]*?\bon(?:click|load|error|mouse\w+|focus)\s*=[^<>]*>",
    re.IGNORECASE,
)


_LOOPBACK = pattern(r"(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1\])$", re.IGNORECASE)
_INSIDE = pattern(
    r"(?!host\.docker\.)(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d+){2,3}$"
    r"|(?!host\.docker\.)[\w.-]+\.(?:sharepoint\.com|corp\.microsoft\.com|microsofticm\.com|corp|internal|intranet|lan"
    r"|local)$"
    r"|(?!(?:www|docs|code|marketplace|blogs|my|visualstudio)\.)[\w-]+\.visualstudio\.com$|(?:[\w-]+\.)*eng\.ms$",
    re.IGNORECASE,
)
"""Hosts inside a network, or of one company's tenant, which outsiders cannot open."""

_PRIVATE_PAGE = pattern(
    r"https?://(?:portal|ml|ai)\.azure\.com/\S*?/subscriptions/(?!0{8}|1{8}|x{8})[0-9a-f]{8}-[0-9a-f-]{27}",
    re.IGNORECASE,
)
"""A page of one Azure subscription, which only its members can open."""

_NOTEBOOK = pattern(r"https?://(?:localhost|127\.0\.0\.1):\d{2,5}/(?:tree|lab|notebooks|edit|\?token=)", re.IGNORECASE)
_SERVES = pattern(
    r"\b(?:python3? [\w./-]*(?:app|server?|main|demo|api|web\w*|ui)\.py"
    r"|(?:flask|streamlit|gradio|docker|bentoml|npm|yarn) (?:run|serve|start|compose|app)"
    r"|uvicorn|gunicorn|mlflow (?:ui|server|models serve)|vllm serve|tensorboard|-m http\.server|docker-compose up)\b",
    re.IGNORECASE,
)
_STEPS = 600
"""How many characters above a local link the command may be that starts the local server."""

_HOST = pattern(r"https?://([^\s/?#:@]+|\[[0-9a-f:]+\])", re.IGNORECASE)
_HOME = pattern(
    r"(?<![\w/.])(?:[A-Za-z]:\\{1,2}Users\\{1,2}|(?:file://)?/(?:home|Users)/)"
    r"(?!(?:user|username|you|your\w*|me|name|azureuser|ubuntu|root|shared|public)\b)[a-z][\w.-]{1,40}(?=[\\/])",
    re.IGNORECASE,
)
_LOADED_HOME = pattern(
    r"(?:from_pretrained\(|load_model\(|\b(?:model(?:_name|_path|_id)?|checkpoint) ?= ?)[\"']" + _HOME.pattern,
    re.IGNORECASE,
)
"""The same in code that loads from the address; other code may show what a program printed."""
_HOME_SIGNS = (":\\users", ":\\\\users", "/home/", "/users/")


@rule("CARD060", "link-not-public", Severity.WARNING, "A link or a path leads where readers cannot go.", pages=True)
def link_not_public(model: Described) -> Findings:
    """A link into a private network or company tenant, to the author's machine, or a path in the author's home."""
    card = model.card
    for link in (*card.links, *card.images):
        host = _HOST.match(link.url)
        loopback = host is not None and _LOOPBACK.match(host[1]) and link.kind != "plain"
        private = host is not None and (_INSIDE.match(host[1]) or _PRIVATE_PAGE.match(link.url))
        began = loopback and _SERVES.search(card.source, max(0, link.url_start - _STEPS), link.url_start)
        own = (loopback and not began) or _NOTEBOOK.match(link.url)
        if host is not None and link.kind != "broken" and (own or private):
            where = "to the reader's own machine" if own else "into a network that readers cannot reach"
            message = f"The link to {short(host[1])} leads {where}."
            yield link_not_public.at(card.at(link.url_start, link.url), message, "Link a public page, or take it out.")
    lowered = card.source.lower()
    if match := _CLUSTER.search(card.source) if "/lustre/" in lowered or "/gpfs/" in lowered else None:
        message = f"'{short(match[0])}' is a folder of one computing centre."
        hint = "Write a path that any reader has, such as ./model."
        yield link_not_public.at(card.at(match.start(), match[0]), message, hint)
    for form, text in ((_HOME, card.words), (_LOADED_HOME, card.source)):
        found = list(form.finditer(text)) if any(sign in lowered for sign in _HOME_SIGNS) else []
        for match in found:
            yield _home(card, match)
    yield from _in_mlmodel(model)


_CLUSTER = pattern(r"(?<![\w/.])/(?:lustre|gpfs)/[\w.-]+(?:/[\w.-]+){2,30}")
"""A folder of one computing centre, in code as in words."""
_ACCOUNTS = pattern(
    r"(?:[\w-]*(?:user|service|admin)|runner|jovyan|spark[\w-]*|vsts|vscode|jenkins|airflow|docker|ray|app|work|dev"
    r"|gitpod|codespace|databricks|mlflow)$"
)
"""Accounts of machines that train, which are nobody's."""


def _in_mlmodel(model: Described) -> Findings:
    """The same in MLmodel, which goes up with the model."""
    text = model.mlmodel.text if model.mlmodel is not None else ""
    for match in _HOME.finditer(text):
        if model.mlmodel is not None and not _ACCOUNTS.search(match[0].lower()):
            line = text.count("\n", 0, match.start()) + 1
            column = match.start() - text.rfind("\n", 0, match.start())
            message = f"'{short(match[0])}' is a folder of its author's own machine."
            hint = "Log the model anew with paths of its own folder, or write them so."
            yield link_not_public.at(Passage(model.mlmodel.path, line, column, len(match[0])), message, hint)
            return


def _home(card: Card, match: re.Match[str]) -> Diagnostic:
    path = match[0].rpartition('"')[2].rpartition("'")[2]
    message = f"'{short(path)}' is a folder on the author's own machine."
    hint = "Write a path that exists for every reader, such as ./model."
    return link_not_public.at(card.at(match.end() - len(path), path), message, hint)


_FILE = pattern(
    r"(?:file:|attachment:|cid:|[A-Za-z]:[\\/])\S*$|[\w./-]+(?: [\w./-]+){1,5}\.\w{2,5}$"
    r"|(?:\.{0,2}/)?[\w.%~-]+(?:/[\w.%~-]+)*(?:[?#]\S*)?$",
    re.IGNORECASE,
)
_SITE = pattern(r"(?:www\.)?[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|ai|edu|dev|co|gov)(?:[/?#]|$)", re.IGNORECASE)

_NO_FILE = (
    (pattern(r"(?:%25|%)[A-Z][A-Z0-9_]{2,40}(?:%25|%)$"), "a template expression that was never replaced"),
    (pattern(r"(?:file:|[A-Za-z]:[\\/])", re.IGNORECASE), "a file on the author's own machine"),
    (pattern(r"(?:LINK|HREF|ADDRESS|[A-Z]+_(?:URL|LINK))$"), "a placeholder for an address"),
    (pattern(r"\.\./|/|\w[\w.-]*/[\w-]+$"), "a path, not an address"),
)
"""What looks like a path and is not a file."""


@rule("CARD064", "link-relative", Severity.WARNING, "A link or an image is a file beside the card.", pages=True)
def link_relative(model: Described) -> Findings:
    """A link to a file beside the card, which a registry does not have."""
    card = model.card
    seen: set[str] = set()
    for link, what in targets(card):
        if (
            link.kind not in ("markdown", "html", "definition")
            or not _FILE.match(link.url)
            or link.url in seen
            or odd_address(link.url)
        ):
            continue
        seen.add(link.url)
        if _SITE.match(link.url):
            message = f"The {what} {short(link.url)} lacks https://, so viewers look for a file of that name."
            hint = f"Write https://{short(link.url)}."
        elif not_a_file := next((what for form, what in _NO_FILE if form.match(link.url)), ""):
            message, hint = (
                f"The {what} {short(link.url)} is {not_a_file}.",
                "Write the whole address, https:// included.",
            )
        else:
            message = f"The {what} {short(link.url)} is a file beside the card; a registry has only the card."
            hint = "Write the whole address, https:// included."
        if what == "image" and without_words(card, link):
            hint = f"{hint.removesuffix('.')}, and words for those who do not see the image."
        yield link_relative.at(card.at(link.url_start, link.url), message, hint)
