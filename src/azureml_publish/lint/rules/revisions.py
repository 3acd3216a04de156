"""Rules on the Hub repository and the commit of a model's source."""

from __future__ import annotations

import difflib
import functools
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

from azureml_publish.diagnostics import Severity
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.names.publishers import BY_NAME, publisher_of
from azureml_publish.lint.names.variants import KIND_WORDS, alphanumeric, of_another_purpose, sibling_of
from azureml_publish.lint.subject import AssetSubject, Described, Fact, ModelSubject, alike
from azureml_publish.patterns import pattern
from azureml_publish.project import ModelFolder
from azureml_publish.spec import HubSource


@rule("SPEC004", "huggingface-id-wrong", Severity.WARNING, "The Hub id belongs to another model.")
def huggingface_id_wrong(facts: Sequence[Fact]) -> Findings:
    """A Hub id that belongs to another model.

    None of the signs is a proof without the Hub, hence a warning: MLmodel names another base, the id is of another size
    or variant than the name, or another model of the catalogue has that name. Derived models (`bert-base-cased-int8` of
    `bert-base-cased`) have every word of the id in their names.
    """
    owners: dict[str, Fact] = {}
    for fact in facts:
        if alphanumeric(fact.model) in (alphanumeric(fact.value), alphanumeric(_tail(fact.value))):
            owners.setdefault(alphanumeric(fact.value), fact)
    for fact in facts:
        why = _malformed(fact) or _of_another(fact, owners)
        if why is not None:
            yield huggingface_id_wrong.at(fact.location, *why)


def _malformed(fact: Fact) -> tuple[str, str] | None:
    """Message and hint for something that is not an id."""
    if "://" in fact.value:
        repository = re.search(r"huggingface\.co/([\w.-]+(?:/[\w.-]+)?)", fact.value)
        message = f"'{fact.value}' is an address, not the id of a repository."
        return message, f"Write {repository[1]}." if repository else "Write ORG/NAME."
    if not _REPOSITORY.fullmatch(fact.value):
        return f"'{fact.value}' is not the id of a Hub repository.", "Write ORG/NAME, without spaces."
    return None


def _of_another(fact: Fact, owners: Mapping[str, Fact]) -> tuple[str, str] | None:
    """Message and hint for the id of another model."""
    hint, base = f"Write the repository that {fact.model} was made from.", fact.key.partition(" ")[0]
    who, base = ("the card's code loads", base[1:]) if base.startswith("@") else ("MLmodel says that", base)
    made_from = (
        f"The Hub id is '{fact.value}', while {who} {fact.model} is made from '{base}'."
        if who.startswith("MLmodel")
        else f"The Hub id is '{fact.value}', while {who} '{base}'.",
        f"Write {base} if that is right, or fix {'MLmodel' if who.startswith('MLmodel') else 'the code'}.",
    )
    if (named := _other_owner(fact)) is not None:
        return f"The Hub id is '{fact.value}', while the name {fact.model} says that the model is by {named}.", hint
    owner_of_it = alphanumeric(fact.value.rpartition("/")[0])
    if owner_of_it not in BY_NAME and alphanumeric(_tail(fact.value)) == alphanumeric(fact.model):
        close = [name for name in BY_NAME if len(name) > _LONG and sorted(name) == sorted(owner_of_it)]
        if close:
            return f"The owner in '{fact.value}' is almost {BY_NAME[close[0]]}'s name.", f"Write {close[0]}."
    if _words(fact.model) - _words(_tail(fact.value)) in _TUNED and fact.value.partition("/")[2]:
        return f"The Hub id is '{fact.value}', which is not the tuned model that the name {fact.model} states.", hint
    if _words(_tail(fact.value)) <= _words(fact.model):
        return made_from if _is_exactly_another(fact) else None
    owner = owners.get(alphanumeric(fact.value))
    found: tuple[str, str] | None = None
    if owner is not None and owner.model != fact.model:
        found = f"'{fact.value}' is the Hub id of {owner.model} ({owner.location.path}), not of {fact.model}.", hint
    elif kind := sibling_of(fact.model, fact.value):
        found = f"The Hub id is '{fact.value}', which is of another {KIND_WORDS[kind]} than {fact.model}.", hint
    elif of_another_purpose(_tail(fact.value), (fact.model,)):
        found = f"The Hub id is '{fact.value}', which is for another purpose than {fact.model}.", hint
    elif _is_foreign(fact):
        found = (
            f"The Hub id is '{fact.value}', which has nothing in common with the name {fact.model} or its files.",
            hint,
        )
    elif meant := _meant(fact):
        message = f"The Hub id '{fact.value}' is almost the name {fact.model}: '{meant[0]}' is perhaps '{meant[1]}'."
        found = message, "Write the id as the Hub has it."
    elif _is_another(fact) or _is_exactly_another(fact):
        found = made_from
    return found


_TUNED = tuple(frozenset((word,)) for word in ("instruct", "chat", "it"))
_REPOSITORY = pattern(r"[\w.-]+(?:/[\w.-]+)?")


