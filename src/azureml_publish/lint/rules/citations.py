"""The rule on citations that no program reads."""

from __future__ import annotations

import re

from azureml_publish.diagnostics import Severity
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.in_cards import short, width_of
from azureml_publish.lint.subject import Described
from azureml_publish.patterns import pattern

_ENTRY = pattern(
    r"^[ \t]*@(?:article|inproceedings|misc|techreport|book|proceedings|online|software|phdthesis|unpublished)\s*\{",
    re.IGNORECASE | re.MULTILINE,
)
_ESCAPED = pattern(r"\\[{}\\]")
_ARXIV = pattern(r"https?://(?:www\.)?arxiv\.org/(?:abs|pdf)/(\d+)\.(\d+)(v\d+)?(?:\.pdf)?(?=[\s/?#)>\"']|$)")


@rule("CARD073", "citation-broken", Severity.WARNING, "A citation or the number of a paper is broken.", pages=True)
def citation_broken(model: Described) -> Findings:
    """An entry of BibTeX whose braces do not close, or a number that no paper of arXiv has.

    Source: https://info.arxiv.org/help/arxiv_identifier.html: YYMM.NNNN, since 2015 YYMM.NNNNN.
    """
    card = model.card
    for fence in card.fences if "@" in card.source else ():
        text = _ESCAPED.sub("", fence.text)
        match = _ENTRY.search(text)
        if match and text.count("{") != text.count("}") and not text[: match.start()].strip():
            missing = "is not closed" if text.count("{") > text.count("}") else "has a } too many"
            yield citation_broken.at(
                card.place(fence.line + 1, 1),
                f"The entry {short(match[0].strip())}...}} {missing}, so that no program reads it.",
                "Close each { with one }.",
            )
    for link in card.links if "arxiv.org" in card.source else ():
        number = _ARXIV.match(link.url)
        if number and not _is_paper(number[1], number[2]):
            yield citation_broken.at(
                card.at(link.url_start),
                f"arXiv has no paper {number[1]}.{number[2]}.",
                "Write the number as the paper's page has it: two digits of the year, two of the month, and the rest.",
                width=width_of(link.url),
            )


def _is_paper(month: str, number: str) -> bool:
    if len(month) != 4 or not 1 <= int(month[2:]) <= 12:
        return False
    return len(number) == (4 if month < "1501" else 5)
