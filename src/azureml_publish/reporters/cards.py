"""A model card for a terminal: headings, lists, tables and code as readers see them."""

from __future__ import annotations

import re
from io import StringIO

from azureml_publish.reporters.hostile_text import visible
from azureml_publish.reporters.paint import PLAIN, Paint

LARGEST = 128 * 1024
"""Characters of a card beyond which it is shown as it is written; the largest published one has some 20,000."""


def card_text(card: str, width: int, paint: Paint = PLAIN) -> str:
    """A card rendered for `width` columns; links show where they lead."""
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.theme import Theme

    if len(card) > LARGEST:
        return visible(card)
    written = StringIO()
    console = Console(
        file=written,
        width=max(width, 20),
        force_terminal=paint.enabled,
        color_system="standard" if paint.enabled else None,
        legacy_windows=False,
        highlight=False,
        theme=Theme({"markdown.code": "cyan", "markdown.h1": "bold underline", "markdown.h2": "bold underline"}),
        _environ={},
    )
    console.print(Markdown(visible(card), hyperlinks=False, code_theme="ansi_light", justify="left"))
    own = re.sub(r"\x1b\[(?=[0-9;]*m)", f"\x1b[{paint.key}", written.getvalue())
    return "\n".join(line.rstrip() for line in own.rstrip("\n").split("\n")) + "\n"
