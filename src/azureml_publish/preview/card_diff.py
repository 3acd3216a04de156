"""What changed in a card, shown in the card as readers see it: word by word where a block stayed, else as a whole."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from html.parser import HTMLParser

from azureml_publish.preview.markdown import VOID, render_markdown

ALIKE = 0.4
"""The share of words that two blocks have in common from which one is the other, changed."""

MOST_WORDS = 4_000
"""Words of two blocks together beyond which they are shown whole: comparing takes the square of it."""

_TOKEN = re.compile(r"<[^>]*>|&#?\w+;|\w+|\s+|.", re.DOTALL)
_DROPPED = re.compile(r' (?:id|role|aria-label|data-source)="[^"]*"')
_NO_TEXT = frozenset({"table", "thead", "tbody", "tfoot", "tr", "ul", "ol", "dl", "colgroup"})
"""Elements in which no text may stand, only further elements."""


def word_diff(before: str, after: str) -> str:
    """The card after a change as HTML, with `ins` and `del` where words came and went.

    Blocks that stayed are left out but for those beside a change.
    """
    old, new = _blocks(before), _blocks(after)
    out: list[str] = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for kind, start, end, first, last in matcher.get_opcodes():
        if kind == "equal":
            out += _unchanged(new[first:last], begins=first == 0, ends=last == len(new))
        else:
            out += _changed(old[start:end], new[first:last])
    return "\n".join(out)


def _unchanged(blocks: Sequence[str], *, begins: bool, ends: bool) -> Iterator[str]:
    """The blocks beside a change, and between them how many there are."""
    head, tail = ([] if begins else [blocks[0]]), ([] if ends else [blocks[-1]])
    hidden = len(blocks) - len(head) - len(tail)
    if hidden <= 1:
        yield from blocks
        return
    yield from head
    yield f'<p class="block-same">{hidden} blocks as before</p>'
    yield from tail


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Blocks that went and came; those that are alike as one, with the words that differ."""
    left = list(old)
    for block in new:
        partner = next((number for number, one in enumerate(left) if _alike(one, block)), None)
        if partner is None:
            yield f'<div class="block-come">{block}</div>'
            continue
        yield from (f'<div class="block-gone">{one}</div>' for one in left[:partner])
        yield _words(left[partner], block)
        del left[: partner + 1]
    yield from (f'<div class="block-gone">{one}</div>' for one in left)


def _alike(one: str, other: str) -> bool:
    if _tag(one) != _tag(other):
        return False
    matcher = SequenceMatcher(None, _plain(one), _plain(other), autojunk=False)
    return matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE


def _tag(block: str) -> str:
    found = re.match(r"<(\w+)", block)
    return found[1] if found else ""


def _plain(block: str) -> list[str]:
    return [token for token in _TOKEN.findall(block) if not token.startswith("<") and token.strip()]


def _words(before: str, after: str) -> str:
    """A block with the words that went and came; its elements are those of the new one."""
    old = [token for token in _TOKEN.findall(before) if not token.startswith("<")]
    new = _TOKEN.findall(after)
    at = [number for number, token in enumerate(new) if not token.startswith("<")]
    words = [new[number] for number in at]
    if len(old) + len(words) > MOST_WORDS:
        return f'<div class="block-gone">{before}</div>\n<div class="block-come">{after}</div>'
    gone: dict[int, str] = {}
    came: set[int] = set()
    for start, end, first, last in _changes(old, words):
        if end > start:
            gone[at[first] if first < len(at) else len(new)] = "".join(old[start:end])
        came.update(at[first:last])
    return re.sub(r"</ins>(\s*)<ins>", r"\1", "".join(_woven(new, gone, came)))


def _changes(old: Sequence[str], new: Sequence[str]) -> list[list[int]]:
    """Where words differ: start and end in either; changes that only a space is between are one."""
    found: list[list[int]] = []
    between = True
    for kind, start, end, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            between = not "".join(old[start:end]).strip()
        elif found and between:
            found[-1][1], found[-1][3] = end, last
        else:
            found.append([start, end, first, last])
    return found


def _woven(tokens: Sequence[str], gone: dict[int, str], came: set[int]) -> Iterator[str]:
    """The tokens with what came marked, and what went put in where text may stand."""
    open_: list[str] = []
    waiting = ""
    for number, token in enumerate(tokens):
        waiting += gone.get(number, "")
        element = token.startswith("<")
        if waiting and (not open_ or open_[-1] not in _NO_TEXT) and (not element or token.startswith("</")):
            yield f"<del>{waiting}</del>" if waiting.strip() else ""
            waiting = ""
        if element:
            _follow(token, open_)
            yield token
        else:
            yield f"<ins>{token}</ins>" if number in came and token.strip() else token
    waiting += gone.get(len(tokens), "")
    if waiting.strip():
        yield f"<p><del>{waiting}</del></p>"


def _follow(token: str, open_: list[str]) -> None:
    """Keep count of the elements that are open."""
    name = re.sub(r"\W.*", "", token.strip("</>"), flags=re.DOTALL)
    if token.startswith("</"):
        if open_ and open_[-1] == name:
            open_.pop()
    elif name not in VOID:
        open_.append(name)


def _blocks(text: str) -> list[str]:
    """The top elements of a card as HTML, without anchors: two cards stand on one page."""
    splitter = _Splitter()
    splitter.feed(render_markdown(text).body)
    splitter.close()
    return [_DROPPED.sub("", block) for block in splitter.finished()]


class _Splitter(HTMLParser):
    """Cuts well-formed HTML between its top elements."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[str] = []
        self._current: list[str] = []
        self._depth = 0

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        """Take an element in."""
        self._current.append(self.get_starttag_text() or "")
        if tag not in VOID:
            self._depth += 1

    def handle_endtag(self, tag: str) -> None:
        """End an element; at the top that is a block."""
        self._current.append(f"</{tag}>")
        self._depth -= 1
        if self._depth == 0:
            self._cut()

    def handle_data(self, data: str) -> None:
        """Take text in."""
        self._current.append(html.escape(data, quote=False))

    def finished(self) -> list[str]:
        """The blocks."""
        self._cut()
        return self._parts

    def _cut(self) -> None:
        block = "".join(self._current).strip()
        if block:
            self._parts.append(block)
        self._current.clear()
