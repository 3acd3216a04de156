"""Rules on the links of a card as they are written, without following them."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterator
from urllib.parse import unquote

from azureml_publish.diagnostics import Diagnostic, Severity
from azureml_publish.lint.cards.addresses import odd_address, odd_brackets, odd_mailboxes
from azureml_publish.lint.cards.findings import once_a_card, replacing, short, times
from azureml_publish.lint.cards.typing_errors import mistyped
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.markdown.inline import Link, within
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern

_HTTPS = pattern(
    r"(?:[\w-]+\.)*(?:aclanthology\.org|aka\.ms|anthropic\.com|apache\.org|arxiv\.org|azure\.com|creativecommons\.org"
    r"|doi\.org|github\.com|github\.io|githubusercontent\.com|google\.com|huggingface\.co|hf\.co|ieee\.org|kaggle\.com"
    r"|microsoft\.com|nvidia\.com|openai\.com|pytorch\.org|readthedocs\.io|stanford\.edu|tensorflow\.org|wikipedia\.org"
    r"|wikimedia\.org|youtube\.com|zenodo\.org)",
    re.IGNORECASE,
)
"""Hosts that serve every page over https, too, since they redirect from http to it."""

_BARE = pattern(r"\d{1,3}(?:\.\d{1,3}){3}")
"""An address of a machine, which hardly ever has a certificate."""

_LOCAL = pattern(r"localhost|127\.|10\.|192\.168\.|0\.0\.0\.0|\[::1\]|[\w-]+$", re.IGNORECASE)


def targets(card: Card) -> Iterator[tuple[Link, str]]:
    """The links and images of a card, each with the word for it in a message."""
    shown = {image.url_start for image in card.images}
    yield from ((link, "link to") for link in card.links if link.url_start not in shown)
    yield from ((image, _shown_as(image.url)) for image in card.images)


def _shown_as(url: str) -> str:
    ending = re.split(r"[?#]", url, maxsplit=1)[0].lower().rpartition(".")[2]
    return "video" if ending in _VIDEOS else "sound" if ending in _SOUNDS else "image"


_VIDEOS = ("mp4", "webm", "mov", "ogv", "m4v", "mkv", "avi")
_SOUNDS = ("mp3", "wav", "ogg", "flac", "m4a", "opus")


@rule("CARD020", "link-http", Severity.WARNING, "A link or an image goes over plain http.", pages=True)
def link_http(model: Described) -> Findings:
    """A link over plain http."""
    card = model.card
    places: dict[str, list[tuple[Link, str]]] = {}
    for link, what in targets(card):
        if link.url[:7].lower() == "http://" and link.kind != "broken":
            places.setdefault(link.url, []).append((link, what))
    for same in places.values():
        link, what = same[0]
        host = re.split(r"[/:?#]", link.url[7:], maxsplit=1)[0]
        if not host or _LOCAL.match(host):
            continue
        known = _HTTPS.fullmatch(host) is not None
        edits = [replacing(card, one.url_start, one.url_start + 7, "https://") for one, _ in same]
        often = f" ({len(same)} times)" if len(same) > 1 else ""
        bare = _BARE.fullmatch(host) is not None
        page = what == "link to" and not known and not bare and not _FILE.search(link.url)
        whose = f" to a machine without a name{often}" if bare else often
        hint = f"Write https instead; keep http only if {short(host)} does not answer there."
        yield link_http.at(
            card.at(link.url_start, link.url),
            f"The {what} {short(link.url)} goes over plain http{whose}: others on the way can read and change it.",
            "Link a host with a name that answers over https." if bare else "Write https instead." if known else hint,
            fix=card.fix(edits) if known else None,
            severity=Severity.INFO if page else None,  # most hosts send readers on to https
        )


_FILE = pattern(
    r"[^/:]/[^/?#]*\.(?:zip|tar|t?gz|tgz|bz2|xz|7z|rar|whl|exe|sh|py|ipynb|bin|pt|pth|onnx|safetensors|gguf|ckpt|h5|pkl|npz|csv"
    r"|jsonl?|parquet|js|jar)(?:[?#]|$)",
    re.IGNORECASE,
)
"""What readers run or load, and would not see changed."""


_REPOSITORY_FILE = pattern(
    r"https?://(?:www\.)?(?:github\.com/(?P<repo>[\w.-]+/[\w.-]+)/(?:tree|blob|raw|edit)"
    r"|raw\.githubusercontent\.com/(?P<raw>[\w.-]+/[\w.-]+)(?:/refs/heads)?)/(?P<ref>[^/?#\s]+)",
    re.IGNORECASE,
)
_STAYS = pattern(
    r"main|master|trunk|develop|dev(?:[-_.].*)?|r[0-9.]+|HEAD|gh-pages|stable|latest|refs|releases?|"
    r"[0-9a-f]{7,40}|(?:\w+[-_])?v?[0-9]+(?:\.[0-9x]+)*(?:[-.+]?\w+)*|release[-_].*|stable[-_].*",
    re.IGNORECASE,
)
"""Names that stay in a repository: default branches, commits, versions and releases."""


@rule("CARD021", "link-non-default-branch", Severity.WARNING, "A link goes into a branch of a repository.", pages=True)
def link_non_default_branch(model: Described) -> Findings:
    """A link to a branch other than the default one, which ends when the branch is merged."""
    card = model.card
    for link in card.links:
        match = _REPOSITORY_FILE.match(link.url)
        if match is None or _STAYS.fullmatch(match["ref"]):
            continue
        repository = match["repo"] or match["raw"]
        branch = match["ref"] + "/..." * link.url.startswith("/", match.end())  # the branch name may contain a slash
        message = f"The link goes into a branch of {repository}, '{branch}', and breaks when that branch is deleted."
        hint = "Link the same file on the default branch (main), or at a commit or tag."
        yield link_non_default_branch.at(card.at(link.url_start, link.url), message, hint)


@rule(
    "CARD022",
    "link-empty",
    Severity.ERROR,
    "A link has no target or no text, or an image no address or words.",
    pages=True,
)
def link_empty(model: Described) -> Findings:
    """A link without target or text, or an image without address or description."""
    card = model.card
    for link in card.links:
        if link.kind not in ("markdown", "html"):
            continue
        shown, severity = card.source[link.start : link.end], None
        if link.url.strip() in ("", "#", "<>") and _BADGE.match(link.text):
            message, severity = "The image leads nowhere: the link round it has no target.", Severity.WARNING
            hint = "Write the address, or take the link round the image away."
        elif link.url.strip() in ("", "#", "<>"):
            message, hint = f"The link '{short(link.text)}' has no target.", "Write the address, or take the link out."
        elif not re.sub(r"&nbsp;|\s", "", link.text) and shown.lower().endswith((")", "</a>")):
            message, hint = f"The link to {short(link.url)} has no text to click on.", "Write what the link is about."
        else:
            continue
        yield link_empty.at(card.at(link.start, shown), message, hint, severity=severity)
    bare = [(tag.start(), tag[0]) for tag in (_BARE_TAG.finditer(card.prose) if "<" in card.prose else ())]
    for offset, tag in bare:
        what, key = ("image", "src") if tag[1].lower() == "i" else ("link", "href")
        yield link_empty.at(
            card.at(offset, tag), f"The {what} '{short(tag)}' has no address.", f'Write {key}="https://...".'
        )
    for image in card.images:
        if image.kind != "broken" and image.url.strip() in ("", "#", "<>"):
            message = "The image has no address, so that nothing is shown."
            hint = "Write the address, or take the image out."
            yield link_empty.at(card.at(image.start, card.source[image.start : image.end]), message, hint)
    unnamed = [image for image in card.images if "://" in image.url and without_words(card, image)]
    if unnamed:
        more = f" So have {len(unnamed) - 1} more." if len(unnamed) > 1 else ""
        yield link_empty.at(
            card.at(unnamed[0].start, card.source[unnamed[0].start : unnamed[0].end]),
            f"The image has no description for those who cannot see it.{more}",
            'Write what it shows: ![words](address), or alt="words"; alt="" where it only decorates.',
            severity=Severity.WARNING,
        )


_BADGE = pattern(r"\s*(?:!\[|<img\b)", re.IGNORECASE)


def without_words(card: Card, image: Link) -> bool:
    """Whether an image of a card says nothing to those who do not see it; CARD064 speaks of those that nobody sees."""
    return _UNNAMED.match(card.source, image.start, image.end) is not None


_UNNAMED = pattern(r"!\[\s*\]\(|<img\b(?![^<>]*(?:\balt\b|\b(?:title|aria-label)\s*=))", re.IGNORECASE)
_BARE_TAG = pattern(
    r"<img(?=[\s/>])(?![^<>]*\bsrc(?:set)?\s*=)[^<>]*>|<a\s(?![^<>]*\b(?:href|id|name|class)\s*=)[^<>]*=[^<>]*>"
    r"|<a>(?=[^<>\n]{1,200}</a>)|<a\s(?![^<>]*\bhref\s*=)[^<>]*\b(?:herf|hfef|hre|src|url|link)\s*=[^<>]*>",
    re.IGNORECASE,
)
_SCHEME = pattern(r"(?:https?://){2,}|h?t?t+ps?:?/+|https?[;.]/+|https?:(?!//)/*|https?//", re.IGNORECASE)
_GOOD = pattern(r"https?://(?!/)(?!https?:)(?![^\s/?#]*\.\.)[^\s/?#:]+", re.IGNORECASE)
_BRACKETS = pattern(
    r"(?<![\w\])!/=])\((https?://[^\s()<>]{1,500})\)\[([^\[\]\n]{1,200})\]"
    r"|\((?P<t>[^()\[\]\n]{1,100})\)\[(?P<u>https?://[^\s\[\]]{1,500})\]"
)
_ADDRESS = pattern(r"\s*<?(?:https?:|mailto:|www\.|/|#)", re.IGNORECASE)


@rule(
    "CARD023", "link-malformed-url", Severity.ERROR, "A link's address cannot be followed as it is written.", pages=True
)
def link_malformed_url(model: Described) -> Findings:
    """An address that cannot be followed, or a link whose brackets are wrong."""
    card = model.card
    for link, _ in targets(card):
        if link.kind == "broken":
            yield from _broken(card, link)
        elif link.kind in ("markdown", "html", "definition"):
            if wrong := _no_address(link.url.strip()):
                why, hint, right = wrong
                yield _malformed(card, link.url_start, link.url, f"'{short(link.url)}' {why}", hint, right=right)
            yield from _host(card, link)
        if link.kind != "broken" and (odd := odd_address(link.url)):
            yield _odd_text(card, link.url_start, link.url, f"'{short(link.url)}' {odd[0]}", odd[1])
    for offset, text, message, hint in (*odd_brackets(card), *odd_mailboxes(card)):
        yield _odd_text(card, offset, text, message, hint)
    for match in _BRACKETS.finditer(card.prose) if ")[" in card.prose else ():
        url, text = (match[1], match[2]) if match[1] else (match["u"], match["t"])
        message = f"The link to {short(url)} has its brackets in the wrong order, so it is shown as text"
        hint = f"Write [{short(text)}]({short(url)})."
        yield _malformed(card, match.start(), match[0], message, hint, right=f"[{text}]({url})")
    for match in _POINTED.finditer(card.prose) if "<http" in card.prose else ():
        if " " in match[0]:
            message, hint = f"'{short(match[0])}' is not a link because of its space", "Write %20 for the space."
        else:
            message, hint = f"Nothing closes '{short(match[0])}'", "Write > after the address."
        yield _malformed(card, match.start(), match[0], message, hint)


def _malformed(card: Card, offset: int, text: str, message: str, hint: str, *, right: str = "") -> Diagnostic:
    """A finding at a text of the card, with the fix that writes `right`, where that is known."""
    fix = card.fix([replacing(card, offset, offset + len(text), right)], safe=False) if right else None
    return link_malformed_url.at(card.at(offset, text), f"{message}.", hint, fix=fix)


def _odd_text(card: Card, offset: int, text: str, message: str, hint: str) -> Diagnostic:
    return link_malformed_url.at(card.at(offset, text), f"{message}.", hint, severity=Severity.WARNING)


_POINTED = pattern(r"(?<!\()<https?://[^\s<>]+(?: [^\s<>=]+){1,5}>|(?<!\()<https?://[^\s<>]+$", re.MULTILINE)


def _broken(card: Card, link: Link) -> Findings:
    """`](` followed by an address that is not a link, because of a space or a missing bracket."""
    if not _ADDRESS.match(link.url):
        return
    inner, closed, _ = link.url.partition(")")
    bare = inner.strip()
    edits = []
    if closed and " " in bare and "\n" not in bare and not re.search(r"\s[\"'(]", bare):
        message = f"The link '{short(link.text)}' has a space in its address, so it is shown as text."
        hint = "Write %20 for the space, or take it out."
        edits = [replacing(card, link.url_start, link.url_start + len(inner), bare.replace(" ", "%20"))]
    else:
        message = f"The link '{short(link.text)}' is not closed, so it is shown as text."
        hint = "Close the address with ')'."
    fix = card.fix(edits, safe=False) if edits else None
    yield link_malformed_url.at(card.at(link.start, card.source[link.start : link.end]), message, hint, fix=fix)


_TWICE = pattern(r"https?://(?:www\.)?([\w-]+(?:\.[\w-]+)+)/(?:https?:/{1,2})?(?:www\.)?\1(?=/)", re.IGNORECASE)
_BARE_MAIL = pattern(r"(?:e?mail:)?([\w.+-]+@[\w-]+(?:\.[\w-]+)+)$", re.IGNORECASE)
_NO_HOST = pattern(r"https?://[^\s/?#{<$\[]{0,255}(?:[,;]|:(?!\d*(?:[/?#]|$)|[^/?#@]{0,99}@))", re.IGNORECASE)
_IN_OTHER_MARKS = pattern(r"[\"'].|\[https?:")
_MAIL = pattern(r"mailto:(?![^\s@/]+@[\w-]+(?:\.[\w-]+)+(?:[?,]|$))\S*", re.IGNORECASE)


def _no_address(url: str) -> tuple[str, str, str] | None:
    """Why an address cannot be followed, the hint, and the right address where it is known."""
    if (written := _BARE_MAIL.match(url)) or _MAIL.match(url):
        why = "is a mail address without mailto:" if written else "is not a mail address"
        return why, f"Write mailto:{written[1] if written else 'NAME@HOST'}.", ""
    if (marked := _IN_OTHER_MARKS.match(url)) or _NO_HOST.match(url):
        why = f"begins with {url[0]}" if marked else "names no host"
        return why, "Write the whole address, https:// and host, without quotes or brackets.", ""
    if twice := _TWICE.match(url):
        return f"names {twice[1]} twice", f"Write https://{short(url[twice.end() - len(twice[1]) :])}.", ""
    if _GOOD.match(url) or not (match := _SCHEME.match(url)):
        return None
    scheme = "http://" if re.match(r"http(?!s)", url, re.IGNORECASE) else "https://"
    rest = url[match.end() :].lstrip(":/")
    if not re.match(r"[\w-]+(?:\.[\w-]+)+", rest):
        return "has no host", "Write the whole address, https:// included.", ""
    why = f"is not an address: it begins with '{short(match[0])}'"
    return why, f"Write {scheme}{short(rest)}.", scheme + rest


_DOMAIN = pattern(r"https?://(?:[\w-]+\.)*?([\w-]+\.[a-z]{2,6})(?=[/?#:]|$)", re.IGNORECASE)
_HOSTS = ("huggingface.co", "github.com", "arxiv.org", "microsoft.com", "wikipedia.org", "openai.com", "pytorch.org")


def _host(card: Card, link: Link) -> Findings:
    """A misspelt well-known host, such as `gihub.com`."""
    match = _DOMAIN.match(link.url)
    host = match[1].lower() if match else ""
    close = _meant(host)
    if match and close:
        edit = replacing(card, link.url_start + match.start(1), link.url_start + match.end(1), close)
        where, message = card.at(link.url_start, link.url), f"'{host}' is not {close}, though almost."
        hint, fix = f"Write {close}, if that is meant.", card.fix([edit], safe=False)
        yield link_malformed_url.at(where, message, hint, fix=fix, severity=Severity.WARNING)


@functools.lru_cache(maxsize=1024)
def _meant(host: str) -> str | None:
    return None if host in _HOSTS else next((one for one in _HOSTS if mistyped(host, one)), None)


_NAMED = pattern(r"<[a-z][^<>]*?\b(?:id|name)\s*=\s*[\"']?([^\s\"'<>]+)", re.IGNORECASE)


@rule(
    "CARD024",
    "link-anchor-missing",
    Severity.WARNING,
    "A link goes to a heading that the card does not have.",
    pages=True,
)
def link_anchor_missing(model: Described) -> Findings:
    """A link to a heading that the card does not have."""
    card = model.card
    links = [link for link in card.links if link.url.startswith("#") and len(link.url) > 1 and link.kind != "broken"]
    if not links:
        return
    named = {match[1] for match in _NAMED.finditer(card.prose)}
    anchors = card.anchors | {one.lower() for one in named}
    for link in links:
        wanted = unquote(link.url[1:]).lower().removeprefix("user-content-")
        if wanted in anchors or wanted == "top":
            written = unquote(link.url[1:]).removeprefix("user-content-")
            if written != wanted and written not in named and written.isascii():
                message = f"Anchors of headings are in lower case, and '{short(link.url)}' is not."
                yield link_anchor_missing.at(card.at(link.url_start, link.url), message, f"Write #{wanted}.")
            continue
        close = difflib.get_close_matches(wanted[:100], sorted(anchors)[:500], n=1)
        yield link_anchor_missing.at(
            card.at(link.url_start, link.url),
            f"No heading of the card has the anchor '{short(link.url)}'.",
            f"Write #{close[0]}, or take the link out."
            if close
            else "Name a heading of this card, or take the link out.",
        )


_LOCALE = pattern(r"https?://(?:[\w-]+\.)*microsoft\.com(/[a-z]{2}-[a-z]{2})(?=[/?#]|$)", re.IGNORECASE)


@rule("CARD025", "link-locale-segment", Severity.INFO, "A link goes to a page in a fixed language.")
def link_locale_segment(model: Described) -> Findings:
    """A link to a Microsoft page in a fixed language; without it the site uses the reader's."""
    card = model.card
    edits, first = [], ""
    for link in card.links:
        match = _LOCALE.match(link.url) if "microsoft.com" in link.url.lower() and link.kind != "broken" else None
        if match:
            first = first or match[1]
            edits.append(replacing(card, link.url_start + match.start(1), link.url_start + match.end(1), ""))
    if edits:
        message = f"The card has {times(len(edits), 'link')} to microsoft.com with a fixed language: '{first}'."
        hint = "Leave the language out: the site then takes the reader's."
        yield once_a_card(link_locale_segment, card, edits, message, hint, width=len(first))


@rule("CARD026", "html-link-instead-of-markdown", Severity.INFO, "A link is written in HTML without need.")
def html_link_instead_of_markdown(model: Described) -> Findings:
    """A link in HTML that says no more than Markdown would.

    Links with further attributes, mostly `target`, are left alone: Markdown has none.
    """
    card = model.card
    edits = []
    for link in card.links:
        if link.kind != "html" or link.attributes or not link.text.strip() or within(link.start, card.html):
            continue
        if card.source[link.end - 4 : link.end].lower() != "</a>" or any(one in link.text for one in "[]\n|`*_"):
            continue
        if link.url and not any(one in link.url for one in " ()<>\n\\"):
            edits.append(replacing(card, link.start, link.end, f"[{link.text.strip()}]({link.url})"))
    if edits:
        message = f"{times(len(edits), 'link', 'is')} in HTML where Markdown says the same."
        yield once_a_card(html_link_instead_of_markdown, card, edits, message, "Write [text](address).", width=2)
