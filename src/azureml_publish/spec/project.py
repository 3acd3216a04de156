"""`publish.yaml`: registries, presets, defaults and the layout of a project."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, ValidationInfo, field_validator, model_validator

from azureml_publish.assets import LayoutName
from azureml_publish.spec.house import HouseRules
from azureml_publish.spec.metadata import Metadata
from azureml_publish.spec.mlflow import Mlflow
from azureml_publish.spec.model import FinetuneDefaults, PresetBody
from azureml_publish.spec.reading import Written
from azureml_publish.spec.silence import Lint

REGISTRY_SCHEME = "azureml://registries/"
"""Prefix of the address of a registry that is not listed."""


class RegistryConfig(Written):
    """One registry: `emulator` for the embedded one (its folder on disk), `name` for one of Azure ML."""

    emulator: Annotated[str | None, Field(description="Folder of the embedded registry, relative to the project.")] = (
        None
    )
    hub: Annotated[
        Literal["stand-in", "public"],
        Field(description="Embedded registry only: fetch files from its stand-in Hub, or from the public one."),
    ] = "stand-in"
    name: Annotated[str | None, Field(description="An Azure ML registry.", pattern=r"^[a-zA-Z0-9][\w-]{2,32}$")] = None
    protected: Annotated[
        StrictBool, Field(description="apply prompts for the registry's name, unless --yes is given.")
    ] = False

    @model_validator(mode="after")
    def _one_kind(self) -> RegistryConfig:
        if (self.emulator is None) == (self.name is None):
            raise ValueError("give either 'emulator: FOLDER' or 'name: REGISTRY'")
        return self


class Defaults(Written):
    """Values that models inherit unless they set their own."""

    finetune: FinetuneDefaults | None = None
    mlflow: Mlflow | None = None
    categories: tuple[str, ...] = ("Foundation Models",)
    metadata: Metadata = Metadata()


def _embedded_only() -> dict[str, RegistryConfig]:
    return {"local": RegistryConfig(emulator=".publish/registry")}


Profile = Literal["registry", "microsoft-catalog"]


class ProjectConfig(Written):
    """`publish.yaml`: registries, presets, defaults and the layout of a project."""

    layout: LayoutName = "system_metadata"
    profile: Annotated[
        Profile,
        Field(
            description="What `publish lint` holds the metadata against: a registry, with warnings for what only "
            "Microsoft's catalogue refuses, or that catalogue, with errors."
        ),
    ] = "registry"
    registries: dict[str, RegistryConfig] = Field(default_factory=_embedded_only)
    registry: Annotated[str, Field(description="The registry to use if a command names none.")] = "local"
    presets: dict[str, PresetBody] = Field(default_factory=dict)
    defaults: Defaults = Defaults()
    lint: Lint = Lint()
    rules: Annotated[HouseRules, Field(description="The team's own rules for its models, which lint checks.")] = (
        HouseRules()
    )

    @field_validator("registry")
    @classmethod
    def _known(cls, registry: str, given: ValidationInfo) -> str:
        known = given.data.get("registries")  # None if they have mistakes of their own
        if known is not None and registry not in known and not registry.startswith(REGISTRY_SCHEME):
            raise ValueError(f"one of 'registries' is wanted ({', '.join(known)}), or {REGISTRY_SCHEME}NAME")
        return registry
