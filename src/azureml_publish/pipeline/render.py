"""Writes rendered models into a folder, such as `build/`, or says what differs there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from azureml_publish.assets import RenderedModel
from azureml_publish.errors import UsageProblem
from azureml_publish.files import check_target, is_private, make_folder, read_carried, write_bytes
from azureml_publish.pipeline.check import CheckedProject, render
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.run import RunContext

OWN_FILES = ("MLmodel", "asset.yaml", "description.md", "model.yaml", "spec.yaml")
"""What rendering may write into a model's folder, and so may take away."""
_SOURCES = ("models", "templates", ".github")


def render_into(
    run: RunContext, models: Sequence[str], settings: Settings, out: str | None, *, write: bool
) -> tuple[Path, int, tuple[Path, ...]]:
    """Render models into a folder, by default `build` of the project: the folder, how many, and as `build` says.

    Raises:
        UnsoundProject: a model cannot be read or rendered.
        UsageProblem: as `build`.
    """
    checked = render(run, load(run, models, settings))
    target = run.directory / out if out else checked.require_sound().root / "build"
    return target, len(checked.rendered), build(target, checked, write=write)


def build(target: Path, checked: CheckedProject, *, write: bool = True) -> tuple[Path, ...]:
    """Write the asset folder of each model into a folder; the paths of files that were missing or different.

    Args:
        target: the folder; each model has a folder in it.
        write: whether to write, or only to compare.

    Raises:
        UsageProblem: the folder is a source of the project or holds one, or it lies behind a link.
    """
    root = checked.require_sound().root
    for _, rendered in checked.rendered:
        _check_place(target / rendered.folder, root)
    changed = [path for _, rendered in checked.rendered for path in _differing(target, rendered)]
    if write:
        for _, rendered in checked.rendered:
            _write(target / rendered.folder, rendered)
    return tuple(changed)


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
