"""Files and folders that a file of the weights names, or that its loader needs: whether they exist and fit."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from azureml_publish.content.packaging.transformers_facts import stated
from azureml_publish.documents import mapping_of
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.weights.configuration import classes_of, is_count
from azureml_publish.lint.weights.files import WeightFiles
from azureml_publish.patterns import pattern


def naming_mistakes(files: WeightFiles) -> Iterator[tuple[str, str, str]]:
    """Path, key and message for each file that names or needs another one that is missing or does not fit."""
    for path in sorted(files.places):
        folder, _, name = path.rpartition("/")
        look = _LOOKS.get(name)
        for key, message in look(files, f"{folder}/" if folder else "") if look else ():
            yield path, key, message


_READS = pattern(r"^[ \t\"'-]*(?:-r|--requirement)[ =]+(?P<file>[\w./-]+)", re.MULTILINE)


def _environment(files: WeightFiles, folder: str) -> Iterator[tuple[str, str]]:
    for match in _READS.finditer(files.text(f"{folder}python_env.yaml")):
        if posixpath.normpath(f"{folder}{match['file']}") not in files.places:
            yield match["file"], f"python_env.yaml reads {short(match['file'])}, which is missing."


def _pipeline(files: WeightFiles, folder: str) -> Iterator[tuple[str, str]]:
    """The parts of a Diffusers pipeline: each has a folder whose own file states the same class."""
    index = files.settings(f"{folder}model_index.json")
    parts = {
        key: value
        for key, value in index.items()
        if isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value)
    }
    there = sorted(key for key in parts if f"{folder}{key}" in files.folders)
    for key, (_, wanted) in parts.items() if there else ():
        held = [f"{folder}{key}/{name}" for name in ("config.json", "scheduler_config.json")]
        data: Mapping[str, Any] = next((found for path in held if (found := files.settings(path))), {})
        own = data.get("_class_name") or next(iter(classes_of(data)), None)
        if key not in there:
            yield key, f"model_index.json names {key}, which has no files, while {there[0]} has some."
        elif isinstance(own, str) and wanted not in (own, f"Flax{own}") and "Onnx" not in wanted:
            yield key, f"{key} is {short(wanted)} in model_index.json, and {short(own)} in its own file."
    yield from _channels(files, folder, str(index.get("_class_name")))


_PLAIN = frozenset(("StableDiffusionPipeline", "StableDiffusionXLPipeline", "StableDiffusion3Pipeline"))


def _channels(files: WeightFiles, folder: str, kind: str) -> Iterator[tuple[str, str]]:
    """A U-Net that does not fit the latents or the text encoders of its text-to-image pipeline."""
    unet, vae = (files.settings(f"{folder}{part}/config.json") for part in ("unet", "vae"))
    if kind not in _PLAIN:
        return
    given, latents = unet.get("in_channels"), vae.get("latent_channels")
    if is_count(given) and is_count(latents) and given != latents:
        yield "unet", f"The U-Net takes {given} channels, and the latents of vae/config.json have {latents}."
    widths = [files.settings(f"{folder}{part}/config.json").get("hidden_size") for part in _ENCODERS]
    text, across = sum(one for one in widths if is_count(one)), unet.get("cross_attention_dim")
    whole = sum(map(is_count, widths)) == (len(_ENCODERS) if "XL" in kind else 1)
    if whole and is_count(across) and across != text:
        yield "unet", f"cross_attention_dim of the U-Net is {across}, and the text encoders give {text}."


_ENCODERS = ("text_encoder", "text_encoder_2")


def _modules(files: WeightFiles, folder: str) -> Iterator[tuple[str, str]]:
    listed = files.json(f"{folder}modules.json")
    modules = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    for key in ("idx", "path"):
        twice = [one for one, count in Counter(str(each[key]) for each in modules if key in each).items() if count > 1]
        if twice:
            yield key, f"Two modules of modules.json have the {key} {short(twice[0])}."


_WEIGHTS = pattern(
    r"(?:model|pytorch_model|tf_model|flax_model)[\w.-]*\.(?:safetensors|bin|h5|msgpack)(?:\.index\.json)?"
)
_PREPARES = ("preprocessor_config.json", "processor_config.json", "image_processor_config.json", "feature_extractor")


def _preprocessor(files: WeightFiles, folder: str) -> Iterator[tuple[str, str]]:
    """Models for images or sound without the file that prepares their input."""
    config = files.settings(f"{folder}config.json")
    kind = str(config.get("model_type"))
    needs = kind in stated()["image_processor_of"] or kind in stated()["feature_extractor_of"]
    names = {path.rpartition("/")[2] for path in files.places}
    of_text = any("CausalLM" in one for one in classes_of(config))
    whole = f"{folder}tokenizer_config.json" in files.places or any(
        _WEIGHTS.fullmatch(path.removeprefix(folder)) for path in files.places if path.startswith(folder)
    )
    if needs and whole and not of_text and names.isdisjoint(_PREPARES) and "model_index.json" not in names:
        yield "model_type", f"A model of the type {kind} needs preprocessor_config.json, which is missing."


_SHARED = ("bits", "group_size", "desc_act", "sym", "quant_method", "damp_percent", "zero_point", "version")


def _quantised(files: WeightFiles, folder: str) -> Iterator[tuple[str, str]]:
    """Quantisation settings that differ between their own file and config.json."""
    for name in ("quantize_config.json", "quant_config.json"):
        own = files.settings(f"{folder}{name}")
        other = mapping_of(files.settings(f"{folder}config.json").get("quantization_config"))
        for key in _SHARED:
            if key in own and key in other and str(own[key]).lower() != str(other[key]).lower():
                yield (
                    key,
                    f"{name} gives {key} {short(str(own[key]))}, and quantization_config {short(str(other[key]))}.",
                )


_LOOKS = {
    "python_env.yaml": _environment,
    "model_index.json": _pipeline,
    "modules.json": _modules,
    "config.json": _preprocessor,
    "quantize_config.json": _quantised,
    "quant_config.json": _quantised,
}
