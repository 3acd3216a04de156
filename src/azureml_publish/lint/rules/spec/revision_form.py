"""SPEC006: a revision is a full commit; a branch or tag may mean something else tomorrow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.subject import AssetSubject, Check, ModelSubject
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


def _of_asset(subject: AssetSubject) -> Iterator[Diagnostic]:
    """The property SHA of an asset folder, which documents where the files came from and fetches none: a warning."""
    commit = subject.described.commit
    if commit is None or re.fullmatch(r"[0-9a-f]{40}", commit):
        return
    finding = RULE.at(
        subject.place(("properties", "SHA")),
        f"The SHA '{commit}' is no full commit." if commit else "The SHA is empty.",
        "Write the 40 hexadecimal digits of the commit, or leave SHA out.",
    )
    yield replace(finding, severity=Severity.WARNING)


CHECK = Check(RULE, model=_check, asset=_of_asset)
