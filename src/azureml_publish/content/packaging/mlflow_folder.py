"""A folder that MLflow wrote, of any flavour: it is published as it is, if `MLmodel` agrees with the files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from azureml_publish.content.packaging.layout import Layout, Request
from azureml_publish.content.packaging.mlflow_model import package_of
from azureml_publish.content.packaging.rules import BROKEN_MLMODEL, NO_ENVIRONMENT, Finding, some
from azureml_publish.content.packaging.source_files import SourceFiles
from azureml_publish.content.packaging.weights import check_weights
from azureml_publish.content.sources.selection import WEIGHTS
from azureml_publish.documents import parse_yaml
from azureml_publish.globs import matches_any
from azureml_publish.patterns import pattern

MLMODEL = "MLmodel"

ENVIRONMENTS = ("requirements.txt", "conda.yaml", "python_env.yaml")

_PATHS = (
    "code", "data", "model_binary", "model_code_path", "model_data", "model_path", "peft_adaptor", "pickled_model",
    "python_model", "saved_model_dir",
)  # fmt: skip
"""Keys of flavours whose value is a file or folder of the model (https://mlflow.org/docs/latest/ml/model/)."""

_PACKAGES = MappingProxyType(
    {
        "catboost": ("catboost",), "fastai": ("fastai",), "keras": ("keras", "tensorflow"), "lightgbm": ("lightgbm",),
        "langchain": ("langchain", "langchain-core"), "onnx": ("onnx", "onnxruntime", "onnxruntime-gpu"),
        "paddle": ("paddlepaddle", "paddlepaddle-gpu"), "pmdarima": ("pmdarima",), "prophet": ("prophet",),
        "pytorch": ("torch",), "spark": ("pyspark", "databricks-connect"),
        "sentence_transformers": ("sentence-transformers",), "sklearn": ("scikit-learn",), "spacy": ("spacy",),
        "statsmodels": ("statsmodels",), "tensorflow": ("tensorflow", "tensorflow-cpu"),
        "transformers": ("transformers",), "xgboost": ("xgboost",),
    }
)  # fmt: skip
"""Packages of which an environment needs one, by flavour."""

_FIX = "Save the model again with MLflow, or correct the file."


def lay_out(request: Request, source: SourceFiles) -> Layout:  # noqa: ARG001 - every kind has the same signature
    """Every file stays where it is."""
    return Layout(source.files, (*check_weights(source), *_check(source)))


def _check(source: SourceFiles) -> Iterator[Finding]:
    document, mistakes = parse_yaml(source.text(MLMODEL), MLMODEL)
    data = document.data if document is not None else None
    if mistakes or not isinstance(data, Mapping):
        reason = f": {mistakes[0].message}" if mistakes else "."
        yield Finding(BROKEN_MLMODEL, f"{MLMODEL} cannot be read{reason}", _FIX)
        return
    flavors = data.get("flavors")
    if not isinstance(flavors, Mapping) or not flavors:
        yield Finding(BROKEN_MLMODEL, f"{MLMODEL} names no flavour, so nothing loads the model.", _FIX)
        return
    missing = [f"{path} ({flavour})" for flavour, path in _named(flavors) if not source.holds(path)]
    if missing:
        message = f"{MLMODEL} names what is not there: {some(missing)}."
        yield Finding(
            BROKEN_MLMODEL, message, "Publish the whole folder that MLflow wrote; correct include and exclude."
        )
    yield from _check_transformers(source, flavors.get("transformers"))
    yield from _check_loader(source, flavors.get("python_function"))
    yield from _check_signature(data.get("signature"))
    yield from _check_environment(source, flavors)


def _named(flavors: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The files and folders that flavours name."""
    for flavour, settings in flavors.items():
        if not isinstance(settings, Mapping):
            continue
        found = [settings.get(key) for key in _PATHS]
        found += _environments(settings)
        artifacts = settings.get("artifacts")
        for artifact in artifacts.values() if isinstance(artifacts, Mapping) else ():
            found.append(artifact.get("path") if isinstance(artifact, Mapping) else None)
        if flavour == "transformers" and "model_binary" in settings:
            components = settings.get("components")
            found += [f"components/{name}" for name in components] if isinstance(components, list) else []
            found += ["components/processor"] if "processor_type" in settings else []
        yield from ((flavour, path) for path in found if isinstance(path, str) and path)


def _environments(settings: object) -> list[Any]:
    """The files that a flavour takes its environment from: under `env`, one or one for each manager."""
    named = settings.get("env") if isinstance(settings, Mapping) else None
    return list(named.values()) if isinstance(named, Mapping) else [named]


def _check_transformers(source: SourceFiles, settings: object) -> Iterator[Finding]:
    """Weights of the transformers flavour, which can be no more than a name on the Hub."""
    if not isinstance(settings, Mapping) or "peft_adaptor" in settings:
        return
    if any(matches_any(path, WEIGHTS) for path in source.by_path):
        return
    folder = settings.get("model_binary")
    if isinstance(folder, str) and source.holds(folder):  # else it is reported as missing
        hint = "Publish the whole folder that MLflow wrote; correct include and exclude."
        yield Finding(BROKEN_MLMODEL, f"There are no weights in {folder}/, which {MLMODEL} names.", hint)
    elif not isinstance(folder, str):
        message = f"{MLMODEL} names {settings.get('source_model_name') or 'a model'} on the Hub, and holds no weights."
        hint = "Run mlflow.transformers.persist_pretrained_model, which fetches them into the folder."
        yield Finding(BROKEN_MLMODEL, message, hint)


def _check_loader(source: SourceFiles, settings: object) -> Iterator[Finding]:
    """Whether the module that loads the model is MLflow's, lies beside the model, or comes with a package."""
    module = settings.get("loader_module") if isinstance(settings, Mapping) else None
    top = module.partition(".")[0] if isinstance(module, str) else "mlflow"
    beside = settings.get("code") if isinstance(settings, Mapping) else None
    places = [one for one in (beside if isinstance(beside, list) else [beside]) if isinstance(one, str)]
    if top == "mlflow" or any(source.holds(f"{place}/{top}{end}") for place in places for end in (".py", "")):
        return
    if any(name.startswith(top.replace("_", "-").lower()) for name in _packages(source)):
        return
    message = f"{MLMODEL} lets {module} load the model, which is neither in its code folder nor among its packages."
    yield Finding(BROKEN_MLMODEL, message, "Save the model with code_paths that hold it, or name its package.")


def _check_signature(signature: object) -> Iterator[Finding]:
    if not isinstance(signature, Mapping):
        return  # a rule on samples reports a missing signature
    for side in ("inputs", "outputs", "params"):
        text = signature.get(side)
        if text is None:
            continue
        try:
            sound = isinstance(json.loads(text), list)
        except (TypeError, ValueError, RecursionError):
            sound = False
        if not sound:
            yield Finding(BROKEN_MLMODEL, f"{side} of the signature in {MLMODEL} are not a JSON list of columns.", _FIX)


def _check_environment(source: SourceFiles, flavors: Mapping[str, Any]) -> Iterator[Finding]:
    named = _environments(flavors.get("python_function"))
    there = [name for name in ENVIRONMENTS if name in source.top]
    if not there and not any(isinstance(name, str) for name in named):  # what it names is there, or another finding
        message = "Nothing beside MLmodel says which packages the model needs, so no endpoint can be built."
        yield Finding(NO_ENVIRONMENT, message, "Put the requirements.txt there with which it was trained.")
        return
    for _, message in requirement_mistakes(source.text(ENVIRONMENTS[0])):
        yield Finding(BROKEN_MLMODEL, f"{ENVIRONMENTS[0]}: {message}", _FIX)
    held = {name: _packages(source, name) for name in there[:2]}
    whole = {name: packages for name, packages in held.items() if "mlflow" in packages and len(held) > 1}
    packages = _packages(source)
    if not packages or "-r" in packages:
        return
    for flavour, needed in _PACKAGES.items():
        lacking = [name for name, packages in (whole or {there[0]: packages}).items() if packages.isdisjoint(needed)]
        if flavour in flavors and lacking:
            message = f"The flavour {flavour} needs {needed[0]}, which {lacking[0]} does not name."
            yield Finding(NO_ENVIRONMENT, message, f"Add {needed[0]} with its version to {lacking[0]}.")


def requirement_mistakes(text: str) -> Iterator[tuple[int, str]]:
    """Line and mistake in a requirements.txt that pip refuses: no operator of it, or two versions of a package."""
    pinned: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _REQUIREMENT.fullmatch(line)
        for part in match["versions"].split(",") if match else ():
            sign, version = _SIGNED.fullmatch(part.strip(" ()\t")).groups()  # type: ignore[union-attr]  # takes all
            if match and sign == "=":
                yield number, f"pip cannot read {match['name']}{part.strip()}, which has one =."
            elif match and part.strip() and (sign not in _SIGNS or (sign != "===" and not _VERSION.fullmatch(version))):
                yield (
                    number,
                    f"pip cannot read {match['name']}{part.rstrip()}: it takes ==, >= and such, and a version.",
                )
        if (match := _PINNED.match(line)) and pinned.setdefault(package_of(match[1]), match[2]) != match[2]:
            yield number, f"{match[1]} is to be {pinned[package_of(match[1])]} and {match[2]} at once."


_REQUIREMENT = pattern(
    r"[ \t]*(?P<name>[A-Za-z][\w.-]*)(?:\[[\w,. -]*\])?(?P<versions>[ \t]*[(=<>!~][^;#@]*?)[ \t]*(?:(?:;|#| --|\\).*)?"
)
_SIGNED = pattern(r"([=<>!~]*)[ \t]*(.*)")
_SIGNS = frozenset({"==", "===", ">=", "<=", "!=", "~=", ">", "<"})
_VERSION = pattern(
    r"v?[0-9]++(?:\.[0-9]++)*+"
    r"(?:[-_.]?(?:alpha|beta|preview|pre|post|rev|rc|dev|a|b|c|r)[-_.]?[0-9]*+)*+(?:-[0-9]++)?(?:\+[\w.-]++)?(?:\.\*)?"
)
"""Source: https://packaging.python.org/en/latest/specifications/version-specifiers/"""
_PINNED = pattern(r"[ \t]*([A-Za-z][\w.-]*)[ \t]*==[ \t]*([0-9][\w.+]*)[ \t]*(?:#|$)")


def _packages(source: SourceFiles, *names: str) -> frozenset[str]:
    """The packages that the environment, or these files of it, name, as far as their lines do."""
    there = names or [name for name in ENVIRONMENTS if name in source.top][:2]
    lines = [line for name in there for line in source.text(name).splitlines()]
    return frozenset(package_of(re.sub(r"^[\s-]+", "", line)) for line in lines if line.strip(" -"))
