"""What the files of one folder of weights say, against each other: settings, tokens, indexes and tensors."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

from jinja2 import Environment, TemplateSyntaxError

from azureml_publish.content.packaging.safetensors import Tensor
from azureml_publish.content.packaging.transformers_facts import stated, types_of
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.weights.files import WeightFiles
from azureml_publish.lint.weights.tensors import adapter_differences, tensor_differences
from azureml_publish.patterns import pattern


class Contradiction(NamedTuple):
    """Where a file says what another one denies: its path, the key that stands there, and how."""

    path: str
    key: str
    message: str


_READ = pattern(
    r"(?:config|(?:tokenizer|preprocessor|generation|sentence_bert|adapter)_config|modules|tokenizer"
    r"|[\w.-]+\.safetensors\.index)\.json"
)


def contradictions(files: WeightFiles) -> Iterator[Contradiction]:
    """All that files of a folder say of one another."""
    for path in sorted(files.places):
        name = path.rpartition("/")[2]
        if name.endswith(".gguf"):
            header, size = files.gguf(path), files.size(path)
            if header is not None and header.least > size:
                yield Contradiction(path, "", f"The header promises {header.least:,} bytes, the file has {size:,}.")
        if not _READ.fullmatch(name):
            continue
        data = files.json(path)
        if data is None and name in _LOADED and files.text(path).strip():
            yield Contradiction(path, "", f"{path} is not JSON, so that nothing can load it.")
        for key, message in _of_file(files, path, name, data):
            yield Contradiction(path, key, message)


def flavour_differences(
    flavour: Mapping[str, Any], config: Mapping[str, Any], prepared: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """MLflow's flavour of transformers against the settings beside the weights: type of numbers, what prepares."""
    own = str(config.get("torch_dtype") or config.get("dtype") or "").removeprefix("torch.")
    written = str(flavour.get("torch_dtype") or "").removeprefix("torch.")
    if {own, written} <= _FLOATS and own != written and not config.get("quantization_config"):
        yield "torch_dtype", f"torch_dtype is {written}, and config.json has {own}."
    for key in ("feature_extractor_type", "image_processor_type"):
        one, other = str(flavour.get(key) or ""), str(prepared.get(key) or "")
        if one and other and one.removesuffix("Fast") != other.removesuffix("Fast"):
            yield key, f"{key} is {short(one)}, and preprocessor_config.json has {short(other)}."


_FLOATS = frozenset({"float16", "bfloat16", "float32"})


def gguf_differences(files: WeightFiles, window: object, licence: object) -> Iterator[str]:
    """What the keys of GGUF files say against the metadata: the longest context, and the licence."""
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
_LOADED = ("tokenizer.json", "generation_config.json", "modules.json")
"""Files whose form nothing else looks at."""


def _of_file(files: WeightFiles, path: str, name: str, data: Any) -> Iterator[tuple[str, str]]:
    folder = path[: -len(name)]
    if name == "modules.json":
        yield from _modules(files, folder, data)
    if not isinstance(data, dict):
        return
    if name == "tokenizer.json":
        yield from _words(files, folder, data)
    elif name == "adapter_config.json":
        yield from _adapter(data)
        yield from adapter_differences(data, files.tensors(f"{folder}adapter_model.safetensors"))
    elif name == "config.json" and not folder.endswith("_Pooling/"):
        yield from differences(name, data, data)
        yield from tensor_differences(data, _tensors(files, folder))
    elif name.endswith(".index.json"):
        yield from _index(files, folder, data)
    else:
        config = files.settings(configuration_beside(path))
        if config:
            yield from differences("1_Pooling" if name == "config.json" else name, data, config)
        if name == "generation_config.json":
            tokenizer = _tokenizer_beside(files, folder)
            yield from _generation(data, config, tokenizer)
        elif name == "tokenizer_config.json":
            yield from _tokens(data)


def configuration_beside(path: str) -> str:
    """The `config.json` of a file's weights: beside it, above a module, or as MLflow lays them out."""
    folder, _, name = path.rpartition("/")
    if name == "config.json":
        folder = folder.rpartition("/")[0]
    above, _, part = folder.rpartition("/")
    if above == "components" or above.endswith("/components"):
        folder = f"{above.removesuffix('components')}model"
    elif part in ("tokenizer", "feature_extractor", "image_processor") and above.endswith("data"):
        folder = f"{above}/model"
    return f"{folder}/config.json".lstrip("/")


