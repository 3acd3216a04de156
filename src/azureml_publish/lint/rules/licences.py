"""Rules on a model's licence."""

from __future__ import annotations

import difflib
import re

from azureml_publish.diagnostics import Location, Severity
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.statements import of_subject
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.markdown.cards import Card
from azureml_publish.lint.names.licences import KNOWN, licences_in, may_be_one
from azureml_publish.lint.subject import AssetSubject, Described, ModelSubject
from azureml_publish.patterns import pattern


@rule("SPEC008", "license-missing", Severity.ERROR, "The spec states no licence.")
def license_missing(subject: ModelSubject | AssetSubject) -> Findings:
    """A model without a stated licence, which nobody may use."""
    licence, where = _licence(subject)
    if licence:
        return
    properties = subject.described.properties if isinstance(subject, AssetSubject) else {}
    written = properties.get("license")
    if isinstance(subject, AssetSubject) and isinstance(written, str) and written.strip():
        message = f"The licence '{short(written)}' is under `properties`, where nothing looks for it."
        hint = "Move it to `tags`, or to `system_metadata` where the rest is there."
        yield license_missing.at(subject.place(("properties", "license")), message, hint)
    elif not properties.get("is-promptflow"):  # a flow is code of the catalogue
        yield license_missing.at(
            where,
            "The spec states no licence.",
            "Write the identifier on the model's Hub page, for example license: apache-2.0; for a model of your own "
            "without a public licence, license: proprietary.",
        )


_OWN = ("custom", "other")
_LINK = pattern(r"https?://\S*licen[cs]e|\[[^\]]*licen[cs]e[^\]]*\]\(", re.IGNORECASE)


@rule("SPEC009", "custom-license-without-text", Severity.WARNING, "A custom licence has no text.")
def custom_license_without_text(model: Described) -> Findings:
    """A licence of the model's own without its text."""
    license_id = model.metadata.get("license")
    if not isinstance(license_id, str) or license_id.strip().lower() not in _OWN:
        return
    if model.metadata.get("licenseDescription") or any(
        re.match(r"LICEN[CS]E", name, re.IGNORECASE) for name in model.files
    ):
        return
    if any(_LINK.search(page.text) for page in model.cards):
        return
    stated = any(map(_says_terms, model.cards))
    yield custom_license_without_text.at(
        model.where("license"),
        f"The licence is '{license_id}': the card says its terms in words, and no link leads to its text."
        if stated
        else f"The licence is '{license_id}', and neither licenseDescription nor a link in the card says what it is.",
        "Add licenseDescription with the licence's text, or link the licence in the card.",
        severity=Severity.INFO if stated else None,
    )


def _says_terms(card: Card) -> bool:
    """Whether a section on the licence says what one may do, or which licence it is."""
    ends = (*(heading.line for heading in card.headings[1:]), len(card.lines) + 1)
    sections = zip(card.headings, ends, strict=False)
    texts = ("\n".join(card.lines[one.line : end - 1]) for one, end in sections if _OF_LICENCE.search(one.text))
    return any(_TERMS.search(text) for text in texts)


_OF_LICENCE = pattern(
    r"\blicen[cs](?:e|es|ing)\b|\bterms of use\b|\u30e9\u30a4\u30bb\u30f3\u30b9|\u8bb8\u53ef", re.IGNORECASE
)
_TERMS = pattern(
    r"\blicen[cs]ed under the [A-Z]|\b(?-i:[A-Z][\w.-]+ (?:[A-Z]\w+ ){0,4}Licen[cs]e)\b"
    r"|\b(?:research|non-?commercial|personal|academic|educational|internal)\b[^.\n]{0,40}\b(?:only|purposes)\b"
    r"|\bonly for (?:research|non-?commercial|personal|academic|educational)\b|\bmay not be (?:used|re-?distributed)\b"
    r"|\u518d\u914d\u5e03\u4e0d\u53ef|\u5546\u7528\u5229\u7528|\u7814\u7a76\u7528\u9014",
    re.IGNORECASE,
)
"""Words by which a section says terms, or names a licence; in Japanese: not to be passed on, commercial, research."""


_UNFILLED = pattern(
    r"copyright\s*(?:\(c\)|\u00a9)?\s*[\[<{](?:year|yyyy|fullname|name|owner|copyright|author)[^\]>}\n]{0,40}[\]>}]",
    re.IGNORECASE,
)


