"""`publish skus`: what sizes there are, what lists of them mean, and when they go. One file a verb."""

from __future__ import annotations

from types import MappingProxyType

import click

from azureml_publish.cli import Verbs

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


class _Verbs(Verbs):
    package = __name__
    verbs = VERBS


@click.group("skus", cls=_Verbs)
def command() -> None:
    """Sizes of machines: list, derive, draw, fit, foresee, prune.

    Works offline from the catalogue that ships with the package, with the project's skus.overlay.csv over it; refresh
    alone reads from Azure.
    """
