"""The values that pass between stages: identities, rendered models and registered assets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from azureml_publish.network import BY_ENVIRONMENT, Network

Scenario: TypeAlias = Literal["inference", "evaluation", "finetune"]
"""What a model is run for; each scenario has its own allow-list of SKUs."""

SCENARIOS: tuple[Scenario, ...] = ("inference", "evaluation", "finetune")

LayoutName: TypeAlias = Literal["tags", "system_metadata"]
"""How metadata is stored in an asset: as tags and properties (until mid-2026), or as `system_metadata` (since)."""

ModelType: TypeAlias = Literal["mlflow_model", "custom_model", "triton_model"]

Value: TypeAlias = "str | int | float | bool | Sequence[Value] | Mapping[str, Value] | None"
"""JSON-like data: what YAML, JSON and the service's metadata can hold."""

PROMOTED_FROM = "publish.promoted-from"
"""Property of a promoted asset: the asset id that it was copied from."""

PROMOTED_COMMIT = "publish.promoted-commit"
"""Property of a promoted asset: commit of the repository that it was promoted from, followed by `-dirty` if files
differed."""

PROMOTED_PLAN = "publish.promoted-plan"
"""Property of a promoted asset: digest of the plan that was carried out."""

PROMOTED_BY = "publish.promoted-by"
"""Property of a promoted asset: name and version of the tool."""

PROMOTED_ARCHIVED = "publish.promoted-archived"
"""Property of an asset that is promoted as archived: `true`. A registry can only archive what is registered, so this
shows that a run was interrupted between the two."""

MANIFEST_PROPERTY = "publish.manifest"
"""Property of a registered asset: SHA-256 (hex) of its manifest, the list of its files."""

SOURCE_PROPERTY = "publish.source"
"""Property of a registered asset: SHA-256 (hex) of the source of its files and the selection from it."""

APPLY_PROPERTY = "publish.apply"
"""Properties of a registered asset, `publish.apply.1` and so on: which run of apply made it and wrote to it since.

A registry adds properties and never changes one. If two runs saw the same state and both write the next number, the
registry accepts the first run and refuses the whole update of the second.
"""

_ASSET_ID = re.compile(r"azureml://registries/(?P<registry>[^/]+)/models/(?P<name>[^/]+)/versions/(?P<version>[0-9]+)")


def is_bookkeeping(key: str) -> bool:
    """Whether a property is this tool's own record of how a version was made, not part of the model folder."""
    promoted = (PROMOTED_FROM, PROMOTED_COMMIT, PROMOTED_PLAN, PROMOTED_BY, PROMOTED_ARCHIVED)
    return key in (MANIFEST_PROPERTY, SOURCE_PROPERTY, *promoted) or key.startswith(f"{APPLY_PROPERTY}.")


def write_number(properties: Mapping[str, str]) -> int:
    """The number of apply's last write to a version; 0 if there was none."""
    prefix = f"{APPLY_PROPERTY}."
    numbers = (key.removeprefix(prefix) for key in properties if key.startswith(prefix))
    return max((int(number) for number in numbers if number.isascii() and number.isdigit()), default=0)


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
    """

    folder: str
    asset: RenderedAsset
    files: tuple[RenderedFile, ...]
    package: tuple[RenderedFile, ...] = ()
    carried: tuple[CarriedFile, ...] = ()

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
    """One model version as a registry holds it. Tags and properties are strings there; `path` is its content's URI.

    Times are ISO 8601; names of people are the registry's. All are empty if the registry does not say.
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


@dataclass(frozen=True, slots=True)
class RegistryState:
    """The state of one model in a registry: the requested version, and the highest version numbers.

    `next_version` is above every number ever used, deleted versions included; 1 for an unknown name.
    """

    asset: RegisteredAsset | None = None
    latest_version: int | None = None
    next_version: int = 1


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
        """The folder in this container that an asset's `path` refers to; its host name may differ from the container's.

        Raises:
            ValueError: the path is not in this container.
        """
        container = self.uri.rstrip("/").rpartition("/")[2]
        _, found, folder = path.partition(f"/{container}/")
        if not found:
            raise ValueError(f"{path} is not in the container {self.uri}")
        return folder


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
    """The result of verifying registered content. Each problem is a sentence that names a file; none means intact."""

    asset: AssetId
    files: int = 0
    size: int = 0
    problems: tuple[str, ...] = field(default=())
