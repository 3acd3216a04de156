"""The values that pass between stages: identities, rendered models and registered assets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from azureml_publish.errors import PublishError
from azureml_publish.network import BY_ENVIRONMENT, Network

Scenario: TypeAlias = Literal["inference", "evaluation", "finetune"]
"""What a model is run for; each scenario has its own allow-list of SKUs."""

SCENARIOS: tuple[Scenario, ...] = ("inference", "evaluation", "finetune")

LayoutName: TypeAlias = Literal["tags", "system_metadata"]
"""How metadata is stored in an asset: as tags and properties (until mid-2026), or as `system_metadata` (since)."""

ModelType: TypeAlias = Literal["mlflow_model", "custom_model", "triton_model"]

Value: TypeAlias = "str | int | float | bool | Sequence[Value] | Mapping[str, Value] | None"
"""JSON-like data: what YAML, JSON and the service's metadata can hold."""

MANIFEST_PROPERTY = "publish.manifest"
"""Property of a registered asset: SHA-256 (hex) of its manifest, the list of its files."""

SOURCE_PROPERTY = "publish.source"
"""Property of a registered asset: SHA-256 (hex) of the source of its files and the selection from it."""

RUN_PROPERTY = "publish.run"
"""Property of a registered asset: which run registered it, and where it was promoted from; the JSON of `Origin`."""

SERVICE_PROPERTIES = frozenset({"modelManifestPathOrUri"})
"""Properties that the service adds by itself (seen in April 2026 on every version of a registry)."""

SERVICE_DROPS = frozenset({"aotManifest"})
"""Properties that the service takes and does not keep (seen in April 2026)."""

_ASSET_ID = re.compile(r"azureml://registries/(?P<registry>[^/]+)/models/(?P<name>[^/]+)/versions/(?P<version>[0-9]+)")


def is_bookkeeping(key: str) -> bool:
    """Whether a property is this tool's own or the service's: none that a model folder describes."""
    return key.startswith("publish.") or key in SERVICE_PROPERTIES


@dataclass(frozen=True, slots=True)
class Origin:
    """How a version came to be: the run that registered it, and the asset id of the version that it is a copy of.

    `promoted_from` is a version of another registry, `rolled_back_to` an older one of the same.

    `commit` is that of the repository, `-dirty` after it where files differed; `plan` the digest of the plan that was
    carried out; `tool` name and version of this one. `archived`: it is promoted to be archived, which a registry does
    only to what is registered, so this shows that a run was interrupted in between.
    """

    run: str = ""
    promoted_from: str = ""
    rolled_back_to: str = ""
    commit: str = ""
    plan: str = ""
    tool: str = ""
    archived: bool = False

    def encode(self) -> str:
        """As the property has it: what is not empty, as JSON."""
        recorded = {key: value for key, value in asdict(self).items() if value}
        return json.dumps(recorded, sort_keys=True, separators=(",", ":"))

    @classmethod
    def of(cls, properties: Mapping[str, str]) -> Origin:
        """What the properties of a version say; nothing where another tool made it."""
        try:
            recorded = json.loads(properties.get(RUN_PROPERTY, "{}"))
        except ValueError:
            return cls()
        if not isinstance(recorded, dict):
            return cls()
        texts = {key: recorded[key] for key in _ORIGIN_TEXTS if isinstance(recorded.get(key), str)}
        return cls(**texts, archived=recorded.get("archived") is True)


_ORIGIN_TEXTS = ("run", "promoted_from", "rolled_back_to", "commit", "plan", "tool")


_MOST_EXACT = 2.0**53


def prune(value: Value) -> Value:
    """A value of the system metadata without what is not set, at any depth; None where nothing is left.

    Null, blank text, and lists and maps of nothing else are not set: registries fill what is not set in with them.
    A whole number is one in each spelling: 512.0 is 512, as JSON has a single kind of numbers.
    """
    match value:
        case str():
            return value if value.strip() else None
        case Mapping():
            return prune_map(value) or None
        case Sequence():
            return [kept for item in value if (kept := prune(item)) is not None] or None
        case float() if value.is_integer() and abs(value) < _MOST_EXACT:
            return int(value)
        case _:
            return value


