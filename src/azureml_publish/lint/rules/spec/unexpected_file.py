"""SPEC016: a file that nothing reads, because it is called a little differently or belongs elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.documents import walk
from azureml_publish.lint.asset_folders import MLMODEL
from azureml_publish.lint.subject import AssetSubject, Check
from azureml_publish.spec import PAGE_KEYS

RULE = Rule("SPEC016", "unexpected-file-name", Severity.WARNING, "Nothing reads a file of the folder.")

_OWN = frozenset({MLMODEL, "asset.yaml", "spec.yaml", "model.yaml", *(f"{key}.md" for key in PAGE_KEYS)})
_WELCOME = re.compile(
    r"(LICEN[CS]E|NOTICE|README)(\.\w+)?|conda.yaml|python_env.yaml|requirements.txt|\.[^/]*|.*\.(png|jpe?g|gif|svg|webp)",
    re.IGNORECASE,
)
"""Files that people look at, and those that tools keep hidden."""


def _check(subject: AssetSubject) -> Iterator[Diagnostic]:
    asset = subject.read.asset
    others = sorted(subject.described.files - _OWN - frozenset(asset.files.values()))
    strange = [name for name in others if "/" not in name and not _WELCOME.fullmatch(name)]
    values = (value for data in (asset.spec, asset.asset, asset.model) for _, value in walk(data)) if strange else ()
    named = {value for value in values if isinstance(value, str)}
    for name in strange:
        if name in named:
            continue
        near = next((own for own in sorted(_OWN | {asset.files["card"]}) if _plain(own) == _plain(name)), None)
        hint = f"Call it {near}." if near else "Name it in the metadata where a key can, or take it away."
        yield RULE.at(Location(f"{asset.shown}/{name}"), f"Nothing reads {name}: no file of the folder names it.", hint)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", re.sub(r"\.(ya?ml|md)$", "", name.lower()))


CHECK = Check(RULE, asset=_check)
