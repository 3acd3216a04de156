"""All checks of the settings beside the weights, file by file: each against itself and its neighbours."""

from __future__ import annotations

import codecs
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from azureml_publish.content.packaging.safetensors import Tensor
from azureml_publish.content.packaging.transformers_facts import stated, types_of
from azureml_publish.content.packaging.triton import CONFIG
from azureml_publish.documents import mapping_of
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.weights.configuration import classes_of, is_count, stored_type
from azureml_publish.lint.weights.files import WeightFiles
from azureml_publish.lint.weights.genai import GENAI, genai_differences
from azureml_publish.lint.weights.generation import generation_differences, template_mistakes, tokenizer_differences
from azureml_publish.lint.weights.indexes import INDEX, index_mistakes
from azureml_publish.lint.weights.parameters import longest_input
from azureml_publish.lint.weights.parts import (
    adapter_mistakes,
    label_mistakes,
    module_mistakes,
    pooling_mistakes,
    quantisation_mistakes,
    vocabulary_mistakes,
    word_mistakes,
)
from azureml_publish.lint.weights.tensors import FLOATS, adapter_differences, tensor_differences
from azureml_publish.lint.weights.triton import triton_differences
from azureml_publish.lint.weights.values import as_text, class_mistakes, marks_outside, value_mistakes
from azureml_publish.patterns import pattern


class Contradiction(NamedTuple):
    """A contradiction between files: the path of one of them, its key there, and a message."""

    path: str
    key: str
    message: str


_READ = pattern(
    r"(?:config|special_tokens_map|chat_template|(?:tokenizer|preprocessor|generation|sentence_bert|adapter|processor)_config|modules|tokenizer|genai_config|config_sentence_transformers"
    r"|[\w.-]+\.index(?:\.[\w-]+)?)\.json"
)


def contradictions(files: WeightFiles) -> Iterator[Contradiction]:
    """Every contradiction between the files of a folder."""
    for path in sorted(files.places):
        name = path.rpartition("/")[2]
        if name.endswith(".gguf"):
            header, size = files.gguf(path), files.size(path)
            if header is not None and header.least > size:
                yield Contradiction(
                    path, "", f"The header requires {header.least:,} bytes or more, and the file has {size:,}."
                )
        if name == CONFIG:
            yield from (Contradiction(path, key, message) for key, message in triton_differences(files, path))
        if not _READ.fullmatch(name):
            continue
        if files.starts_with(path, codecs.BOM_UTF8):
            yield Contradiction(path, "", f"{path} begins with a byte order mark, so that Python's json refuses it.")
        data = files.json(path)
        if data is None and name in _LOADED and (files.text(path).strip() or not files.size(path)):
            yield Contradiction(path, "", f"{path} is not JSON, so nothing can load it.")
        seen: set[str] = set()
        for key, message in _of_file(files, path, name, data):
            if key not in seen or INDEX.fullmatch(name):
                yield Contradiction(path, key, message)
            seen.add(key)


