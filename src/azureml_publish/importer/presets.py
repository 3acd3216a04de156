"""Presets for the lists of sizes that a catalogue repeats: existing ones, or else new ones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from azureml_publish.importer.draft import Draft
from azureml_publish.skus.catalogue import Catalogue, Sku
from azureml_publish.skus.derive import derive_min_spec
from azureml_publish.skus.query import Selection, resolve_literal

LONG = 6
"""A longer list gets a preset even if it is used once: it would hide the rest of a spec."""


def choose_presets(
    drafts: Iterable[Draft], known: Mapping[str, Selection], catalogue: Catalogue
) -> tuple[Mapping[tuple[str, ...], str], Mapping[str, tuple[str, ...]]]:
    """A preset name for every repeated or long list.

    Returns:
        the name of each list, where order matters; and the new presets, most used first. A list that equals a preset of
        the project gets that preset's name.
    """
    uses = Counter(names for draft in drafts for names in draft.lists.values())
    names: dict[tuple[str, ...], str] = {}
    for name, selection in known.items():
        names.setdefault(selection.names, name)
    proposed: dict[str, tuple[str, ...]] = {}
    for listed, count in sorted(uses.items(), key=lambda use: (-use[1], -len(use[0]), use[0])):
        if listed in names or (count == 1 and len(listed) <= LONG):
            continue
        name = _free_name(listed, catalogue, {*known, *proposed})
        names[listed] = name
        proposed[name] = listed
    return MappingProxyType(names), MappingProxyType(proposed)


def _free_name(listed: tuple[str, ...], catalogue: Catalogue, taken: set[str]) -> str:
    plain = name_list(resolve_literal(catalogue, listed).skus)
    choices = [plain, f"{plain}-{len(listed)}", *(f"{plain}-{len(listed)}-{number}" for number in range(2, 1000))]
    return next(choice for choice in choices if choice not in taken)


def name_list(skus: tuple[Sku, ...]) -> str:
    """A name for a list from its smallest size: `cpu-4c-28g` with vCPUs and GiB, or `gpu-2x-a100` with GPUs."""
    if not skus:
        return "sizes"
    least = derive_min_spec(skus).spec
    if least is None:
        return "sizes"
    if least.gpus == 0:
        return f"cpu-{least.vcpus}c-{least.memory_gib}g"
    first = min(skus, key=lambda sku: (sku.gpus or 0, sku.memory_gib or 0.0))
    model = re.search(r"\b[A-Z]{1,3}[0-9]{1,4}[A-Z]?\b", first.gpu_model)
    count = f"{least.gpus}x-" if least.gpus > 1 else ""
    return f"gpu-{count}{model[0].lower()}" if model else f"gpu-{least.gpus}x"
