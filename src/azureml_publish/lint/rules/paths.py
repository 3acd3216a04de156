"""Rules on `path` in an asset folder's model.yaml, which says where the model's files come from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from azureml_publish.diagnostics import Location, Severity
from azureml_publish.documents import KeyPath, mapping_of
from azureml_publish.lint.cards.findings import short
from azureml_publish.lint.check import Findings, rule
from azureml_publish.lint.names.publishers import families_in, unrelated
from azureml_publish.lint.names.variants import alphanumeric
from azureml_publish.lint.subject import AssetSubject, Described, Fact, ModelSubject
from azureml_publish.patterns import pattern
from azureml_publish.spec import BlobSource

_FOLDER = "mlflow_model_folder"


@rule(
    "PATH001",
    "mlflow-container-path-suffix",
    Severity.ERROR,
    "The container path of an MLflow model does not end in mlflow_model_folder.",
)
def mlflow_container_path_suffix(subject: AssetSubject) -> Findings:
    """An MLflow model in a container folder that the publishing tools do not look into.

    Source: azureml-assets 1.17.8, `prepare_model`: the path of an `mlflow_model` is the copied folder with
    `/mlflow_model_folder` after it, a constant; files in any other folder are not where the asset then points.
    """
    path = _origin(subject)
    folder = path.get("container_path")
    if subject.described.type != "mlflow_model" or path.get("type") != "azureblob" or not isinstance(folder, str):
        return
    if folder.rstrip("/").rpartition("/")[2] != _FOLDER:
        yield mlflow_container_path_suffix.at(
            _place(subject, ("path", "container_path")),
            f"The container path ends in '{folder.rstrip('/').rpartition('/')[2]}'; publishing points the asset to "
            f"'{_FOLDER}' below the copied files, where nothing will be.",
            f"Move the files into a folder {_FOLDER}, and end the path with it.",
        )


@rule("PATH002", "container-path-name-mismatch", Severity.INFO, "The container path does not name the model.")
def container_path_name_mismatch(subject: AssetSubject) -> Findings:
    """A container path that does not name the model."""
    folder = _origin(subject).get("container_path")
    described = subject.described
    if not isinstance(folder, str) or not described.name:
        return
    where = _place(subject, ("path", "container_path"))
    yield from _of_version_before(folder, described.version, where)
    whole = alphanumeric(folder)
    hub_id = str(described.metadata.get("huggingFaceModelId") or "")
    names = {alphanumeric(name) for name in (described.name, described.folder, hub_id, hub_id.rpartition("/")[2])}
    if not any(name and name in whole for name in names):
        foreign = _is_foreign(folder, (described.name, hub_id))
        message = f"The container path '{folder}' does not name {described.name}."
        hint = "Check that these are the model's own files; a copied folder easily keeps another model's path."
        yield container_path_name_mismatch.at(where, message, hint, severity=Severity.WARNING if foreign else None)


_SUPPORTED = ("azureblob", "git", "local")


@container_path_name_mismatch.also
def _path_of_another_family(model: ModelSubject) -> Findings:
    """A container path of a model folder that names another family. Other paths there are the author's decision."""
    source = model.folder.spec.source
    if isinstance(source, BlobSource):
        where = model.folder.document.location(("source", "azureblob", "path"))
        yield from _of_version_before(source.azureblob.path, model.folder.spec.version, where)
    if isinstance(source, BlobSource) and _is_foreign(source.azureblob.path, (model.folder.spec.name,)):
        yield container_path_name_mismatch.at(
            model.folder.document.location(("source", "azureblob", "path")),
            f"The path '{short(source.azureblob.path)}' names another family of models than {model.folder.spec.name}.",
            "Write the folder of the model's own files; a copied folder easily keeps another model's path.",
            severity=Severity.WARNING,
        )


