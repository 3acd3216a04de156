"""Asset folders on disk, in the shape of Azure/azureml-assets: their content, and mistakes in it."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azureml_publish.assets import CarriedFile
from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.documents import Document, KeyPath, decode, mapping_of, parse_yaml
from azureml_publish.files import UnusableFile, read_file
from azureml_publish.project import MISSING_FILE, shown_path, unusable_file

ASSET_FILE = "asset.yaml"
SPEC_FILE = "spec.yaml"
PUBLISHING_FILE = "model.yaml"
CARD = "description.md"

WITHOUT_SPEC = Rule("IMP001", "asset-folder-without-spec", Severity.ERROR, "A folder has no asset YAML.")
NOT_READABLE = Rule(
    "IMP007", "value-not-readable", Severity.ERROR, "A value does not have the form that its key requires."
)


@dataclass(frozen=True, slots=True)
class AssetFolder:
    """One asset folder, read.

    Attributes:
        folder: the folder's own name.
        path: the folder on disk; None if it was made from a registered version.
        shown: its path as the user knows it.
        spec: the data of the asset YAML.
        asset: the data of asset.yaml; empty if there is none.
        model: the data of model.yaml, which says where the files come from; empty where there is none.
        files: the file names of these three and of the card in this folder.
        card: the card, to the byte.
        carried: every other file.
        lines: lines of YAML in the three.
        strings: whether tags and properties are strings, as a registry returns them.
    """

    folder: str
    path: Path | None
    shown: str
    spec: Mapping[str, Any]
    asset: Mapping[str, Any]
    model: Mapping[str, Any]
    files: Mapping[str, str]
    card: str
    carried: tuple[CarriedFile, ...] = ()
    lines: int = 0
    strings: bool = False

    @property
    def plain(self) -> bool:
        """Whether it is a model YAML of `az ml` alone, without a card and without a file that says where files lie."""
        return "path" not in self.model and self.path is None


@dataclass(frozen=True, slots=True)
class ReadFolder:
    """An asset folder with its parsed documents, for the locations of findings.

    Attributes:
        document: the asset YAML.
        entry: asset.yaml; None if there is none.
        publishing: model.yaml; None for a folder that was made from a registered version.
    """

    asset: AssetFolder
    document: Document
    entry: Document | None = None
    publishing: Document | None = None


def read_asset_folder(path: Path, root: Path, found: list[Diagnostic], *, cardless: bool = False) -> ReadFolder | None:
    """One asset folder; None, with diagnostics, if a required file is missing or broken.

    `cardless`: where the card alone is missing, which is reported all the same, read the rest with an empty one.
    """
    shown = shown_path(root, path)
    reader = _Reader(path, shown, found)
    asset = reader.document(ASSET_FILE) if (path / ASSET_FILE).exists() else None
    named = mapping_of(asset.data) if asset else {}
    files = {
        "asset": ASSET_FILE,
        "spec": _name(named.get("spec"), SPEC_FILE),
        "model": _name(named.get("extra_config"), PUBLISHING_FILE),
    }
    if not (path / files["spec"]).is_file():
        where = asset.location(("spec",)) if asset else Location(shown)
        hint = "Add the asset YAML, or leave the folder out."
        found.append(WITHOUT_SPEC.at(where, f"{shown} has no {files['spec']}.", hint))
        return None
    spec = reader.document(files["spec"])
    model = reader.document(files["model"], asset, ("extra_config",))
    if spec is None or model is None or (asset is None and (path / ASSET_FILE).exists()):
        return None
    hints = [(spec, "`name:`, `version:`"), (model, "`path:`, `publish:`")]
    if asset is not None and asset.data is not None:
        hints.append((asset, "`type:`, `spec:`"))
    if formless := [(one, keys) for one, keys in hints if not isinstance(one.data, Mapping)]:
        for one, keys in formless:
            hint = f"Write {keys} and what else there is to say."
            found.append(NOT_READABLE.at(Location(one.path), f"{one.path} is not a mapping.", hint))
        return None
    publishing = mapping_of(_as_upstream_reads(model))
    files["card"] = _name(mapping_of(publishing.get("publish")).get("description"), CARD)
    card = reader.text(files["card"], model, ("publish", "description"), what="The card ")
    if card is None and cardless and not os.path.lexists(path / files["card"]):
        card = ""
    carried = reader.others(frozenset(files.values()))
    if card is None or carried is None:
        return None
    texts = [document.text for document in (spec, model, asset) if document]
    lines = sum(text.count("\n") + (not text.endswith("\n")) for text in texts)
    data = mapping_of(_as_upstream_reads(spec))
    entry = mapping_of(_as_upstream_reads(asset)) if asset else {}
    folder = AssetFolder(path.name, path, shown, data, entry, publishing, files, card, carried, lines)
    return ReadFolder(folder, spec, asset, model)


class _Reader:
    """Reads the files of one folder and collects what is missing or broken."""

    def __init__(self, path: Path, shown: str, found: list[Diagnostic]) -> None:
        self._path = path
        self._shown = shown
        self._found = found

    def document(self, name: str, named_in: Document | None = None, key: KeyPath = ()) -> Document | None:
        """A YAML file, parsed."""
        text = self.text(name, named_in, key)
        if text is None:
            return None
        document, wrong = parse_yaml(text.removeprefix("\ufeff"), f"{self._shown}/{name}")
        self._found.extend(wrong)  # the last of two equal keys counts, as for PyYAML
        return document

    def text(self, name: str, named_in: Document | None = None, key: KeyPath = (), what: str = "") -> str | None:
        """A file's text to the byte, a byte order mark included."""
        path = self._path / name
        try:
            raw = read_file(path, self._path)
        except UnusableFile as error:
            where = named_in.location(key) if named_in else Location(f"{self._shown}/{name}")
            if not error.missing:
                self._found.append(unusable_file(f"{self._shown}/{name}", error))
                return None
            hint = f"Add {name} to the folder, or correct the name."
            self._found.append(MISSING_FILE.at(where, f"{what}{self._shown}/{name} is not there.", hint))
            return None
        text, wrong = decode(raw, f"{self._shown}/{name}")
        self._found.extend(wrong)
        if wrong:
            return None
        return "\ufeff" + text if raw.startswith(b"\xef\xbb\xbf") else text

    def others(self, known: frozenset[str]) -> tuple[CarriedFile, ...] | None:
        """Every other file of the folder; None if a link leads out of it."""
        carried = []
        below = ((Path(top).relative_to(self._path).parts, [*dirs, *files]) for top, dirs, files in os.walk(self._path))
        for parts in sorted((*folder, name) for folder, names in below for name in names):
            name, path = "/".join(parts), self._path.joinpath(*parts)
            if path.is_symlink() and not path.resolve().is_relative_to(self._path.resolve()):
                hint = "Put the file itself into the folder."
                where = Location(f"{self._shown}/{name}")
                self._found.append(MISSING_FILE.at(where, f"{self._shown}/{name} leads out of the folder.", hint))
                return None
            if name not in known and path.is_file():
                carried.append(CarriedFile(name, path))
        return tuple(carried)


