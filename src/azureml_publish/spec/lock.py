"""`source.lock.json`: what a model's source was found to hold, reviewed in git beside the spec."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

LOCK_FILE = "source.lock.json"
"""The lock of a model's source, in its model folder."""


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class LockedFile(_Closed):
    """One file of a version, as it comes from the source."""

    path: Annotated[str, Field(description="Path in the version, / between parts.")]
    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class LockedModel(_Closed):
    """What was read from the source's files, and from what their host says about them; empty where it is not known."""

    packaging: Annotated[str, Field(description="mlflow_transformers, mlflow_folder, triton or custom.")]
    task: Annotated[str, Field(description="The Hub's pipeline tag, or the task in MLmodel.")] = ""
    model_type: Annotated[str, Field(description="Of config.json: the family of models.")] = ""
    architectures: Annotated[tuple[str, ...], Field(description="The classes that it was saved as.")] = ()
    parameters: Annotated[int | None, Field(description="Numbers in the tensors of its safetensors files.")] = None
    dtype: Annotated[str, Field(description="Of the weights, in PyTorch's words.")] = ""
    quantization: str = ""
    tokenizer: Annotated[str, Field(description="The tokenizer's class, where the files name one.")] = ""
    components: tuple[str, ...] = ()
    code: Annotated[dict[str, str], Field(description="Classes that the model brings itself, by Auto class.")] = {}
    packages: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    flavors: Annotated[tuple[str, ...], Field(description="The flavours of its MLmodel.")] = ()
    signature: Annotated[dict[str, Any], Field(description="The signature of its MLmodel.")] = {}
    license_file: Annotated[str, Field(description="The file with the licence's text, in the source.")] = ""
    gated: Annotated[str, Field(description="How the Hub grants access: auto or manual; empty: to anybody.")] = ""


class SourceLock(_Closed):
    """What `publish lock` writes: the files of a source, by bytes and SHA-256, and what was read from them."""

    schema_version: Literal[1] = 1
    source: Annotated[dict[str, Any], Field(description="The source, as the spec names it.")]
    commit: Annotated[str, Field(description="The commit that it stood at; empty where a source has none.")] = ""
    stand_in: Annotated[
        bool, Field(description="The files are those of the emulator's Hub, which has other bytes than the real one.")
    ] = False
    spec_digest: Annotated[
        str,
        Field(
            description="Digest of the parts of the spec that decide which files are published: where it "
            "differs, the lock is stale.",
            pattern=r"^[0-9a-f]{16}$",
        ),
    ]
    model: LockedModel
    files: tuple[LockedFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.bytes for file in self.files)
