"""Writes a catalogue as plain files with relative links: for Pages, and as an artifact of a pull request."""

from __future__ import annotations

from pathlib import Path

from azureml_publish.errors import UsageProblem
from azureml_publish.files import make_folder, write_whole
from azureml_publish.preview.rendering import ASSETS, read_asset
from azureml_publish.preview.site import PlanRequest, Site

MARK = "made-by-azureml-publish.txt"
"""A file in an export, by which the next one knows that the folder is its own."""


def export(site: Site, target: Path, request: PlanRequest) -> int:
    """Write every page, with the requested plan; returns the number of pages.

    Raises:
        UsageProblem: the folder holds something else.
    """
    if target.is_dir() and any(target.iterdir()) and not (target / MARK).is_file():
        raise UsageProblem(f"{target} holds files that are not an export.", hint="Name a new folder: --export site")
    look = site.live.now
    broken = look.loaded.subject.project.unreadable if look.loaded.subject is not None else ()
    names = [*(folder.folder for folder in look.loaded.folders), *(name for name in broken if name in look.findings())]
    pages = {"index.html": site.index(), "findings/index.html": site.findings(), "plan/index.html": site.plan(request)}
    pages |= {f"models/{name}/index.html": site.model(name) for name in names}
    make_folder(target)
    texts = {path: page.text for path, page in pages.items()} | {f"static/{name}": read_asset(name) for name in ASSETS}
    texts[MARK] = "`publish preview --export` wrote this folder, and writes over it.\n"
    for path, text in texts.items():
        make_folder((target / path).parent, target)
        write_whole(target / path, text, durable=False)
    return len(pages)
