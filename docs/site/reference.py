"""The reference, from what the program itself has: click's commands, the JSON Schemas, docstrings."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import click

import azureml_publish
from azureml_publish.cli import VERBS, group
from azureml_publish.cli.schema import SCHEMAS
from azureml_publish.reporters.outputs import OUTPUTS
from docs.site.tables import inline, schema_tables, table


def commands() -> str:
    """Every command, with its arguments and options."""
    lines = ["## publish\n", _options(group, None, "publish")]
    for verb in VERBS:
        command = importlib.import_module(f"azureml_publish.cli.{verb}").command
        lines += _command(command, f"publish {verb}", 2)
    return "\n".join(lines)


def _command(command: click.Command, name: str, depth: int) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    yield f"{'#' * depth} {name}\n"
    yield f"```text\n{name} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    yield f"{_paragraphs(command.help or '')}\n"
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            found = command.get_command(context, sub)
            if found is not None:
                yield from _command(found, f"{name} {sub}", depth + 1)
        return
    yield _options(command, context, name)
    if name.removeprefix("publish ") in OUTPUTS:
        yield f"With `-o json`: [its keys](json.md#{name.replace(' ', '-')}).\n"


def _options(command: click.Command, parent: click.Context | None, name: str) -> str:
    context = parent or click.Context(command, info_name=name)
    rows = []
    for one in command.get_params(context):
        record = one.get_help_record(context) if isinstance(one, click.Option) else None
        if record is not None and isinstance(one, click.Option):
            variables = [one.envvar] if isinstance(one.envvar, str) else [*(one.envvar or ())]
            said = "".join(f" Variable: `{variable}`." for variable in variables)
            rows.append((f"`{record[0]}`", f"{inline(record[1])}{said}"))
    return table(("option", "means"), rows)


def model_yaml() -> str:
    """The keys of model.yaml."""
    return schema_tables(SCHEMAS["model"][1]())


def publish_yaml() -> str:
    """The keys of publish.yaml."""
    return schema_tables(SCHEMAS["publish"][1]())


def json_output() -> str:
    """What each verb writes with `-o json`, and the files that programs read."""
    lines: list[str] = []
    for verb in sorted(OUTPUTS):
        name = f"{verb.replace(' ', '-')}-output"
        lines += [f"## publish {verb}\n", f"[JSON Schema](../schemas/{name}.schema.json)\n"]
        schema = SCHEMAS[name][1]()
        result = next((one for one in schema.get("anyOf", ()) if not one.get("$ref", "").endswith("/Failure")), schema)
        lines.append(
            schema_tables(
                {**schema, **result} if "properties" in result else schema, 3, frozenset({"Failure", "Error"})
            )
        )
    for name, title in (("plan", "Saved plans"), ("lock", "source.lock.json"), ("faults", "The emulator's faults")):
        lines += [
            f"## {title}\n",
            f"[JSON Schema](../schemas/{name}.schema.json)\n",
            schema_tables(SCHEMAS[name][1](), 3),
        ]
    return "\n".join(lines)


def api() -> str:
    """The public Python API, from its docstrings."""
    lines = []
    for name in sorted(set(azureml_publish.__all__) - {"__version__"}, key=lambda one: (one[0].isupper(), one)):
        public = getattr(azureml_publish, name)
        (definition,) = ast.parse(inspect.getsource(public)).body
        lines.append(f"## {name}\n")
        if isinstance(definition, ast.ClassDef):
            lines += [f"{_paragraphs(inspect.getdoc(public) or '')}\n", *_members(definition)]
        else:
            lines += [_code(definition), f"{_paragraphs(inspect.getdoc(public) or '')}\n"]
    return "\n".join(lines)


def _members(definition: ast.ClassDef) -> Iterator[str]:
    fields = [
        ast.unparse(one)
        for one in definition.body
        if isinstance(one, ast.AnnAssign | ast.Assign) and not ast.unparse(one).startswith("_")
    ]
    if fields:
        yield "```python\n" + "\n".join(fields) + "\n```\n"
    for one in definition.body:
        if isinstance(one, ast.FunctionDef) and (not one.name.startswith("_") or one.name == "__init__"):
            said = ast.get_docstring(one)
            if said or one.name == "__init__":
                yield _code(one)
                yield f"{_paragraphs(said or '')}\n"


def _code(definition: ast.stmt) -> str:
    assert isinstance(definition, ast.FunctionDef)  # noqa: S101
    kinds = "".join(f"@{ast.unparse(one)}\n" for one in definition.decorator_list)
    returned = f" -> {ast.unparse(definition.returns)}" if definition.returns is not None else ""
    return f"```python\n{kinds}def {definition.name}({ast.unparse(definition.args)}){returned}\n```\n"


def _paragraphs(text: str) -> str:
    """A docstring; lines that are indented are code."""
    blocks = re.split(r"\n\s*\n", inspect.cleandoc(text.replace("\b", "")))
    return "\n\n".join(block if block.startswith("    ") else inline(block) for block in blocks)


PARTS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {"commands": commands, "model_yaml": model_yaml, "publish_yaml": publish_yaml, "json": json_output, "api": api}
)
"""The parts that a page can have generated, by the name in its comment."""