def _other_owner(fact: Fact) -> str | None:
    """The publisher at the beginning of the name, where the rest is the repository's name and the owner is another."""
    owner, tail = fact.value.rpartition("/")[0], alphanumeric(_tail(fact.value))
    name = alphanumeric(fact.model)
    prefix = name.removesuffix(tail)
    named = publisher_of(prefix) if owner and prefix != name else None
    return None if named is None or publisher_of(owner) == named or alphanumeric(owner) == prefix else named


def _is_exactly_another(fact: Fact) -> bool:
    """Whether MLmodel's repository is in the model's name, word for word, and the Hub id is another."""
    base, tail = alphanumeric(_tail(fact.key.partition(" ")[0])), alphanumeric(_tail(fact.value))
    if fact.key.startswith("@") and tail.startswith(base):
        return False  # the same model in another format
    return len(base) > _LONG and base in alphanumeric(fact.model) and base != tail


_LONG = 8
"""Shorter names occur in many others."""


@huggingface_id_wrong.keeps
def _hub_id_facts(model: Described) -> Iterator[Fact]:
    hub_id = model.metadata.get("huggingFaceModelId")
    if isinstance(hub_id, str) and hub_id and model.name:
        yield Fact(
            huggingface_id_wrong.rule.code,
            model.name,
            f"{_base(model) or _of_code(model)} {_made_of(model)}" if model.stated else "",
            hub_id,
            model.where("huggingFaceModelId"),
        )


def _base(model: Described) -> str:
    """The repository that MLmodel names. A name without an owner is not one."""
    named = (model.flavour("hftransformersv2").get("huggingface_id"), model.logged_metadata.get("base_model_name"))
    return next((one for one in named if isinstance(one, str) and "/" in one), "")


_LOADS = pattern(r"[(=\s][\"']?([\w-][\w.-]{1,60}/[\w.-]{4,100})(?![\w/.])")


def _of_code(model: Described) -> str:
    """The repository with the model's name that the card's code loads, with `@` before it."""
    own = alphanumeric(model.name)
    for fence in model.card.fences:
        for match in _LOADS.finditer(fence.text) if "/" in fence.text else ():
            if own in (alphanumeric(_tail(match[1])), alphanumeric(match[1])):
                return f"@{match[1]}"
    return ""


def _made_of(model: Described) -> str:
    """Other names of the model: the folder of its files, and MLmodel's base."""
    base = model.logged_metadata.get("base_model_name") or ""
    return f"{model.origin[0] if model.origin is not None else ''} {base}".strip()


def _is_foreign(fact: Fact) -> bool:
    """Whether the id shares no word with the model's name, while container path or MLmodel have all of its words."""
    owner = alphanumeric(fact.value.rpartition("/")[0])
    own, tail = _words(fact.model), _words(_tail(fact.value))
    if owner in own and owner not in BY_NAME and len(own) <= 2:
        return False  # falconsai_t5 of Falconsai
    files = _words(fact.key.partition(" ")[2])
    joined = alphanumeric(fact.model), alphanumeric(_tail(fact.value))
    return not own & tail and joined[0] not in joined[1] and joined[1] not in joined[0] and own <= files


def _meant(fact: Fact) -> tuple[str, str] | None:
    """A word of the id and the similar word of the name: a misspelling. Words with digits are not judged."""
    own, tail = _words(fact.model), _words(fact.value)
    theirs = [word for word in tail - own if word not in _words(fact.key.partition(" ")[2])]
    mine = own - tail
    if len(theirs) != 1 or len(mine) != 1 or not tail & own:
        return None
    one, other = theirs[0], next(iter(mine))
    alike = difflib.SequenceMatcher(None, one, other).ratio() >= 0.74
    return (
        (one, other) if alike and one.isalpha() and other.isalpha() and {one, other} != {"cased", "uncased"} else None
    )


def _is_another(fact: Fact) -> bool:
    """Whether MLmodel's base has the model's name, and not the id's."""
    base = _words(_tail(fact.key.partition(" ")[0]))
    return bool(base) and base <= _words(fact.model) and not base & _words(_tail(fact.value))


def _tail(hub_id: str) -> str:
    return hub_id.rpartition("/")[2]


@functools.lru_cache(maxsize=65_536)
def _words(text: str) -> frozenset[str]:
    """The words of a name. A version such as v0.1 is one word, as in names that cannot have dots."""
    return frozenset(re.findall(r"[a-z0-9]+", text.lower().replace(".", "")))


