"""SPEC006: a revision is a full commit; a branch or tag may mean something else tomorrow."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.checks.subject import Check, ModelSubject
from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.spec import HubSource

RULE = Rule("SPEC006", "revision-not-a-commit", Severity.ERROR, "The revision is not a full commit of the Hub.")


def _check(subject: ModelSubject) -> Iterator[Diagnostic]:
    source = subject.folder.spec.source
    if not isinstance(source, HubSource) or re.fullmatch(r"[0-9a-f]{40}", source.revision):
        return
    if re.fullmatch(r"[0-9a-fA-F]{7,40}", source.revision):
        what = "is no full commit: 40 hexadecimal digits in lower case are wanted"
    else:
        what = "looks like a branch or tag, which may point elsewhere tomorrow"
    yield RULE.at(
        subject.folder.document.location(("source", "revision")),
        f"The revision '{source.revision}' {what}.",
        f"`git ls-remote https://huggingface.co/{source.huggingface} {source.revision}` shows the commit to write.",
    )


CHECK = Check(RULE, model=_check)
