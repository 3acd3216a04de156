"""`publish schema`: the JSON Schema of what people write, for editors, and of what `publish lint` prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from azureml_publish.cli.session import Session
from azureml_publish.cli.writing import write_whole
from azureml_publish.reporters.diagnostics import as_json
from azureml_publish.reporters.lint import lint_schema
from azureml_publish.spec import ModelSpec, ProjectConfig

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@click.command("schema")
@click.argument("which", type=click.Choice(["model", "publish", "lint"]), required=False)
@click.option("--out", type=click.Path(file_okay=False), help="Write NAME.schema.json of each there.")
@click.pass_obj
def command(session: Session, which: str | None, out: str | None) -> None:
    """Print the JSON Schema of model.yaml, of publish.yaml, of what `publish lint -o json` prints, or of all.

    An editor follows it where the file's first line says: # yaml-language-server: $schema=PATH
    """
    schemas = {
        "model": _schema(ModelSpec),
        "publish": _schema(ProjectConfig),
        "lint": {"$schema": DIALECT, **lint_schema()},
    }
    if out is not None:
        folder = session.directory / Path(out)
        folder.mkdir(parents=True, exist_ok=True)
        for name, schema in schemas.items():
            write_whole(folder / f"{name}.schema.json", json.dumps(schema, indent=2) + "\n")
            click.echo(f"{Path(out).as_posix()}/{name}.schema.json")
    elif which is not None:
        click.echo(json.dumps(schemas[which], indent=2))
    else:
        click.echo(
            as_json({f"{name}.{'json' if name == 'lint' else 'yaml'}": schema for name, schema in schemas.items()}),
            nl=False,
        )


def _schema(kind: Any) -> dict[str, Any]:
    return {"$schema": DIALECT, **kind.model_json_schema(by_alias=True)}
