"""The index of weights that are split into several files: its file names, sizes, layers and experts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from azureml_publish.documents import mapping_of
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.weights.configuration import BYTES_OF, experts_of, is_count, stored_type
from azureml_publish.lint.weights.files import WeightFiles
from azureml_publish.lint.weights.parameters import configured_bounds
from azureml_publish.patterns import pattern

INDEX = pattern(r"(?:[\w.-]+\.)?(?:safetensors|bin)\.index(?:\.[\w-]+)?\.json")
_SHARD = pattern(r"(?P<stem>.+?)-?(?P<number>\d{1,6})-of-(?P<count>\d{1,6})(?P<ending>\.[\w.]+)")


def index_mistakes(files: WeightFiles, folder: str, name: str, index: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys of an index that contradict each other, the files beside it or `config.json`, each with a message."""
    weights, total = index.get("weight_map"), mapping_of(index.get("metadata")).get("total_size")
    by_tensor = {tensor: shard for tensor, shard in mapping_of(weights).items() if isinstance(shard, str)}
    if total is not None and weights is None:
        yield "metadata", "It has no weight_map, so nothing is loaded."
    if isinstance(weights, dict) and not by_tensor:
        yield "weight_map", "weight_map names no file, so nothing is loaded."
    yield from _names(name, by_tensor)
    yield from _missing(files, folder, frozenset(by_tensor.values()))
    tensors = [files.tensors(folder + one) for one in {*by_tensor.values()} if f"{folder}{one}" in files.places]
    config = files.settings(f"{folder}config.json")
    yield from _layers(config, by_tensor)
    yield from _kinds(config, by_tensor)
    yield from _gaps(by_tensor)
    if total is not None and not is_count(total):
        if not isinstance(total, float):  # some tools write the size as a float
            yield "total_size", f"total_size is {short(str(total))}, not a number of bytes."
    elif total and by_tensor and len(tensors) == len({*by_tensor.values()}) and all(tensors):
        size = sum(one.end - one.start for held in tensors for one in held.values())
        if abs(total - size) * 50 > size:
            yield "total_size", f"total_size is {total:,}, and the tensors have {size:,} bytes."
    elif total:
        yield from bytes_by_configuration("total_size", total, config)


