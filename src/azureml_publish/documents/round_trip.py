"""Whether a YAML text holds a value: a rendered file is compared with the data that it was rendered from."""

from __future__ import annotations

from typing import Any

import yaml

from azureml_publish.assets import Value
from azureml_publish.documents.reading import is_shallow
from azureml_publish.documents.scalars import Loader
from azureml_publish.documents.writing import dump_yaml


def says(text: str, value: Value) -> bool:
    """Whether a document certainly holds a value, keys in order; faster than parsing it with positions.

    False may also mean that the document is written in an unusual way: with anchors, tags, or great depth.
    """
    if text == dump_yaml(value) + "\n":  # the usual spelling, which parses to the value
        return True
    if not is_shallow(text):
        return False
    loader = Loader(text)
    try:
        return _begins(loader) and _follows(loader, value) and _ends(loader)
    except yaml.YAMLError:
        return False


def _begins(loader: Loader) -> bool:
    return [type(loader.get_event()) for _ in range(2)] == [yaml.StreamStartEvent, yaml.DocumentStartEvent]


def _ends(loader: Loader) -> bool:
    return [type(loader.get_event()) for _ in range(2)] == [yaml.DocumentEndEvent, yaml.StreamEndEvent]


def _follows(loader: Loader, value: Any) -> bool:
    """Whether the next events of a document are those of a value."""
    event = loader.get_event()
    kind: Any = type(value)
    if kind in (dict, list, tuple):
        if not isinstance(event, _BEGINS[kind]) or event.anchor or event.tag:
            return False
        parts = (part for pair in value.items() for part in pair) if kind is dict else value
        return all(_follows(loader, part) for part in parts) and isinstance(loader.get_event(), yaml.CollectionEndEvent)
    if not isinstance(event, yaml.ScalarEvent) or event.anchor or event.tag:
        return False
    written = value if kind is str else str(value).lower() if kind is bool else str(value)
    if event.value != written:
        return False
    return loader.resolve(yaml.ScalarNode, written, event.implicit) == _TAGS.get(kind)


_BEGINS: dict[Any, type[yaml.CollectionStartEvent]] = {
    dict: yaml.MappingStartEvent,
    list: yaml.SequenceStartEvent,
    tuple: yaml.SequenceStartEvent,
}
_TAGS = {str: Loader.DEFAULT_SCALAR_TAG, bool: "tag:yaml.org,2002:bool", int: "tag:yaml.org,2002:int"}
