"""Small checkpoints in memory, with true headers: as Hub repositories, folders and blob containers hold them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from azureml_publish.content.packaging.source_files import SourceFiles
from azureml_publish.content.packaging.tree import ArtifactFile, HubOrigin
from azureml_publish.content.sources.readers import open_files

Files: TypeAlias = Mapping[str, "bytes | str | Mapping[str, Any] | list[Any] | None"]
"""Files by path: bytes, text, or what is written as JSON; None takes away one of the files below it."""


def safetensors(*tensors: str, dtype: str = "F32") -> bytes:
    """A file of four numbers a tensor, as safetensors lays it out: length of the header, header, data."""
    header = {
        name: {"dtype": dtype, "shape": [4], "data_offsets": [16 * i, 16 * i + 16]} for i, name in enumerate(tensors)
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + bytes(16 * len(tensors))


def index(**shards: str) -> dict[str, Any]:
    """An index that says which file holds each tensor."""
    return {"metadata": {}, "weight_map": shards}


POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'4d7a' * 16}\nsize 433000000\n"

BERT: Files = {
    "config.json": {"model_type": "bert", "architectures": ["BertForMaskedLM"]},
    "tokenizer_config.json": {"tokenizer_class": "BertTokenizer"},
    "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nparis\n",
    "model.safetensors": safetensors("a"),
}
"""What transformers needs of a BERT, and no more."""

VIT: Files = {
    "config.json": {"model_type": "vit", "architectures": ["ViTForImageClassification"]},
    "preprocessor_config.json": {"image_processor_type": "ViTImageProcessor"},
    "model.safetensors": safetensors("a"),
}


def written(files: Files) -> dict[str, bytes]:
    """The bytes of every file that is not taken away."""
    found = {}
    for path, content in files.items():
        if content is None:
            continue
        text = content if isinstance(content, bytes | str) else json.dumps(content)
        found[path] = text.encode() if isinstance(text, str) else text
    return found


def source(files: Files) -> SourceFiles:
    """These files as packaging is given them, the parts read that it asks for."""
    data = written(files)
    listed = [ArtifactFile(path, len(data[path]), HubOrigin("org/little", "0" * 40, path)) for path in data]
    return open_files(listed, lambda file, start, length: data[file.path][start : start + length])


def write(folder: Path, files: Files) -> None:
    """Put the files into a folder."""
    for path, content in written(files).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
