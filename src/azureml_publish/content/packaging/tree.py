"""The artifact tree: what a model version holds, as data, decided before the first byte moves."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Protocol, TypeAlias

from azureml_publish.assets import ManifestEntry, ModelType, RenderedFile
from azureml_publish.content.sources.selection import INDEXES, WEIGHTS, choose_weights, matches, refuse_pickles
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

_NOT_PUBLISHED = (".gitattributes", ".gitignore", "*.md")
_LICENCE_FILES = ("LICENSE", "LICENSE.*", "NOTICE", "NOTICE.*")

MOST_PARTS = 250
"""Azure takes 254 path segments a blob name
(https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata); the
folder round a model takes two."""

_CONTENT_TYPES = {
    ".html": "text/html",
    ".jinja": "text/plain",
    ".json": "application/json",
    ".md": "text/markdown",
    ".py": "text/x-python",
    ".txt": "text/plain",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
"""By suffix; not Python's `mimetypes`, which answers otherwise on each machine."""


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


class Store(Protocol):
    """Where a registered version's files are; `Container` is one."""

    def read_part(self, path: str, *part: int) -> bytes:
        """Bytes of a file: `part` is where they start and how many; none, all of them."""

    def address(self, path: str) -> str:
        """A file's URL with a signature that is good for a while."""


@dataclass(frozen=True, slots=True)
class StoredOrigin:
    """A file of a registered version, below the same path."""

    store: Store


Origin: TypeAlias = HubOrigin | LocalOrigin | BlobOrigin | RenderedOrigin | StoredOrigin


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    r"""One file: path below the model's folder (`/` between parts), size in bytes, and what is known of its content.

    `sha256` is lower-case hex where the source tells it beforehand; `git_oid` is git's blob id (SHA-1 over
    `blob {size}\0` and the bytes), which the Hub gives for small files instead; `etag` is what blob storage gives.
    """

    path: str
    size: int
    origin: Origin
    sha256: str | None = None
    git_oid: str | None = None
    etag: str | None = None

    @property
    def content_type(self) -> str:
        """What the blob is served as."""
        if PurePosixPath(self.path).name in ("MLmodel", "LICENSE", "NOTICE"):
            return "text/plain"
        return _CONTENT_TYPES.get(PurePosixPath(self.path).suffix.lower(), "application/octet-stream")


def build_tree(
    kind: ModelType, source: Sequence[ArtifactFile], package: Iterable[RenderedFile], *, allow_pickle: bool = False
) -> tuple[ArtifactFile, ...]:
    """The files of a version from those of its source, sorted by path.

    An MLflow model is laid out as `mlflow.transformers` does: the model below `model/`, the tokenizer below
    `components/tokenizer/`, each with config.json, rendered files at the top. Other types, and sources that hold an
    `MLmodel` and so are laid out already, stay as they are. No pickle goes in but with `allow_pickle`.

    Raises:
        UnusableSource: there are no usable weights, a path leaves the folder, or two files claim one path.
    """
    laid_out = any(file.path == "MLmodel" for file in source)
    lay_out = kind == "mlflow_model" and not laid_out
    files = list(_mlflow_layout(source, allow_pickle=allow_pickle) if lay_out else source)
    if not allow_pickle:
        refuse_pickles(file.path for file in files)
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


def _mlflow_layout(source: Sequence[ArtifactFile], *, allow_pickle: bool) -> Iterator[ArtifactFile]:
    names = [file.path for file in source]
    weights = choose_weights(names, allow_pickle=allow_pickle)
    if "config.json" not in names:
        raise UnusableSource(
            "The source has no config.json, so transformers could not load the model.",
            hint="Mend `source`, or publish the files as they are with type: custom_model.",
        )
    for file in source:
        if "/" in file.path:
            continue
        if matches(file.path, _LICENCE_FILES):  # LICENSE.md is no card
            yield file
        elif file.path in weights:
            yield replace(file, path=f"model/{file.path}")
        elif matches(file.path, (*WEIGHTS, *INDEXES, *_NOT_PUBLISHED)):
            continue
        elif file.path in TOKENIZER_FILES:
            yield replace(file, path=f"components/tokenizer/{file.path}")
        else:
            yield replace(file, path=f"model/{file.path}")
            if file.path == "config.json":
                # Its model_type tells AutoTokenizer the class where tokenizer_config.json names none, as old ones do.
                yield replace(file, path=f"components/tokenizer/{file.path}")


def _check_path(path: str) -> None:
    """Refuse what could leave the folder or what Azure's blob names and URLs cannot hold."""
    parts = path.split("/")
    bad = (
        not path
        or path.startswith("/")
        or len(parts) > MOST_PARTS
        or any(part in ("", ".", "..") or part.endswith(".") for part in parts)
    )
    # Surrogates are how Python reads a file name that is not UTF-8.
    bad = bad or any(unicodedata.category(character) in ("Cc", "Cs") for character in path)
    hint = "Rename the file, or exclude it in `source`."
    if bad or "\\" in path or ":" in parts[0] or len(path) > 900:
        raise UnusableSource(f"The path {path!r} cannot be published.", hint=hint)
    if path.lower() == MANIFEST_FILE:
        raise UnusableSource(f"The path '{path}' is kept for the list of files that publish writes.", hint=hint)
