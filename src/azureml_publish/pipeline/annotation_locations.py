"""Where models are written, as GitHub's annotations name it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from azureml_publish.diagnostics import Location
from azureml_publish.pipeline.check import CheckedProject


def find_places(staged: CheckedProject, environ: Mapping[str, str]) -> dict[str, Location]:
    """Where each model's version is written, by a path from the top of the repository, as GitHub wants it."""
    top, root = environ.get("GITHUB_WORKSPACE"), staged.require_sound().root
    places = {}
    for folder, rendered in staged.rendered:
        place = folder.document.location(("version",))
        if top and root.is_relative_to(Path(top).resolve()):
            path = Path(os.path.relpath(root / place.path, Path(top).resolve())).as_posix()
            place = Location(path, place.line, place.column)
        places[rendered.asset.name] = place
    return places
