"""SPEC014: notes or an evaluation page that lie in the folder and that no key names, so nobody sees them."""

from __future__ import annotations

from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.lint.subject import AssetSubject, Check
from azureml_publish.spec import PAGE_KEYS

RULE = Rule("SPEC014", "orphan-file", Severity.WARNING, "A page of the folder is named by no key.")


def _check(subject: AssetSubject) -> Iterator[Diagnostic]:
    described = subject.described
    for key in PAGE_KEYS:
        name = f"{key}.md"
        if name in described.files and not described.metadata.get(key):
            yield RULE.at(
                Location(f"{subject.read.asset.shown}/{name}"),
                f"{name} lies in the folder, and no key `{key}` names it, so the catalogue does not show it.",
                f"Add {key}: {name} to the metadata, or take the file away.",
            )


CHECK = Check(RULE, asset=_check)
