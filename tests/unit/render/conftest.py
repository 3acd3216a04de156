"""A project of one model, written to disk and rendered as the command line does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from azureml_publish.assets import LayoutName, RenderedModel
from azureml_publish.diagnostics import Diagnostic
from azureml_publish.project import load_project
from azureml_publish.render import Style, Templates, default_templates, read_sample_links, render_model
from azureml_publish.skus.catalogue import load_catalogue
from azureml_publish.skus.compute import resolve_compute, resolve_presets

AS_OF = date(2026, 11, 21)
REVISION = "5532cc56f74641d4bb33641f5c76a55d11f846e0"
SPEC = f"""\
name: little
version: 3
source: {{huggingface: org/little, revision: {REVISION}}}
license: mit
tasks: {{inference: fill-mask}}
"""
CARD = '{% extends "card.md.j2" %}\n{% block summary %}A little model.{% endblock %}\n'


@dataclass(frozen=True)
class Workshop:
    """A project on disk that can be changed and rendered."""

    root: Path

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")

    def render(
        self, layout: LayoutName = "system_metadata", **files: str
    ) -> tuple[RenderedModel | None, tuple[Diagnostic, ...]]:
        """Render after writing `card`, `spec` or other files first."""
        names = {"card": "models/little/card.md.j2", "spec": "models/little/model.yaml", "publish": "publish.yaml"}
        self.write({names[key]: text for key, text in files.items()})
        project, mistakes = load_project(self.root)
        assert project is not None
        assert mistakes == ()
        (folder,) = project.models
        catalogue = load_catalogue()
        compute = resolve_compute(
            folder.spec, resolve_presets(project.config, catalogue, AS_OF), catalogue, AS_OF
        ).allow_lists
        templates = Templates(self.root, project.templates, default_templates())
        links, wrong = read_sample_links(templates)
        rendered, found = render_model(folder, compute, Style(project.config, links, templates, layout))
        return rendered, wrong + found

    def sound(self, layout: LayoutName = "system_metadata", **files: str) -> RenderedModel:
        """Render what has no mistake."""
        rendered, found = self.render(layout, **files)
        assert found == ()
        assert rendered is not None
        return rendered

    def card(self, card: str) -> str:
        """The text of a card."""
        return self.sound(card=card).asset.description

    def failure(self, **files: str) -> Diagnostic:
        """The one mistake of what cannot be rendered."""
        rendered, found = self.render("system_metadata", **files)
        assert rendered is None
        (one,) = found
        assert one.hint
        return one


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    made = Workshop(tmp_path)
    made.write({"publish.yaml": "", "templates/sample-links.yaml": ""})
    made.write({"models/little/model.yaml": SPEC, "models/little/card.md.j2": CARD})
    return made
