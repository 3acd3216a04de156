"""Allow-lists from queries and from literal lists. All mistakes are returned together, as values."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from azureml_publish.assets import MinSkuSpec
from azureml_publish.skus.catalogue import Catalogue, Sku, is_retired
from azureml_publish.spec import SkuQuery

ProblemKind: TypeAlias = Literal[
    "unknown_size",
    "unknown_family",
    "unknown_gpu_model",
    "duplicate",
    "contradiction",
    "unknown_figure",
    "retired_include",
    "idle_exclude",
    "empty",
]
"""The kinds of mistakes in a query or a list.

- `unknown_size`, `unknown_family`, `unknown_gpu_model`: the catalogue has no such name; `suggestions` has similar ones
- `duplicate`: a name is given twice
- `contradiction`: a size is both included and excluded (it is excluded)
- `unknown_figure`: a size is left out because the catalogue lacks a figure that the query uses
- `retired_include`: a size that is included by name is retired, and therefore left out
- `idle_exclude`: an excluded size would not have been selected anyway
- `empty`: nothing is left; `word` is the key of the query that removed the last size
"""

_FATAL: frozenset[ProblemKind] = frozenset({"unknown_size", "unknown_family", "unknown_gpu_model", "empty"})


@dataclass(frozen=True, slots=True)
class SkuProblem:
    """One mistake in a query or a list.

    `word` is the name in question, or for `empty` the key of the query that emptied it. `suggestions` are similar
    names. `hint` says what to write.
    """

    kind: ProblemKind
    word: str
    suggestions: tuple[str, ...]
    message: str
    hint: str

    @property
    def fatal(self) -> bool:
        """Whether the selection is unusable."""
        return self.kind in _FATAL


@dataclass(frozen=True, slots=True)
class Selection:
    """The selected sizes, and the mistakes in the query or list."""

    skus: tuple[Sku, ...]
    problems: tuple[SkuProblem, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The sizes' names, in the selection's order."""
        return tuple(sku.name for sku in self.skus)


def select(catalogue: Catalogue, query: SkuQuery, as_of: date) -> Selection:
    """The sizes that match the query and are not retired on the given day, in catalogue order.

    All sizes of the `families` (none: of the whole catalogue) that have at least `min`, at most `max_gpus` GPUs and one
    of the `gpu_models`; then `include` adds sizes and `exclude` removes sizes by name. A GPU model matches by its
    words: `A100` or `A100 80GB`, in any case. A query with none of `families`, `min`, `max_gpus` and `gpu_models`
    selects only what it includes.
    """
    problems: list[SkuProblem] = []
    included = _named(catalogue, query.include, problems)
    excluded = _named(catalogue, query.exclude, problems)
    for sku in included:
        if sku in excluded:
            problems.append(_contradiction(sku))
        elif is_retired(sku, as_of):
            problems.append(_retired_include(sku))

    stages: list[tuple[str, tuple[Sku, ...]]] = [("families", _of_families(catalogue, query, problems))]
    stages.append(("min", _at_least(stages[-1][1], query.min, problems)))
    stages.append(("max_gpus", _at_most(stages[-1][1], query.max_gpus, problems)))
    stages.append(("gpu_models", _with_gpu(catalogue, stages[-1][1], query.gpu_models, problems)))
    stages = [(word, catalogue.in_order((*skus, *included))) for word, skus in stages]
    matched = stages[-1][1]
    problems += [_idle_exclude(sku) for sku in excluded if sku not in matched]
    stages.append(("exclude", tuple(sku for sku in matched if sku not in excluded)))
    stages.append(("retirement", tuple(sku for sku in stages[-1][1] if not is_retired(sku, as_of))))

    selected = stages[-1][1]
    if any(problem.kind == "unknown_figure" for problem in problems):
        named = {sku.name for sku in (*included, *excluded)}
        settled = named | {sku.name for sku in catalogue if is_retired(sku, as_of) or _ruled_out(sku, query)}
        problems = [problem for problem in problems if problem.kind != "unknown_figure" or problem.word not in settled]
    if not selected and not any(problem.fatal for problem in problems):
        problems.append(_empty(query, stages, as_of))
    return Selection(selected, tuple(problems))


