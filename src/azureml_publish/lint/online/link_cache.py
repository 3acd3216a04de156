"""Answers to links that were followed not long ago, in a file of the user's cache folder."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from azureml_publish.files import MAX_CARRIED_BYTES, UnusableFile, read_file, write_whole
from azureml_publish.lint.online.answers import LinkAnswer, LinkState

SCHEMA_VERSION = 1

AGES = {LinkState.FINE: 24 * 3600.0, LinkState.BROKEN: 3600.0, LinkState.UNREACHABLE: 3600.0}
"""Seconds for which an answer holds; of private hosts there is none."""


class LinkCache:
    """Answers by the digest of their address, so that nothing secret in an address is written down.

    A file that is damaged or cannot be written is as good as none.
    """

    def __init__(self, file: Path | None, *, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._clock = clock
        self._known: dict[str, list[Any]] = _read(file) if file is not None else {}

    def get(self, url: str) -> LinkAnswer | None:
        """The answer to an address; None where there is none, or none that still holds."""
        kept = self._known.get(_key(url))
        if kept is None or not self._holds(kept):
            return None
        return LinkAnswer(LinkState(kept[1]), kept[2], kept[3])

    def keep(self, answers: Mapping[str, LinkAnswer]) -> None:
        """Write these answers beside those that still hold, all at once."""
        if self._file is None or not answers:
            return
        known = {**_read(self._file), **self._known}  # another run may have written meanwhile
        for url, answer in answers.items():
            if answer.state in AGES:
                known[_key(url)] = [self._clock(), str(answer.state), answer.outcome, answer.moved]
        self._known = {key: kept for key, kept in known.items() if self._holds(kept)}
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"schema_version": SCHEMA_VERSION, "links": self._known})
            write_whole(self._file, text, durable=False)
        except OSError:
            return  # the next run follows them again

    def _holds(self, kept: list[Any]) -> bool:
        age = self._clock() - float(kept[0])
        return 0 <= age < AGES[LinkState(kept[1])]


def _key(url: str) -> str:
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()


def _read(file: Path) -> dict[str, list[Any]]:
    try:
        document = json.loads(read_file(file, None, limit=MAX_CARRIED_BYTES))
        if document["schema_version"] != SCHEMA_VERSION:
            return {}
        return {str(key): kept for key, kept in document["links"].items() if _sound(kept)}
    except (UnusableFile, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _sound(kept: Any) -> bool:
    return (
        isinstance(kept, list)
        and len(kept) == 4
        and isinstance(kept[0], int | float)
        and all(isinstance(one, str) for one in kept[1:])
        and kept[1] in AGES
    )
