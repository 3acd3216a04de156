"""`publish skus`: what sizes there are, what lists of them mean, and when they go. One file a verb."""

from __future__ import annotations

import difflib
import importlib
from types import MappingProxyType

import click

VERBS = MappingProxyType(
    {
        "list": "List the sizes that a query selects.",
        "min": "Derive min-SKU specs, and say which size sets each figure.",
        "show": "Draw which families serve a model, and when they go.",
        "fit": "Propose sizes for a model from the bytes of its weights.",
        "retiring": "Foresee which lists lose which sizes when.",
        "prune": "Take retired sizes out of presets and lists.",
        "refresh": "Compare the catalogue with the live figures of a subscription.",
    }
)
"""Every verb with its help in one line."""


class _Verbs(click.Group):
    """Imports a verb when it is called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return [*VERBS]  # a submodule is named list

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            close = difflib.get_close_matches(name, VERBS, n=2)
            meant = f" Did you mean {' or '.join(close)}?" if close else f" There are: {', '.join(VERBS)}."
            ctx.fail(f"No such command '{name}'.{meant}")
        command: click.Command = importlib.import_module(f"azureml_publish.cli.skus.{name}").command
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([*VERBS.items()])


@click.group("skus", cls=_Verbs)
def command() -> None:
    """Sizes of machines: list, derive, draw, fit, foresee, prune.

    Works offline from the catalogue that ships with the package, with the project's skus.overlay.csv over it; refresh
    alone reads from Azure.
    """
