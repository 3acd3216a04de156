"""The rule on Markdown extensions that published cards do not use: how Azure's page shows them is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Severity
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern

_FENCES = {"mermaid": "a mermaid diagram", "math": "math"}
"""Languages of fences that other sites draw as a diagram."""

_PROSE = (
    ("an alert", pattern(r"^[ \t]*>[ \t]*\[!(?:NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]", re.MULTILINE | re.IGNORECASE)),
    ("a footnote", pattern(r"\[\^[^\]\s]{1,80}\]")),
    ("math", pattern(r"\$\$[^$]{1,400}\$\$")),
    ("math", pattern(r"\\[(\[](?P<tex>[^\n]{1,200}?)\\[)\]]")),
    ("math", pattern(r"(?<![\\$\w])\$(?! )(?P<tex>[^$\n]{1,200})(?<! )\$(?![\d$\w])")),
)
"""Names of the extensions, and their patterns in prose."""

_TEX = pattern(r"[\\^_{]")
"""A TeX sign. Without one, brackets are escaped brackets, and dollars are money."""


@rule("CARD070", "markdown-unproven", Severity.INFO, "How Azure's page shows this Markdown is unknown.")
def markdown_unproven(model: Described) -> Findings:
    """Math, footnotes, alerts and mermaid, which hardly any published card has. Each kind is reported once a card."""
    card = model.card
    first: dict[str, int] = {}
    for kind, offset in _uses(card):
        first[kind] = min(offset, first.get(kind, offset))
    for kind, offset in first.items():
        line, column = card.position(offset)
        text = card.lines[line - 1][column - 1 :]
        message = f"'{short(text)}' is {kind}; how Azure's page shows it is unknown."
        hint = "Write it in words, as a list or as a table; a picture needs an address of its own."
        yield markdown_unproven.at(card.passage(line, column, text), message, hint)


def _uses(card: Card) -> Iterator[tuple[str, int]]:
    for fence in card.fences:
        if fence.language in _FENCES:
            yield _FENCES[fence.language], card.starts[fence.line - 1]
    for image in card.images:
        if image.url.lower().startswith("data:image/"):
            yield "an image embedded as data", image.start
    if not any(sign in card.source for sign in ("$", "\\", "[^", "[!")):
        return
    for kind, form in _PROSE:
        for match in form.finditer(card.prose):
            tex = match.groupdict().get("tex")
            if tex is None or _TEX.search(tex):
                yield kind, match.start()