def resolve_literal(catalogue: Catalogue, names: Sequence[str]) -> Selection:
    """The sizes of a literal list, in its order, each once. Retired sizes are kept."""
    problems: list[SkuProblem] = []
    skus = _named(catalogue, names, problems)
    if not names:
        hint = "Name at least one size, for example Standard_NC24ads_A100_v4."
        problems.append(SkuProblem("empty", "", (), "the list of sizes is empty", hint))
    return Selection(skus, tuple(problems))


def _named(catalogue: Catalogue, names: Iterable[str], problems: list[SkuProblem]) -> tuple[Sku, ...]:
    found: dict[str, Sku] = {}
    for name in names:
        sku = catalogue.get(name)
        if sku is None:
            problems.append(_unknown("unknown_size", "size", name, catalogue.nearest(name)))
        elif name in found:
            problems.append(_duplicate(name))
        else:
            found[name] = sku
    return tuple(found.values())


def _of_families(catalogue: Catalogue, query: SkuQuery, problems: list[SkuProblem]) -> tuple[Sku, ...]:
    if not query.families:
        anything = query.min is not None or query.max_gpus is not None or bool(query.gpu_models)
        return catalogue.skus if anything else ()
    found: list[Sku] = []
    seen: set[str] = set()
    for name in query.families:
        skus = catalogue.family(name)
        if not skus:
            problems.append(_unknown_family(catalogue, name))
        elif name in seen:
            problems.append(_duplicate(name))
        seen.add(name)
        found += skus
    return catalogue.in_order(found)


def _at_least(skus: tuple[Sku, ...], written: str | None, problems: list[SkuProblem]) -> tuple[Sku, ...]:
    if written is None:
        return skus
    least, kept = MinSkuSpec.parse(written), []
    for sku in skus:
        least_by_figure = (
            ("number of GPUs", sku.gpus, least.gpus),
            ("memory", sku.memory_gib, least.memory_gib),
            ("temporary disk", sku.temp_disk_gib, least.disk_gib),
        )
        short = sku.vcpus < least.vcpus or any(has is not None and has < wants for _, has, wants in least_by_figure)
        missing = [label for label, has, wants in least_by_figure if has is None and wants > 0]
        if not short and not missing:
            kept.append(sku)
        elif not short:
            problems.append(_unknown_figure(sku, missing, "min"))
    return tuple(kept)


def _at_most(skus: tuple[Sku, ...], most: int | None, problems: list[SkuProblem]) -> tuple[Sku, ...]:
    if most is None:
        return skus
    problems += [_unknown_figure(sku, ["number of GPUs"], "max_gpus") for sku in skus if sku.gpus is None]
    return tuple(sku for sku in skus if sku.gpus is not None and sku.gpus <= most)


def _with_gpu(
    catalogue: Catalogue, skus: tuple[Sku, ...], models: tuple[str, ...], problems: list[SkuProblem]
) -> tuple[Sku, ...]:
    if not models:
        return skus
    known = {word for sku in catalogue.skus for word in _words(sku.gpu_model)}
    for model in models:
        if not any(_words(model) and _words(model) <= _words(sku.gpu_model) for sku in catalogue.skus):
            near = difflib.get_close_matches(model.upper(), sorted(word.upper() for word in known), n=3)
            problems.append(_unknown("unknown_gpu_model", "GPU model", model, tuple(near)))
    return tuple(sku for sku in skus if _fits(sku, models))


def _fits(sku: Sku, models: tuple[str, ...]) -> bool:
    return not models or any(_words(model) and _words(model) <= _words(sku.gpu_model) for model in models)


def _ruled_out(sku: Sku, query: SkuQuery) -> bool:
    too_many = query.max_gpus is not None and sku.gpus is not None and sku.gpus > query.max_gpus
    return too_many or not _fits(sku, query.gpu_models)


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", text.lower()))


