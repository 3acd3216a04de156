"""SPEC031: a licence that neither the service's catalogue nor the Hub knows is most likely a typing error."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.lint.subject import AssetSubject, Check, ModelSubject

RULE = Rule("SPEC031", "license-unknown", Severity.WARNING, "The licence is no identifier that is known.")

KNOWN = (
    "afl-3.0", "agpl-3.0", "apache-2.0", "artistic-2.0", "bigcode-openrail-m", "bigscience-bloom-rail-1.0",
    "bigscience-openrail-m", "bsd", "bsd-2-clause", "bsd-3-clause", "bsd-3-clause-clear", "bsl-1.0", "cc", "cc-by-2.0",
    "cc-by-3.0", "cc-by-4.0", "cc-by-nc-4.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-sa-3.0",
    "cc-by-sa-4.0", "cc0-1.0", "creativeml-openrail-m", "creativeml-openrail++-m", "custom", "deepfloyd-if-license",
    "ecl-2.0", "epl-2.0", "eupl-1.1", "eupl-1.2", "gemma", "gfdl", "gpl", "gpl-2.0", "gpl-3.0", "isc", "lgpl",
    "lgpl-2.1", "lgpl-3.0", "llama2", "llama3", "llama3.1", "llama3.2", "llama3.3", "llama4", "mit", "mpl-2.0",
    "ms-pl", "ncsa", "odc-by", "ofl-1.1", "open-mdw", "openrail", "openrail++", "osl-3.0", "other", "pddl",
    "postgresql", "unlicense", "wtfpl", "zlib",
)  # fmt: skip
"""Identifiers of the Hub (https://huggingface.co/docs/hub/repositories-licenses), and `custom`, which Azure ML adds."""


def _of_model(subject: ModelSubject) -> Iterator[Diagnostic]:
    yield from _check(subject.folder.spec.license, subject.folder.document.location(("license",)))


def _of_asset(subject: AssetSubject) -> Iterator[Diagnostic]:
    yield from _check(subject.described.metadata.get("license"), subject.described.where("license"))


def _check(license_id: object, where: Location) -> Iterator[Diagnostic]:
    written = str(license_id or "").strip()
    if not written or written.lower() in KNOWN:
        return
    close = difflib.get_close_matches(written.lower(), KNOWN, n=2, cutoff=0.6)
    mend = f"Did you mean {' or '.join(close)}?" if close else "Write `custom` or `other` for a licence of its own."
    yield RULE.at(where, f"'{written}' is not a licence identifier that is known.", mend)


CHECK = Check(RULE, model=_of_model, asset=_of_asset)
