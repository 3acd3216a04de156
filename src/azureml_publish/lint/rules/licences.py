"""Rules on a model's licence."""

from __future__ import annotations

import difflib
import re

from azureml_publish.diagnostics import Location, Severity
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.subject import AssetSubject, Described, ModelSubject


@rule("SPEC008", "license-missing", Severity.ERROR, "The spec states no licence.")
def license_missing(subject: ModelSubject | AssetSubject) -> Findings:
    """Nobody may use a model whose licence nobody states."""
    licence, where = _licence(subject)
    if not licence:
        yield license_missing.at(
            where,
            "The spec states no licence.",
            "Write the identifier on the model's Hub page, for example license: apache-2.0; for a model of your own "
            "without a public licence, license: proprietary.",
        )


_OWN = ("custom", "other")
_LINK = re.compile(r"https?://\S*licen[cs]e|\[[^\]]*licen[cs]e[^\]]*\]\(", re.IGNORECASE)


@rule("SPEC009", "custom-license-without-text", Severity.WARNING, "A custom licence has no text.")
def custom_license_without_text(model: Described) -> Findings:
    """A licence of the model's own, whose text nobody can read."""
    license_id = model.metadata.get("license")
    if not isinstance(license_id, str) or license_id.strip().lower() not in _OWN:
        return
    if model.metadata.get("licenseDescription") or any(
        re.match(r"LICEN[CS]E", name, re.IGNORECASE) for name in model.files
    ):
        return
    if not any(_LINK.search(page.text) for page in (model.card, *model.pages)):
        yield custom_license_without_text.at(
            model.where("license"),
            f"The licence is '{license_id}', and neither licenseDescription nor a link in the card says what it is.",
            "Add licenseDescription with the licence's text, or link the licence in the card.",
        )


_KNOWN = (
    "afl-3.0", "agpl-3.0", "apache-2.0", "artistic-2.0", "bigcode-openrail-m", "bigscience-bloom-rail-1.0",
    "bigscience-openrail-m", "bsd", "bsd-2-clause", "bsd-3-clause", "bsd-3-clause-clear", "bsl-1.0", "cc", "cc-by-2.0",
    "cc-by-3.0", "cc-by-4.0", "cc-by-nc-4.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-sa-3.0",
    "cc-by-sa-4.0", "cc0-1.0", "creativeml-openrail-m", "creativeml-openrail++-m", "custom", "deepfloyd-if-license",
    "ecl-2.0", "epl-2.0", "eupl-1.1", "eupl-1.2", "gemma", "gfdl", "gpl", "gpl-2.0", "gpl-3.0", "isc", "lgpl",
    "lgpl-2.1", "lgpl-3.0", "llama2", "llama3", "llama3.1", "llama3.2", "llama3.3", "llama4", "mit", "mpl-2.0",
    "ms-pl", "ncsa", "odc-by", "ofl-1.1", "open-mdw", "openrail", "openrail++", "osl-3.0", "other", "pddl",
    "postgresql", "proprietary", "unlicense", "wtfpl", "zlib",
)  # fmt: skip
"""Identifiers of the Hub (https://huggingface.co/docs/hub/repositories-licenses), `custom`, which Azure ML adds, and
`proprietary`, which a team says of a model of its own."""


@rule("SPEC031", "license-unknown", Severity.WARNING, "The licence is no identifier that is known.")
def license_unknown(subject: ModelSubject | AssetSubject) -> Findings:
    """A licence that neither the service's catalogue nor the Hub knows is most likely a typing error."""
    written, where = _licence(subject)
    if not written or written.lower() in _KNOWN:
        return
    close = difflib.get_close_matches(written.lower(), _KNOWN, n=2, cutoff=0.6)
    hint = f"Did you mean {' or '.join(close)}?" if close else "Write `custom` or `other` for a licence of its own."
    yield license_unknown.at(where, f"'{written}' is not a licence identifier that is known.", hint)


def _licence(subject: ModelSubject | AssetSubject) -> tuple[str, Location]:
    """The licence as it is written, empty where there is none, and its place."""
    if isinstance(subject, ModelSubject):
        return str(subject.folder.spec.license or "").strip(), subject.folder.document.location(("license",))
    return str(subject.described.metadata.get("license") or "").strip(), subject.described.where("license")
