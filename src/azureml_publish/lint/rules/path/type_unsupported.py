"""PATH003: a kind of place that the publishing tools cannot copy from.

Source: azureml-assets 1.17.8: `azureblob`, `git` and `local` are implemented; `http` and `ftp` are named and raise
NotImplementedError. Without a path it refuses the model ("path parameters are invalid").
"""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.path.origin import origin, place
from azureml_publish.lint.subject import AssetSubject, Check

RULE = Rule("PATH003", "path-type-unsupported", Severity.ERROR, "Nothing copies files from a place of this type.")

SUPPORTED = ("azureblob", "git", "local")


def _check(subject: AssetSubject) -> Iterator[Diagnostic]:
    path = origin(subject)
    if not path and subject.read.publishing is not None:
        yield RULE.at(
            place(subject, ("path",)),
            "Nothing says where the model's files come from.",
            "Write `path:` with `type:` (azureblob, git or local) and where it is.",
        )
    kind = path.get("type")
    if path and kind not in SUPPORTED:
        yield RULE.at(
            place(subject, ("path", "type")),
            f"Nothing copies files from a place of type '{kind}'." if kind else "The path has no type.",
            "Write azureblob, git or local.",
        )


CHECK = Check(RULE, asset=_check)