def prune_map(values: Mapping[str, Value]) -> dict[str, Value]:
    """System metadata without the keys that are not set; see `prune`."""
    return {key: kept for key, value in values.items() if (kept := prune(value)) is not None}


class Workspace(NamedTuple):
    """Where a workspace of Azure ML lies."""

    subscription: str
    group: str
    name: str


LARGEST_VERSION = 2**31 - 1
"""The highest number that a model folder may give a version."""


class AssetId(NamedTuple):
    """One model version in a registry: `azureml://registries/R/models/N/versions/V`."""

    registry: str
    name: str
    version: int

    def __str__(self) -> str:
        return f"azureml://registries/{self.registry}/models/{self.name}/versions/{self.version}"

    @classmethod
    def parse(cls, text: str) -> AssetId:
        """Parse the URI.

        Raises:
            ValueError: the text is not the URI of a model version.
        """
        match = _ASSET_ID.fullmatch(text)
        if match is None:
            raise ValueError(f"'{text}' is not of the form azureml://registries/R/models/N/versions/V")
        return cls(match["registry"], match["name"], int(match["version"]))


class MinSkuSpec(NamedTuple):
    """The component-wise minimum over the sizes of an allow-list, written `vCPUs|GPUs|memory|disk`.

    Memory and temporary disk are in GiB, truncated to whole numbers.
    """

    vcpus: int
    gpus: int
    memory_gib: int
    disk_gib: int

    def __str__(self) -> str:
        return "|".join(str(part) for part in self)

    @classmethod
    def parse(cls, text: str) -> MinSkuSpec:
        """Parse a text such as `2|0|8|28`.

        Raises:
            ValueError: the text is not four whole numbers between bars.
        """
        parts = [part.strip() for part in text.split("|")]
        if len(parts) != 4 or not all(part.isascii() and part.isdigit() for part in parts):
            raise ValueError(f"'{text}' is not of the form vCPUs|GPUs|memory GiB|disk GiB, for example 4|1|28|64")
        return cls(*(int(part) for part in parts))


@dataclass(frozen=True, slots=True)
class AllowList:
    """The SKUs that one scenario may run on, and the min-SKU spec derived from them (None: a figure is unknown)."""

    skus: tuple[str, ...]
    min_sku: MinSkuSpec | None


@dataclass(frozen=True, slots=True)
class RenderedAsset:
    """The desired content of a registry for one model version, without its files.

    `description` is the model card as Markdown. `tags` and `properties` hold what the asset YAML holds: structured
    values are still structured, and are turned into strings on their way to the service. `archived`: the version is
    hidden from the catalogue.
    """

    name: str
    version: int
    type: ModelType
    description: str
    tags: Mapping[str, Value]
    properties: Mapping[str, Value]
    system_metadata: Mapping[str, Value]
    archived: bool = False


