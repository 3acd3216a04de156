"""JSON that every reader takes: no NaN and no infinity, and no deeper than other documents may be."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from azureml_publish.documents.reading import MAX_DEPTH
from azureml_publish.documents.trees import walk

_TOO_DEEP = f"it is nested deeper than {MAX_DEPTH}"


def parse_json(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        json.JSONDecodeError: it is not JSON.
        ValueError: it holds what no other document can: the message says what.
    """
    try:
        data = json.loads(text, parse_constant=refuse_constant, parse_float=_finite)
        deep = any(len(key_path) > MAX_DEPTH for key_path, _ in walk(data))
    except RecursionError:
        deep = True
    if deep:
        raise ValueError(_TOO_DEEP)
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half a character, such as \\ud800 alone") from None
    return data


def refuse_constant(name: str) -> NoReturn:
    """For `json.loads`: NaN and infinity are not JSON.

    Raises:
        ValueError: always.
    """
    raise ValueError(f"{name} is not a JSON value")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text} is too large")
    return number