def _unknown(kind: ProblemKind, noun: str, word: str, suggestions: tuple[str, ...]) -> SkuProblem:
    parts = word.split()
    if kind == "unknown_size" and len(parts) > 1:
        hint = f"A comma is missing: {', '.join(parts)}."
    elif suggestions:
        hint = f"Did you mean {' or '.join(suggestions)}?"
    else:
        hint = "`publish skus list` shows all sizes with their families and GPUs."
    return SkuProblem(kind, word, suggestions, f"there is no {noun} '{word}'", hint)


def _unknown_family(catalogue: Catalogue, word: str) -> SkuProblem:
    near = catalogue.nearest_family(word)
    known = f"There are: {', '.join(catalogue.families)}."
    hint = f"Did you mean {' or '.join(near)}? {known}" if near else known
    return SkuProblem("unknown_family", word, near, f"there is no family '{word}'", hint)


def _duplicate(word: str) -> SkuProblem:
    return SkuProblem("duplicate", word, (), f"'{word}' is listed twice", "Delete the second one.")


def _contradiction(sku: Sku) -> SkuProblem:
    message = f"'{sku.name}' is both included and excluded, and so left out"
    return SkuProblem("contradiction", sku.name, (), message, "Delete it from `include` or from `exclude`.")


def _retired_include(sku: Sku) -> SkuProblem:
    message = f"'{sku.name}' is retired since {sku.retirement}, and so left out"
    return SkuProblem("retired_include", sku.name, (), message, "Delete it from `include`.")


def _idle_exclude(sku: Sku) -> SkuProblem:
    message = f"excluding '{sku.name}' changes nothing: the rest of the query does not select it"
    return SkuProblem("idle_exclude", sku.name, (), message, "Delete it from `exclude`.")


def _unknown_figure(sku: Sku, missing: Sequence[str], word: str) -> SkuProblem:
    message = f"'{sku.name}' is left out: `{word}` needs its {' and '.join(missing)}, which the catalogue lacks"
    hint = f"If it fits, write `include: [{sku.name}]`."
    return SkuProblem("unknown_figure", sku.name, (), message, hint)


def _empty(query: SkuQuery, stages: Sequence[tuple[str, tuple[Sku, ...]]], as_of: date) -> SkuProblem:
    word = next(word for word, skus in stages if not skus)
    before = next((skus for (_, skus), (_, after) in itertools.pairwise(stages) if not after), ())
    these = "the only size" if len(before) == 1 else f"all {len(before)} sizes"
    match word:
        case "families":
            message = "the query selects nothing: it gives neither `families` nor `min`, `max_gpus` or `gpu_models`"
            hint = "Write for example `families: [NC_A100_v4]`."
        case "min":
            message = f"`min: {query.min}` leaves out {these} of the families"
            hint = f"The most that they have, figure by figure, is {_most(before)}."
        case "max_gpus":
            message = f"`max_gpus: {query.max_gpus}` leaves out {these} that the keys before it select"
            hint = f"The fewest GPUs that one of them has are {min(sku.gpus or 0 for sku in before)}."
        case "gpu_models":
            message = f"`gpu_models: [{', '.join(query.gpu_models)}]` leaves out {these} that the keys before it select"
            models = dict.fromkeys(sku.gpu_model for sku in before if sku.gpu_model)
            hint = f"They have {', '.join(models)}." if models else "They have no GPUs."
        case "exclude":
            message = f"`exclude` leaves out {these} that the keys before it select"
            hint = "Exclude fewer sizes, or name more families."
        case _:
            last = max(sku.retirement for sku in before if sku.retirement is not None)
            message = f"{these} of the query {'is' if len(before) == 1 else 'are'} retired as of {as_of}"
            hint = f"The last one retired on {last}. Name families that are still offered: `publish skus list`."
    return SkuProblem("empty", word, (), message, hint)


def _most(skus: Sequence[Sku]) -> MinSkuSpec:
    return MinSkuSpec(
        max(sku.vcpus for sku in skus),
        max(sku.gpus or 0 for sku in skus),
        int(max(sku.memory_gib or 0 for sku in skus)),
        int(max(sku.temp_disk_gib or 0 for sku in skus)),
    )
