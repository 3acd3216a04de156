"""The recorded exchanges as values: 37 files below `exchanges/`, each with its source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "exchanges"
NUMBERS = range(1, 38)


def marked(*files: Path) -> set[int]:
    """The numbers that tests of these files say they replay: `@pytest.mark.recordings(…)`."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    found = re.findall(r"@pytest\.mark\.recordings\(([0-9, ]+)\)", text)
    return {int(number) for numbers in found for number in numbers.split(",")}


@dataclass(frozen=True)
class Recorded:
    """One request with its answer. `body` is parsed; None where the answer is empty, or the text `null`."""

    method: str
    url: str
    sent: Any
    status: int
    headers: dict[str, str]
    absent: tuple[str, ...]
    text: str | None
    body: Any


@lru_cache
def document(number: int) -> dict[str, Any]:
    """The whole file of a number."""
    (path,) = FOLDER.glob(f"{number:02}-*.yaml")
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


@lru_cache
def exchanges(number: int) -> tuple[Recorded, ...]:
    """The exchanges of a number, in their order."""
    found = []
    for one in document(number).get("exchanges", ()):
        request, response = one["request"], one["response"]
        found.append(
            Recorded(
                request["method"],
                request["url"],
                request.get("body"),
                response["status"],
                dict(response.get("headers", {})),
                tuple(response.get("absent", ())),
                response.get("text"),
                response.get("body"),
            )
        )
    return tuple(found)
