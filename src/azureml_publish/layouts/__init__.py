"""The two layouts of a model's metadata and the one mapping table between them. Pure."""

from __future__ import annotations

from azureml_publish.layouts.coercions import Coercion, UnreadableValueError
from azureml_publish.layouts.convert import ConflictKind, Gathered, LaidOut, LayoutConflict, gather, lay_out
from azureml_publish.layouts.mapping import (
    FINETUNE_TAG,
    SEMVER_TAG,
    MappingRow,
    MetadataPath,
    Section,
    keeps_lists_in_properties,
    load_keys,
    load_mapping,
    tags_that_stay,
)
from azureml_publish.layouts.wire import decode, encode, record_of

__all__ = [
    "FINETUNE_TAG",
    "SEMVER_TAG",
    "Coercion",
    "ConflictKind",
    "Gathered",
    "LaidOut",
    "LayoutConflict",
    "MappingRow",
    "MetadataPath",
    "Section",
    "UnreadableValueError",
    "decode",
    "encode",
    "gather",
    "keeps_lists_in_properties",
    "lay_out",
    "load_keys",
    "load_mapping",
    "record_of",
    "tags_that_stay",
]
