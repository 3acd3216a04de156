"""The base model that spec, adapter, README, card and code name, compared with each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias, TypeGuard

from azureml_publish.diagnostics import Location
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.statements import of_subject
from azureml_publish.lint.names.models import hub_id
from azureml_publish.lint.names.variants import alphanumeric, sibling_of, variant_of
from azureml_publish.lint.subject import Described
from azureml_publish.lint.weights.readme import readme_values
from azureml_publish.patterns import pattern

_ADAPTER = "adapter_config.json"
_ID = pattern(r"[\w.-]{1,96}/[\w.-]{1,96}")
_LINKED = pattern(r"\[`?([^\]`]*)`?\]\([^)]*\)")


OtherBase: TypeAlias = tuple[Location, str]
"""The location of a base that contradicts another one, and the message."""


class _Base(NamedTuple):
    what: str
    name: str
    where: Location


def other_bases(model: Described) -> Iterator[OtherBase]:
    """Each statement of the base that contradicts the weights' own files or the spec."""
    of_files = list(_of_files(model))
    tag = model.tags.get("base_model")
    of_spec = [_Base("The tag base_model", tag, model.where("tags.base_model"))] if _is_id(tag) else []
    for one in of_spec:
        if of_files and not any(_may_be_one(one.name, other.name) for other in of_files):
            yield one.where, _message(one, of_files[0])
    if len(of_files) > 1 and not _may_be_one(of_files[0].name, of_files[1].name):
        yield of_files[1].where, _message(of_files[1], of_files[0])
    known = [*of_files, *of_spec]
    if not known:
        return
    for row in of_subject(model.card, "base"):
        text = _LINKED.sub(r"\1", row.text).strip("`*_ ")
        if _is_id(text) and not any(_may_be_one(text, one.name) for one in known):
            message = f"The card gives {short(text)} as its base, and {known[0].what} is {short(known[0].name)}."
            yield model.card.at(row.offset, row.text), message
    yield from _in_code(model, known)
    hub, own = hub_id(model).rpartition("/")[2], alphanumeric(model.name)
    base = alphanumeric(known[0].name.rpartition("/")[2])
    if hub and base in own and not any(x in y for x, y in ((alphanumeric(hub), own), (own, hub), (base, hub))):
        message = f"The Hub id is {hub_id(model)}, and {known[0].what} is {short(known[0].name)}, as in {model.name}."
        yield model.where("huggingFaceModelId"), message


def _of_files(model: Described) -> Iterator[_Base]:
    base = model.adapter.get("base_model_name_or_path")
    if _is_id(base):
        yield _Base(f"the base in {_ADAPTER}", base, model.where("name"))
    texts, where = readme_values(model).get("base_model", ((), model.where("name")))
    if len(texts) == 1 and _is_id(texts[0]):
        yield _Base("the base in the README of the weights", texts[0], where)


def _message(one: _Base, other: _Base) -> str:
    return f"{one.what[0].upper()}{one.what[1:]} is {short(one.name)}, and {other.what} {short(other.name)}."


def _is_id(text: object) -> TypeGuard[str]:
    """Whether a text is the id of a Hub repository rather than a folder."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None and not text.startswith((".", "/"))


def _may_be_one(one: str, other: str) -> bool:
    """Whether two ids may mean one model: the same name, or a copy under another owner."""
    mine, theirs = alphanumeric(one.rpartition("/")[2]), alphanumeric(other.rpartition("/")[2])
    if mine in theirs or theirs in mine:
        return True
    if one.partition("/")[0] == other.partition("/")[0]:
        return False
    return bool(variant_of(one.rpartition("/")[2]).words & variant_of(other.rpartition("/")[2]).words)


_LOADED = pattern(r"from_pretrained\(\s{0,3}[\"']([\w.-]+/[\w.-]+)[\"']")


def _in_code(model: Described, known: list[_Base]) -> Iterator[OtherBase]:
    """Code that loads another model of the base's owner, and never the base."""
    loaded = [(match[1], fence) for fence in model.card.fences for match in _LOADED.finditer(fence.text)]
    if any(_may_be_one(name, base.name) for name, _ in loaded for base in known):
        return
    for name, fence in loaded:
        owners = {base.name.partition("/")[0] for base in known}
        if any(sibling_of(base.name, name.rpartition("/")[2]) for base in known):
            return  # CARD027 reports it
        own = alphanumeric(name.rpartition("/")[2]) in {alphanumeric(model.name), alphanumeric(model.folder)}
        if name.partition("/")[0] in owners and not own and not re.search(r"token|processor", name, re.IGNORECASE):
            where = model.card.at(model.card.offset_in(fence, name), name)
            message = f"The code loads {short(name)}, and {known[0].what} is {short(known[0].name)}."
            yield where, message
            return