def flavour_differences(
    flavour: Mapping[str, Any], config: Mapping[str, Any], prepared: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """MLflow's transformers flavour against the settings beside the weights: number type and preprocessor class."""
    own, written = stored_type(config), stored_type(flavour)
    if {own, written} <= {*FLOATS.values()} and own != written and not config.get("quantization_config"):
        yield "torch_dtype", f"torch_dtype is {written}, and config.json has {own}."
    for key in ("feature_extractor_type", "image_processor_type"):
        one, other = str(flavour.get(key) or ""), str(prepared.get(key) or "")
        # Auto… is what reads preprocessor_config.json to know the class.
        if one and other and not one.startswith("Auto") and one.removesuffix("Fast") != other.removesuffix("Fast"):
            yield key, f"{key} is {short(one)}, and preprocessor_config.json has {short(other)}."


def gguf_differences(files: WeightFiles, window: object, licence: object) -> Iterator[str]:
    """Keys of GGUF files against the metadata: the longest context, and the licence."""
    for path in sorted(path for path in files.places if path.endswith(".gguf")):
        header = files.gguf(path)
        keys = header.keys if header is not None else {}
        most = keys.get(f"{keys.get('general.architecture')}.context_length")
        if is_count(window) and is_count(most) and window > most:
            yield f"textContextWindow is {window}, and {path} has a context_length of {most}."
        given = str(keys.get("general.license") or "").lower()
        if isinstance(licence, str) and {given, licence.lower()} <= _LICENCES and given != licence.lower():
            yield f"The licence is {licence}, and {given} in {path}."


_LICENCES = frozenset(
    {"apache-2.0", "mit", "bsd-3-clause", "gpl-3.0", "cc-by-4.0", "cc-by-nc-4.0", "cc-by-sa-4.0", "openrail", "gemma"}
)
_OF_LIBRARIES = frozenset({"model_type", "architectures", "transformers_version", "_class_name", "_name_or_path"})
"""Keys of which transformers and diffusers write at least one. Another library's file may hold numbers as text."""
_LOADED = ("tokenizer.json", "generation_config.json", "modules.json", "genai_config.json", "chat_template.json")
"""Files whose form nothing else checks."""


def _of_file(files: WeightFiles, path: str, name: str, data: Any) -> Iterator[tuple[str, str]]:
    folder = path[: -len(name)]
    if name == "modules.json":
        yield from module_mistakes(files, folder, data)
    if not isinstance(data, dict):
        return
    if name == "tokenizer.json":
        yield from word_mistakes(files, folder, data)
    elif name == "adapter_config.json":
        yield from adapter_mistakes(data)
        yield from adapter_differences(data, files.tensors(f"{folder}adapter_model.safetensors"))
    elif name == "config.json" and not folder.endswith("_Pooling/"):
        yield from differences(name, data, data)
        yield from tensor_differences(data, _tensors(files, folder))
        yield from vocabulary_mistakes(files, folder, data)
    elif INDEX.fullmatch(name):
        yield from index_mistakes(files, folder, name, data)
    else:
        yield from _beside_weights(files, path, name, data)
    if name != "tokenizer.json" and not INDEX.fullmatch(name):
        yield from value_mistakes(data, typed=name != "config.json" or not _OF_LIBRARIES.isdisjoint(data))


def _beside_weights(files: WeightFiles, path: str, name: str, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A settings file other than `config.json`, against that file and its neighbours."""
    folder, config = path[: -len(name)], beside(files, path, "config.json")
    if config:
        yield from differences("1_Pooling" if name == "config.json" else name, data, config)
    if name == "chat_template.json":
        yield from template_mistakes(data)
    elif name == GENAI:
        yield from genai_differences(files, folder, data, config)
    elif name == "generation_config.json":
        yield from generation_differences(data, config, beside(files, path, "tokenizer_config.json"))
    elif name == "tokenizer_config.json":
        marks, added = (files.settings(f"{folder}{one}.json") for one in ("special_tokens_map", "added_tokens"))
        yield from tokenizer_differences(data, config, marks, added)
        yield from _cut(files, folder, data)


def beside(files: WeightFiles, path: str, name: str) -> Mapping[str, Any]:
    """A settings file of the same weights: in the same folder, above it, or where MLflow and Azure ML put it."""
    folder = path.rpartition("/")[0]
    roots = (folder, folder.rpartition("/")[0], folder.rpartition("/")[0].rpartition("/")[0])
    places = (posixpath.normpath(f"./{root}/{inner}/{name}") for root in roots for inner in ("", *_INNER))
    return next((found for place in places if place != path and (found := files.settings(place))), {})


_INNER = ("model", "data/model", "data/config", "config", "components/tokenizer", "data/tokenizer", "tokenizer")
"""Folders of MLflow's transformers flavour and of Azure ML's hftransformersv2."""


def _tensors(files: WeightFiles, folder: str) -> Mapping[str, Tensor]:
    """The tensors that transformers would load beside a `config.json`, by the headers of their files."""
    if f"{folder}model.safetensors" in files.places:
        return files.tensors(f"{folder}model.safetensors")
    weights = mapping_of(files.settings(f"{folder}model.safetensors.index.json").get("weight_map"))
    shards = {name for name in weights.values() if isinstance(name, str)}
    if not all(f"{folder}{name}" in files.places for name in shards):
        return {}
    return {name: tensor for one in sorted(shards) for name, tensor in files.tensors(folder + one).items()}


def differences(name: str, data: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys of a settings file that contradict `config.json`, each with a message."""
    kind = str(config.get("model_type") or "")
    if name == "config.json":
        yield from label_mistakes(data)
        yield from quantisation_mistakes(data)
        yield from _class_of_another_type(data)
        yield from class_mistakes(data)
        yield from marks_outside(data, data)
    elif name == "1_Pooling":
        yield from pooling_mistakes(data)
        hidden = next((config[key] for key in ("hidden_size", "dim", "d_model") if is_count(config.get(key))), None)
        given = data.get("word_embedding_dimension")
        if hidden is not None and is_count(given) and given != hidden:
            yield "word_embedding_dimension", f"word_embedding_dimension is {given}, and config.json has {hidden}."
    elif name == "preprocessor_config.json":
        yield from _images_or_sound(kind, data, config)
    elif config.get("auto_map"):
        return  # its own code may treat positions otherwise
    elif kind in OF_FIXED_POSITIONS:
        most = config.get("max_position_embeddings", config.get("n_positions"))
        kept = 2 if kind in _FROM_TWO else 0
        for key in ("model_max_length", "max_seq_length"):
            length = data.get(key)
            if is_count(most) and is_count(length) and most - kept < length < _NO_LIMIT:
                yield key, f"{key} is {length}, and the model has {most} positions by config.json."
    elif name == "tokenizer_config.json" and not config.get("auto_map") and (most := longest_input(config)) is not None:
        length = data.get("model_max_length")
        if is_count(length) and most * _STRETCHED < length < _NO_LIMIT:
            yield (
                "model_max_length",
                f"model_max_length is {length}, and the model has {most} positions by config.json.",
            )


OF_FIXED_POSITIONS = frozenset(
    {"bert", "distilbert", "roberta", "xlm-roberta", "camembert", "electra", "albert", "mpnet", "gpt2"}
)
_STRETCHED = 8
"""The largest factor by which models with relative positions are made to read longer texts."""

_FROM_TWO = ("roberta", "xlm-roberta", "camembert", "mpnet")
"""Model types that number positions from 2, which leaves two fewer for tokens."""

_OF_FIXED_IMAGES = frozenset({"vit", "deit", "beit", "clip", "siglip", "llava"})
"""Model types that fail on images of another size than config.json states."""

_NO_LIMIT = 10**9
"""transformers writes a far larger number where no limit is known."""


def _images_or_sound(kind: str, data: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    size, crop = data.get("size"), data.get("crop_size")
    height = size.get("height", size.get("shortest_edge")) if isinstance(size, Mapping) else size
    cropped = crop.get("height") if isinstance(crop, Mapping) else crop
    if kind in _OF_FIXED_IMAGES:
        inner = config.get("vision_config")
        wanted = (inner if isinstance(inner, Mapping) else config).get("image_size")
        key, given = ("crop_size", cropped) if data.get("do_center_crop") and "crop_size" in data else ("size", height)
        if data.get("do_resize") is not False and is_count(wanted) and is_count(given) and given != wanted:
            yield key, f"Images are resized to {given} pixels, and config.json has an image_size of {wanted}."
    longest = size.get("longest_edge") if isinstance(size, Mapping) else None
    if is_count(height) and is_count(longest) and height > longest:
        yield "size", f"shortest_edge is {height}, above the {longest} of longest_edge."
    if is_count(data.get("resample")) and data["resample"] > _LANCZOS:
        yield "resample", f"resample is {data['resample']}; Pillow's filters are numbered from 0 to {_LANCZOS}."
    for key in ("image_mean", "image_std"):
        listed = data.get(key)
        shares = [one for one in listed if isinstance(one, int | float)] if isinstance(listed, list) else []
        odd = max(shares, default=0) if max(shares, default=0) > 1 else min(shares, default=0)
        if shares and ((key == "image_std" and odd <= 0) or (odd > 1 and data.get("do_rescale"))):
            yield key, f"{key} has {as_text(odd)}; pixels are scaled to 0 to 1 before."
    scale = data.get("rescale_factor")
    if isinstance(scale, int | float) and scale > 1:
        yield "rescale_factor", f"rescale_factor is {as_text(scale)}, by which pixels are multiplied; write 1/255."
    yield from _preparing(kind, data)
    yield from _sound(kind, data, config)


def _preparing(kind: str, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A preprocessor class that belongs to another model type."""
    own = stated()["image_processor_of"].get(kind, (None,))[0] or stated()["feature_extractor_of"].get(kind)
    for key in ("image_processor_type", "feature_extractor_type"):
        given = data.get(key)
        pair = [_PREPARES.sub("", str(one)).lower() for one in (given, own)]
        known = {_PREPARES.sub("", name).lower() for name in _classes_that_prepare()}
        if isinstance(given, str) and own and pair[0] in known - {pair[1], _ALSO.get(kind)} and {*pair} & _ALIKE:
            yield key, f"{given} belongs to other models; those of the type {kind} take {own}."
            return


def _classes_that_prepare() -> Iterator[str]:
    yield from (pair[0] for pair in stated()["image_processor_of"].values() if pair[0])
    yield from stated()["feature_extractor_of"].values()


_PREPARES = pattern(r"(?:ImageProcessor|FeatureExtractor)(?:Fast)?$")
_ALIKE = frozenset(
    (
        *("detr", "yolos", "rtdetr", "segformer", "owlvit", "owlv2", "groundingdino", "dpt", "glpn", "sam", "videomae"),
        *("layoutlmv2", "layoutlmv3", "donut", "pix2struct", "qwen2vl", "idefics2", "llavanext", "mllama", "siglip2"),
        *("imagegpt", "swin2sr", "zoedepth", "vitmatte", "oneformer", "nougat", "mobilevit", "vilt", "perceiver"),
        *("whisper", "wav2vec2", "ast", "clap", "encodec", "speecht5", "speech2text", "seamlessm4t", "pixtral"),
    )
)
"""Beginnings of preprocessor classes that fit one model type alone; others, such as ViT's and CLIP's, serve many."""

_ALSO = {"wav2vec2-bert": "seamlessm4t", "xclip": "videomae", "git": "videomae"}
"""Preprocessors that released models of a type have beside its own. Source: transformers' conversion scripts."""

_OF_WAVES = ("wav2vec2", "hubert", "wavlm", "unispeech", "unispeech-sat", "sew", "sew-d", "data2vec-audio")
_LANCZOS = 5
_RATES = {
    **dict.fromkeys(("whisper", "wav2vec2", "wav2vec2-bert", "wav2vec2-conformer", "hubert", "wavlm"), 16_000),
    **dict.fromkeys(("audio-spectrogram-transformer", "speech_to_text", "seamless_m4t", "moonshine"), 16_000),
    **dict.fromkeys(("unispeech", "unispeech-sat", "sew", "sew-d", "data2vec-audio", "speecht5"), 16_000),
    "clap": 48_000,
}
"""Samples per second that model types were trained on: the defaults of transformers' feature extractors."""


def _sound(kind: str, data: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    vision = mapping_of(config.get("vision_config"))
    for key, held in (("num_mel_bins", config), ("patch_size", vision), ("temporal_patch_size", vision)):
        if is_count(data.get(key)) and is_count(held.get(key)) and data[key] != held[key]:
            yield key, f"{key} is {data[key]}, and config.json has {held[key]}."
    bins, size = config.get("num_mel_bins"), data.get("feature_size")
    if kind == "whisper" and is_count(bins) and is_count(size) and bins != size:
        yield "feature_size", f"feature_size is {size}, and config.json has num_mel_bins {bins}."
    if kind in _OF_WAVES and is_count(size) and size != 1:
        yield "feature_size", f"feature_size is {size}; models of the type {kind} take the waveform itself, which is 1."
    rate, usual = data.get("sampling_rate"), _RATES.get(kind)
    if is_count(rate) and usual and rate != usual:
        yield "sampling_rate", f"sampling_rate is {rate}; models of the type {kind} take {usual} samples a second."
    length, samples = data.get("chunk_length"), data.get("n_samples")
    frames, hop = data.get("nb_max_frames"), data.get("hop_length")
    if is_count(samples) and is_count(frames) and is_count(hop) and frames != samples // hop:
        yield "nb_max_frames", f"nb_max_frames is {frames}; n_samples and hop_length make {samples // hop}."
    if is_count(rate) and is_count(length) and is_count(samples) and samples != rate * length:
        yield "n_samples", f"n_samples is {samples}; chunk_length and sampling_rate make {rate * length}."


def _class_of_another_type(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A class that belongs to another model type than `model_type` says, by transformers' own tables."""
    kind = str(config.get("model_type") or "")
    if config.get("auto_map"):
        return  # its own code may have classes of the same names
    for name in classes_of(config):
        kinds = types_of(name)
        if kinds and kind in stated()["model_types"] and kind not in kinds:
            yield "model_type", f"model_type is {kind}, and {name} is a class of {min(kinds, key=len)}."


_KINDS = {
    one: kind
    for kind, names in (
        ("WordPiece", "Bert DistilBert Electra MPNet MobileBert ConvBert Lxmert Funnel Splinter"),
        ("BPE", "GPT2 Roberta Llama Qwen2 CodeGen GPTNeoX Bloom Bart Longformer LED Whisper CLIP Gemma CodeLlama"),
        ("Unigram", "T5 XLMRoberta Albert Camembert MBart MBart50 Pegasus XLNet BigBird DebertaV2 RemBert"),
    )
    for one in names.split()
}
"""The algorithm by which a tokenizer class splits words, by the beginning of its name."""


def _cut(files: WeightFiles, folder: str, tokenizer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A tokenizer class that splits words by another algorithm than tokenizer.json."""
    named = str(tokenizer.get("tokenizer_class") or "")
    wanted = _KINDS.get(named.removesuffix("Fast").removesuffix("Tokenizer"))
    kind = mapping_of(files.settings(f"{folder}tokenizer.json").get("model")).get("type")
    if wanted and kind in _KINDS.values() and kind != wanted and "auto_map" not in tokenizer:
        yield (
            "tokenizer_class",
            f"tokenizer_class is {named}, which uses {wanted}, and tokenizer.json has a {kind} model.",
        )
