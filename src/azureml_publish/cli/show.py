"""`publish show`: one registered version."""

from __future__ import annotations

import shutil
from urllib.parse import quote, urlencode

import click

from azureml_publish.cli.options import output_options, registry_option
from azureml_publish.cli.output import Output
from azureml_publish.pipeline.registered import show_registered
from azureml_publish.reporters.registered import asset_text, assets_json, files_json, files_text


@click.command("show")
@click.argument("model", metavar="NAME[:VERSION]")
@click.option("--files", "with_files", is_flag=True, help="List its files instead, with sizes and SHA-256.")
@click.option("--raw", is_flag=True, help="On a terminal too: the card as it is written.")
@click.option("--web", is_flag=True, help="Show its page in the browser, until Ctrl-C; prints the address.")
@registry_option
@output_options
def command(*, output: Output, model: str, with_files: bool, raw: bool, web: bool, registry: str | None) -> None:
    """Show one registered version, the latest unless one is named: its metadata and its card, or its files.

    A terminal shows the card with its headings, tables and code; anything else gets it as it is written.
    """
    if web:
        _show_page(output, model, registry)
        return
    asset, files = show_registered(output.run, model, registry, files=with_files)
    if with_files:
        output.data(files_json(asset.id, files) if output.json else files_text(files))
        return
    columns = shutil.get_terminal_size().columns if output.framed and not raw else None
    output.data(assets_json([asset]) if output.json else asset_text(asset, output.paint, columns))


def _show_page(output: Output, reference: str, registry: str | None) -> None:
    """Serve the page of a version."""
    from azureml_publish.cli.preview import serve  # noqa: PLC0415 - three times the start of this verb
    from azureml_publish.pipeline.live import LiveProject  # noqa: PLC0415

    asset, _ = show_registered(output.run, reference, registry)
    path = f"registered/{quote(asset.id.name, safe='')}/{asset.id.version}/"
    query = f"?{urlencode({'registry': registry})}" if registry is not None else ""
    serve(output, LiveProject(output.run), opens=True, path=path + query)