def _of_version_before(path: str, version: object, where: Location) -> Findings:
    """A path with the previous version's number, which was perhaps not raised."""
    before = version - 1 if isinstance(version, int) and not isinstance(version, bool) else 0
    parts = path.strip("/").split("/")
    if not before or str(before) not in parts[1:] or parts[0] == "huggingface":  # Microsoft's own begin with 1
        return
    message = f"The path '{short(path)}' is for version {before}, and this is version {version}."
    hint = f"Write the folder of version {version}; suppress this where the files are still the same."
    yield container_path_name_mismatch.at(where, message, hint, severity=Severity.WARNING)


def _is_foreign(folder: str, names: Iterable[str]) -> bool:
    """Whether a path names a family of models that none of the names has."""
    own = frozenset[str]().union(*(families_in(name) for name in names))
    theirs = frozenset[str]().union(*(families_in(part) for part in folder.split("/")))
    return unrelated(own, theirs)


@rule("PATH003", "path-type-unsupported", Severity.ERROR, "The publishing tools cannot copy from this type of path.")
def path_type_unsupported(subject: AssetSubject) -> Findings:
    """A type of path that the publishing tools cannot copy from.

    Source: azureml-assets 1.17.8: `azureblob`, `git` and `local` are implemented; `http` and `ftp` are named and raise
    NotImplementedError. Without a path it refuses the model ("path parameters are invalid").
    """
    path = _origin(subject)
    if not path and subject.read.publishing is not None:
        message = "Nothing says where the model's files come from."
        hint = "Write `path:` with `type:` (azureblob, git or local) and the location."
        yield path_type_unsupported.at(_place(subject, ("path",)), message, hint)
    kind = path.get("type")
    if path and kind not in _SUPPORTED:
        message = f"The publishing tools cannot copy from a path of type '{kind}'." if kind else "The path has no type."
        yield path_type_unsupported.at(_place(subject, ("path", "type")), message, "Write azureblob, git or local.")


_LEFT = pattern(r"<[\w -]{2,40}>|\{\{.{0,40}?\}\}|\$\{\w{2,40}\}|(?:^|/)(?:TIMESTAMP|VERSION|MODEL_NAME)(?=/|$)")
_CONTAINER = pattern(r"(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*|\$(?:root|web|logs)")
_STORAGE = pattern(r"[a-z0-9]{3,24}")
"""Names of storage accounts; above, those of containers.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftstorage
"""


_TEMPLATE = pattern(r"(?:your|my|the)[-_ ](?:container|storage|model|account)(?:[-_ ](?:name|path))?", re.IGNORECASE)
"""Placeholders of azureml-registry-tools 0.1.0a69 in a new model.yaml, and the like."""


@rule("PATH006", "path-incomplete", Severity.ERROR, "A path in a storage account is incomplete or invalid.")
def path_incomplete(subject: AssetSubject) -> Findings:
    """A missing or invalid storage account, container or path, or an address in place of a name."""
    path = _origin(subject)
    for key in ("storage_name", "container_name", "container_path") if path.get("type") == "azureblob" else ():
        value = path.get(key)
        text = value.strip() if isinstance(value, str) else ""
        if wrong := _wrong_part(key, text):
            yield path_incomplete.at(_place(subject, ("path", key)), *wrong)


def _wrong_part(key: str, text: str) -> tuple[str, str] | None:
    """Message and hint for a part of a path in a storage account."""
    if not text:
        return f"The path has no {key}.", f"Write {key}: below `path:`."
    if left := _LEFT.search(text):
        return f"{key} has '{short(left[0])}', which is left from a template.", f"Write {key} as it is in the storage."
    if key == "container_name" and not _CONTAINER.fullmatch(text):
        hint = "Write 3 to 63 lower-case letters, digits and single hyphens."
        return f"'{short(text)}' is not a name of a container.", hint
    if key == "storage_name" and not _STORAGE.fullmatch(text):
        meant = re.match(r"(?:https?://)?([a-z0-9]{3,24})\.", text)
        hint = f"Write storage_name: {meant[1]}." if meant else "Write 3 to 24 lower-case letters and digits."
        return f"'{short(text)}' is not a name of a storage account.", hint
    return _not_yet_a_path(key, text) if key != "storage_name" else None


