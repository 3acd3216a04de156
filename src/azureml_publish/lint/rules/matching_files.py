"""Rules that compare statements on a model's files: sizes, device and quantisation."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from azureml_publish.diagnostics import Location, Severity
from azureml_publish.documents import mapping_of
from azureml_publish.lint.cards.builds import wrong_build
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.cards.gguf import wrong_gguf_files
from azureml_publish.lint.cards.named_counts import named_counts
from azureml_publish.lint.cards.numerals import bytes_of
from azureml_publish.lint.cards.parameter_counts import count_text
from azureml_publish.lint.cards.quantisation import wrong_quantisation
from azureml_publish.lint.cards.statements import of_subject
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.names.models import shared_by_siblings
from azureml_publish.lint.names.variants import alphanumeric, variant_of
from azureml_publish.lint.subject import Described, Fact
from azureml_publish.lint.weights.configuration import is_count
from azureml_publish.lint.weights.indexes import INDEX, bytes_by_configuration
from azureml_publish.patterns import pattern

_ON_DEVICE = pattern(r"\b(local )?inference on (?:[\w-]+ ){0,3}?(CPU|GPU|NPU)s?\b", re.IGNORECASE)
_PROVIDERS = {
    "cudaexecutionprovider": "cuda",
    "vitisaiexecutionprovider": "vitis",
    "nvtensorrtrtxexecutionprovider": "trtrtx",
    "qnnexecutionprovider": "qnn",
    "openvinoexecutionprovider": "openvino",
}
"""Execution providers of ONNX Runtime, by their names in builds.

Source: https://onnxruntime.ai/docs/execution-providers/
"""

_DEVICES = {
    **dict.fromkeys(("cpuexecutionprovider",), "cpu"),
    **dict.fromkeys(("cudaexecutionprovider", "tensorrtexecutionprovider", "nvtensorrtrtxexecutionprovider"), "gpu"),
    "vitisaiexecutionprovider": "npu",
}
"""Providers that run on just one kind of machine."""

_EVERY_PROVIDER = (
    *("CPUExecutionProvider", "CUDAExecutionProvider", "DmlExecutionProvider", "OpenVINOExecutionProvider"),
    *("QNNExecutionProvider", "VitisAIExecutionProvider", "TensorrtExecutionProvider", "WebGpuExecutionProvider"),
    *("NvTensorRTRTXExecutionProvider", "ROCMExecutionProvider"),
    *("CoreMLExecutionProvider", "MIGraphXExecutionProvider"),
)
_USES = pattern(r"\buses ([A-Za-z0-9_-]{2,20}) quanti[sz]ation\b", re.IGNORECASE)


@rule("MATCH010", "build-differs", Severity.WARNING, "Name, card, spec and weights name different builds.")
def build_differs(model: Described) -> Findings:
    """A device, execution provider or quantisation that contradicts the model's name or the spec."""
    yield from (found := list(_differences(model)))
    for odd in () if found else wrong_build(model):
        yield _differs(odd.where, odd.message)


