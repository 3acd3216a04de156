"""What of a card template never shows: text beside its blocks, and blocks that the page does not have."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jinja2 import Environment, nodes

from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.render.comments import SYNTAX

LOST_TEXT = Rule(
    "TMPL008", "text-outside-blocks", Severity.ERROR, "Text of a card stands in no block, so nobody sees it."
)
UNKNOWN_BLOCK = Rule(
    "TMPL009", "unknown-block", Severity.ERROR, "A card fills a block that its page does not have, so nobody sees it."
)


@dataclass(frozen=True, slots=True)
class _Structure:
    """One template.

    Attributes:
        extends: the templates that it extends; None for one whose name is computed.
        blocks: the names of all its blocks.
        top: the blocks that stand in no other block, with their lines.
        lost: line and column of each text or value that stands in no block.
    """

    extends: tuple[str | None, ...]
    blocks: frozenset[str]
    top: tuple[tuple[str, int], ...]
    lost: tuple[tuple[int, int], ...]


_KNOWN: dict[str, _Structure] = {}
_MOST_KNOWN = 256
"""As many as compiled templates are kept: one whose code is still there is not parsed again for its structure."""


def _structure_of(source: str) -> _Structure:
    """The structure of a template; parsed once for all cards that extend it."""
    known = _KNOWN.pop(source, None)
    if known is None:
        return note_structure(source, Environment(**SYNTAX).parse(source))  # noqa: S701 - nothing is rendered with it
    _KNOWN[source] = known  # what was used last is dropped last
    return known


def note_structure(source: str, tree: nodes.Template) -> _Structure:
    """Keep the structure of a template that was parsed anyway."""
    if source in _KNOWN:
        return _KNOWN[source]
    if len(_KNOWN) >= _MOST_KNOWN:
        _KNOWN.pop(next(iter(_KNOWN)), None)
    found = [*tree.find_all((nodes.Extends, nodes.Block))]
    extends = (one.template for one in found if isinstance(one, nodes.Extends))
    _KNOWN[source] = structure = _Structure(
        tuple(str(one.value) if isinstance(one, nodes.Const) else None for one in extends),
        frozenset(one.name for one in found if isinstance(one, nodes.Block)),
        tuple((block.name, block.lineno) for block in _top_blocks(tree)),
        tuple(_lost(tree)),
    )
    return structure


def check_structure(source: str, path: str, read: Callable[[str], str | None]) -> Iterator[Diagnostic]:
    """What of a card that extends a page is lost.

    Args:
        path: the card's path in messages.
        read: the source of another template by its name; None where there is none.
    """
    card = _structure_of(source)
    page = card.extends[0] if card.extends else None
    if page is None:
        return
    for line in card.lost:
        yield LOST_TEXT.at(
            Location(path, *line),
            "This stands in no block, so the card does not show it.",
            "Put it into a block, for example between {% block summary %} and {% endblock %}.",
        )
    names = sorted(_blocks_of(page, read, 8))
    if not names:
        return
    lines = source.splitlines()
    for block, number in card.top:
        if block not in names:
            text = lines[number - 1] if number <= len(lines) else ""
            column = max(text.find(block), 0) + 1
            close = difflib.get_close_matches(block, names, n=1, cutoff=0.5)
            hint = f"Did you mean '{close[0]}'?" if close else f"Its blocks are: {', '.join(names)}."
            message = f"{page} has no block '{block}', so the card does not show it."
            yield UNKNOWN_BLOCK.at(Location(path, number, column), message, hint)


def _top_blocks(node: nodes.Node) -> Iterator[nodes.Block]:
    """The blocks that stand in no other block."""
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Block):
            yield child
        elif not isinstance(child, nodes.Macro):
            yield from _top_blocks(child)


def _lost(node: nodes.Node) -> Iterator[tuple[int, int]]:
    """Line and column of each text or value that stands in no block."""
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Block | nodes.Macro | nodes.Assign | nodes.AssignBlock):
            continue
        if isinstance(child, nodes.Include):
            yield child.lineno, 1
        elif isinstance(child, nodes.Output):
            for part in child.nodes:
                if not isinstance(part, nodes.TemplateData):
                    yield part.lineno, 1
                elif part.data.strip():
                    before = part.data[: len(part.data) - len(part.data.lstrip())]
                    text = re.match(r"[^\S\n]*", before.rpartition("\n")[2] if "\n" in before else "")
                    yield part.lineno + before.count("\n"), len(text[0] if text else "") + 1
                    break
        else:
            yield from _lost(child)


def _blocks_of(name: str, read: Callable[[str], str | None], depth: int) -> frozenset[str]:
    """The blocks of a page and of those that it extends; none where one of them cannot be read."""
    source = read(name) if depth else None
    if source is None:
        return frozenset()
    page = _structure_of(source)
    if None in page.extends:
        return frozenset()
    return page.blocks.union(*(_blocks_of(one, read, depth - 1) for one in page.extends if one is not None))
