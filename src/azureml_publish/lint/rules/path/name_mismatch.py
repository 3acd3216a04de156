"""PATH002: a container path that does not seem to be this model's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.rules.path.origin import origin, place
from azureml_publish.lint.subject import AssetSubject, Check

RULE = Rule("PATH002", "container-path-name-mismatch", Severity.INFO, "The container path does not name the model.")


def _check(subject: AssetSubject) -> Iterator[Diagnostic]:
    folder = origin(subject).get("container_path")
    described = subject.described
    if not isinstance(folder, str) or not described.name:
        return
    whole = _plain(folder)
    hub_id = str(described.metadata.get("huggingFaceModelId") or "")
    names = {_plain(name) for name in (described.name, described.folder, hub_id, hub_id.rpartition("/")[2])}
    if not any(name and name in whole for name in names):
        yield RULE.at(
            place(subject, ("path", "container_path")),
            f"The container path '{folder}' does not name {described.name}.",
            "Check that these are the model's own files; another model's path is easily left in a copy.",
        )


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


CHECK = Check(RULE, asset=_check)
