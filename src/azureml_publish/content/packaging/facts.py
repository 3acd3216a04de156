"""What the small files of a transformers checkpoint say about it: read once, and small enough to be kept."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from azureml_publish.content.packaging.source_files import SourceFiles
from azureml_publish.content.packaging.transformers_facts import find_tokenizer, has_class


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A checkpoint as its files describe it; every value is plain, so that a lock can hold it.

    Attributes:
        model_type: of `config.json`: which family of models.
        architectures: the classes that it was saved as.
        dtype: of its weights, as `config.json` says it.
        quantization: the method, such as `bitsandbytes`; empty where it is not quantised.
        tokenizer: the class that the tokenizer's files name; empty where AutoTokenizer follows the model's type.
        components: what there are files of: tokenizer, feature_extractor, image_processor, processor.
        code: by Auto class the class that the model brings itself: `module.Class` or `repository--module.Class`.
        packages: packages that its configuration or its tokenizer needs beside transformers.
        imports: packages that its code imports.
    """

    model_type: str = ""
    architectures: tuple[str, ...] = ()
    dtype: str = ""
    quantization: str = ""
    tokenizer: str = ""
    components: tuple[str, ...] = ()
    code: tuple[tuple[str, str], ...] = ()
    packages: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()

    def class_of(self, *autos: str) -> str:
        """The reference of the model's own class for the first of these Auto classes; nothing where it has none."""
        own = dict(self.code)
        return next((own[auto] for auto in autos if auto in own), "")


def read_facts(source: SourceFiles) -> ModelFacts:
    """What a checkpoint's configuration files say; what they do not say is left empty."""
    config = source.parsed("config.json") or {}
    tokenizer_config = source.parsed("tokenizer_config.json") or {}
    preprocessor = source.parsed("preprocessor_config.json") or {}
    processor = source.parsed("processor_config.json") or {}
    model_type = _text(config.get("model_type"))
    named = _text(tokenizer_config.get("tokenizer_class")) or _text(config.get("tokenizer_class"))
    code = {
        auto: reference
        for each in (config, tokenizer_config, preprocessor, processor)
        for auto, reference in _auto_map(each)
    }
    tokenizer_type = _tokenizer_type(config, model_type)
    found = set(_preprocessors(source, preprocessor, processor, model_type))
    if "AutoTokenizer" in code or has_tokenizer(source, named, tokenizer_type):
        found.add("tokenizer")
    quantization = config.get("quantization_config")
    method = _text(quantization.get("quant_method")) if isinstance(quantization, Mapping) else ""
    return ModelFacts(
        model_type=model_type,
        architectures=tuple(one for one in config.get("architectures") or () if isinstance(one, str)),
        dtype=_text(config.get("dtype")) or _text(config.get("torch_dtype")),
        quantization=method,
        tokenizer=named,
        components=tuple(sorted(found)),
        code=tuple(sorted(code.items())),
        packages=tuple(sorted({*_packages(config), *_tokenizer_packages(source, named, tokenizer_type)})),
        imports=tuple(sorted(_imports(source))) if code else (),
    )


def has_tokenizer(source: SourceFiles, name: str, model_type: str) -> bool:
    """Whether the files are there that a class of tokenizers cannot do without."""
    if "tokenizer.json" in source.top:
        return True
    slow, _ = find_tokenizer(name, model_type)
    if slow is None:
        return False
    if slow.required:
        return slow.required <= source.top
    return bool(slow.files & source.top) or not slow.files


def _preprocessors(
    source: SourceFiles, preprocessor: Mapping[str, Any], processor: Mapping[str, Any], model_type: str
) -> Iterator[str]:
    """The components whose settings lie in `preprocessor_config.json` or `processor_config.json`."""
    says_image = "image_processor_type" in preprocessor or "image_processor" in processor
    says_sound = "feature_extractor_type" in preprocessor and not has_class("image_processor", model_type)
    says_sound = says_sound or "feature_extractor" in processor
    if "preprocessor_config.json" in source.top and not (says_image or says_sound):
        # Old ones name no class: transformers follows the model's type.
        says_image = has_class("image_processor", model_type)
        says_sound = not says_image and has_class("feature_extractor", model_type)
    if says_image:
        yield "image_processor"
    if says_sound:
        yield "feature_extractor"
    if "processor_config.json" in source.top or (
        "preprocessor_config.json" in source.top
        and ("processor_class" in preprocessor or has_class("processor", model_type))
    ):
        yield "processor"


def _tokenizer_type(config: Mapping[str, Any], model_type: str) -> str:
    """The model type that AutoTokenizer follows: of a model of two, that of its decoder."""
    decoder = config.get("decoder")
    inner = _text(decoder.get("model_type")) if isinstance(decoder, Mapping) else ""
    return inner if inner and model_type.endswith("encoder-decoder") else model_type


def _tokenizer_packages(source: SourceFiles, name: str, model_type: str) -> Iterator[str]:
    """Packages without which the tokenizer does not load: a fast one needs none where its own file is there."""
    slow, fast = find_tokenizer(name, model_type)
    if slow is not None and (fast is None or "tokenizer.json" not in source.top):
        yield from slow.packages
    splitter = source.parsed("tokenizer_config.json") or {}
    if splitter.get("word_tokenizer_type") == "mecab":
        settings = splitter.get("mecab_kwargs")
        dictionary = settings.get("mecab_dic") if isinstance(settings, Mapping) else None
        yield from ("fugashi", str(dictionary or "unidic_lite").replace("_", "-"))


def _packages(config: Mapping[str, Any]) -> Iterator[str]:
    nested = [config, *(value for value in config.values() if isinstance(value, Mapping))]
    if any(_text(one.get("model_type")).startswith("timm_") or one.get("use_timm_backbone") is True for one in nested):
        yield "timm"


def _auto_map(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    found = config.get("auto_map")
    for auto, reference in found.items() if isinstance(found, Mapping) else ():
        # A tokenizer names its slow and its fast class.
        references = reference if isinstance(reference, list) else [reference]
        for one in references:
            if isinstance(one, str):
                yield str(auto), one
                break


def _imports(source: SourceFiles) -> Iterator[str]:
    """The packages that code of the model imports without fail, as transformers checks them before it runs the code."""
    for path in source.top:
        if not path.endswith(".py"):
            continue
        try:
            tree = ast.parse(source.text(path))
        except (SyntaxError, ValueError, RecursionError):
            continue
        guarded = {id(inner) for node in ast.walk(tree) if _guards(node) for inner in ast.walk(node)}
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            if id(node) not in guarded:
                yield from (name.partition(".")[0] for name in names if name.partition(".")[0] not in _BUILT_IN)


def _guards(node: ast.AST) -> bool:
    """Whether imports below are tried alone, or done where a package is there: `if is_flash_attn_2_available():`."""
    return isinstance(node, ast.Try) or (isinstance(node, ast.If) and "_available" in ast.unparse(node.test))


_BUILT_IN = frozenset({*sys.stdlib_module_names, ""})


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
