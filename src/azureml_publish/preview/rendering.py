"""Pages from templates: the same for the server and for an export, which differ in how links end."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from azureml_publish.diagnostics import mask_passwords
from azureml_publish.preview.code import highlight
from azureml_publish.preview.facts import type_name
from azureml_publish.reporters.hostile_text import for_xml, visible
from azureml_publish.reporters.sku_svg import STYLE
from azureml_publish.version import __version__

ASSETS = {"preview.css": "text/css", "preview.js": "text/javascript", "icon.svg": "image/svg+xml"}
"""What pages load, by the names under which it is served and exported, and the type of each."""


def number(value: int) -> str:
    """A number of bytes in the unit that people read."""
    size = float(value)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders pages of a catalogue.

    Attributes:
        title: what the catalogue is called.
        exported: whether pages are files that are opened without a server.
    """

    title: str
    exported: bool = False

    def page(self, template: str, path: str, **values: Any) -> str:
        """A page; `path` is its place below the catalogue's top, `models/x/`."""
        up = "../" * path.count("/")
        text = (
            _environment()
            .get_template(template)
            .render(
                title=self.title,
                exported=self.exported,
                path=path,
                link=self._links(up),
                asset=lambda name: f"{up}static/{name}",
                version=__version__,
                **values,
            )
        )
        return for_xml(text)

    def _links(self, up: str) -> Callable[..., str]:
        def link(*parts: str) -> str:
            path = "".join(f"{quote(part, safe='')}/" for part in parts)
            return up + path + ("index.html" if self.exported else "") or "./"

        return link


def read_asset(name: str) -> str:
    """The text of a style sheet or script.

    Raises:
        KeyError: there is none of this name.
    """
    if name not in ASSETS:
        raise KeyError(name)
    text = (files("azureml_publish.preview") / "static" / name).read_text(encoding="utf-8")
    return text + STYLE if name == "preview.css" else text


def _prose(text: object) -> Markup:
    """A message or hint; what stands in it between backticks is code."""
    parts = re.split("`([^`\n]+)`", mask_passwords(visible(str(text))))
    shown = (Markup("<code>{}</code>").format(part) if odd % 2 else escape(part) for odd, part in enumerate(parts))
    return Markup("").join(shown)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("azureml_publish.preview", "pages"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "bytes": number,
        "type_name": type_name,
        "plain": lambda text: mask_passwords(visible(str(text))),
        "highlight": lambda text, language: Markup(highlight(str(text), language)),  # noqa: S704 - Pygments escapes
        "prose": _prose,
        "json": lambda value: json.dumps(value, indent=2, ensure_ascii=False, default=str),
    }
    return environment


def render_note(findings: Sequence[Any]) -> str:
    """Findings as HTML, for a place in a card."""
    return _environment().get_template("note.html.j2").render(findings=findings)