def _not_yet_a_path(key: str, text: str) -> tuple[str, str] | None:
    """Message and hint for a container or path that is a placeholder, or a path with an empty part or a host."""
    if key.endswith("path") and (text.startswith("/") or "//" in text.replace("://", "")):
        hint = f"Write {re.sub('/+', '/', text.strip('/'))}."
        return "The path has an empty part, because of one / too many.", hint
    if _TEMPLATE.fullmatch(text):
        return f"'{short(text)}' is a placeholder for a name.", f"Write {key}: as the storage account has it."
    if key == "container_path" and "://" in text:
        return "The container path is an address.", "Write the part of it after the container."
    return None


@path_incomplete.also
def _path_of_a_folder(model: ModelSubject) -> Findings:
    """A path of a model folder with an empty part or a placeholder. The schema of model.yaml refuses anything else."""
    source = model.folder.spec.source
    if isinstance(source, BlobSource):
        for key, text in (("container", source.azureblob.container), ("path", source.azureblob.path)):
            if wrong := _not_yet_a_path(key, text):
                where = model.folder.document.location(("source", "azureblob", key))
                yield path_incomplete.at(where, *wrong)


@rule("PATH007", "publish-type-differs", Severity.WARNING, "An MLflow model is published as another kind.")
def publish_type_differs(subject: AssetSubject) -> Findings:
    """A folder with an MLmodel and a path in MLflow's form, whose `publish.type` is `custom_model`."""
    described = subject.described
    folder = _origin(subject).get("container_path")
    ends = isinstance(folder, str) and folder.rstrip("/").rpartition("/")[2] == _FOLDER
    if ends and described.mlmodel is not None and described.type in ("custom_model", "triton_model"):
        message = f"The files are those of an MLflow model, and it would be registered as {described.type}."
        yield publish_type_differs.at(_place(subject, ("publish", "type")), message, "Write type: mlflow_model.")


@rule("PATH004", "container-path-duplicate", Severity.ERROR, "Two models take their files from the same place.")
def container_path_duplicate(facts: Sequence[Fact]) -> Findings:
    """Two models with the same path."""
    first: dict[str, Fact] = {}
    for fact in facts:
        other = first.setdefault(fact.value, fact)
        if other.model != fact.model:
            message = f"{other.model} ({other.location.path}) takes its files from the same place."
            hint = "Give each model a folder of its own; one of the two would be registered with the other's files."
            yield container_path_duplicate.at(fact.location, message, hint)


@container_path_duplicate.keeps
def _duplicate_facts(model: Described) -> Iterator[Fact]:
    # A model folder may publish a selection of another one's files under its own name.
    if model.origin is not None and model.stated:
        uri, location = model.origin
        yield Fact(container_path_duplicate.rule.code, model.name, "uri", uri, location)


@rule("PATH005", "mlmodel-missing", Severity.WARNING, "An MLflow model's folder has no MLmodel.")
def mlmodel_missing(subject: AssetSubject) -> Findings:
    """An MLflow model without its MLmodel beside the spec."""
    described = subject.described
    if described.type == "mlflow_model" and "MLmodel" not in described.content.places:
        message = "The folder of an MLflow model has no MLmodel, so nobody sees its signature and flavours."
        hint = "Copy MLmodel from the model's files, in exactly this spelling."
        yield mlmodel_missing.at(_place(subject, ("publish", "type")), message, hint)


def _origin(subject: AssetSubject) -> Mapping[str, Any]:
    """The mapping `path` of model.yaml; empty where there is none."""
    return mapping_of(subject.read.asset.model.get("path"))


def _place(subject: AssetSubject, key_path: KeyPath) -> Location:
    """The location of a key of model.yaml, or of the nearest key above it."""
    document = subject.read.publishing or subject.read.document
    return document.location(key_path)
