"""The examples of the rules. `tests/examples` holds only what each adds to a base: a bad one differs from its good one.

    base/project, base/assets    a small sound project, and a sound asset folder
    base/NAME, bases.txt         files beside or instead of those of the base, for the codes that bases.txt names
    good/CODE                    the same for one code; none where the base is good enough
    bad/CODE                     files beside or instead of those of good/CODE, so that CODE is found
    expected.txt                 where it is found: path, line and column, code

A `removed.txt` lists files that are taken away.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

EXAMPLES = Path(__file__).parents[2] / "examples"
Kind: TypeAlias = Literal["good", "bad"]


def example(kind: Kind, code: str) -> Mapping[str, bytes]:
    """The files of an example by their path."""
    layers = [_files(EXAMPLES / one) for one in (*_bases(code), f"good/{code}", f"bad/{code}")]
    names = [name for layer in layers for name in (*layer, layer.get("removed.txt", b"").decode())]
    base = "assets" if any(name.startswith("assets/") for name in names) else "project"
    files = dict(_files(EXAMPLES / "base" / base))
    for layer in layers if kind == "bad" else layers[:-1]:
        files |= layer
        for name in files.pop("removed.txt", b"").decode().split():
            del files[name]
    return files


def compose(kind: Kind, code: str, folder: Path) -> Path:
    """Write the files of an example into a new folder."""
    folder.mkdir()
    for name, content in example(kind, code).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def shown_codes(kind: Kind) -> list[str]:
    """The codes that examples of a kind are of; a base that is for some codes makes a good one by itself."""
    own = {path.name for path in (EXAMPLES / kind).iterdir()}
    return sorted(own | {code for _, codes in _shared() for code in codes} if kind == "good" else own)


def expected_places(code: str) -> list[str]:
    """Where the bad example of a code is wrong."""
    lines = (EXAMPLES / "expected.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.rpartition(" ")[2] == code]


def _bases(code: str) -> list[str]:
    return [f"base/{name}" for name, codes in _shared() if code in codes]


def _shared() -> list[tuple[str, list[str]]]:
    lines = (EXAMPLES / "bases.txt").read_text(encoding="utf-8").splitlines()
    return [(name, codes.split()) for name, _, codes in (line.partition(":") for line in lines)]


@cache
def _files(folder: Path) -> Mapping[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
