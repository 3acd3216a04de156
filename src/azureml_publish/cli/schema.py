"""`publish schema`: the JSON Schema of what people write, for editors, and of what programs read."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel

from azureml_publish.cli.output import write
from azureml_publish.files import write_whole
from azureml_publish.pipeline.run import RunContext
from azureml_publish.plan.saved import SavedPlan
from azureml_publish.reporters.diagnostics import as_json
from azureml_publish.reporters.hostile_text import one_line
from azureml_publish.reporters.outputs import OUTPUTS, output_schema
from azureml_publish.reporters.outputs.events import events_schema
from azureml_publish.reporters.outputs.lint import JsonReport
from azureml_publish.spec import ModelSpec, ProjectConfig
from azureml_publish.spec.lock import LOCK_FILE, SourceLock


def _typed(kind: type[BaseModel]) -> Callable[[], dict[str, Any]]:
    return functools.partial(kind.model_json_schema, by_alias=True)


def _faults() -> dict[str, Any]:
    from azureml_publish.emulator.quirks import EmulatorFaults

    return EmulatorFaults.model_json_schema()


SCHEMAS: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "model": ("model.yaml", _typed(ModelSpec)),
    "publish": ("publish.yaml", _typed(ProjectConfig)),
    "faults": ("faults.yaml", _faults),
    "plan": ("plan.json", _typed(SavedPlan)),
    "lock": (LOCK_FILE, _typed(SourceLock)),
    "lint": ("lint.json", _typed(JsonReport)),
    "events": ("a line of --events", events_schema),
} | {
    f"{verb.replace(' ', '-')}-output": (f"publish {verb} -o json", functools.partial(output_schema, verb))
    for verb in OUTPUTS
}
"""What has a schema: the file or output as people know it, and what describes it."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@click.command("schema")
@click.argument("which", metavar="[SCHEMA]", type=click.Choice([*SCHEMAS]), required=False)
@click.option(
    "--out", type=click.Path(file_okay=False), metavar="DIR", help="Write all of them there, as NAME.schema.json."
)
@click.pass_obj
def command(run: RunContext, which: str | None, out: str | None) -> None:
    """Print a JSON Schema: of model.yaml, publish.yaml, the emulator's faults, saved plans, locks, lint's JSON, or all.

    SCHEMA is model, publish, faults, plan, lock, lint or events, or VERB-output for what a verb prints as JSON.

    An editor follows it where the file's first line says: # yaml-language-server: $schema=PATH
    """
    chosen = [which] if which is not None and out is None else SCHEMAS
    schemas = {name: {"$schema": DIALECT, **SCHEMAS[name][1]()} for name in chosen}
    if out is not None:
        folder = run.directory / Path(out)
        folder.mkdir(parents=True, exist_ok=True)
        for name, schema in schemas.items():
            write_whole(folder / f"{name}.schema.json", json.dumps(schema, indent=2) + "\n")
            write(f"{one_line(Path(out).as_posix())}/{name}.schema.json\n")
    elif which is not None:
        write(json.dumps(schemas[which], indent=2) + "\n", "json")
    else:
        write(as_json({SCHEMAS[name][0]: schema for name, schema in schemas.items()}), "json")
