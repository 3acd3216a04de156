"""The source of a model's files: the Hub, a blob container, git, Azure ML, MLflow, a local folder or file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, StrictBool, Tag
from pydantic_core import PydanticCustomError

from azureml_publish.spec.reading import Written

SHORTEST_TOKEN = 20
"""Characters from which a user in an address counts as a token; those of GitHub, GitLab and the Hub are longer."""

_COMMIT = "Commit of the files' origin; the property SHA."


_SEGMENT = r"[A-Za-z0-9_]+((\.-|-\.|[.-])[A-Za-z0-9_]+)*"

REPOSITORY = f"^{_SEGMENT}(/{_SEGMENT})?$"
"""What the Hub takes for a repository: no `..`, and no segment that begins or ends with a point or a dash
(https://huggingface.co/docs/huggingface_hub/package_reference/utilities, validate_repo_id)."""


class _Chosen(Written):
    """A selection of a source's files."""

    include: Annotated[tuple[str, ...], Field(description="Only the files that match one of these patterns.")] = ()
    exclude: Annotated[tuple[str, ...], Field(description="Without the files that match one of these patterns.")] = ()
    allow_pickle: Annotated[
        StrictBool,
        Field(description="Publish pickles too (*.pkl, *.pt, pytorch_model.bin). Loading one can run any code."),
    ] = False


CHOOSING = tuple(_Chosen.model_fields)
"""The keys that choose among the files of a source."""


class HubSource(_Chosen):
    """A repository of the Hugging Face Hub at one commit."""

    huggingface: Annotated[str, Field(description="Repository id: organisation/name.", pattern=REPOSITORY)]
    revision: Annotated[str, Field(description="Full commit: 40 hexadecimal digits. A branch or tag is refused.")]


_ADDRESSES = (
    ("azureml:", "Write source: {azureml: …} for a job's output, a datastore or a registered model of Azure ML."),
    ("runs:", "Write source: {mlflow: …} for what an MLflow run logged."),
    ("models:", "Write source: {mlflow: …} for a model of an MLflow registry."),
    ("hf:", "Write source: {huggingface: ORG/NAME, revision: COMMIT} for a repository of the Hub."),
    ("https://huggingface.co/", "Write source: {huggingface: ORG/NAME, revision: COMMIT} for a repository of the Hub."),
    ("git", "Write source: {git: {uri: …, branch: …}} for a git repository."),
)


def _on_this_machine(path: str) -> str:
    """A path as it is, if it is not an address of a place elsewhere, which no folder on this machine can be."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", path) and not path.lower().startswith("file:"):
        hint = next((hint for start, hint in _ADDRESSES if path.lower().startswith(start)), "")
        blob = "Write source: {azureblob: {storage: …, container: …, path: …}} for a folder of a blob container."
        raise PydanticCustomError("address_as_folder", "a path on this machine is wanted", {"hint": hint or blob})
    return path


class LocalSource(_Chosen):
    """A folder in the model folder, or anywhere on this machine."""

    local: Annotated[
        str,
        Field(description="Folder with the model's files, relative to the model folder."),
        AfterValidator(_on_this_machine),
    ]


def _without_secret(address: str) -> str:
    """An address as it is: a signature or password belongs into the environment, not into a file that is published."""
    if "?" in address or re.match(r"[a-z-]+://[^/]*@", address):
        raise PydanticCustomError("secret_in_address", "an address without a signature or password is wanted")
    return address


class AzuremlSource(_Chosen):
    """What Azure ML keeps: an output of a job, a datastore's folder, a model of a workspace or registry."""

    azureml: Annotated[
        str,
        Field(description="azureml://… or azureml:NAME:VERSION, as `az ml` takes it.", pattern=r"^azureml:\S+$"),
        AfterValidator(_without_secret),
    ]


class MlflowSource(_Chosen):
    """What an MLflow tracking server keeps: what a run logged, or a version of its registry."""

    mlflow: Annotated[
        str,
        Field(description="runs:/RUN/PATH or models:/NAME/VERSION.", pattern=r"^(runs|models|mlflow-artifacts):/\S+$"),
        AfterValidator(_without_secret),
    ]


class BlobFolder(Written):
    """A folder of an Azure blob container."""

    storage: Annotated[str, Field(description="Name of the storage account.", pattern=r"^[a-z0-9]{3,24}$")]
    container: Annotated[str, Field(description="Name of the container.", pattern=r"^[a-z0-9$][a-z0-9-]{2,62}$")]
    path: Annotated[str, Field(description="Folder in the container. [default: all of it]")] = ""


class BlobSource(_Chosen):
    """A folder of an Azure blob container whose files are published unchanged."""

    azureblob: BlobFolder
    revision: Annotated[str | None, Field(description=_COMMIT)] = None


def _without_password(uri: str) -> str:
    """An address as it is: what opens a repository belongs into a credential helper, not into a file that is published.

    A user's name may stay, as Azure DevOps writes it (https://contoso@dev.azure.com/contoso/_git/models).
    """
    scheme, _, rest = uri.partition("://")
    host, _, path = rest.partition("/")
    user, at, _ = host.rpartition("@")
    alone = scheme not in ("http", "https") or len(user) < SHORTEST_TOKEN or path.startswith(f"{user}/")
    if at and (":" in user or not alone):
        raise PydanticCustomError("password_in_address", "an address without a password is wanted")
    return uri


class GitRepository(Written):
    """A git repository at a commit, branch or tag."""

    uri: Annotated[
        str,
        Field(
            description="What git clones. No password stands in it.",
            pattern=r"^(https|http|ssh|git|file)://\S+$|^[\w.-]+@[\w.-]+:\S+$",
        ),
        AfterValidator(_without_password),
    ]
    branch: Annotated[
        str | None,
        Field(description="Commit, branch or tag. [default: the repository's own branch]", pattern=r"^[^-\s]"),
    ] = None


class GitSource(_Chosen):
    """A git repository whose files are published unchanged."""

    git: GitRepository
    revision: Annotated[str | None, Field(description=_COMMIT)] = None


_KINDS = {
    "local": "<local>",
    "azureblob": "<azureblob>",
    "git": "<git>",
    "azureml": "<azureml>",
    "mlflow": "<mlflow>",
}


def _source_kind(value: Any) -> str:
    """The branch of the union. pydantic's locations contain this tag, so it must not be the name of a key."""
    for key, tag in _KINDS.items():
        if key in value if isinstance(value, Mapping) else hasattr(value, key):
            return tag
    return "<hub>"


Source = Annotated[
    Annotated[HubSource, Tag("<hub>")]
    | Annotated[LocalSource, Tag("<local>")]
    | Annotated[BlobSource, Tag("<azureblob>")]
    | Annotated[GitSource, Tag("<git>")]
    | Annotated[AzuremlSource, Tag("<azureml>")]
    | Annotated[MlflowSource, Tag("<mlflow>")],
    Discriminator(_source_kind),
]


def identify_source(
    source: HubSource | LocalSource | BlobSource | GitSource | AzuremlSource | MlflowSource,
) -> object:
    """The identity of a source, for comparison with the source of a registered version.

    A local folder is identified by its files, because it may be elsewhere on another machine. A key that was added
    to specs later does not count at its default value, so that registered versions do not look changed.
    """
    if isinstance(source, LocalSource):
        return "local"
    described = source.model_dump()
    later = ("allow_pickle",) if isinstance(source, HubSource) else CHOOSING
    for key in later:
        if not described[key]:
            del described[key]
    return described
