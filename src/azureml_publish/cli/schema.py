"""`publish schema`: the JSON Schema of what people write, for editors, and of saved plans, for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel

from azureml_publish.cli.session import Session
from azureml_publish.cli.writing import write_whole
from azureml_publish.plan import SavedPlan
from azureml_publish.reporters.diagnostics import as_json
from azureml_publish.spec import EmulatorFaults, ModelSpec, ProjectConfig

SCHEMAS: dict[str, tuple[str, type[BaseModel]]] = {
    "model": ("model.yaml", ModelSpec),
    "publish": ("publish.yaml", ProjectConfig),
    "faults": ("faults.yaml", EmulatorFaults),
    "plan": ("plan.json", SavedPlan),
}
"""What has a schema: the file as people know it, and what describes it."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@click.command("schema")
@click.argument("which", type=click.Choice([*SCHEMAS]), required=False)
@click.option("--out", type=click.Path(file_okay=False), help="Write all of them there, as NAME.schema.json.")
@click.pass_obj
def command(session: Session, which: str | None, out: str | None) -> None:
    """Print a JSON Schema: of model.yaml, publish.yaml, the emulator's faults, saved plans, or of all.

    An editor follows it where the file's first line says: # yaml-language-server: $schema=PATH
    """
    schemas = {name: _schema(kind) for name, (_, kind) in SCHEMAS.items()}
    if out is not None:
        folder = session.directory / Path(out)
        folder.mkdir(parents=True, exist_ok=True)
        for name, schema in schemas.items():
            write_whole(folder / f"{name}.schema.json", json.dumps(schema, indent=2) + "\n")
            click.echo(f"{Path(out).as_posix()}/{name}.schema.json")
    elif which is not None:
        click.echo(json.dumps(schemas[which], indent=2))
    else:
        click.echo(as_json({SCHEMAS[name][0]: schema for name, schema in schemas.items()}), nl=False)


def _schema(kind: type[BaseModel]) -> dict[str, Any]:
    return {"$schema": DIALECT, **kind.model_json_schema(by_alias=True)}