def _names(name: str, by_tensor: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """File names whose numbering or form differs from that of most entries."""
    found = {tensor: match for tensor, shard in by_tensor.items() if (match := _SHARD.fullmatch(shard))}
    for part, what in (("count", "numbered up to"), ("ending", "ending in"), ("stem", "named")):
        values = Counter(match[part] for match in found.values())
        usual = max(values, key=lambda one: values[one], default="")
        for tensor, match in found.items():
            if match[part] != usual:
                yield tensor, f"{short(tensor)} is in {short(match[0])}, and others are in files {what} {usual}."
                return
    for tensor, match in found.items():
        if not 0 < int(match["number"]) <= int(match["count"]) and match["number"].strip("0"):
            yield tensor, f"{short(match[0])} is number {int(match['number'])} of {int(match['count'])}."
            return
    numbers = {int(match["number"]) for match in found.values()}
    count = max((int(match["count"]) for match in found.values()), default=0)
    lacking = {*range(1, count + 1)} - numbers if count < _MOST_FILES and 0 not in numbers else set()
    shortened = len(lacking) > 1 and len(found) < _FEWEST_OF_ALL
    if lacking and len(found) == len(by_tensor) and not shortened:
        yield "weight_map", f"weight_map names no tensor in file {min(lacking)} of {count}."
    kind = "safetensors" if ".safetensors." in name else "bin"
    strange = next((one for one, shard in by_tensor.items() if not shard.endswith(f".{kind}")), None)
    if strange is not None:
        yield (
            strange,
            f"{short(strange)} is in {short(by_tensor[strange])}, and {name} is for files ending in .{kind}.",
        )


_MOST_FILES = 1000
_FEWEST_OF_ALL = 50
"""An index of fewer tensors may be a shortened example, which leaves files out."""


def _missing(files: WeightFiles, folder: str, shards: frozenset[str]) -> Iterator[tuple[str, str]]:
    """A file of the index that is missing while others are there, and a weights file that the index does not name."""
    there = {one for one in shards if f"{folder}{one}" in files.places}
    if there and (lacking := sorted(shards - there)):
        yield "weight_map", f"weight_map names {short(lacking[0])}, which is missing beside {short(min(there))}."
    kinds = {(match["stem"], match["ending"]) for one in shards if (match := _SHARD.fullmatch(one))}
    for path in sorted(files.places) if kinds else ():
        above, _, name = path.rpartition("/")
        beside = _SHARD.fullmatch(name) if above == folder.rstrip("/") and name not in shards else None
        if beside is not None and (beside["stem"], beside["ending"]) in kinds:
            yield "weight_map", f"{short(name)} is beside the index, whose weight_map does not name it."
            return


_LAYER = pattern(r"(?:base_model\.)?(?:model\.layers|transformer\.h|gpt_neox\.layers)\.(\d{1,5})\..*")


def _layers(config: Mapping[str, Any], by_tensor: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """A tensor of a layer that the configuration does not have."""
    key = next((one for one in ("num_hidden_layers", "n_layer", "n_layers") if is_count(config.get(one))), "")
    further = config.get("num_nextn_predict_layers") or config.get("num_mtp_layers") or config.get("auto_map")
    found = {name: int(match[1]) for name in by_tensor if (match := _LAYER.fullmatch(name))} if key else {}
    last = max(found, key=lambda one: found[one], default="")
    if last and not further and found[last] >= config[key]:
        yield (
            last,
            f"{short(last)} is in layer {found[last]}, and config.json has {config[key]} layers, counted from 0.",
        )


_NUMBERED = pattern(r"(?P<of>(?:[a-z_]+\.)*?[a-z_]+)\.(?P<n>\d{1,4})\.(?P<part>.+)", re.IGNORECASE)


def _gaps(by_tensor: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """A tensor that only one layer lacks, or a layer that is missing between others."""
    stacks: dict[str, dict[int, set[str]]] = {}
    for name in by_tensor:
        if match := _NUMBERED.fullmatch(name):
            stacks.setdefault(match["of"], {}).setdefault(int(match["n"]), set()).add(match["part"])
    for of, layers in stacks.items():
        if len(layers) < _FEWEST_LAYERS or not any("." in part for parts in layers.values() for part in parts):
            continue  # numbered steps of a sequence: some, such as activations, have no weights
        lacking = {*range(max(layers))} - layers.keys()
        if len(lacking) == 1:
            yield "weight_map", f"weight_map has layers of {short(of)} up to {max(layers)}, and no {min(lacking)}."
        having = Counter(part for parts in layers.values() for part in parts)
        rare = [part for part, count in having.items() if count == len(layers) - 1]
        common = sum(count == len(layers) for count in having.values())
        number = next((one for one, parts in layers.items() if rare and rare[0] not in parts), 0)
        inside = 0 < number < max(layers) and len(layers) > _FEWEST_LAYERS + 1
        alike = common > len(rare) and len(having) == common + len(rare)  # else the first and the last layer may differ
        alike = alike and not (number == 0 and "norm" in "".join(rare))  # ModernBERT's first layer has no norm
        if rare and (inside or (alike and len(rare) <= _FEW_PARTS and not layers[number].intersection(rare))):
            yield "weight_map", f"weight_map has no {short(f'{of}.{number}.{rare[0]}')}, which every other layer has."


_FEWEST_LAYERS, _FEW_PARTS = 4, 2

_EXPERT = pattern(r".*\.experts\.(\d{1,5})\..*")


def _kinds(config: Mapping[str, Any], by_tensor: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Experts or quantisation that the tensors have and the configuration does not, or the other way round."""
    _, experts = experts_of(config)
    found = {name: int(match[1]) for name in by_tensor if (match := _EXPERT.fullmatch(name))}
    last = max(found, key=lambda one: found[one], default="")
    if last and experts and found[last] >= experts and not config.get("auto_map"):
        yield (
            last,
            f"{short(last)} belongs to expert {found[last]}, and config.json has {experts} experts, counted from 0.",
        )
    quantised = config.get("quantization_config")
    method = str(quantised.get("quant_method")).lower() if isinstance(quantised, Mapping) else ""
    packed = next((name for name in by_tensor if name.endswith(".qweight")), "")
    if packed and config and not isinstance(quantised, Mapping):
        yield packed, f"{short(packed)} is quantised, and config.json has no quantization_config."
    elif by_tensor and not packed and method in ("awq", "gptq") and any(map(_LAYER.fullmatch, by_tensor)):
        yield "weight_map", f"No tensor is quantised (.qweight), while config.json says {method}."


def bytes_by_configuration(key: str, size: int, config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A size in bytes that does not fit the dimensions and the number type in `config.json`."""
    low, high = configured_bounds(config)
    width = BYTES_OF.get(stored_type(config), 0)
    if not width or not low or config.get("quantization_config"):
        return
    if size < low * width / _ROOM or (
        size > high * width * _ROOM and key == "total_size"
    ):  # a folder may hold the weights twice
        about = f"{(low + high) / 2 * width / 1e9:.3g} GB"
        yield key, f"{key} is {size:,}, {size / 1e9:.3g} GB; by the sizes in config.json it is about {about}."


_ROOM = 1.3
"""A factor for what norms, heads and variants of a model type add or leave out."""
