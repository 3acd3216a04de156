"""The origins of a field and the effect of changing it, as text and as JSON."""

from __future__ import annotations

from dataclasses import dataclass

from azureml_publish.assets import Value
from azureml_publish.plan.rules import ChangeClass, FieldRule
from azureml_publish.render.provenance import Origin
from azureml_publish.reporters.diagnostics import as_json
from azureml_publish.reporters.differences import short
from azureml_publish.reporters.hostile_text import one_line
from azureml_publish.reporters.paint import PLAIN, Paint

_MEANS = {
    ChangeClass.NEW_VERSION: "needs a new version",
    ChangeClass.IN_PLACE: "is done in place",
    ChangeClass.APPEND: "is done in place, as nothing is replaced",
    ChangeClass.KEPT: "does nothing: what is registered stays",
    ChangeClass.IDENTITY: "makes another version, and leaves this one as it is",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One field of one model: its value as the service would hold it, its origins, and the rule on changing it."""

    model: str
    version: int
    field: str
    value: Value
    origins: tuple[Origin, ...]
    rule: FieldRule


def explanation_text(one: Explanation, paint: Paint = PLAIN) -> str:
    """The value, a line for each origin, and the effect of a change."""
    lines = [
        f"{paint(one_line(one.field), 'bold')} of {one_line(one.model)} {one.version}: {short(one.value, 100)}",
        "",
    ]
    for origin in one.origins:
        place = origin.location
        where = f"{one_line(place.path)}:{place.line}:{place.column}" if place else "publish"
        lines.append(f"  {origin.kind:<9}  {paint(where, 'bold')}  {short(origin.text, 100)}")
    rule = one.rule
    lines += ["", f"On a registered version changing it {_MEANS[rule.changed]}. {one_line(rule.why)}"]
    if len({rule.added, rule.changed, rule.removed}) > 1:
        lines.append(f"Adding it {_MEANS[rule.added]}; taking it away {_MEANS[rule.removed]}.")
    return "\n".join(lines) + "\n"


def explanation_json(one: Explanation) -> str:
    """The explanation as a JSON object; `class` is the effect of adding, changing and removing the field."""
    rule = one.rule
    return as_json(
        {
            "model": one.model,
            "version": one.version,
            "field": one.field,
            "value": one.value,
            "origins": [
                {
                    "kind": str(origin.kind),
                    "text": origin.text,
                    "path": origin.location.path if origin.location else None,
                    "line": origin.location.line if origin.location else None,
                    "column": origin.location.column if origin.location else None,
                }
                for origin in one.origins
            ],
            "class": {"added": str(rule.added), "changed": str(rule.changed), "removed": str(rule.removed)},
            "why": rule.why,
        }
    )
