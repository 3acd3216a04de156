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
    name: Annotated[
        str | None, Field(description="An Azure ML registry.", pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}$")
    ] = None
    protected: Annotated[
        StrictBool, Field(description="apply prompts for the registry's name, unless --yes is given.")
    ] = False

    unverifiable: Annotated[
        tuple[str, ...],
        Field(
            description="Dotted keys of the system metadata that this registry takes and does not hand back, for "
            "machines other than the one that found them out: no plan shows them as a change."
        ),
    ] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> RegistryConfig:
        if (self.emulator is None) == (self.name is None):
            raise ValueError("give either 'emulator: FOLDER' or 'name: REGISTRY'")
        return self


class Signing(Written):
    """What signs the versions that `apply` publishes: a key, or the identity of the build."""

    key: Annotated[
        str | None, Field(description="PEM file with an ECDSA key (P-256, P-384 or P-521), relative to the project.")
    ] = None
    key_variable: Annotated[
        str | None,
        Field(description="Environment variable that holds such a key.", pattern=r"^[A-Za-z_]\w*$"),
    ] = None
    keyless: Annotated[
        StrictBool, Field(description="Sign through sigstore, as the identity that the build server vouches for.")
    ] = False
    registries: Annotated[
        tuple[str, ...],
        Field(description="Those of `registries` whose versions are signed; none means all."),
    ] = ()

    @model_validator(mode="after")
    def _one_way(self) -> Signing:
        if [self.key is not None, self.key_variable is not None, self.keyless].count(True) != 1:
            raise ValueError("give one of 'key: FILE', 'key_variable: NAME' and 'keyless: true'")
        return self


class Defaults(Written):
    """Values that models inherit unless they set their own."""

    finetune: FinetuneDefaults | None = None
    mlflow: Mlflow | None = None
    categories: tuple[str, ...] = ("Foundation Models",)
    metadata: Metadata = Metadata.model_construct()


def _embedded_only() -> dict[str, RegistryConfig]:
    return {"local": RegistryConfig(emulator=".publish/registry")}


Profile = Literal["registry", "microsoft-catalog"]


class DriftSettings(Written):
    """What holds for `publish drift`."""

    ignore: Annotated[
        tuple[str, ...], Field(description="Globs of registered models that need no folder, for example legacy-*.")
    ] = ()


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
    defaults: Defaults = Defaults.model_construct()
    lint: Lint = Lint.model_construct()
    drift: DriftSettings = DriftSettings.model_construct()
    signing: Signing | None = None

    @field_validator("signing")
    @classmethod
    def _signs_known(cls, signing: Signing | None, given: ValidationInfo) -> Signing | None:
        known = given.data.get("registries")
        unknown = [one for one in (signing.registries if signing else ()) if known is not None and one not in known]
        if unknown:
            raise ValueError(f"'registries' has no {', '.join(unknown)}; what is published there would not be signed")
        return signing

    rules: Annotated[HouseRules, Field(description="The team's own rules for its models, which lint checks.")] = (
        HouseRules.model_construct()
    )

    @field_validator("registry")
    @classmethod
    def _known(cls, registry: str, given: ValidationInfo) -> str:
        known = given.data.get("registries")  # None if they have mistakes of their own
        if known is not None and registry not in known and not registry.startswith(REGISTRY_SCHEME):
            raise ValueError(f"one of 'registries' is wanted ({', '.join(known)}), or {REGISTRY_SCHEME}NAME")
        return registry
