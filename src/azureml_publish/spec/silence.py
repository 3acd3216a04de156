"""Which findings of the linter are accepted, and why: in `model.yaml` for one model, in `publish.yaml` by path.

In cards and templates a comment of HTML or of Jinja says it: `<!-- publish: ignore CARD001 cut on purpose -->`.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from azureml_publish.spec.reading import Written

_WORDS = (
    r"[ \t]*publish:[ \t]*(?P<kind{0}>ignore-file|ignore)\b[ \t]*(?P<codes{0}>[\w,-]*)[ \t]*"
    r"(?P<reason{0}>(?:(?!-->|#\}}|[\r\n]).)*?)[ \t]*"
)
SILENCE_COMMENT = re.compile(rf"<!--{_WORDS.format('')}-->|\{{#[-+]?{_WORDS.format('_jinja')}[-+]?#\}}")
"""A suppression in a card or template, on one line: its kind, codes or names separated by commas, the reason."""


class Silence(Written):
    """One rule whose findings are accepted, with the reason."""

    rule: Annotated[str, Field(description="Code or name of the rule, for example SKU010.", min_length=1)]
    reason: Annotated[str, Field(description="Why the finding is accepted.", min_length=1)]


class PathSilence(Silence):
    """One rule whose findings are accepted in some files."""

    path: Annotated[
        str, Field(description="Glob over paths from the project, for example models/old-*/**; ** crosses folders.")
    ] = "**"


class Lint(Written):
    """What holds for `publish lint`, and for the checks that plan and apply begin with."""

    silence: Annotated[tuple[PathSilence, ...], Field(description="Findings that are accepted.")] = ()
