"""The artifact tree: what a model version holds, as data, decided before the first byte moves."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from azureml_publish.assets import ManifestEntry, ModelType, RenderedFile
from azureml_publish.errors import UnusableSource

MANIFEST_FILE = "publish-manifest.json"
"""Name of the manifest, beside the files that it lists."""

TOKENIZER_FILES = (
    "added_tokens.json",
    "chat_template.jinja",
    "merges.txt",
    "sentencepiece.bpe.model",
    "special_tokens_map.json",
    "spiece.model",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
)
"""What transformers' tokenizers save, by file name."""

_OTHER_WEIGHTS = ("*.bin", "*.h5", "*.msgpack", "*.ot", "*.onnx", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle")
_OTHER_INDEXES = ("*.bin.index.json", "*.h5.index.json", "*.msgpack.index.json")
_NOT_PUBLISHED = (".gitattributes", ".gitignore", "*.md")
_LICENCE_FILES = ("LICENSE", "LICENSE.*", "NOTICE", "NOTICE.*")


@dataclass(frozen=True, slots=True)
class HubOrigin:
    """A file of a Hub repository at one commit."""

    repository: str
    revision: str
    path: str


@dataclass(frozen=True, slots=True)
class LocalOrigin:
    """A file on this machine."""

    path: Path


@dataclass(frozen=True, slots=True)
class BlobOrigin:
    """A file in an Azure blob container; `asks` says that it is read with a credential."""

    storage: str
    container: str
    name: str
    asks: bool = False


@dataclass(frozen=True, slots=True)
class RenderedOrigin:
    """A file that was rendered and is held in memory."""

    data: bytes


Origin: TypeAlias = HubOrigin | LocalOrigin | BlobOrigin | RenderedOrigin


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    r"""One file: path below the model's folder (`/` between parts), size in bytes, and what is known of its content.

    `sha256` is lower-case hex where the source tells it beforehand; `git_oid` is git's blob id (SHA-1 over
    `blob {size}\0` and the bytes), which the Hub gives for small files instead.
    """

    path: str
    size: int
    origin: Origin
    sha256: str | None = None
    git_oid: str | None = None


def build_tree(
    kind: ModelType, source: Sequence[ArtifactFile], package: Iterable[RenderedFile]
) -> tuple[ArtifactFile, ...]:
    """The files of a version from those of its source, sorted by path.

    An MLflow model is laid out as `mlflow.transformers` does: the model below `model/`, the tokenizer below
    `components/tokenizer/`, each with config.json, rendered files at the top. Safetensors go before all other weights.
    Other types, and sources that hold an `MLmodel` and so are laid out already, stay as they are.

    Raises:
        UnusableSource: there are no usable weights, a path leaves the folder, or two files claim one path.
    """
    laid_out = any(file.path == "MLmodel" for file in source)
    files = list(_mlflow_layout(source) if kind == "mlflow_model" and not laid_out else source)
    for rendered in package if not laid_out else ():
        data = rendered.text.encode()
        digest = hashlib.sha256(data).hexdigest()
        files.append(ArtifactFile(rendered.path, len(data), RenderedOrigin(data), sha256=digest))
    if not files:
        raise UnusableSource("The source holds no file.", hint="Mend `source` in the spec, or its include and exclude.")
    taken: set[str] = set()
    for file in files:
        _check_path(file.path)
        if file.path.lower() in taken:
            hint = "Rename or remove one of them, or exclude it in `source`."
            raise UnusableSource(f"Two files claim the path '{file.path}'.", hint=hint)
        taken.add(file.path.lower())
    return tuple(sorted(files, key=lambda file: file.path))


def choose(paths: Iterable[str], include: Sequence[str], exclude: Sequence[str]) -> Iterator[str]:
    """The paths that match an `include` pattern, or any where there is none, and no `exclude` pattern."""
    for path in paths:
        wanted = not include or _matches(path, include)
        if wanted and not _matches(path, exclude):
            yield path


def manifest_digest(entries: Iterable[ManifestEntry]) -> str:
    """The identity of a version's content: SHA-256 (hex) over the lines `sha256 size path`, sorted by path."""
    digest = hashlib.sha256()
    for entry in sorted(entries, key=lambda entry: entry.path):
        digest.update(f"{entry.sha256} {entry.size} {entry.path}\n".encode())
    return digest.hexdigest()


def source_digest(
    source: object, kind: ModelType, package: Iterable[RenderedFile], local: Iterable[ManifestEntry]
) -> str:
    """The identity of what a spec asks for, known without a network: source, type and rendered files.

    A Hub revision is a full commit, so it stands for its files. Files of a local folder are told by `local`.
    """
    rendered = sorted((file.path, hashlib.sha256(file.text.encode()).hexdigest()) for file in package)
    described = {"source": source, "type": kind, "package": rendered, "local": sorted(local)}
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


def _mlflow_layout(source: Sequence[ArtifactFile]) -> Iterator[ArtifactFile]:
    names = [file.path for file in source]
    weights = [name for name in names if _matches(name, ("*.safetensors", *_OTHER_WEIGHTS))]
    if not any("/" not in name and name.endswith(".safetensors") for name in weights):
        found = f"only {', '.join(weights[:3])}" if weights else "no weights"
        raise UnusableSource(
            f"The source holds {found}; an MLflow model is published from safetensors at the source's top.",
            hint="Choose a revision with *.safetensors: pickled weights run code on whoever loads them.",
        )
    if "config.json" not in names:
        raise UnusableSource(
            "The source has no config.json, so transformers could not load the model.",
            hint="Mend `source`, or publish the files as they are with type: custom_model.",
        )
    for file in source:
        name = PurePosixPath(file.path).name
        if "/" in file.path:
            continue
        if _matches(name, _LICENCE_FILES):  # LICENSE.md is no card
            yield file
        elif _matches(name, (*_OTHER_WEIGHTS, *_OTHER_INDEXES, *_NOT_PUBLISHED)):
            continue
        elif name in TOKENIZER_FILES:
            yield _moved(file, f"components/tokenizer/{name}")
        else:
            yield _moved(file, f"model/{name}")
            if name == "config.json":
                # Its model_type tells AutoTokenizer the class where tokenizer_config.json names none, as old ones do.
                yield _moved(file, f"components/tokenizer/{name}")


def _moved(file: ArtifactFile, path: str) -> ArtifactFile:
    return ArtifactFile(path, file.size, file.origin, file.sha256, file.git_oid)


def _matches(path: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def _check_path(path: str) -> None:
    """Refuse what could leave the folder or what Azure's blob names and URLs cannot hold."""
    parts = path.split("/")
    bad = not path or path.startswith("/") or any(part in ("", ".", "..") or part.endswith(".") for part in parts)
    # Surrogates are how Python reads a file name that is not UTF-8.
    bad = bad or any(unicodedata.category(character) in ("Cc", "Cs") for character in path)
    hint = "Rename the file, or exclude it in `source`."
    if bad or "\\" in path or ":" in parts[0] or len(path) > 900:
        raise UnusableSource(f"The path {path!r} cannot be published.", hint=hint)
    if path.lower() == MANIFEST_FILE:
        raise UnusableSource(f"The path '{path}' is kept for the list of files that publish writes.", hint=hint)
