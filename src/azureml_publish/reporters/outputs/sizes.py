"""Outputs of `publish skus`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from azureml_publish.assets import LayoutName
from azureml_publish.reporters.outputs.envelope import Output

Day = Annotated[str, Field(description="yyyy-mm-dd.")]
MinSku = Annotated[str | None, Field(description="vCPUs|GPUs|memory GiB|disk GiB; null where a figure is unknown.")]


class Size(BaseModel):
    """A machine size; null is an unknown figure."""

    name: str
    vcpus: int | None
    gpus: int | None
    gpu_model: str | None
    memory_gib: float | None
    temp_disk_gib: float | None
    family: str
    quota_family: str | None
    retirement: Day | None
    source: str
    retirement_source: str | None


class Sizes(Output):
    """`publish skus list`."""

    as_of: Day
    min_sku: MinSku
    sizes: tuple[Size, ...]


class User(BaseModel):
    """A model that uses a list."""

    model: str
    scenario: str


class Figure(BaseModel):
    """One figure of a min-SKU spec, and the sizes that set it."""

    figure: str
    value: float | None
    set_by: tuple[str, ...]
    unknown: tuple[str, ...]


class MinSpec(BaseModel):
    """The min-SKU spec of one list."""

    list: str
    users: tuple[User, ...]
    sizes: tuple[str, ...]
    min_sku: MinSku
    figures: tuple[Figure, ...]


class MinSpecs(Output):
    """`publish skus min`."""

    lists: tuple[MinSpec, ...]


class Loss(BaseModel):
    """Sizes that a list loses on a day."""

    list: str
    path: str
    literal: bool
    day: Day
    gone: bool
    sizes: tuple[str, ...]
    left: int
    min_sku_before: MinSku
    min_sku_after: MinSku
    users: tuple[User, ...]
    new_version: bool


class Retiring(Output):
    """`publish skus retiring`."""

    as_of: Day
    until: Day
    layout: LayoutName
    losses: tuple[Loss, ...]
    untouched: tuple[str, ...]


class ChartRow(BaseModel):
    """A family in a model's chart; `marks` has one word a size, by scenario."""

    family: str
    gpu: str
    marks: dict[str, tuple[str, ...]]
    goes: Day | None
    gone: bool
    partly: bool


class Chart(BaseModel):
    """The families that a model may run on."""

    model: str
    as_of: Day
    min_sku: dict[str, MinSku]
    families: tuple[ChartRow, ...]


class Charts(Output):
    """`publish skus show`."""

    models: tuple[Chart, ...]


class Part(BaseModel):
    """A part of the memory that a model needs, in bytes."""

    name: str
    size: int
    divided: bool
    why: str
    source: str


class Fitting(BaseModel):
    """Whether a model fits a size: bytes for one GPU, null if unknown."""

    name: str
    gpus: int | None
    need: int | None
    have: int | None
    fits: bool | None


class Fit(Output):
    """`publish skus fit`."""

    as_of: Day
    scenario: str
    precision: str
    tuning: str | None
    zero_stage: int | None
    parameters: int
    parts: tuple[Part, ...]
    sizes: tuple[Fitting, ...]
    min_sku: MinSku


class Pruned(BaseModel):
    """Sizes that were taken out of a list."""

    list: str
    path: str
    key: str
    sizes: tuple[str, ...]


class NotPruned(BaseModel):
    """A list that was left as it is."""

    list: str
    path: str
    sizes: tuple[str, ...]
    reason: str


class Version(BaseModel):
    """A version that was bumped."""

    model: str
    before: int
    after: int


class FileDiff(BaseModel):
    """The change of one file, as a unified diff."""

    path: str
    diff: str


class Prune(Output):
    """`publish skus prune`."""

    written: bool
    pruned: tuple[Pruned, ...]
    refused: tuple[NotPruned, ...]
    versions: tuple[Version, ...]
    files: tuple[FileDiff, ...]


class Difference(BaseModel):
    """A figure that differs between service and catalogue."""

    name: str
    figure: str
    catalogue: Any
    live: Any
    regions: tuple[str, ...]
    new: bool
    disputed: bool


class Refresh(Output):
    """`publish skus refresh`; `written` is the overlay's path."""

    regions: tuple[str, ...]
    without_service: tuple[str, ...]
    sizes: int
    written: str | None
    differences: tuple[Difference, ...]
    absent: tuple[str, ...]
