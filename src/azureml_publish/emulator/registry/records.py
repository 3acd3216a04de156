"""A model version as the registry keeps it, and the rules of what may change in it."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from azureml_publish.emulator.quirks import Quirks
from azureml_publish.emulator.routing import RefusedError

REGISTRY_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{2,32}")
_MODEL_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_.]{0,254}")
_VERSION = re.compile(r"[0-9]{1,18}")
_TYPES = frozenset({"custom_model", "mlflow_model", "triton_model", "presets_model"})

PATH_CHANGED = "Asset paths cannot be updated."
"""The service's own words: azure-ai-ml 1.35.2 compares with them (`ASSET_PATH_ERROR` in `_artifacts/_constants.py`)."""


def refused(message: str, *, status: int = 400, code: str = "UserError") -> RefusedError:
    """A request that breaks a rule of the registry."""
    return RefusedError(status, code, message)


def check_identity(name: str, version: str) -> None:
    """Refuse names and versions of a form that the service does not take."""
    if not _MODEL_NAME.fullmatch(name):
        raise refused(f"{name!r} is not a model name: letters, digits, '-', '_' and '.', up to 255 of them.")
    if not _VERSION.fullmatch(version):
        raise refused(f"{version!r} is not a model version: it is a whole number.")


@dataclass(frozen=True, slots=True)
class Fields:
    """What a client sets in a version. Mappings are never changed in place."""

    model_uri: str
    """`blob:container/path` for content of this emulator, else the URL as it came."""
    model_type: str = "custom_model"
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    system_metadata: Mapping[str, Any] = field(default_factory=dict)
    flavors: Mapping[str, Any] = field(default_factory=dict)
    stage: str | None = None
    job_name: str | None = None
    is_anonymous: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Properties of the wire format that no rule is about, kept as they came: deployment templates and the like."""


@dataclass(frozen=True, slots=True)
class Record:
    """One version. Times are seconds since the epoch."""

    registry: str
    name: str
    version: str
    fields: Fields
    archived: bool
    created: float
    modified: float
    deleted: float | None = None

    @property
    def asset_id(self) -> str:
        """`azureml://registries/R/models/N/versions/V`."""
        return f"azureml://registries/{self.registry}/models/{self.name}/versions/{self.version}"


@dataclass(frozen=True, slots=True)
class Container:
    """All versions of one name."""

    registry: str
    name: str
    latest: str | None
    """The version created last that is not deleted."""
    next_version: str
    """One above every number ever used, deleted ones too."""
    archived: bool
    created: float
    modified: float
    fields: Mapping[str, Any]


def _strings(value: object, what: str) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise refused(f"{what} is an object of strings.")
    for key, each in value.items():
        if not isinstance(each, str):
            raise refused(f"{what}: the value of {key!r} is not a string.")
    return value


def _text(value: object, what: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise refused(f"{what} is a string.")
    return value


def properties_of(body: object) -> dict[str, Any]:
    """The properties in the body of a request; 400 where there are none."""
    properties = body.get("properties") if isinstance(body, dict) else None
    if not isinstance(properties, dict):
        raise refused("The body is an object with 'properties'.")
    return properties


def archived_of(properties: Mapping[str, Any]) -> bool | None:
    """Whether it is to be archived, as properties say it; None where they say nothing."""
    archived = properties.get("isArchived")
    if archived is not None and not isinstance(archived, bool):
        raise refused("isArchived is true or false.")
    return archived


_KNOWN = frozenset(
    {"description", "tags", "properties", "modelType", "modelUri", "isAnonymous", "isArchived", "system_metadata"}
    | {"flavors", "stage", "jobName", "provisioningState", "originAssetId", "intellectualProperty"}
)


@dataclass(frozen=True, slots=True)
class Submission:
    """The body of a PUT, checked for form but not against what is there."""

    fields: Fields
    has_uri: bool
    has_type: bool
    has_metadata: bool
    archived: bool | None


def read_submission(body: object) -> Submission:
    """Read the body of a create or update.

    Raises:
        RefusedError: 400, something has the wrong form.
    """
    properties = properties_of(body)
    uri = _text(properties.get("modelUri"), "modelUri")
    model_type = _text(properties.get("modelType"), "modelType")
    if model_type is not None and model_type not in _TYPES:
        raise refused(f"modelType is one of {', '.join(sorted(_TYPES))}, not {model_type!r}.")
    metadata = properties.get("system_metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise refused("system_metadata is an object.")
    flavors = properties.get("flavors")
    if flavors is not None and not isinstance(flavors, dict):
        raise refused("flavors is an object.")
    fields = Fields(
        model_uri=uri or "",
        model_type=model_type or "custom_model",
        description=_text(properties.get("description"), "description"),
        tags=_strings(properties.get("tags"), "tags"),
        properties=_strings(properties.get("properties"), "properties"),
        system_metadata=metadata or {},
        flavors=flavors or {},
        stage=_text(properties.get("stage"), "stage"),
        job_name=_text(properties.get("jobName"), "jobName"),
        is_anonymous=properties.get("isAnonymous") is True,
        extra={key: value for key, value in properties.items() if key not in _KNOWN and value is not None},
    )
    return Submission(fields, bool(uri), model_type is not None, metadata is not None, archived_of(properties))


def append_properties(
    identity: str, old: Mapping[str, str], new: Mapping[str, str], *, checked: bool = True
) -> dict[str, str]:
    """Old properties and new ones; a property that is left out stays.

    Raises:
        RefusedError: 400, a value differs from the one that is there, and is to be checked.
    """
    for key, value in new.items():
        if checked and key in old and old[key] != value:
            raise refused(
                f"Value of property {key} of {identity} cannot be replaced: it is {old[key]!r}, {value!r} was sent."
                " It cannot be changed without increasing the version."
            )
    return {**old, **new}


def own_container(registry: str) -> str:
    """A name for a container of the registry's own: recorded is the beginning of the registry's name and a UUID.

    No other data folder has it, so that a URL from before a restart means this content or nothing.
    """
    return f"{registry[:10].lower().replace('_', '-').rstrip('-')}-{uuid.uuid4()}"


def merge_metadata(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """System metadata key by key, in native types; null removes a key."""
    merged = {**old, **new}
    return {key: value for key, value in merged.items() if value is not None}


def created_fields(registry: str, sent: Submission, quirks: Quirks) -> Fields:
    """Fields of a version that did not exist.

    Raises:
        RefusedError: 400, it has no content.
    """
    if not sent.has_uri:
        raise refused("modelUri is required to create a version.")
    properties = dict(sent.fields.properties)
    if quirks.own_properties:
        properties.pop("aotManifest", None)
        properties["modelManifestPathOrUri"] = f"/{own_container(registry)}/manifest.base.json"
    metadata = merge_metadata({}, sent.fields.system_metadata)
    return replace(sent.fields, properties=properties, system_metadata=metadata)


def updated_fields(identity: str, old: Fields, sent: Submission, quirks: Quirks) -> Fields:
    """Fields of a version after a PUT on it.

    Raises:
        RefusedError: 400, the PUT would change path, type or a property.
    """
    new = sent.fields
    if sent.has_uri and new.model_uri != old.model_uri:
        raise refused(PATH_CHANGED)
    if sent.has_type and new.model_type != old.model_type:
        raise refused(
            f"The type of {identity} cannot be changed from {old.model_type} to {new.model_type}"
            " without increasing the version."
        )
    return replace(
        old,
        description=new.description,
        tags=dict(new.tags),
        properties=append_properties(identity, old.properties, new.properties, checked=not quirks.unchecked_properties),
        system_metadata=merge_metadata(
            {} if quirks.replace_metadata and sent.has_metadata else old.system_metadata, new.system_metadata
        ),
        flavors=new.flavors or old.flavors,
        stage=new.stage,
        extra={**old.extra, **new.extra},
    )
