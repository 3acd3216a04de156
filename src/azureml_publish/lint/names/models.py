"""The names of the model of a card, and the models that its links and texts name."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence

from azureml_publish.assets import Value
from azureml_publish.documents import mapping_of
from azureml_publish.lint.names.variants import sibling_of
from azureml_publish.lint.subject import Described, Fact, alike
from azureml_publish.patterns import pattern

_HUB = pattern(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/([^\s?#]+)", re.IGNORECASE)
_CATALOGUE = pattern(
    r"https?://(?:ml\.azure\.com/registries/[\w-]+|ai\.azure\.com/(?:explore|catalog))/models/([\w.-]+)", re.IGNORECASE
)
_NO_MODELS = frozenset(
    [
        *("api", "blog", "chat", "collections", "course", "datasets", "docs", "enterprise", "huggingface"),
        *("inference-endpoints", "join", "learn", "login", "models", "new", "organizations", "papers", "posts"),
        *("pricing", "privacy", "search", "settings", "spaces", "tasks", "terms-of-service", "transformers"),
    ]
)
"""First parts of Hub addresses that are not organisations: https://huggingface.co/docs."""

_VARIANT = pattern(
    r"(?:un)?cased|base|large|small|tiny|mini|medium|micro|nano|x+l|x*large|huge|giant|chat|instruct|it|multilingual"
    r"|v?[0-9]+(?:\.[0-9]+)*[bkm]?|v[0-9][\w.]*",
    re.IGNORECASE,
)
"""Parts of a name that distinguish siblings of one family."""


def normal(name: str) -> str:
    """A name for comparison: in lower case, with `-` between its parts, without dots; version 2.0 is 2."""
    return _DOTS.sub("", _BETWEEN.sub("-", name.strip().lower()))


_BETWEEN = pattern(r"[\s_/]+")
_DOTS = pattern(r"(?<=\d)(?:\.0)+(?![.\w])|\.")


def parts_of(name: str) -> frozenset[str]:
    """The parts of a name: `bert-base-cased` has three."""
    return frozenset(part for part in normal(name).split("-") if part)


def own_names(model: Described) -> tuple[str, ...]:
    """Every name of the model: the asset's, the folder's, and that of its repository on the Hub."""
    names = [model.name, model.folder]
    hub = hub_id(model)
    if hub:
        names += [hub, hub.rpartition("/")[2]]
    return tuple(dict.fromkeys(normal(name) for name in names if name))


def hub_id(model: Described) -> str:
    """The id of the model's repository on the Hub; empty where it is not known."""
    found = model.metadata.get("huggingFaceModelId") or model.tags.get("huggingface_model_id")
    return found if isinstance(found, str) else ""


_ID = pattern(r"(?P<owner>[\w-]{2,60})/(?P<name>[\w.-]{2,100})")


def is_another_id(text: str, linked: str) -> bool:
    """Whether two Hub ids are siblings with the same owner, and neither is named after the other."""
    one, other = _ID.fullmatch(text.lower()), _ID.fullmatch(linked.lower())
    if one is None or other is None or one["owner"] != other["owner"]:
        return False
    nested = one["name"] in other["name"] or other["name"] in one["name"]
    return not nested and sibling_of(one["name"], other["name"]) is not None


def linked_model(url: str) -> str:
    """The model whose page an address is, as `organisation/name` or `name`; empty for other pages."""
    catalogue = _CATALOGUE.match(url)
    if catalogue:
        return catalogue[1]
    match = _HUB.match(url)
    if match is None:
        return ""
    parts = [part for part in match[1].rstrip(").,;").split("/") if part]
    if not parts or parts[0].lower() in _NO_MODELS:
        return ""
    if len(parts) == 1 or parts[1] in ("blob", "tree", "resolve", "raw", "discussions"):
        # A single part is the name of an old model, or an organisation. Only model names have several words.
        return parts[0] if "-" in parts[0] and not _LONE_ORGANISATION.search(parts[0]) else ""
    return "/".join(parts[:2])


_LONE_ORGANISATION = pattern(r"-(?:ai|inc|labs?|research|community|nlp|team|org|hub)$", re.IGNORECASE)


def is_own(linked: str, own: Sequence[str]) -> bool:
    """Whether a linked model is this one, on any host; `phi-3-5` is `Phi-3.5`, for hosts that do not allow dots."""
    name = normal(linked.rpartition("/")[2])
    return normal(linked) in own or name in own or _joined(name) in map(_joined, own)


@functools.lru_cache(maxsize=4096)
def _joined(name: str) -> str:
    return re.sub(r"(?<=\d)-(?=\d)", "", name)


def sibling(linked: str, own: Sequence[str], *, known: bool = True) -> frozenset[str]:
    """The parts that distinguish a model from this one of the same family: `uncased`, `large`, `13b`.

    Empty for this model, for other families, and for the same size in another format. Unless the Hub id is `known`, it
    is
    also empty for a name with all parts of this one: `reader` may be short for `reader-2b`.
    """
    theirs = parts_of(linked.rpartition("/")[2])
    for name in own:
        mine = parts_of(name)
        if theirs != mine and _family(theirs) == _family(mine) != frozenset() and (known or not mine < theirs):
            return frozenset(part for part in theirs - mine if _VARIANT.fullmatch(part))
    return frozenset()


def _family(parts: frozenset[str]) -> frozenset[str]:
    return frozenset(part for part in parts if not _VARIANT.fullmatch(part))


def declared(model: Described, linked: str) -> bool:
    """Whether metadata, tags or properties name a model, for example as base model, teacher or parent."""
    wanted = {normal(linked), normal(linked.rpartition("/")[2])}
    texts = (
        text
        for key, values in (*model.metadata.items(), *model.tags.items(), *model.properties.items())
        if key not in ("SKU", "supportedComputes")
        for text in _texts(values)
    )
    return any(normal(text) in wanted or normal(text.rstrip("/").rpartition("/")[2]) in wanted for text in texts)


def _texts(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) < 300:
            yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _texts(inner)


@functools.lru_cache(maxsize=4)
def tasks_of(model: Described, key: str = "inferenceTasks") -> tuple[str, ...]:
    """The tasks in the metadata, under `inferenceTasks` or `fineTuningTasks`, in lower case."""
    named = mapping_of(model.metadata.get("tasks")).get(key)
    if isinstance(named, str):
        named = named.split(",")
    if not isinstance(named, Sequence):
        return ()
    return tuple(one.strip().lower() for one in named if isinstance(one, str) and one.strip())


def shared_by_siblings(facts: Sequence[Fact]) -> Iterator[tuple[Fact, Fact]]:
    """Facts whose value a sibling of their model has, too; each with the sibling's fact."""
    for group in alike(facts):
        for fact in group:
            other = next((one for one in group if sibling_of(fact.model, one.model)), None)
            if other is not None:
                yield fact, other