def _differences(model: Described) -> Findings:
    own = variant_of(model.name)
    devices = own.stated.get("device", frozenset()) - {""}
    spec = model.build
    device = str(spec.get("device") or "").lower()
    place = model.at_build("device")
    if device and devices and device not in devices:
        yield _differs(
            place, f"The spec says {device}, while the name {model.name} says {' or '.join(sorted(devices))}."
        )
    provider = _PROVIDERS.get(str(spec.get("executionProvider") or "").lower(), "")
    named = [name for name in _PROVIDERS.values() if name in re.split(r"[^a-z0-9]+", model.name.lower())]
    if provider and named and provider not in named:
        where = model.at_build("executionProvider")
        yield _differs(
            where,
            f"The execution provider is {spec['executionProvider']}, while the name {model.name} says {named[0]}.",
        )
    needed = _DEVICES.get(str(spec.get("executionProvider") or "").lower())
    if needed and device in ("cpu", "gpu", "npu") and device != needed:
        where = model.at_build("executionProvider")
        yield _differs(where, f"{spec['executionProvider']} runs on a {needed}, and the device is {device}.")
    for key, names in (("executionProvider", _EVERY_PROVIDER), ("device", ("cpu", "gpu", "npu"))):
        stated = str(spec.get(key) or "")
        close = difflib.get_close_matches(stated, names, n=1, cutoff=0.86) if len(stated) > 3 else []
        if close and stated not in names and stated.lower() != close[0].lower():
            yield _differs(model.at_build(key), f"{stated} is almost {close[0]}.")
    wanted = devices or ({device} if device else frozenset())
    claims = list(model.card.near(_ON_DEVICE, "inference on "))
    wrong = [match for match in claims if match[2].lower() not in wanted]
    if wanted and wrong and (len(wrong) == len(claims) or any(match[1] for match in wrong)):
        match = next((match for match in wrong if match[1]), wrong[0])
        yield _differs(
            model.card.at(match.start(), match[0]),
            f"The card says '{short(match[0])}', while the model is for {' or '.join(sorted(wanted))}.",
        )
    yield from _methods(model, spec)
    yield from _kinds(model, spec)
    yield from (found := list(_precisions(model)))
    places = {(one.location.path, one.location.line, one.location.column) for one in found}
    for odd in wrong_quantisation(model):
        if (odd.where.path, odd.where.line, odd.where.column) not in places:
            yield _differs(odd.where, odd.message)
    for where, message in wrong_gguf_files(model):
        yield _differs(where, message)


def _differs(where: Location, message: str) -> Any:
    return build_differs.at(where, message, "Write what is true of this build; a sibling's may have been copied.")


_KINDS = frozenset({"onnx", "gguf", "safetensors", "openvino"})


def _kinds(model: Described, spec: Mapping[str, Any]) -> Findings:
    """The file format in the card, and whether the tokenizer keeps capitals as the name says."""
    kind = str(spec.get("modelType", spec.get("variantType")) or "").lower()
    for claim in of_subject(model.card, "kind") if kind in _KINDS else ():
        if claim.text.lower() in _KINDS - {kind}:
            yield _differs(model.card.at(claim.offset, claim.text), f"The card says {claim.text}, the spec {kind}.")
    lowers = model.tokenizer.get("do_lower_case") if model.tokenizer is not None else None
    case = variant_of(model.name).stated.get("case")
    if isinstance(lowers, bool) and case and lowers == (case == {"cased"}) and len(case) == 1:
        yield _differs(
            model.where("name"),
            f"do_lower_case is {str(lowers).lower()} in tokenizer_config.json, and {model.name} is {min(case)}.",
        )


def _methods(model: Described, spec: Mapping[str, Any]) -> Findings:
    listed = spec.get("quantization")
    methods = {alphanumeric(str(one)) for one in listed} if isinstance(listed, list | tuple) else set()
    for match in model.card.near(_USES, "quanti"):
        if methods and alphanumeric(match[1]) not in methods and "mixed" not in methods:
            yield _differs(
                model.card.at(match.start(), match[0]),
                f"The card says '{match[0]}', the spec {', '.join(str(one) for one in listed or ())}.",
            )
            return


_PRECISION_WORDS = pattern(
    r"\b(int4|int8|fp8|fp16|bf16|fp32|awq|gptq|4-?bit|8-?bit|float16|bfloat16|float32)\b", re.IGNORECASE
)


