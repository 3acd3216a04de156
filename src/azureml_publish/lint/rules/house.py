"""Rules that a team declares under `rules` in `publish.yaml`; without them nothing is checked."""

from __future__ import annotations

import re

from azureml_publish.diagnostics import Severity
from azureml_publish.globs import Glob
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.subject import Described, ModelSubject
from azureml_publish.spec import HouseRules


@rule("HOUSE001", "required-tag-missing", Severity.ERROR, "A tag that the project requires is missing or empty.")
def required_tag_missing(subject: ModelSubject) -> Findings:
    """A tag of `required_tags` that the model does not set."""
    tags = subject.folder.spec.tags
    for tag in dict.fromkeys(_of(subject).required_tags):
        if not str(tags.get(tag, "")).strip():
            message = f"The tag '{tag}' is {'empty' if tag in tags else 'missing'}, and publish.yaml requires it."
            hint = f"Give '{tag}' a value below 'tags'."
            yield required_tag_missing.at(subject.folder.document.location(("tags", tag)), message, hint)


@rule("HOUSE002", "license-not-allowed", Severity.ERROR, "The project does not allow the licence.")
def license_not_allowed(subject: ModelSubject) -> Findings:
    """A licence that is not in `allowed_licenses`; another rule reports a missing one."""
    allowed, written = _of(subject).allowed_licenses, (subject.folder.spec.license or "").strip()
    if allowed and written and written.casefold() not in {one.strip().casefold() for one in allowed}:
        message = f"publish.yaml does not allow the licence '{written}'."
        hint = f"It allows {', '.join(allowed)}; take another model, or have the licence allowed there."
        yield license_not_allowed.at(subject.folder.document.location(("license",)), message, hint)


@rule("HOUSE003", "name-not-allowed", Severity.ERROR, "The name matches none of the project's patterns.")
def name_not_allowed(subject: ModelSubject) -> Findings:
    """A name that no glob of `name_patterns` matches."""
    patterns, name = _of(subject).name_patterns, subject.folder.spec.name
    if patterns and not any(Glob(pattern, sets=True).matches(name) for pattern in patterns):
        message = f"The name '{name}' matches no pattern of publish.yaml."
        hint = f"Write a name that matches {' or '.join(patterns)}; a registered model keeps its name."
        yield name_not_allowed.at(subject.folder.document.location(("name",)), message, hint)


@rule("HOUSE004", "required-section-missing", Severity.ERROR, "The card lacks a section that the project requires.")
def required_section_missing(model: Described) -> Findings:
    """A section of `required_sections` that the card lacks; a card too large to be parsed is not judged."""
    if model.card_location is None or not model.house.required_sections or model.card.too_large:
        return
    there = {_heading(one.text) for one in model.card.headings}
    for section in model.house.required_sections:
        if _heading(section) not in there:
            message = f"The card has no section '{section}', and publish.yaml requires it."
            hint = f"Add a heading with its text: ## {section}."
            yield required_section_missing.at(model.card_location, message, hint)


@rule("HOUSE005", "banned-word", Severity.ERROR, "A card uses a word that the project bans.")
def banned_word(model: Described) -> Findings:
    """Every place in the card or its pages with a word or phrase of `banned_words`."""
    for word in model.house.banned_words:
        # Escaped: a banned word is text, not a pattern.
        quoted = r"\s+".join(map(re.escape, word.split()))
        form = re.compile(rf"(?<!\w){quoted}(?!\w)", re.IGNORECASE)
        for page in model.cards:
            for match in form.finditer(page.words):
                message = f"The card says '{short(match[0])}', and publish.yaml bans '{word}'."
                yield banned_word.at(page.at(match.start(), match[0]), message, "Say it in other words.")


def _of(subject: ModelSubject) -> HouseRules:
    return subject.project.project.config.rules


def _heading(text: str) -> str:
    """A heading for comparison: without case, emphasis, a final colon and repeated spaces."""
    return " ".join(text.replace("*", "").replace("`", "").split()).rstrip(":").casefold()