@rule("SPEC005", "sha-shared-between-models", Severity.ERROR, "Models of different repositories have the same commit.")
def sha_shared_between_models(facts: Sequence[Fact]) -> Findings:
    """One commit for two repositories: it was copied from another model.

    Models of one repository may share its commit, and so may two repositories of one name: one is a copy of the other,
    with its history. Where a model does not state its repository, the finding is only an info.
    """
    for group in alike(facts):
        repositories = {fact.key: fact for fact in reversed(group)}
        for fact in group:
            elsewhere = (one for key, one in repositories.items() if one.model != fact.model and _differ(key, fact.key))
            if others := list(itertools.islice(elsewhere, 3)):
                some = ", ".join(f"{one.model} ({one.key or 'no Hub id'})" for one in others)
                certain = _is_hub_id(fact.key) and any(_is_hub_id(one.key) for one in others)
                yield sha_shared_between_models.at(
                    fact.location,
                    f"The commit {fact.value[:12]} is also that of {some}; no two repositories share a commit.",
                    "Write the commit of the model's own repository: `git ls-remote` shows it.",
                    severity=None if certain else Severity.INFO,
                )


@sha_shared_between_models.keeps
def _commit_shared_facts(model: Described) -> Iterator[Fact]:
    if model.commit and len(model.commit) == 40:
        repository = str(model.metadata.get("huggingFaceModelId") or "") or _git_repositories(model)
        where = model.where("properties.SHA") if model.stated else model.where("source.revision")
        yield Fact(sha_shared_between_models.rule.code, model.name, repository, model.commit, where)


def _is_hub_id(repository: str) -> bool:
    return bool(repository) and "://" not in repository


_GIT = pattern(r"https?://(?:github|gitlab)\.com/[\w.-]+/[\w-]+(?:\.(?!git\b)[\w-]+)*", re.IGNORECASE)


def _git_repositories(model: Described) -> str:
    """The git repositories in the card of a model without a Hub id, any of which may be its source."""
    return " ".join(sorted({address.lower() for address in _GIT.findall(model.card.text)}))


def _differ(one: str, other: str) -> bool:
    """Whether two models cannot be of one repository; old Hub ids may lack the organisation."""
    if not one or not other:
        return True
    if "://" in one and "://" in other:
        return not {*one.split()} & {*other.split()}
    return alphanumeric(_tail(one)) != alphanumeric(_tail(other))


@rule("SPEC006", "revision-not-a-commit", Severity.ERROR, "The revision is not a full commit of the Hub.")
def revision_not_a_commit(subject: ModelSubject) -> Findings:
    """A revision must be a full commit: a branch or tag may point elsewhere tomorrow."""
    source = subject.folder.spec.source
    stated = getattr(source, "revision", None)
    if not isinstance(source, HubSource) and isinstance(stated, str) and not re.fullmatch(r"[0-9a-f]{40}", stated):
        yield revision_not_a_commit.at(
            subject.folder.document.location(("source", "revision")),
            f"The revision '{stated}' is not a full commit." if stated else "The revision is empty.",
            "Write the 40 hexadecimal digits of the commit that the files are of, or leave it out.",
            severity=Severity.WARNING,
        )
    yield from hub_revision(subject.folder)


def hub_revision(folder: ModelFolder, commit: str = "") -> Findings:
    """That a revision of the Hub is not a full commit. `commit` is the one that it means now, where that is known."""
    source = folder.spec.source
    if not isinstance(source, HubSource) or re.fullmatch(r"[0-9a-f]{40}", source.revision):
        return
    if re.fullmatch(r"[0-9a-fA-F]{7,40}", source.revision):
        what = "is not a full commit: 40 hexadecimal digits in lower case are wanted"
    else:
        what = "looks like a branch or tag, which may point elsewhere tomorrow"
    message = f"The revision '{source.revision}' {what}."
    if commit:
        hint = f"Write `revision: {commit}`, the commit that it means now."
    else:
        address = f"https://huggingface.co/{source.huggingface}"
        hint = f"`git ls-remote {address} {source.revision}` shows the commit to write."
    yield revision_not_a_commit.at(folder.document.location(("source", "revision")), message, hint)


@revision_not_a_commit.also
def _revision_form_of_asset(subject: AssetSubject) -> Findings:
    """The property SHA of an asset folder. It only documents where the files came from: a warning."""
    commit = subject.described.commit
    if commit is None or re.fullmatch(r"[0-9a-f]{40}", commit):
        return
    message = f"The SHA '{commit}' is not a full commit." if commit else "The SHA is empty."
    hint = "Write the 40 hexadecimal digits of the commit, or leave SHA out."
    yield revision_not_a_commit.at(subject.place(("properties", "SHA")), message, hint, severity=Severity.WARNING)


@rule("SPEC032", "revision-missing", Severity.INFO, "No commit is stated for a model of the Hub.")
def revision_missing(model: Described) -> Findings:
    """A model of the Hub without a stated commit."""
    hub_id = model.metadata.get("huggingFaceModelId")
    if isinstance(hub_id, str) and hub_id and model.commit is None and not model.archived:
        yield revision_missing.at(
            model.where("huggingFaceModelId"),
            f"The commit of {hub_id} is not stated.",
            "State it as the property SHA, 40 hexadecimal digits."
            if model.stated
            else "Take the files by source.huggingface and source.revision; a local source has no commit.",
        )
