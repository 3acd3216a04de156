"""System metadata as the front end takes it and returns it."""

import functools
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import yaml

from azureml_publish.emulator.registry.records import refused

_KEYS = (
    "invisibleUntil", "playgroundRateLimitTier", "platformCapabilities", "supportedComputes", "tasks", "deprecation",
    "featured", "preview", "benchmark", "datasets", "industry", "keywords", "licenseDescription", "trainingDataDate",
    "evaluation", "notes", "modelArchitecture", "componentVersion", "modelPath", "aotManifest", "hasDeltaWeights",
    "maapSurcharge", "maapSurchargeType", "isCustomerInfoRequired", "fineTuneOnlyModel", "modelFlavor", "lifecycle",
    "links", "foundryLocal", "directoryPath", "alias", "promptTemplate", "parameterSchema", "supportsToolCalling",
    "toolCallStart", "toolCallEnd", "toolRegisterStart", "toolRegisterEnd", "toolResponseStart", "toolResponseEnd",
    "skuToNumReplicasMap", "openmmlabModelId", "mlflowFlavor", "publisher", "author", "license", "summary",
    "displayName", "languages", "textContextWindow", "maxOutputTokens", "inputModalities", "outputModalities",
    "modelCapabilities", "baseModelWeightsVersion", "SKU", "sharedComputeCapacityEnabled", "freePlayground",
    "deploymentOptions", "inferenceSupportedEnvs", "isDirectFromAzure", "inferenceEnvironmentAssetId",
    "maasFinetuning", "featureFlags", "architecture", "parameterCount", "terms", "softwareRequirements",
    "trademarkInformation", "contactInformation", "reportingMechanisms", "trainingInformation", "azureOffers",
    "modalitiesSupported", "endpointsSupported", "featuresSupported", "toolsSupported",
)  # fmt: skip
"""The keys of April 2026, in the order of the recorded answer (ManojBableshwar/deployment-template-demo 2940c61f,
bugs/repro-logs). The set grows: published catalogues write keys that are not among them, and those do not come back."""

_TRUTHS = frozenset(
    {
        "featured", "fineTuneOnlyModel", "freePlayground", "hasDeltaWeights", "isCustomerInfoRequired",
        "isDirectFromAzure", "maapSurcharge", "preview", "sharedComputeCapacityEnabled", "supportsToolCalling",
    }
)  # fmt: skip
_LISTS = frozenset(
    {
        "azureOffers", "datasets", "deploymentOptions", "featureFlags", "inferenceSupportedEnvs",
        "inputModalities", "keywords", "languages", "modelCapabilities", "outputModalities",
    }
)  # fmt: skip
_OBJECTS = frozenset(
    {
        "SKU", "deprecation", "links", "maasFinetuning", "platformCapabilities", "skuToNumReplicasMap",
        "supportedComputes", "tasks",
    }
)  # fmt: skip
_TYPES: dict[type, tuple[str, frozenset[str]]] = {
    bool: ("true or false", _TRUTHS),
    int: ("a whole number", frozenset({"maxOutputTokens", "textContextWindow"})),
    list: ("a list", _LISTS),
    dict: ("an object", _OBJECTS),
}
"""Keys that are not text. That the service holds typed values was recorded, its refusal of others was not."""


def check_metadata(metadata: Mapping[str, Any]) -> None:
    """Refuse a value of another JSON type than the service holds for its key, or outside a set that it validates.

    Null is not a value.

    Raises:
        RefusedError: 400.
    """
    for kind, (kind_name, keys) in _TYPES.items():
        for key in sorted(keys & metadata.keys()):
            if metadata[key] is not None and type(metadata[key]) is not kind:
                raise refused(f"system_metadata.{key} is {kind_name}, not {metadata[key]!r}.")
    for key, taken in _closed_sets().items():
        for value in _values(metadata, key):
            if value not in taken:
                raise refused(f"system_metadata.{key}: {value!r} is none of {', '.join(sorted(taken))}.")


@functools.cache
def _closed_sets() -> Mapping[str, frozenset[str]]:
    """The sets that the service validates; data beside the rules of `publish lint`, with its source."""
    text = (resources.files("azureml_publish") / "lint" / "vocabularies.yaml").read_text(encoding="utf-8")
    keys = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["keys"]  # noqa: S506 - a safe loader
    marked = {name: key for name, key in keys.items() if key.get("service")}
    return {name: frozenset(keys[key.get("names", name)]["values"]) for name, key in marked.items()}


def _values(metadata: Mapping[str, Any], key: str) -> Iterator[Any]:
    """The values at a key with dots between its parts: entries of a list, names in an object; none for null."""
    found: Any = metadata
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, list | dict):
        yield from found
    elif found is not None:
        yield found


_NESTED = {
    "SKU": (
        "inferenceRecommendedSkus", "inferenceMinSkuSpec", "evaluationRecommendedSkus", "evaluationMinSkuSpec",
        "finetuneRecommendedSkus", "finetuneMinSkuSpec",
    ),
    "deprecation": (
        "inferenceDeprecationDate", "inferenceRetirementDate", "inferenceLegacyDate", "finetuneDeprecationDate",
        "finetuneRetirementDate", "longContextRetirementDate",
    ),
    "links": ("pricing", "supportedRegions", "languagesSupported", "rateLimit"),
    "platformCapabilities": ("enableMaap", "enableBatch", "maasInference", "maasFineTuning"),
    "supportedComputes": ("inferenceComputes", "evaluationComputes", "finetuneComputes"),
    "tasks": ("inferenceTasks", "fineTuningTasks", "fineTuningMethods"),
}  # fmt: skip
"""The keys of nested objects."""


def with_nested_nulls(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Every nested object with all of its keys: null where unset, and a date that is unset as a blank.

    So a projection of September 2026 had them: `"deprecation": {"inferenceRetirementDate": " "}` of one model, and null
    of another.
    """
    filled = dict(shown)
    for name, keys in _NESTED.items():
        unset = " " if name == "deprecation" else None
        filled[name] = {**dict.fromkeys(keys, unset), **(shown.get(name) or {})}
    return filled


def shown_metadata(stored: Mapping[str, Any], *, closed: bool) -> dict[str, Any]:
    """What a GET returns of what was written.

    Args:
        stored: The keys that were set, in native types.
        closed: Return the keys that the service knows and no other, null where unset.
    """
    return {key: stored.get(key) for key in _KEYS} if closed else dict(stored)
