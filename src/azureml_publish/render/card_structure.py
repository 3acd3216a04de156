"""What of a card template never shows: text beside its blocks, and blocks that the page does not have."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator

from jinja2 import Environment, nodes

from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity

LOST_TEXT = Rule(
    "TMPL008", "text-outside-blocks", Severity.ERROR, "Text of a card stands in no block, so nobody sees it."
)
UNKNOWN_BLOCK = Rule(
    "TMPL009", "unknown-block", Severity.ERROR, "A card fills a block that its page does not have, so nobody sees it."
)


def check_structure(
    environment: Environment, source: str, path: str, read: Callable[[str], str | None]
) -> Iterator[Diagnostic]:
    """What of a card that extends a page is lost.

    Args:
        environment: parses templates.
        source: the card.
        path: the card's path in messages.
        read: the source of another template by its name; None where there is none.
    """
    tree = environment.parse(source)
    extends = next(tree.find_all(nodes.Extends), None)
    if extends is None or not isinstance(extends.template, nodes.Const):
        return
    for line in _lost(tree):
        yield LOST_TEXT.at(
            Location(path, *line),
            "This stands in no block, so the card does not show it.",
            "Put it into a block, for example between {% block summary %} and {% endblock %}.",
        )
    names = sorted(_blocks_of(environment, str(extends.template.value), read, 8))
    if not names:
        return
    lines = source.splitlines()
    for block in _top_blocks(tree):
        if block.name not in names:
            text = lines[block.lineno - 1] if block.lineno <= len(lines) else ""
            column = max(text.find(block.name), 0) + 1
            close = difflib.get_close_matches(block.name, names, n=1, cutoff=0.5)
            hint = f"Did you mean '{close[0]}'?" if close else f"Its blocks are: {', '.join(names)}."
            message = f"{extends.template.value} has no block '{block.name}', so the card does not show it."
            yield UNKNOWN_BLOCK.at(Location(path, block.lineno, column), message, hint)


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


def _blocks_of(environment: Environment, name: str, read: Callable[[str], str | None], depth: int) -> set[str]:
    """The blocks of a page and of those that it extends; none where one of them cannot be read."""
    source = read(name) if depth else None
    if source is None:
        return set()
    tree = environment.parse(source)
    names = {block.name for block in tree.find_all(nodes.Block)}
    for extends in tree.find_all(nodes.Extends):
        if not isinstance(extends.template, nodes.Const):
            return set()
        names |= _blocks_of(environment, str(extends.template.value), read, depth - 1)
    return names