@dataclass(frozen=True, slots=True)
class AssetRecord:
    """A rendered asset as it goes over the wire: tags and properties are strings, as the service holds them."""

    name: str
    version: int
    type: ModelType
    description: str
    tags: Mapping[str, str]
    properties: Mapping[str, str]
    system_metadata: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """One rendered file: a path relative to its folder, and its text (written as UTF-8, LF)."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class CarriedFile:
    """One file that is copied unchanged into the asset folder: its path there, and the file on disk."""

    path: str
    origin: Path


@dataclass(frozen=True, slots=True)
class RenderedModel:
    """One model folder, rendered.

    `files` is the asset folder (asset YAML, card, MLmodel); `package` are the small text files that are published
    beside the weights (MLmodel and its environment); `carried` are further files of the asset folder, copied unchanged.
    `allow_lists` are the sizes that each scenario may run on, as of the day of the rendering.
    """

    folder: str
    asset: RenderedAsset
    files: tuple[RenderedFile, ...]
    package: tuple[RenderedFile, ...] = ()
    carried: tuple[CarriedFile, ...] = ()
    allow_lists: Mapping[Scenario, AllowList] = field(default_factory=dict)

    def file(self, path: str) -> RenderedFile:
        """The file of the asset folder with this name.

        Raises:
            KeyError: there is no such file.
        """
        for file in self.files:
            if file.path == path:
                return file
        raise KeyError(path)


@dataclass(frozen=True, slots=True)
class RegisteredAsset:
    """One model version as a registry holds it. Tags and properties are strings there.

    `path` is its content's URI, empty where the registry does not say it.

    `system_metadata` is what is set of it. `shown_keys` are the keys of each map in it that the registry hands back
    whole, null where a key is not set, by the map's dotted path (the top is empty): a key that is not among them cannot
    be seen, whether it is set or not. None: no system metadata is handed back at all. `dropped` are dotted keys that
    the registry was seen not to hand back after they were written. Times are ISO 8601; who did it is as the registry
    names them. Both are empty where they are not known.
    """

    id: AssetId
    type: str
    description: str
    tags: Mapping[str, str]
    properties: Mapping[str, str]
    system_metadata: Mapping[str, Value]
    path: str
    archived: bool = False
    created_at: str = ""
    created_by: str = ""
    modified_at: str = ""
    modified_by: str = ""
    shown_keys: Mapping[str, frozenset[str]] | None = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RegistryState:
    """The state of one model in a registry: the requested version, and the highest version numbers.

    `next_version` is above every number ever used, deleted versions included; 1 for an unknown name.
    """

    asset: RegisteredAsset | None = None
    latest_version: int | None = None
    next_version: int = 1

    @classmethod
    def of(cls, asset: RegisteredAsset | None, latest: int | None, following: int) -> RegistryState:
        """The state by a version and by the numbers that a registry gave, which may lag behind the version."""
        if asset is not None and asset.id.version >= following:
            return cls(asset, asset.id.version, asset.id.version + 1)
        return cls(asset, latest, following)


class ManifestEntry(NamedTuple):
    """One published file: path below the model's folder, size in bytes, SHA-256 in lower-case hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ContainerAccess:
    """A blob container of a registry: its URI, and the same URI with a signature, which no report may show.

    `network` is how the storage is reached.
    """

    uri: str
    sas_uri: str = field(repr=False)
    network: Network = BY_ENVIRONMENT

    def folder_of(self, path: str) -> str:
        """The folder in this container that an asset's `path` means, empty for all of it.

        Host and port may differ: a registry has several storage accounts, and names now one of them and now another.

        Raises:
            PublishError: the path is not in this container.
        """
        container = urlsplit(self.uri).path.strip("/").rpartition("/")[2]
        parts = urlsplit(path).path.strip("/").split("/")
        if container not in parts:
            raise PublishError(
                f"The registry opens the container {self.uri}, in which {path} is not.", hint="Run again in a while."
            )
        return "/".join(parts[parts.index(container) + 1 :])


@dataclass(frozen=True, slots=True)
class Content:
    """A version's files in a container: their folder's URI, and the digests of manifest and source."""

    uri: str
    manifest: str
    source: str
    files: int
    size: int


@dataclass(frozen=True, slots=True)
class ContentCheck:
    """The result of verifying registered content. Each problem is a sentence that names a file; none means intact.

    `signed_by` is whose signature was wanted and found right. Where not `checked`, the problem says why nothing could
    be compared, and whether the content is intact is not known.
    """

    asset: AssetId
    files: int = 0
    size: int = 0
    problems: tuple[str, ...] = field(default=())
    signed_by: str = ""
    checked: bool = True

    @property
    def outcome(self) -> Literal["intact", "damaged", "unknown"]:
        """The result in a word."""
        if not self.checked:
            return "unknown"
        return "damaged" if self.problems else "intact"
