"""Rules on what a registry holds under the spec's version. `publish plan` makes the full comparison."""

from __future__ import annotations

from azureml_publish.diagnostics import Severity
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.online.answers import RegistryAnswer
from azureml_publish.lint.online_subjects import ModelUse


@rule("REG001", "version-conflicts", Severity.ERROR, "The version is registered with other content.")
def version_conflicts(use: ModelUse, answer: RegistryAnswer) -> Findings:
    """A version that is registered with different, unchangeable content."""
    if not answer.registered or not answer.blocked:
        return
    yield version_conflicts.at(
        use.where("version"),
        f"Version {answer.version} is in {answer.registry} already, and the differences cannot change there: "
        f"{', '.join(answer.blocked)}.",
        f"`publish bump {answer.name}`: the next free version is {answer.next_version}. "
        f"`publish plan -r {answer.registry}` shows both sides.",
    )


@rule("REG002", "version-deleted", Severity.ERROR, "The version was deleted; its number is never used again.")
def version_deleted(use: ModelUse, answer: RegistryAnswer) -> Findings:
    """The number of a deleted version, which a registry never accepts again."""
    gone = not answer.registered and answer.version < answer.next_version
    if not gone or answer.version < (answer.latest or 0):
        return
    message = f"Version {answer.version} was deleted from {answer.registry}; its number is never used again."
    hint = f"`publish bump {answer.name}`: the next free version is {answer.next_version}."
    yield version_deleted.at(use.where("version"), message, hint)


@rule("REG003", "version-behind", Severity.ERROR, "A later version is registered, and this one is not.")
def version_behind(use: ModelUse, answer: RegistryAnswer) -> Findings:
    """An unregistered version below the latest registered one."""
    if answer.registered or answer.latest is None or answer.version > answer.latest:
        return
    message = f"Version {answer.version} is not in {answer.registry}, while {answer.latest} is: versions only increase."
    hint = f"`publish bump {answer.name}`: the next free version is {answer.next_version}."
    yield version_behind.at(use.where("version"), message, hint)


@rule("REG004", "newer-version-registered", Severity.INFO, "The registry has a later version than the folder.")
def newer_version_registered(use: ModelUse, answer: RegistryAnswer) -> Findings:
    """A registry with a later version than the folder's."""
    if not answer.registered or answer.latest is None or answer.latest <= answer.version:
        return
    message = f"{answer.registry} has version {answer.latest} already; this folder describes {answer.version}."
    hint = f"`publish show {answer.name} -r {answer.registry}` shows the later one; somebody registered it elsewhere."
    yield newer_version_registered.at(use.where("version"), message, hint)