def _precisions(model: Described) -> Findings:
    """The precision in the name, against the card's row on it and the weights' configuration."""
    named = variant_of(model.name).stated.get("precision")
    if not named:
        yield from _quantised_unsaid(model)
        return
    for claim in of_subject(model.card, "quantization"):
        found = frozenset().union(
            *(
                variant_of(match[1].replace("-", "")).stated.get("precision", ())
                for match in _PRECISION_WORDS.finditer(claim.text)
            )
        )
        if found and not any(_may_be(one, other) for one in named for other in found):
            yield _differs(
                model.card.at(claim.offset, claim.text),
                f"The card says '{short(claim.text)}', while the name {model.name} says {' or '.join(sorted(named))}.",
            )
            break
    beside = not isinstance(model.settings.get("quantization_config"), Mapping)  # a file or class states it
    weights = (
        "" if "gguf" in named or (beside and named & {"gptq", "awq", "int4", "int8"}) else _weights_precision(model)
    )
    methods = {weights} & _METHODS and named & _METHODS  # `AWQ-INT4` states two, and both have to hold
    if weights and (not any(_may_be(one, weights) for one in named) or (methods and weights not in methods)):
        yield _differs(
            model.where("name"),
            f"The weights are {weights} by config.json, while the name {model.name} says {' or '.join(sorted(named))}.",
        )


_QUANTISED = pattern(r"quanti[sz]|\b[48]-?bit\b|int[48]\b|\bfp8\b|awq|gptq")


def _quantised_unsaid(model: Described) -> Findings:
    """Quantised weights that name, card and spec do not mention."""
    found = _weights_precision(model) if isinstance(model.settings.get("quantization_config"), Mapping) else ""
    pages = model.cards
    texts = (f"{model.name} {model.variant or ''}".lower(), *(page.lowered for page in pages))
    if found and not any(_QUANTISED.search(text) for text in texts):
        yield _differs(model.where("name"), f"The weights are {found} by config.json, and nothing else mentions it.")


_METHODS = frozenset({"awq", "gptq", "gguf", "nf4"})


def _may_be(one: str, other: str) -> bool:
    """Whether two words may mean one precision: AWQ and GPTQ are methods, int4 and int8 are bit widths."""
    return one == other or (
        (one in _METHODS) != (other in _METHODS) and "fp" not in one + other and "bf" not in one + other
    )


def _weights_precision(model: Described) -> str:
    config = model.settings
    quantised = config.get("quantization_config")
    if isinstance(quantised, Mapping):
        method, bits = str(quantised.get("quant_method") or "").lower(), quantised.get("bits")
        if method in ("awq", "gptq", "fp8"):
            return method
        return f"int{bits}" if bits in (4, 8) else "int4" if quantised.get("load_in_4bit") else ""
    dtype = str(config.get("torch_dtype") or config.get("dtype") or "")
    return next(iter(variant_of(dtype).stated.get("precision", ())), "") if config else ""


_BYTES = pattern(r"[0-9]+(?:[.,][0-9]+)?\s?[kmgt]i?b\b", re.IGNORECASE)
_FIELD, _MEMORY = "fileSizeBytes", "vRamFootprintBytes"


@rule("MATCH011", "bytes-differ", Severity.WARNING, "Card, spec and files give different sizes in bytes.")
def bytes_differ(model: Described) -> Findings:
    """A size in the spec that contradicts the lock, the card or the number of parameters."""
    yield from _logged_bytes(model)
    yield from _bytes_of_files(model)
    size, memory, place = (
        model.build.get("fileSizeBytes"),
        model.build.get("vRamFootprintBytes"),
        model.at_build(_FIELD),
    )
    if isinstance(size, str) and not size.strip().isdecimal():
        yield _bytes(place, f"fileSizeBytes is '{short(size)}', which is not a number of bytes.")
    least = max(_LEAST_BYTES, 0.3 * size if isinstance(size, int) else 0)  # a build may keep two copies on disk
    if isinstance(memory, int) and 0 < memory < least:
        yield _bytes(model.at_build(_MEMORY), f"{_MEMORY} is {memory}, too few for the weights of a model.")
    if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
        return
    if model.lock is not None and model.lock.size and not _near(size, model.lock.size, 0.02):
        yield _bytes(place, f"The spec says {size} bytes, the lock's files have {model.lock.size}.")
    claims = [(match[0], one) for one in of_subject(model.card, "size") if (match := _BYTES.search(one.text))]
    if claims and not any(_near(size, bytes_of(text.replace(",", ".")), 0.1) for text, _ in claims):
        one = claims[0][1]
        yield _bytes(model.card.at(one.offset, one.text), f"The card says '{short(one.text)}', the spec {size} bytes.")
    count = next(iter(named_counts(model)), None)
    if size < _LEAST_BYTES:
        yield _bytes(place, f"{size} bytes are too few for the weights of a model.")
    elif size > _MOST_BYTES:
        yield _bytes(place, f"{size} bytes are more than any model has.")
    elif count is not None and not 0.2 <= size / count <= _most(model):
        yield _bytes(
            place,
            f"{size} bytes are {size / count:.2g} a parameter, as the name {model.name} says {count_text(count)}.",
        )


