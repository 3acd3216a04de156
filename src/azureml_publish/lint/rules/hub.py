"""Rules on what the Hub says of the repository that a spec pins."""

from __future__ import annotations

from azureml_publish.diagnostics import Severity
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.online.answers import HubAnswer
from azureml_publish.lint.online_subjects import ModelUse

_OF_ITS_OWN = ("other", "custom")
"""Words for a licence without an identifier; the spec may know which one it is."""


@rule("HUB001", "hub-license-differs", Severity.WARNING, "The spec has another licence than the Hub.")
def hub_license_differs(use: ModelUse, answer: HubAnswer) -> Findings:
    """A licence in the spec that is not the repository's."""
    if answer.latest is None:
        return
    repository = answer.pinned or answer.latest
    theirs, ours = repository.license.strip().lower(), use.license.strip().lower()
    if not theirs or not ours or theirs in _OF_ITS_OWN or theirs == ours:
        return
    yield hub_license_differs.at(
        use.where("license"),
        f"The licence here is {use.license}, while {repository.id} has {repository.license} "
        f"{'at this commit' if answer.pinned else 'on the Hub'}.",
        f"Write {repository.license}, or suppress this with the reason why it is another one.",
    )


_GRANTED = {"auto": "at once", "manual": "by its owners, one by one"}


@rule("HUB002", "hub-gated", Severity.WARNING, "The Hub gives the files only to those who accepted its terms.")
def hub_gated(use: ModelUse, answer: HubAnswer) -> Findings:
    """A repository whose terms have to be accepted before it may be read."""
    if answer.latest is None or not answer.latest.gated:
        return
    granted = _GRANTED.get(answer.latest.gated, "by its owners")
    yield hub_gated.at(
        use.where("source.huggingface"),
        f"{answer.latest.id} is gated: its terms have to be accepted, and access is granted {granted}. "
        "A registry hands the files on to readers who never saw those terms.",
        "Make sure that the terms allow that; to publish, set HF_TOKEN to a token of an account that accepted them.",
    )


@rule("HUB003", "hub-commit-unknown", Severity.ERROR, "The revision is not a commit of the repository.")
def hub_commit_unknown(use: ModelUse, answer: HubAnswer) -> Findings:
    """A commit that the repository does not have."""
    if answer.latest is None or answer.pinned is not None:
        return
    message = f"{answer.latest.id} has no commit {answer.commit}."
    hint = f"Write a commit of this repository; the latest is {answer.latest.revision}."
    yield hub_commit_unknown.at(use.where("source.revision"), message, hint)


_NAMED = 3


@rule("HUB004", "hub-commit-not-latest", Severity.INFO, "The repository has other files at its latest commit.")
def hub_commit_not_latest(use: ModelUse, answer: HubAnswer) -> Findings:
    """The repository has other files at its latest commit than at the pinned one."""
    if answer.latest is None or answer.pinned is None or not answer.changed:
        return
    more = len(answer.changed) - _NAMED
    named = ", ".join(answer.changed[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    message = f"{answer.latest.id} has a later commit with other files: {named}."
    hint = f"For a new version, write {answer.latest.revision} and run `publish bump`; nothing is wrong with this one."
    yield hub_commit_not_latest.at(use.where("source.revision"), message, hint)


@rule("HUB005", "hub-repository-moved", Severity.WARNING, "The repository was renamed.")
def hub_repository_moved(use: ModelUse, answer: HubAnswer) -> Findings:
    """A repository that was renamed."""
    if answer.latest is None or answer.latest.id == answer.repository:
        return
    yield hub_repository_moved.at(
        use.where("source.huggingface"),
        f"{answer.repository} is now called {answer.latest.id}; the old name works until somebody else takes it.",
        f"Write {answer.latest.id} with the next version: a source belongs to a version's content.",
    )


@rule("HUB006", "hub-repository-missing", Severity.WARNING, "The Hub has no such repository, or does not show it.")
def hub_repository_missing(use: ModelUse, answer: HubAnswer) -> Findings:
    """A repository that does not exist, or that this account may not see."""
    if answer.latest is not None:
        return
    yield hub_repository_missing.at(
        use.where("source.huggingface"),
        f"The Hub has no repository {answer.repository}, or "
        + ("does not show it to the owner of this token." if answer.token else "shows it only to those with a token."),
        "Write organisation/name as the Hub has it"
        + ("." if answer.token else "; for a private repository set HF_TOKEN."),
    )
