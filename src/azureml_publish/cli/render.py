"""`publish render`: cards and asset YAML into a folder."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import click

from azureml_publish.assets import LayoutName, RenderedModel
from azureml_publish.cli.options import as_of_option, layout_option, models_argument, output_options
from azureml_publish.cli.output import FINDINGS, Output
from azureml_publish.errors import UsageProblem
from azureml_publish.files import check_target, is_private, make_folder, read_carried, write_bytes
from azureml_publish.pipeline.check import render
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.reporters.diagnostics import as_json, counted

OWN_FILES = ("MLmodel", "asset.yaml", "description.md", "model.yaml", "spec.yaml")
"""What rendering may write into a model's folder, and so may take away."""
_SOURCES = ("models", "templates", ".github")


@click.command("render")
@models_argument
@layout_option
@click.option("--out", type=click.Path(file_okay=False), help="Write there. [default: build in the project]")
@click.option("--check", is_flag=True, help="Write nothing; exit with 4 if what is there differs.")
@as_of_option
@output_options
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    layout: LayoutName | None,
    out: str | None,
    as_of: datetime | None,
    check: bool,
) -> None:
    """Write each model's card and asset YAML: the folder shape of Azure/azureml-assets."""
    staged = render(output.run, load(output.run, models, Settings(layout, as_of)))
    project = staged.require_sound()
    target = output.run.directory / out if out else project.root / "build"
    for _, rendered in staged.rendered:
        _check_place(target / rendered.folder, project.root)
    changed = [path for _, rendered in staged.rendered for path in _differing(target, rendered)]
    if not check:
        for _, rendered in staged.rendered:
            _write(target / rendered.folder, rendered)
    shown = [Path(os.path.relpath(path, output.run.directory)).as_posix() for path in changed]
    if output.json:
        output.data(as_json({"out": str(target), "models": len(staged.rendered), "changed": shown}))
    else:
        output.data("".join(f"{path}\n" for path in shown))
        what = "different" if check else "written"
        output.note(f"Rendered {counted(len(staged.rendered), 'model')}; {counted(len(shown), 'file')} {what}.")
    if check and changed:
        raise SystemExit(FINDINGS)


def _check_place(folder: Path, root: Path) -> None:
    """See that rendering overwrites nothing that somebody wrote.

    Raises:
        UsageProblem: the folder is a source of the project or holds one, or it lies behind a link.
    """
    check_target(folder / "any")
    top, place = root.resolve(), folder.parent.resolve()
    if place.is_relative_to(top):
        parts = place.relative_to(top).parts
        taken = not parts or parts[0].lower() in _SOURCES or is_private(parts[0])
    else:
        taken = top.is_relative_to(place)
    if taken:
        hint = "Name a folder of its own: --out build."
        raise UsageProblem(f"{folder.parent} holds what people write; nothing is rendered into it.", hint=hint)


def _differing(target: Path, rendered: RenderedModel) -> list[Path]:
    """The files that are missing, different, or there without being rendered any more."""
    folder = target / rendered.folder
    wanted = _contents(rendered)
    paths = []
    for name in sorted({*OWN_FILES, *wanted}):
        path = folder / name
        present = path.read_bytes() if path.is_file() and not path.is_symlink() else None
        if present != wanted.get(name):
            paths.append(path)
    return paths


def _contents(rendered: RenderedModel) -> dict[str, bytes]:
    """What the asset folder holds, file by file."""
    carried = {file.path: read_carried(file) for file in rendered.carried}
    return carried | {file.path: file.text.encode() for file in rendered.files}


def _write(folder: Path, rendered: RenderedModel) -> None:
    make_folder(folder)
    wanted = _contents(rendered)
    for path in _differing(folder.parent, rendered):
        data = wanted.get(path.relative_to(folder).as_posix())
        if data is None:
            check_target(path, folder)
            path.unlink(missing_ok=True)
        else:
            make_folder(path.parent, folder)
            write_bytes(path, data, durable=False, root=folder)
