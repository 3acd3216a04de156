"""What `publish doctor` found, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from azureml_publish.registry.conformance import Examined, State
from azureml_publish.reporters.diagnostics import as_json
from azureml_publish.reporters.hostile_text import below, one_line, visible
from azureml_publish.reporters.paint import PLAIN, Paint

_COLOURS = {State.FINE: "green", State.WARNING: "yellow", State.FAILED: "red"}


def examinations_text(examined: Sequence[Examined], paint: Paint = PLAIN) -> str:
    """One line per check, with the hint below it."""
    width = max((len(one_line(one.subject)) for one in examined), default=0)
    state_width = max(len(state) for state in State)
    lines = []
    for one in examined:
        state = paint(f"{one.state:<{state_width}}", _COLOURS[one.state])
        message, *further = visible(one.message).split("\n")
        margin = "    "
        lines.append(f"{state}  {one_line(one.subject):<{width}}  {message}")
        lines += [f"{margin}{line}" for line in further]
        if one.hint:
            lines.append(f"{margin}{paint('help:', 'cyan')} {below(one.hint, margin)}")
    return "\n".join(lines) + "\n"


def examinations_json(examined: Sequence[Examined]) -> str:
    """The checks as a JSON object."""
    return as_json(
        {
            "examined": [
                {"subject": one.subject, "state": str(one.state), "message": one.message, "hint": one.hint}
                for one in examined
            ]
        }
    )
