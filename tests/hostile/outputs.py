"""Text that attacks who reads an output, and what judges whether it got through. Says nothing of how it is held."""

import json
import re
import unicodedata
from xml.etree.ElementTree import fromstring

from markdown_it import MarkdownIt

FORGED = "FORGED"
"""What an attack puts at the beginning of a line to look like a line of ours, or of a command of its own."""

ATTACKS = (
    f"a\n{FORGED} error: all is well",
    f"a\r\n{FORGED} line",
    f"a\r{FORGED} line",
    f"a\n::set-output name=x::{FORGED}",
    f"a\n  ::add-mask::{FORGED}",
    f"a\n\u00a0::error::{FORGED}",
    f"::error::{FORGED}",
    f"a\n::error title=x::{FORGED}",
    f"a\x0b{FORGED}\x0c{FORGED}\x85{FORGED}\u2028{FORGED}\u2029{FORGED}",
    f"##[add-mask]{FORGED}",
    f"x ##vso[task.setvariable variable=x]{FORGED}",
    f"##v\u200dso[task.prependpath]{FORGED}",
    f"##\x1b[1m[group]{FORGED}",
    "\x1b[31mred\x1b[0m",
    "\x1b[2J\x1b[1;1H",
    "\x1b]0;title\x07\x1b]8;;https://evil.example\x1b\\link",
    "\x9b31m\x90q\x9c",
    "\x08\x08\x08\x7f\x00",
    "\u202egnp.exe\u202c \u2066x\u2069 \u200e\u200f\u061c",
    "zero\u200bwidth\u00ad\ufeff\u2060\U000e0041",
    "\ud800 alone",
    "![x](https://evil.example/x.png)",
    "<img src=https://evil.example/x.png>",
    "[x](javascript:alert(1)) <https://evil.example>",
    "https://evil.example www.evil.example",
    "@evil-team #123 org/name#5",
    "</code></details></td><script>alert(1)</script>",
    "```\n# heading\n~~~\n| a | b |\n",
    "`x` | **bold** &lt;b&gt; \\| ]]>",
    "<!-- -->\n<details open>\n\n# heading",
)

_BLIND = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_ALLOWED = frozenset("\n\t\u200c\u200d\ufe0e\ufe0f")
_TAGS = re.compile(r"</?(?:code|br|sub|details|summary)>")


def through_text(said: str, *, annotations: bool = False, colours: int = 0) -> list[str]:
    """What of an attack is in a text for a terminal or a build log as it stood in the field.

    `colours` is how many colour codes are the reporter's own.
    """
    if said.count("\x1b") != colours:
        return [f"{said.count(chr(0x1B))} codes, {colours} of them ours"]
    said = re.sub(r"\x1b\[[0-9;]*m", "", said)
    wrong = [f"{ord(one):#x} is raw" for one in sorted(set(said.replace("\r\n", "\n"))) if _is_blind(one)]
    for line in said.split("\n"):
        bare = line.lstrip()
        own = annotations and re.match(r"::(error|warning|notice) (title|file)=(?!x::)", line)
        if bare.startswith("::") and not own:
            wrong.append(f"a command: {line!r}")
        if line.startswith(FORGED):
            wrong.append(f"a line of its own: {line!r}")
    if re.search(r"#\u200d*#\u200d*[\w\u200d]*\[", said):
        wrong.append("a command of a build server")
    return wrong


def through_json(said: str) -> list[str]:
    """What got through in JSON: as `through_text`, and that it is JSON."""
    json.loads(said)
    return through_text(said)


def through_xml(said: str) -> list[str]:
    """What got through in XML: as `through_text`, and that it is well-formed."""
    fromstring(said.removeprefix('<?xml version="1.0" encoding="UTF-8"?>\n'))
    return [one for one in through_text(said) if "its own" not in one]  # a text may have lines


def through_markdown(said: str) -> list[str]:
    """What got through in Markdown as GitHub shows it: as `through_text`, and markup that is not ours."""
    wrong = through_text(said)
    tokens = MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(said)
    in_code = 0
    for token in (child for parent in tokens for child in (parent.children or [parent])):
        in_code += (token.content == "<code>") - (token.content == "</code>")
        if token.type in ("link_open", "image", "s_open"):
            wrong.append(f"{token.type}: {token.attrs}")
        if token.type in ("html_inline", "html_block") and re.search("<[^>]*>", _TAGS.sub("", token.content)):
            wrong.append(f"HTML: {token.content!r}")
        if token.type == "text" and re.search(r"@evil|#123|evil\.example|https?:", token.content):
            wrong += [] if in_code else [f"a link by itself: {token.content!r}"]
    headings = [tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open"]
    if any(
        not one.startswith(("Plan for", "Drift of", "Release to", "The card of", "publish lint")) for one in headings
    ):
        wrong.append(f"a heading: {headings}")
    return wrong


def _is_blind(letter: str) -> bool:
    return letter not in _ALLOWED and unicodedata.category(letter) in _BLIND