def _tokenizer_beside(files: WeightFiles, folder: str) -> Mapping[str, Any]:
    beside = f"{folder}tokenizer_config.json"
    of_mlflow = f"{folder.removesuffix('model/')}components/tokenizer/tokenizer_config.json"
    return files.settings(beside) or files.settings(of_mlflow)


def _tensors(files: WeightFiles, folder: str) -> Mapping[str, Tensor]:
    """The tensors that transformers would load beside a `config.json`, by the headers of their files."""
    if f"{folder}model.safetensors" in files.places:
        return files.tensors(f"{folder}model.safetensors")
    weights = files.settings(f"{folder}model.safetensors.index.json").get("weight_map")
    shards = {name for name in weights.values() if isinstance(name, str)} if isinstance(weights, dict) else set()
    if not all(f"{folder}{name}" in files.places for name in shards):
        return {}
    return {name: tensor for one in sorted(shards) for name, tensor in files.tensors(folder + one).items()}


def differences(name: str, data: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The key of a file that contradicts `config.json`, and how."""
    kind = str(config.get("model_type") or "")
    if name == "config.json":
        yield from _labels(data)
        yield from _of_two_models(data)
    elif name == "1_Pooling":
        hidden = next((config[key] for key in ("hidden_size", "dim", "d_model") if is_count(config.get(key))), None)
        given = data.get("word_embedding_dimension")
        if hidden is not None and is_count(given) and given != hidden:
            yield "word_embedding_dimension", f"word_embedding_dimension is {given}, and config.json has {hidden}."
    elif name == "preprocessor_config.json":
        yield from _images_or_sound(kind, data, config)
    elif kind in OF_FIXED_POSITIONS and not config.get("auto_map"):  # else its own code may know other positions
        most = config.get("max_position_embeddings", config.get("n_positions"))
        for key in ("model_max_length", "max_seq_length"):
            length = data.get(key)
            if is_count(most) and is_count(length) and most < length < _NO_LIMIT:
                yield key, f"{key} is {length}, and the model has {most} positions by config.json."


OF_FIXED_POSITIONS = frozenset(
    {"bert", "distilbert", "roberta", "xlm-roberta", "camembert", "electra", "albert", "mpnet", "gpt2"}
)
_OF_FIXED_IMAGES = frozenset({"vit", "deit", "beit", "clip", "siglip"})
"""Models of transformers that fail on longer texts, or on other images, than config.json says."""

_OF_SOUND = ("whisper", "wav2vec2", "hubert", "wavlm", "audio-spectrogram-transformer")
_NO_LIMIT = 10**9
"""What transformers writes where no limit is known is far above."""


def is_count(value: object) -> TypeGuard[int]:
    """Whether a value is a whole number above 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _images_or_sound(kind: str, data: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if kind in _OF_FIXED_IMAGES:
        inner = config.get("vision_config")
        wanted = (inner if isinstance(inner, Mapping) else config).get("image_size")
        key = "crop_size" if data.get("do_center_crop") and "crop_size" in data else "size"
        size = data.get(key)
        height = size.get("height") if isinstance(size, Mapping) else size
        if data.get("do_resize") is not False and is_count(wanted) and is_count(height) and height != wanted:
            yield key, f"Images are brought to {height} pixels, and config.json has an image_size of {wanted}."
    if kind in _OF_SOUND:
        named, own = data.get("feature_extractor_type"), stated()["feature_extractor_of"].get(kind)
        if named in stated()["feature_extractor_of"].values() and own and named != own:
            yield "feature_extractor_type", f"{named} is of other models than {kind}, which takes {own}."
    bins, size = config.get("num_mel_bins"), data.get("feature_size")
    if kind == "whisper" and is_count(bins) and is_count(size) and bins != size:
        yield "feature_size", f"feature_size is {size}, and config.json has num_mel_bins {bins}."


def _of_two_models(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A class of another type than the configuration's own, by transformers' tables, or numbers that cannot be."""
    kind, listed = str(config.get("model_type") or ""), config.get("architectures")
    if config.get("auto_map"):
        return  # its own code may have classes of the same names
    for name in listed if isinstance(listed, list | tuple) else ():
        kinds = types_of(str(name))
        if kinds and kind in stated()["model_types"] and kind not in kinds:
            yield "model_type", f"model_type is {kind}, and {name} is a class of {min(kinds, key=len)}."
    words = config.get("vocab_size")
    for key in ("bos_token_id", "eos_token_id"):
        numbers = _numbers(config.get(key))
        if is_count(words) and numbers and max(numbers) >= words:
            yield key, f"{key} is {max(numbers)}, and the vocabulary has {words} entries by vocab_size."


def _numbers(given: object) -> list[int]:
    return [one for one in (given if isinstance(given, list | tuple) else [given]) if is_count(one)]


def _labels(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A label that two maps of one file give different numbers; it may well be missing from one, or stand twice."""
    by_number, by_label = config.get("id2label"), config.get("label2id")
    if not isinstance(by_number, Mapping) or not isinstance(by_label, Mapping):
        return
    numbers = {label: number for number, label in by_number.items() if isinstance(label, str)}
    single = len(numbers) == len(by_number)
    for label, number in by_label.items() if single else ():
        if label in numbers and str(number) != numbers[label]:
            yield "label2id", f"label2id gives '{short(label)}' the number {number}, and id2label {numbers[label]}."
            return


def _generation(
    data: Mapping[str, Any], config: Mapping[str, Any], tokenizer: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """How texts are generated: sampling that contradicts itself, and where a text begins and ends."""
    sampled, heat = data.get("do_sample"), data.get("temperature")
    if isinstance(heat, int | float) and not isinstance(heat, bool):
        if sampled is True and heat <= 0:
            yield "temperature", f"temperature is {heat} and do_sample true; transformers samples above 0 alone."
        elif sampled is False and heat not in (0, 1):
            yield "do_sample", f"do_sample is false, so that the temperature of {heat} has no effect."
    ends, known = set(_numbers(data.get("eos_token_id"))), set(_numbers(config.get("eos_token_id")))
    own = _id_of(tokenizer, "eos_token")
    if ends and known and own and ends.isdisjoint(known | {own}):
        yield (
            "eos_token_id",
            f"A text ends with {min(ends)}, by config.json with {min(known)}; the tokenizer's is {own}.",
        )
    start, other = data.get("decoder_start_token_id"), config.get("decoder_start_token_id")
    if config.get("model_type") in _WITH_DECODER and is_count(start) and is_count(other) and start != other:
        yield "decoder_start_token_id", f"decoder_start_token_id is {start}, and config.json has {other}."


_WITH_DECODER = ("whisper", "marian", "bart", "mbart", "t5", "mt5", "pegasus")


def _id_of(tokenizer: Mapping[str, Any], key: str) -> int:
    wanted, listed = _content(tokenizer.get(key)), tokenizer.get("added_tokens_decoder")
    found = listed.items() if isinstance(listed, dict) and wanted else ()
    return next((int(number) for number, one in found if _content(one) == wanted and _ID.fullmatch(str(number))), 0)


_ID = pattern(r"[0-9]{1,9}")


def _content(token: object) -> str:
    found = token.get("content") if isinstance(token, Mapping) else token
    return found if isinstance(found, str) else ""


def _tokens(tokenizer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Special tokens that the tokenizer does not list, and a chat template that is no template of Jinja."""
    listed = tokenizer.get("added_tokens_decoder")
    tokens = listed.values() if isinstance(listed, dict) else ()
    held = {_content(one) for one in tokens if isinstance(one, Mapping) and one.get("special")}
    for key in ("eos_token", "bos_token"):
        token = _content(tokenizer.get(key))
        if token and held and token not in {_content(one) for one in tokens}:
            yield key, f"{key} is {short(token)}, which is none of the tokens in added_tokens_decoder."
    written = tokenizer.get("chat_template")
    named = written if isinstance(written, list) else [{"template": written}]
    for one in named:
        template = one.get("template") if isinstance(one, Mapping) else None
        if isinstance(template, str) and (wrong := template_mistake(template)):
            yield "chat_template", f"The chat template is none that Jinja can read: {wrong}"


def template_mistake(template: str) -> str:
    """Why Jinja cannot compile a chat template as transformers has it compiled; empty where it can."""
    plain = _GENERATION.sub(lambda match: match[0].replace("generation", "if true" if not match[1] else "if"), template)
    try:
        _jinja().parse(plain)
    except TemplateSyntaxError as error:
        return short(f"{error.message or 'a mistake'} (line {error.lineno})")
    except (RecursionError, ValueError):  # a number of thousands of digits
        return ""
    return ""


_GENERATION = pattern(r"\{%[-+]?\s*(end)?generation\s*[-+]?%\}")
"""A tag of transformers' own, which marks what a model writes
(https://huggingface.co/docs/transformers/chat_templating_writing)."""


@functools.cache
def _jinja() -> Environment:
    return Environment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"], autoescape=False)  # noqa: S701 - nothing is rendered


def _modules(files: WeightFiles, folder: str, listed: Any) -> Iterator[tuple[str, str]]:
    """Modules of sentence-transformers that are not there, where others are; `Normalize` has no files."""
    modules = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    beside = {name for name in files.folders if re.fullmatch(rf"{re.escape(folder)}\d+_[^/]*", name)}
    for one in modules if beside else ():
        path, kind = one.get("path"), str(one.get("type"))
        if isinstance(path, str) and path and not kind.endswith(".Normalize") and folder + path not in files.folders:
            yield "path", f"modules.json names {short(path)}, which is not there beside {min(beside)}."


def _words(files: WeightFiles, folder: str, tokenizer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The words of `vocab.txt` against those of `tokenizer.json`."""
    model = tokenizer.get("model")
    held = model.get("vocab") if isinstance(model, Mapping) and model.get("type") == "WordPiece" else None
    text = files.text(f"{folder}vocab.txt") if isinstance(held, dict) else ""
    lines = [line.rstrip("\r") for line in text.rstrip("\r\n").split("\n")] if text else []
    if isinstance(held, dict) and lines and len(lines) != len(held) and {*lines} != {*held}:
        yield "vocab", f"tokenizer.json has {len(held)} words, and vocab.txt {len(lines)}."


def _index(files: WeightFiles, folder: str, index: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The bytes that an index promises against those of the tensors."""
    metadata, weights = index.get("metadata"), index.get("weight_map")
    total = metadata.get("total_size") if isinstance(metadata, Mapping) else None
    shards = {name for name in weights.values() if isinstance(name, str)} if isinstance(weights, dict) else set()
    tensors = [files.tensors(folder + name) for name in shards if f"{folder}{name}" in files.places]
    if is_count(total) and shards and len(tensors) == len(shards) and all(tensors):
        size = sum(one.end - one.start for held in tensors for one in held.values())
        if abs(total - size) * 50 > size:
            yield "total_size", f"total_size is {total:,}, and the tensors have {size:,} bytes."


def _adapter(adapter: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A kind of adapter that PEFT does not know, and a base model on somebody's own machine."""
    kind, base = adapter.get("peft_type"), adapter.get("base_model_name_or_path")
    close = _close(kind.upper(), _PEFT_TYPES) if isinstance(kind, str) and kind not in _PEFT_TYPES else []
    if close:
        yield "peft_type", f"peft_type is {kind}, which PEFT does not know; it has {close[0]}."
    if isinstance(base, str) and _OF_A_MACHINE.match(base):
        yield "base_model_name_or_path", f"The adapter's base is {short(base)}, a folder where it was trained."


def _close(word: str, words: Sequence[str]) -> list[str]:
    return difflib.get_close_matches(word, words, n=1, cutoff=0.75)


_OF_A_MACHINE = pattern(r"(?:/|~|\.{1,2}/|[A-Za-z]:[\\/])")
_PEFT_TYPES = (
    *("PROMPT_TUNING", "MULTITASK_PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING", "LORA", "ADALORA", "BOFT"),
    *("ADAPTION_PROMPT", "IA3", "LOHA", "LOKR", "OFT", "POLY", "LN_TUNING", "VERA", "FOURIERFT", "XLORA", "HRA"),
    *("VBLORA", "CPT", "BONE", "RANDLORA", "TRAINABLE_TOKENS", "SHIRA", "C3A", "MISS", "ROAD", "WAVEFT", "OSF"),
    *("DELORA", "GRALORA"),
)
"""Source: PEFT's PeftType (https://huggingface.co/docs/peft/package_reference/peft_types)."""