def _most(model: Described) -> int:
    """The most bytes that a parameter may take; most quantised builds need one or less."""
    return 3 if model.build.get("quantization") else 6


def _logged_bytes(model: Described) -> Findings:
    """MLflow's size of a transformers model: too small for any model, or for the parameters in its name."""
    size = model.logged.get("model_size_bytes")
    if model.mlmodel is None or not is_count(size):
        return
    count, where = next(iter(named_counts(model)), None), model.mlmodel.location(("model_size_bytes",))
    if size < _LEAST_BYTES and ("transformers" in model.flavours or model.settings.get("model_type")):
        yield _bytes(where, f"model_size_bytes is {size}, too few for the weights of a model.")
    elif count is not None and size / count < 0.1:
        message = f"model_size_bytes is {size}, while the name {model.name} says {count_text(count)} parameters."
        yield _bytes(where, message)


def _bytes_of_files(model: Described) -> Findings:
    """The sizes in MLmodel and spec, against the index of the weights and their configuration."""
    files, document = model.content, model.mlmodel
    logged = document.location(("model_size_bytes",)) if document is not None else model.where("name")
    indexes = [files.settings(path) for path in sorted(files.places) if INDEX.fullmatch(path.rpartition("/")[2])]
    totals = [one for index in indexes if is_count(one := mapping_of(index.get("metadata")).get("total_size"))]
    for name, size, where in (
        ("model_size_bytes", model.logged.get("model_size_bytes"), logged),
        ("fileSizeBytes", model.build.get(_FIELD), model.at_build(_FIELD)),
    ):
        if not is_count(size):
            continue
        config = {} if name == _FIELD and model.build.get("quantization") else model.settings
        messages = [message for _, message in bytes_by_configuration(name, size, config)]
        if len(totals) == 1 and not 0.98 <= size / totals[0] <= _TWICE:
            messages = [f"{name} is {size:,}, and total_size of the index of weights {totals[0]:,}."]
        for message in messages[:1]:
            yield _bytes(where, message)


_TWICE = 3.5
"""A folder may hold the weights in two formats, and other files."""

_LEAST_BYTES = 100_000
"""A smaller number is a size in megabytes or gigabytes."""


_MOST_BYTES = 3 * 10**12
"""The largest public models have a third of this."""


def _bytes(where: Location, message: str) -> Any:
    return bytes_differ.at(where, message, "Write the sum of the files' sizes, in bytes.")


def _near(one: float, other: float, share: float) -> bool:
    return abs(one - other) <= share * max(one, other)


@bytes_differ.keeps
def _size_facts(model: Described) -> Iterator[Fact]:
    size = model.build.get(_FIELD)
    if isinstance(size, int) and size > 0:
        yield Fact(bytes_differ.rule.code, model.name, "bytes", str(size), model.at_build(_FIELD))


@bytes_differ.also
def _sizes_compared(facts: Sequence[Fact]) -> Findings:
    """Two siblings with the same number of bytes: one of the numbers was copied."""
    for fact, other in shared_by_siblings(facts):
        message = f"{fact.value} bytes are also those of {other.model} ({other.location.path}), a sibling."
        yield _bytes(fact.location, message)
