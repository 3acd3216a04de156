"""SPEC009: a licence of the model's own, whose text nobody can read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.lint.subject import Check, Described

RULE = Rule("SPEC009", "custom-license-without-text", Severity.WARNING, "A custom licence has no text.")

_OWN = ("custom", "other")
_LINK = re.compile(r"https?://\S*licen[cs]e|\[[^\]]*licen[cs]e[^\]]*\]\(", re.IGNORECASE)


def _check(model: Described) -> Iterator[Diagnostic]:
    license_id = model.metadata.get("license")
    if not isinstance(license_id, str) or license_id.strip().lower() not in _OWN:
        return
    if model.metadata.get("licenseDescription") or any(
        re.match(r"LICEN[CS]E", name, re.IGNORECASE) for name in model.files
    ):
        return
    if not any(_LINK.search(page.text) for page in (model.card, *model.pages)):
        yield RULE.at(
            model.where("license"),
            f"The licence is '{license_id}', and neither licenseDescription nor a link in the card says what it is.",
            "Add licenseDescription with the licence's text, or link the licence in the card.",
        )


CHECK = Check(RULE, described=_check)
