"""CARD021: a link into somebody's branch of a repository, which is gone once the branch is merged."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.in_cards import width_of
from azureml_publish.lint.subject import Check, Described

RULE = Rule("CARD021", "link-non-default-branch", Severity.WARNING, "A link goes into a branch of a repository.")

_FILE = re.compile(
    r"https?://(?:www\.)?(?:github\.com/(?P<repo>[\w.-]+/[\w.-]+)/(?:tree|blob|raw|edit)"
    r"|raw\.githubusercontent\.com/(?P<raw>[\w.-]+/[\w.-]+)(?:/refs/heads)?)/(?P<ref>[^/?#\s]+)",
    re.IGNORECASE,
)
_STAYS = re.compile(
    r"main|master|trunk|develop|dev(?:[-_.].*)?|r[0-9.]+|HEAD|gh-pages|stable|latest|refs|releases?|"
    r"[0-9a-f]{7,40}|(?:\w+[-_])?v?[0-9]+(?:\.[0-9x]+)*(?:[-.+]?\w+)*|release[-_].*|stable[-_].*",
    re.IGNORECASE,
)
"""Names that repositories keep: default branches, commits, versions and releases."""


def _check(model: Described) -> Iterator[Diagnostic]:
    card = model.card
    for link in card.links:
        match = _FILE.match(link.url)
        if match is None or _STAYS.fullmatch(match["ref"]):
            continue
        repository = match["repo"] or match["raw"]
        branch = match["ref"] + "/..." * link.url.startswith("/", match.end())  # its name may go on
        yield RULE.at(
            card.at(link.url_start),
            f"The link goes into a branch of {repository}, '{branch}', and dies with that branch.",
            "Link the same file on the default branch (main), or at a commit or tag.",
            width=width_of(link.url),
        )


CHECK = Check(RULE, described=_check)
