"""The device, provider, bits, method and version of one build, as name, card, spec, tags, path and settings give them.

All of them describe the same build, so a single value that differs from all others is wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from azureml_publish.diagnostics import Location
from azureml_publish.lint.cards.findings import Wrong, short
from azureml_publish.lint.cards.quantisation import Claim, claims_of, quantised
from azureml_publish.lint.cards.statements import labelled
from azureml_publish.lint.names.variants import variant_of
from azureml_publish.lint.subject import Described
from azureml_publish.lint.weights.genai import GENAI, providers_of
from azureml_publish.patterns import pattern


class _Claim(NamedTuple):
    """What one place says: the possible values, its text, and a function that finds its location."""

    values: frozenset[str]
    text: str
    find_location: Callable[[], Location]


def wrong_build(model: Described) -> Iterator[Wrong]:
    """The one statement about the build that contradicts all others."""
    if not model.build and not any(path.endswith((GENAI, ".onnx")) for path in model.content.places):
        return
    yield from _odd_one_out(_machines(model))
    yield from _odd_one_out(_providers(model))
    if "gguf" not in model.name.lower() and not model.settings.get("quantization_config"):
        yield from _odd_one_out(_bits(model))
        yield from _odd_one_out(_methods(model))
    yield from _folders(model)


def _odd_one_out(claims: Iterator[_Claim]) -> Iterator[Wrong]:
    """The only claim that differs from the others. Of two, it is the later: the first is from the name or spec."""
    found = [one for one in claims if len(one.values) == 1]
    counts = Counter(value for one in found for value in one.values)
    if len(counts) != _TWO:  # a build for several kinds, or no contradiction
        return
    true = counts.most_common()[0][0] if len({*counts.values()}) > 1 else min(found[0].values)
    odd = [one for one in found if true not in one.values]
    if len(odd) == 1 or len(found) >= _MANY * len(odd):
        for one in odd:
            other = next(each for each in found if true in each.values)
            true = f"another place says '{short(other.text)}'"
            yield Wrong(one.find_location(), f"This says '{short(one.text)}'", true)


_TWO, _MANY = 2, 3


# --- the machine and its provider ----------------------------------------------------------------------------------

_MACHINE = pattern(
    r"(?<![a-z])(?:(?P<cpu>cpus?)|(?P<gpu>gpus?|cuda|dml|directml|webgpu|tensorrt)|(?P<npu>npus?))(?![a-z])",
    re.IGNORECASE,
)
_ON = pattern(r"(?:target |supported )?(?:device|hardware|processor|device type|runs on|target)s?", re.IGNORECASE)
_RUNS_BY = pattern(r"(?:onnx ?runtime )?(?:execution )?providers?|ep", re.IGNORECASE)
_PROVIDERS = pattern(
    r"(?<![a-z])(?:(?P<cpu>cpu)|(?P<cuda>cuda)|(?P<dml>dml|directml)|(?P<openvino>openvino)|(?P<qnn>qnn)"
    r"|(?P<vitis>vitis ?ai)|(?P<trtrtx>nvtensorrtrtx|trt-?rtx)|(?P<webgpu>webgpu))(?:execution ?provider)?(?![a-z])",
    re.IGNORECASE,
)
_MACHINE_OF = {"cpu": "cpu", "cuda": "gpu", "dml": "gpu", "trtrtx": "gpu", "webgpu": "gpu", "vitis": "npu"}
"""Providers that run on just one kind of machine (https://onnxruntime.ai/docs/execution-providers/)."""


def _kinds(form: re.Pattern[str], text: str) -> frozenset[str]:
    return frozenset(match.lastgroup or "" for match in form.finditer(text))


def _machines(model: Described) -> Iterator[_Claim]:
    named = variant_of(model.name).stated.get("device", frozenset()) - {""}
    yield _Claim(frozenset(named), model.name, partial(model.where, "name"))
    device, provider = (str(model.build.get(key) or "") for key in ("device", "executionProvider"))
    yield _Claim(_kinds(_MACHINE, device), f"device: {device}", partial(model.at_build, "device"))
    by = frozenset(_MACHINE_OF[one] for one in _kinds(_PROVIDERS, provider) if one in _MACHINE_OF)
    yield _Claim(by, f"executionProvider: {provider}", partial(model.at_build, "executionProvider"))
    for key in ("device", "target_device", "hardware"):
        text = str(model.tags.get(key) or "")
        yield _Claim(_kinds(_MACHINE, text), f"{key}: {text}", partial(model.where, f"tags.{key}"))
    run_on = frozenset[str]().union(*(_kinds(_MACHINE, match[0]) for match in _RUN_ON.finditer(model.summary)))
    yield _Claim(run_on, model.summary, partial(model.where, "summary"))
    shown = str(model.metadata.get("displayName") or "")
    yield _Claim(_kinds(_MACHINE, shown), shown, partial(model.where, "displayName"))
    card = model.card
    for label, text, offset in labelled(card):
        if _ON.fullmatch(label.strip("*_ ")) and len(text) < _LONG:
            yield _Claim(_kinds(_MACHINE, text), text, partial(card.at, offset, text))
    for match, start in _in_code(model, _INSTALLED):
        machine = "gpu" if match[1] != "qnn" else "npu"
        yield _Claim(frozenset({machine}), match[0], partial(card.at, start, match[0]))
    if model.origin is not None:
        parts = [one for one in model.origin[0].lower().split("/")[2:] if one not in model.name.lower()]
        path = [one for one in parts if (kinds := _kinds(_MACHINE, one.replace("_", "-"))) and len(kinds) == 1]
        if path and "dml" not in path[-1]:
            where = model.origin[1]
            yield _Claim(_kinds(_MACHINE, path[-1].replace("_", "-")), path[-1], lambda: where)


_LONG = 60
_RUN_ON = pattern(
    r"\b(?:for|on|optimi[sz]ed for) (?:[\w-]+ ){0,2}?(?:cpu|gpu|npu)s?\b(?: (?:and|or) \w+)?", re.IGNORECASE
)
_INSTALLED = pattern(r"\bonnxruntime(?:-genai)?-(cuda|directml|gpu|qnn)\b")
_GIVEN = pattern(
    r"\bappend_provider\([\"'](\w+)[\"']|\bproviders ?= ?\[[\"'](\w+)[\"']\]|\bprovider ?= ?[\"'](\w+ExecutionProvider)"
)
"""The provider that code selects, where it selects just one."""


def _in_code(model: Described, form: re.Pattern[str]) -> Iterator[tuple[re.Match[str], int]]:
    """The only match in the card's code, with its offset; none where there are several, for several machines."""
    found = list(model.card.in_fences(form))
    yield from found if len({match[0] for match, _ in found}) == 1 else ()


def _providers(model: Described) -> Iterator[_Claim]:
    provider = str(model.build.get("executionProvider") or "")
    yield _Claim(
        _kinds(_PROVIDERS, provider), f"executionProvider: {provider}", partial(model.at_build, "executionProvider")
    )
    card = model.card
    for label, text, offset in labelled(card):
        if _RUNS_BY.fullmatch(label.strip("*_ ")) and len(text) < _LONG:
            yield _Claim(_kinds(_PROVIDERS, text), text, partial(card.at, offset, text))
    for match, start in _in_code(model, _GIVEN):
        name = next(group for group in match.groups() if group)
        yield _Claim(_kinds(_PROVIDERS, name), match[0], partial(card.at, start, match[0]))
    for path in sorted(model.content.places):
        names = providers_of(model.content.settings(path)) if path.rpartition("/")[2] == GENAI else None
        if names is not None and len(names) < _TWO:
            kinds = _kinds(_PROVIDERS, names[0]) if names else frozenset({"cpu"})
            text = f"provider_options: {names[0] if names else '[]'}"
            yield _Claim(kinds, text, partial(model.content.at, path, "provider_options"))


# --- bits and methods ----------------------------------------------------------------------------------------------


def _bits(model: Described) -> Iterator[_Claim]:
    bits = quantised(model.name.replace("_", "-")).bits
    yield _Claim(frozenset(map(str, bits)), model.name, partial(model.where, "name"))
    for where, text, stated in _claims(model):
        yield _Claim(frozenset(map(str, stated.bits)), text, where)


def _claims(model: Described) -> Iterator[Claim]:
    """Every claim on quantisation once: a table row may be found as a sentence, too."""
    seen: list[str] = []
    for where, text, stated in claims_of(model):
        if not any(one in text for one in seen):
            seen.append(text)
            yield where, text, stated


def _methods(model: Described) -> Iterator[_Claim]:
    listed = model.build.get("quantization")
    names = [str(one) for one in listed] if isinstance(listed, list | tuple) else [str(listed or "")]
    if len(names) == 1:
        yield _Claim(_named(names[0]), f"quantization: {names[0]}", partial(model.at_build, "quantization"))
    for where, text, _ in _claims(model):
        yield _Claim(_named(text), text, where)


_METHOD = pattern(
    r"(?<![a-z])(?:(?P<rtn>rtn|round-to-nearest)|(?P<gptq>gptq)|(?P<awq>awq)|(?P<smoothquant>smooth-?quant)"
    r"|(?P<kquant>k-?quant)|(?P<hqq>hqq)|(?P<nf4>nf4)|(?P<quarot>quarot)|(?P<spinquant>spinquant))(?![a-z])",
    re.IGNORECASE,
)


def _named(text: str) -> frozenset[str]:
    return _kinds(_METHOD, text)


# --- folders -------------------------------------------------------------------------------------------------------

_VERSIONED = pattern(r"(?:^|/)v(?P<n>\d{1,4})/?$")


def _folders(model: Described) -> Iterator[Wrong]:
    """The version folder in the metadata, against the one at the end of the container path."""
    given = model.metadata.get("directoryPath")
    stated = _VERSIONED.search(given) if isinstance(given, str) else None
    path = _VERSIONED.search(model.origin[0]) if model.origin is not None else None
    if stated and path and stated["n"] != path["n"]:
        yield Wrong(model.where("directoryPath"), f"directoryPath is {given}", f"the files are in v{path['n']}")