@dataclass(frozen=True, slots=True)
class FoundModels:
    """What is at or below a place, each sorted by path.

    Attributes:
        folders: asset folders of models.
        files: plain model YAML of `az ml model create -f`.
        others: how many other assets there are, such as components and environments.
    """

    folders: tuple[Path, ...]
    files: tuple[Path, ...]
    others: int


def model_folders(place: Path) -> tuple[Path, ...]:
    """The asset folders of models at or below a folder; see `find_models`."""
    return find_models(place).folders


def find_models(place: Path) -> FoundModels:
    """The models at or below a folder, or the one that a file is.

    Other kinds of assets are counted only; links to folders are followed, and each folder is visited once.
    """
    if place.is_file():
        return FoundModels((), (place,), 0)
    folders: list[Path] = []
    files: list[Path] = []
    others = 0
    visited: set[str] = set()
    waiting = [str(place)]
    while waiting:
        folder = waiting.pop()
        real = os.path.realpath(folder)
        if real in visited:
            continue
        visited.add(real)
        try:
            with os.scandir(folder) as entries:
                inside = {entry.name: _is_folder(entry) for entry in entries}
        except OSError:  # not readable
            continue
        if any(inside.get(name) is False for name in (ASSET_FILE, SPEC_FILE)):
            is_model = _is_model(Path(folder), inside)
            folders += [Path(folder)] if is_model else []
            others += not is_model
            continue
        for name in sorted(name for name, is_folder in inside.items() if not is_folder and name.endswith(_YAML)):
            kind = _kind_of(Path(folder, name))
            files += [Path(folder, name)] if kind == "model" else []
            others += kind not in ("", "model")
        below = (name for name, is_folder in inside.items() if is_folder and not name.startswith("."))
        waiting += [os.path.join(folder, name) for name in sorted(below, reverse=True)]  # noqa: PTH118 - many folders
    return FoundModels(tuple(folders), tuple(files), others)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


