"""YAML with positions: each key with its line and column; and one way to write values."""

from azureml_publish.documents.reading import (
    DUPLICATE_KEY,
    MALFORMED,
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_NODES,
    Document,
    Span,
    decode,
    parse_yaml,
)
from azureml_publish.documents.trees import KeyPath, found_at, holds, mapping_of, plain, value_at, walk, with_value
from azureml_publish.documents.writing import dump_yaml

__all__ = [
    "DUPLICATE_KEY",
    "MALFORMED",
    "MAX_DEPTH",
    "MAX_DIGITS",
    "MAX_NODES",
    "Document",
    "KeyPath",
    "Span",
    "decode",
    "dump_yaml",
    "found_at",
    "holds",
    "mapping_of",
    "parse_yaml",
    "plain",
    "value_at",
    "walk",
    "with_value",
]
