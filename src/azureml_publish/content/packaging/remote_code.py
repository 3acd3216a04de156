"""Code that a model brings (`auto_map`): it must be whole, lie beside the model, and be found as transformers looks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from azureml_publish.content.packaging.facts import ModelFacts
from azureml_publish.content.packaging.mlflow_model import Flavour
from azureml_publish.content.packaging.rules import CODE, CUSTOM, NO_CODE, Finding, some
from azureml_publish.content.packaging.source_files import SourceFiles
from azureml_publish.content.packaging.transformers_facts import is_model_class
from azureml_publish.patterns import pattern


def check_code(source: SourceFiles, flavour: Flavour, facts: ModelFacts) -> Iterator[Finding]:
    """Whether transformers finds the classes that a model names as its own, and all that their modules import."""
    used = dict(facts.code)
    if not used:
        return
    native = flavour.model_class.startswith("Auto") or is_model_class(flavour.model_class)
    classes = {auto: reference for auto, reference in used.items() if not (native and auto.startswith("AutoModel"))}
    yield from _check_references(classes)
    here = {reference for reference in classes.values() if "--" not in reference and _is_sound(reference)}
    code = _follow(source, {f"{reference.partition('.')[0]}.py" for reference in here})
    missing = sorted(code.modules - source.top)
    if missing:
        hint = f"Add {some(missing)} to the source, {CUSTOM}."
        yield Finding(NO_CODE, f"The model's code is not whole: {some(missing)} is not there.", hint)
    for module, line in code.odd:
        message = f"{module} says '{line}', and transformers fetches no module for that."
        yield Finding(NO_CODE, message, f"Write from .MODULE import NAME for a module beside it, {CUSTOM}.")
    yield from _check_class(used, facts)
    message = "The model brings its own code, which runs on the machine that loads it"
    named = some(code.modules or set(classes.values()))
    if named:
        yield Finding(
            CODE, f"{message}: {named}.", "Read it before you publish it; MLflow runs it without confirmation."
        )


def _check_references(classes: Mapping[str, str]) -> Iterator[Finding]:
    """What `auto_map` names: a module beside the model, and a class of it."""
    elsewhere = sorted({reference.partition("--")[0] for reference in classes.values() if "--" in reference})
    if elsewhere:
        hint = f"Copy the modules into the source and write auto_map without '{elsewhere[0]}--', {CUSTOM}."
        message = f"auto_map names code of a repository of the Hub, not beside the model: {some(elsewhere)}."
        yield Finding(NO_CODE, message, hint)
    odd = sorted(reference for reference in classes.values() if "--" not in reference and not _is_sound(reference))
    if odd:
        hint = f"Put the module beside config.json and write MODULE.CLASS, {CUSTOM}."
        yield Finding(NO_CODE, f"auto_map names {some(odd)}, and transformers takes MODULE.CLASS alone.", hint)


def _is_sound(reference: str) -> bool:
    return re.fullmatch(r"\w+\.\w+", reference) is not None


def _check_class(used: Mapping[str, str], facts: ModelFacts) -> Iterator[Finding]:
    saved_as = next(iter(facts.architectures), "")
    own = {reference.rpartition(".")[2] for auto, reference in used.items() if auto.startswith("AutoModel")}
    if own and saved_as not in own and not is_model_class(saved_as):
        message = f"config.json was saved as {saved_as or 'nothing'}, and its auto_map names {some(own)}."
        hint = f"MLflow looks for the class of `architectures` in auto_map: let both name one class, {CUSTOM}."
        yield Finding(NO_CODE, message, hint)


@dataclass(frozen=True, slots=True)
class _Code:
    """Modules with all that they import from beside them, and the lines whose modules transformers does not fetch."""

    modules: frozenset[str]
    odd: tuple[tuple[str, str], ...]


_RELATIVE = pattern(r"^[ \t]*+(?:from[ \t]++\.(\S++)[ \t]++import|import[ \t]++\.(\S++)[ \t]*+$)", re.MULTILINE)
"""As `get_relative_imports` of transformers looks for them, up to the blank lines that it takes for part of a line."""

_OF_FOLDER = pattern(r"^[ \t]*+(from[ \t]++\.[ \t]++import[ \t][^\n(#]*+)", re.MULTILINE)


def find_imports(text: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The modules beside it that a module imports, and the lines whose modules transformers does not fetch."""
    names = {one or other for one, other in _RELATIVE.findall(text)}
    odd = [f"from .{name} import" for name in names if "." in name]
    odd += [line.strip() for line in _OF_FOLDER.findall(text)]
    return frozenset(f"{name}.py" for name in names if "." not in name), tuple(sorted(odd))


def _follow(source: SourceFiles, modules: Iterable[str]) -> _Code:
    found: set[str] = set()
    odd: list[tuple[str, str]] = []
    left = set(modules)
    while left:
        module = left.pop()
        found.add(module)
        imported, lines = find_imports(source.text(module))
        odd += [(module, line) for line in lines]
        left |= imported - found
    return _Code(frozenset(found), tuple(sorted(odd)))