_TYPE = re.compile(rb"^type\s*:\s*['\"]?([\w-]+)", re.MULTILINE)
_SCHEMA = re.compile(rb"^\$schema\s*:\s*\S*/(\w+)\.schema\.json", re.MULTILINE)


_YAML = (".yml", ".yaml")
_KEY = re.compile(rb"^([A-Za-z_]\w*)\s*:", re.MULTILINE)
_MODEL_TYPE = re.compile(rb"(custom|mlflow|triton)_model", re.IGNORECASE)
_PATH_KEYS = frozenset({b"path", b"local_path", b"model_uri", b"asset_path"})
_OF_OTHERS = frozenset(
    {
        b"command", b"code", b"component", b"compute", b"conda_file", b"endpoint_name", b"environment", b"image",
        b"inputs", b"jobs", b"model", b"outputs", b"source", b"target", b"trigger",
    }
)  # fmt: skip
"""Keys of jobs, environments, components and deployments of Azure ML, and of this tool's own model.yaml."""


def _kind_of(file: Path) -> str:
    """What a YAML file of `az ml` describes, by its schema or its keys; empty where it is no such file."""
    try:
        text = read_file(file, file.parent)
    except UnusableFile:
        return ""
    if match := _SCHEMA.search(text):
        return match[1].decode().lower()
    keys = frozenset(_KEY.findall(text))
    named = b"name" in keys and not keys.isdisjoint(_PATH_KEYS) and keys.isdisjoint(_OF_OTHERS)
    kind = _TYPE.search(text)
    return "model" if named and (kind is None or _MODEL_TYPE.fullmatch(kind[1])) else ""


def _is_model(folder: Path, inside: Mapping[str, bool]) -> bool:
    """Whether the asset is a model; if its files do not say, it counts as one."""
    for name, pattern in ((ASSET_FILE, _TYPE), (SPEC_FILE, _SCHEMA)):
        if inside.get(name) is False:
            try:
                match = pattern.search(read_file(folder / name, folder))
            except UnusableFile:
                continue
            if match is not None:
                kind = match[1].decode().lower()
                return kind == "model" or bool(difflib.get_close_matches(kind, ("model",), cutoff=0.8))
    return True


def nothing_found(root: Path, place: Path) -> Diagnostic:
    """The finding for a place that holds no asset at all."""
    shown = shown_path(root, place)
    hint = "Name an asset folder (with spec.yaml), a model YAML of `az ml`, or a folder of either."
    return WITHOUT_SPEC.at(Location(shown), f"{shown} has no model: neither an asset folder nor a model YAML.", hint)


def _name(value: object, default: str) -> str:
    """A file name given in another file, as long as it stays in the folder."""
    usable = isinstance(value, str) and value and not value.startswith("/") and ".." not in value.split("/")
    return str(value).removeprefix("./") if usable else default


_POINTLESS = re.compile(r"[0-9](?<![\w.][0-9])[0-9]*[eE][-+]?[0-9]+(?![\w.])")


def _as_upstream_reads(document: Document) -> Any:
    """The data as PyYAML, the upstream reader, sees it: `5e-6`, without a point, is text in YAML 1.1."""
    if not _POINTLESS.search(document.text):
        return document.data

    def read(value: Any, key_path: KeyPath) -> Any:
        if isinstance(value, dict):
            return {key: read(child, (*key_path, key)) for key, child in value.items()}
        if isinstance(value, list):
            return [read(child, (*key_path, index)) for index, child in enumerate(value)]
        if isinstance(value, float):
            span = document.spans[key_path]
            token = document.text[span.start : span.end]
            return value if re.search(r"\.", token) else token
        return value

    return read(document.data, ())
