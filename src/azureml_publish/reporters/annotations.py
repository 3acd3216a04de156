"""Workflow commands of GitHub Actions that show a message at a line of a file.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from azureml_publish.diagnostics import Location
from azureml_publish.plan.actions import Action, ActionKind, Plan
from azureml_publish.reporters.hostile_text import visible
from azureml_publish.reporters.plan import by_label, latest_text, summary

Level = Literal["error", "warning", "notice"]


def plan_annotations(plan: Plan, places: Mapping[str, Location]) -> str:
    """A conflict as an error and a change as a notice, each at its model's version; conflicts first.

    GitHub shows ten of each per step. The last line is the count, for the log.
    """
    listed = [*plan.conflicts, *plan.changes]
    lines = [
        annotation(
            "error" if action.kind is ActionKind.CONFLICT else "notice",
            _message(action),
            places.get(action.model),
            f"{action.kind} {action.model} {action.version} in {plan.registry}",
        )
        for action in listed
    ]
    return "".join(f"{line}\n" for line in [*lines, f"Plan: {summary(plan)}."])


def annotation(level: Level, message: str, place: Location | None, title: str) -> str:
    """One workflow command, with escapes."""
    where = {"file": place.path, "line": str(place.line), "col": str(place.column)} if place else {}
    properties = ",".join(f"{key}={attribute(value)}" for key, value in {**where, "title": title}.items())
    return f"::{level} {properties}::{data(message)}"


def _message(action: Action) -> str:
    lines = [action.reason] if action.reason else []
    lines += [f"{words}: {', '.join(fields)}" for words, fields in by_label(action).items()]
    lines += [line for line in (latest_text(action), action.hint) if line]
    return "\n".join(lines) or "a new model"


def data(text: str) -> str:
    """Text as the message of a command: with its line ends, and without anything that nobody sees."""
    parts = (visible(part) for part in text.split("\r"))
    return "\r".join(parts).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def attribute(text: str) -> str:
    """Text as the value of a command's property."""
    return data(text).replace(":", "%3A").replace(",", "%2C")
