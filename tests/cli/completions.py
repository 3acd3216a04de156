"""The table of shell completion, from the command line itself: `make schemas` writes it."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import click

from azureml_publish.cli import VERBS, group
from azureml_publish.lint.built_in import BUILT_IN

_KINDS = {
    "models": "models",
    "model": "models",
    "names": "models",
    "rule": "rules",
    "select": "rules",
    "registry": "registries",
    "source": "registries",
    "families": "families",
    "presets": "presets",
    "include": "sizes",
    "exclude": "sizes",
    "what": "sizes",
}
"""What parameters of these names take."""


def text() -> str:
    """What `completions.json` must hold: a line for each option."""
    indented = json.dumps(table(group, {**VERBS}), indent=1, ensure_ascii=False)
    innermost = re.compile(r"\{\n[^{}]{1,500}\}")
    return innermost.sub(lambda one: json.dumps(json.loads(one[0]), ensure_ascii=False), indented) + "\n"


def table(group: click.Group, helps: dict[str, str]) -> dict[str, Any]:
    """Verbs, options and rules as `completions.json` has them, from the command line itself."""
    context = click.Context(group)
    verbs: dict[str, Any] = {}
    for name in group.list_commands(context):
        one = group.get_command(context, name)
        if isinstance(one, click.Group):
            for inner in one.list_commands(context):
                command_below = one.get_command(context, inner)
                if command_below is not None:
                    verbs[f"{name} {inner}"] = _entry(command_below, command_below.get_short_help_str(80))
        elif one is not None:
            verbs[name] = _entry(one, helps[name])
    rules = {rule.code: rule.name for rule in sorted(BUILT_IN, key=lambda rule: rule.code)}
    return {"shared": _entry(group, "")["options"], "verbs": verbs, "rules": rules}


def _entry(one: click.Command, help_text: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    argument: dict[str, Any] | None = None
    for parameter in one.params:
        values = [*parameter.type.choices] if isinstance(parameter.type, click.Choice) else []
        metavar = str(getattr(parameter, "metavar", "") or "")
        kind = "versions" if "VERSION]" in metavar else _KINDS.get(parameter.name or "", "")
        if metavar == "GLOB":
            kind = ""
        if parameter.name == "ignore" and metavar == "RULES":
            kind = "rules"
        if parameter.name == "target" and metavar == "NAME":
            kind = "registries"
        if isinstance(parameter, click.Option):
            entry = _stated(flag=parameter.is_flag, kind=kind, values=values)
            for name in (*parameter.opts, *parameter.secondary_opts):
                options[name] = {**entry, "help": (parameter.help or "").split("\n")[0]}
        elif argument is None:
            argument = _stated(kind=kind, values=values)
    return {"help": help_text, "options": options, "argument": argument}


def _stated(**facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value}


if __name__ == "__main__":
    sys.stdout.write(text())
