"""The SKU engine: a catalogue of Azure VM sizes, queries over it, derived min-SKU specs, retirement. Pure."""

from __future__ import annotations

from azureml_publish.skus.catalogue import Catalogue, RetirementStatus, Sku, is_retired, load_catalogue, retiring_within
from azureml_publish.skus.derive import DerivedMinSpec, Figure, UnknownFigure, derive_min_spec, unknown_figures
from azureml_publish.skus.query import ProblemKind, Query, Selection, SkuProblem, resolve_literal, select

__all__ = [
    "Catalogue",
    "DerivedMinSpec",
    "Figure",
    "ProblemKind",
    "Query",
    "RetirementStatus",
    "Selection",
    "Sku",
    "SkuProblem",
    "UnknownFigure",
    "derive_min_spec",
    "is_retired",
    "load_catalogue",
    "resolve_literal",
    "retiring_within",
    "select",
    "unknown_figures",
]
