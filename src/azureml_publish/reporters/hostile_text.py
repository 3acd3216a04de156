"""Between text that others wrote and what shows it: terminals, build logs, and programs that read a form.

A reporter keeps a field on its line with `one_line` or `below`. Whatever it forgets, the filters here run over every
finished report on its way out, and leave nothing in it that a terminal obeys or a build server reads as a command.
"""

from __future__ import annotations

import re
import unicodedata

from azureml_publish.patterns import pattern

_JOINERS = "\u200c\u200d\ufe0e\ufe0f"
"""Invisible, and needed: scripts and emoji are written with them."""

_HIDDEN = pattern(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u2064\u2066-\u206f\ud800-\udfff\ue000-\uf8ff\ufeff\ufff9-\ufffb\U000110bd\U000110cd"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
    "\U000f0000-\U000ffffd\U00100000-\U0010fffd]|\r(?!\n)"
)
"""Characters of the categories Cc, Cf, Cs, Co, Zl and Zp but tab, line ends and the joiners."""

_OPENED = pattern(f"#[{_JOINERS}]*#(?=[\\w{_JOINERS}]{{0,40}}\\[)")
"""Azure Pipelines' `##vso[`, the runner's `##[`, TeamCity's `##teamcity[`: read anywhere in a line."""

_LINE = pattern(f"^((?:[^\\S\n]|\x1b\\[[0-9;]*m)*):[{_JOINERS}]*:", re.MULTILINE)
"""A workflow command of GitHub: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands.
Space before it is passed over, and so are colours."""

_ANNOTATION = pattern(r"::(?:error|warning|notice) (?:title|file)=")
"""The beginning of the workflow commands that reporters write."""

_ISSUE = pattern(r"##vso\[task\.logissue type=(?:error|warning);")
"""The beginning of the commands of Azure Pipelines that reporters write."""

TAB = "    "


def shown(letter: str) -> str:
    """A character as it may be printed; the same unless it is invisible or controls a terminal."""
    if letter == "\t":
        return TAB
    if " " <= letter <= "~":
        return letter
    if letter not in _JOINERS and unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
        return chr(0x2400 + ord(letter)) if ord(letter) < 0x20 else "\ufffd"
    return letter


def visible(text: str) -> str:
    """Text with control characters for terminals, and invisible characters, replaced; line feeds stay."""
    if text.isprintable():
        return text
    return "".join(letter if letter == "\n" else shown(letter) for letter in text)


def one_line(text: str) -> str:
    """Text as `visible` has it, on one line."""
    return text if text.isprintable() else "".join(map(shown, text))


def below(text: str, indent: str = "  ") -> str:
    """Text as `visible` has it; every line after the first begins with a bar, so that it cannot pass for another."""
    return f"\n{indent}| ".join(visible(text).split("\n"))


def for_terminal(text: str, own: str = "", *, annotations: bool = False) -> str:
    """A finished text for a terminal or a build log.

    Args:
        own: the key of `Paint` whose colours and links pass; without one none does.
        annotations: whether lines that begin as the annotations of reporters do pass.
    """
    parts = re.split(rf"\x1b(\[{own}[0-9;]*m|\]8;{own}[!-Z^-~]*\x1b\\)", text) if own else [text]
    parts[::2] = [
        _OPENED.sub(lambda found: _parted(found, annotations=annotations), _HIDDEN.sub(_in_text, part))
        for part in parts[::2]
    ]
    parts[1::2] = [f"\x1b{part.replace(own, ';' if part.startswith(']') else '', 1)}" for part in parts[1::2]]
    return _LINE.sub(lambda found: _broken(found, annotations=annotations), "".join(parts))


def for_json(text: str) -> str:
    """A finished JSON document or line; it says the same, in other escapes."""
    return _OPENED.sub(r"#\\u0023", _HIDDEN.sub(_in_json, text))


def for_xml(text: str) -> str:
    """A finished XML document, without characters that XML 1.0 does not have or that are invisible.

    https://www.w3.org/TR/xml/#charsets
    """
    well_formed = re.sub("[\ufffe\uffff]", "\ufffd", _HIDDEN.sub("\ufffd", text))
    return _LINE.sub(r"\1&#58;:", _OPENED.sub("#&#35;", well_formed))


def _in_text(found: re.Match[str]) -> str:
    return shown(found[0])


def _in_json(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _parted(found: re.Match[str], *, annotations: bool) -> str:
    begins = found.start() == 0 or found.string[found.start() - 1] == "\n"
    return found[0] if annotations and begins and _ISSUE.match(found.string, found.start()) else "# #"


def _broken(found: re.Match[str], *, annotations: bool) -> str:
    if annotations and not found[1] and _ANNOTATION.match(found.string, found.start()):
        return found[0]
    return f"{found[1]}: :"