_BODIES = {
    "mit": "permission is hereby granted, free of charge, to any person obtaining a copy",
    "apache-2.0": "terms and conditions for use, reproduction, and distribution",
    "isc": "permission to use, copy, modify, and/or distribute this software for any purpose",
    "bsd": "redistribution and use in source and binary forms",
    "gpl": "the gnu general public license is a free, copyleft license",
    "unlicense": "this is free and unencumbered software released into the public domain",
}
"""The first words after the headings of licence texts."""


def _parts(text: str) -> tuple[frozenset[str], str]:
    """The licences in the heading of a licence text, and the one that its body is."""
    plain = " ".join(text[:3000].lower().split())
    bodies = [name for name, words in _BODIES.items() if words in plain]
    heading = licences_in(plain[: min(_HEADING, plain.find(_BODIES[bodies[0]]))]) if len(bodies) == 1 else frozenset()
    return heading, bodies[0] if len(bodies) == 1 else ""


_HEADING = 100


@rule(
    "SPEC041",
    "licence-file-unfinished",
    Severity.WARNING,
    "A licence's text is empty, unfinished, a web page or another licence's.",
)
def licence_file_unfinished(model: Described) -> Findings:
    """A licence file that is empty, a web page, or without an owner."""
    described = model.metadata.get("licenseDescription")
    if isinstance(described, str) and (match := _UNFILLED.search(described)):
        message = f"The licence says '{short(match[0])}'."
        hint = "Write the year and the owner, as where the licence is published."
        yield licence_file_unfinished.at(model.where("licenseDescription"), message, hint)
    for page in model.licences:
        text = page.text.strip()
        heading, body = _parts(text)
        if heading and body and not any(may_be_one(one, body) for one in heading):
            what = f"is {' or '.join(sorted(heading))} by its heading, and {body} by its text"
            hint = "Copy the whole text from where the weights are published."
        elif not text:
            what, hint = (
                "is empty",
                "Copy the licence's text from where the weights are published, or take the file away.",
            )
        elif re.match(r"<!doctype html|<html", text, re.IGNORECASE):
            what, hint = "is an HTML page, perhaps an error page", "Download the text itself."
        elif (match := _UNFILLED.search(page.text)) and not re.search(r"apache license", text, re.IGNORECASE):
            what, hint = (
                f"says '{short(match[0])}'",
                "Write the year and the owner, as where the licence is published.",
            )
        else:
            continue
        yield licence_file_unfinished.at(page.place(1, 1), f"The licence {what}.", hint)


@rule("SPEC031", "license-unknown", Severity.WARNING, "The licence is not a known identifier.")
def license_unknown(subject: ModelSubject | AssetSubject) -> Findings:
    """A licence that is neither in the service's catalogue nor on the Hub, and so most likely misspelt."""
    written, where = _licence(subject)
    if not written or all(_is_known(one) for one in _EXPRESSION.split(written.strip("() "))):
        return
    meant = licences_in(written)
    close = sorted(meant)[:2] or difflib.get_close_matches(written.lower(), sorted(KNOWN), n=2, cutoff=0.6)
    hint = f"Did you mean {' or '.join(close)}?" if close else "Write `custom` or `other` for the model's own licence."
    yield license_unknown.at(where, f"'{written}' is not a known licence identifier.", hint)


@license_unknown.also
def _unknown_in_front_matter(model: Described) -> Findings:
    for stated in of_subject(model.card, "license"):
        if stated.metadata and not all(_is_known(one) for one in stated.text.split(", ")):
            meant = sorted(licences_in(stated.text))
            message = f"'{short(stated.text)}' is not a known licence identifier."
            hint = f"Did you mean {' or '.join(meant)}?" if meant else "Write an identifier of the Hub or of SPDX."
            yield license_unknown.at(model.card.at(stated.offset), message, hint)


_EXPRESSION = pattern(r"\s+(?:AND|OR|WITH)\s+")
"""What joins identifiers in an SPDX expression (https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/)."""


def _is_known(identifier: str) -> bool:
    plain = identifier.strip("() ").lower()
    return plain in KNOWN or plain.startswith("licenseref-") or plain.endswith("-exception")


def _licence(subject: ModelSubject | AssetSubject) -> tuple[str, Location]:
    """The licence as it is written, and its location; empty where there is none."""
    if isinstance(subject, ModelSubject):
        return str(subject.folder.spec.license or "").strip(), subject.folder.document.location(("license",))
    return str(subject.described.metadata.get("license") or "").strip(), subject.described.where("license")
