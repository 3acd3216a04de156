"""What a shell offers while somebody types a command line: `publish __complete =WORD WORDS...`, or `--line LINE`.

It answers while a key is held, so it imports no verb and no library but the YAML reader: verbs and options are in
`completions.json`, which a test compares with the command line itself. Names come from the project's own files.
"""

from __future__ import annotations

import csv
import itertools
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

WORD = "__complete"
TABLE = Path(__file__).with_name("completions.json")
_MOST_VERSIONS = 10
_MOST_BYTES = 4_000_000
_HELP = {"--help": {"help": "Show how it is used."}}
_PART = re.compile(r"""(?:[^\s"'\\]|\\.?|"(?:[^"\\]|\\.?)*"?|'[^']*'?)+""", re.DOTALL)
_QUOTED = re.compile(r"""\\(.?)|"((?:[^"\\]|\\.?)*)"?|'([^']*)'?""", re.DOTALL)


def answer(arguments: Sequence[str]) -> None:
    """Print what may stand in the place of the current word, one on each line, its help after a tab.

    A shell that does not part its words itself hands over the line up to the cursor.
    """
    if arguments[:1] == ["--line"] and len(arguments) == 2:
        *words, current = parts_of(arguments[1])[1:] or [""]
    else:
        current, *words = [*arguments, ""]
    written = [word for word in words if word]
    directory = Path(_directory_of(written) or os.environ.get("PUBLISH_DIRECTORY") or ".").expanduser()
    found = offers(current.removeprefix("="), written, directory)
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.stdout.write("".join(f"{value}\t{help_text}\n" for value, help_text in found))


def offers(current: str, words: Sequence[str], directory: Path) -> list[tuple[str, str]]:
    """What may stand in the place of the current word, after other words, each with its help."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    if words[-1:] == ["-C"]:
        return []
    verb, given = _verb(table, _without_shared(words))
    if verb is None:
        near = given[0] if given else ""
        known = {name: one["help"] for name, one in table["verbs"].items() if not near or name.startswith(f"{near} ")}
        names = {name.removeprefix(near).split()[0]: help_text for name, help_text in known.items()}
        return _starting(current, _options(table["shared"]) if current.startswith("-") else names.items())
    entry, ended = table["verbs"][verb], "--" in given
    if given and not ended and _takes_value(option := entry["options"].get(given[-1])):
        return _of_kind(option, current, directory)
    name, equals, value = current.partition("=")
    if equals and name.startswith("--") and not ended:
        option = entry["options"].get(name)
        found = _of_kind(option, value, directory) if _takes_value(option) else []
        return [(f"{name}={one}", help_text) for one, help_text in found]
    if current.startswith("-") and not ended:
        return _starting(current, [*_options(entry["options"]), *_options(table["shared"])])
    return _of_kind(entry["argument"], current, directory) if entry["argument"] else []


def _options(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return ((name, one["help"]) for name, one in {**options, **_HELP}.items())


def _takes_value(option: Mapping[str, Any] | None) -> bool:
    return option is not None and not option.get("flag")


def parts_of(line: str) -> list[str]:
    """The words of a command line without their quotes, as bash parts them; the last one ends where the line does."""
    found = [*_PART.finditer(line)]
    parts = [_QUOTED.sub(_bare, one[0]) for one in found]
    return parts if found and found[-1].end() == len(line) else [*parts, ""]


def _bare(found: re.Match[str]) -> str:
    escaped, doubled, single = found.groups()
    return escaped or single or re.sub(r'\\([$`"\\])', r"\1", doubled or "")


def _without_shared(words: Sequence[str]) -> list[str]:
    """The words without `-C DIR` and other options that may stand anywhere."""
    rest: list[str] = []
    waiting = iter(words)
    for word in waiting:
        if word == "-C":
            next(waiting, None)
        elif word not in ("--debug", "-v", "--verbose") and not word.startswith("-C"):
            rest.append(word)
    return rest


def _directory_of(words: Sequence[str]) -> str:
    """The folder of `-C DIR` or `-CDIR`; the last one counts."""
    given = [word[2:] or after for word, after in itertools.pairwise([*words, ""]) if word.startswith("-C")]
    return given[-1] if given else ""


def _verb(table: Mapping[str, Any], words: Sequence[str]) -> tuple[str | None, list[str]]:
    """The verb that the words begin with, and the words after it; of an unfinished `skus` the words themselves."""
    for count in (2, 1):
        name = " ".join(words[:count])
        if len(words) >= count and name in table["verbs"]:
            return name, list(words[count:])
    return None, list(words)


def _starting(current: str, found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(value, help_text) for value, help_text in dict(found).items() if value.startswith(current)]


def _of_kind(parameter: Mapping[str, Any], current: str, directory: Path) -> list[tuple[str, str]]:
    """What a parameter takes; after a comma its next value, after a colon the version of a model."""
    if parameter.get("values"):
        return _starting(current, ((value, "") for value in parameter["values"]))
    kind = parameter.get("kind", "")
    if kind == "versions" and ":" in current:
        model = current.partition(":")[0]
        return _starting(current, ((f"{model}:{number}", "") for number in _versions(directory, model)))
    find = _KINDS.get(kind)
    if find is None:
        return []
    head = current[: current.rfind(",") + 1] if kind == "rules" else ""
    return [(head + value, help_text) for value, help_text in _starting(current[len(head) :], find(directory))]


def _root(directory: Path) -> Path | None:
    """The project's folder: the one with publish.yaml, this one or above."""
    here = directory.resolve()
    return next((one for one in (here, *here.parents) if (one / "publish.yaml").is_file()), None)


def _read(path: Path) -> Mapping[str, Any]:
    """A YAML file's mapping; empty where there is none, or it cannot be read: nothing is reported while typing."""
    import yaml  # noqa: PLC0415 - few words need it

    try:
        text = path.read_bytes()[:_MOST_BYTES]
        data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader
    except (OSError, yaml.YAMLError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _models(directory: Path) -> Iterator[tuple[str, str]]:
    root = _root(directory)
    if root is not None and (root / "models").is_dir():
        with os.scandir(root / "models") as entries:
            names = sorted(one.name for one in entries if one.is_dir() and not one.name.startswith("."))
        yield from ((name, "") for name in names)


def _versions(directory: Path, model: str) -> Iterator[int]:
    """The version in model.yaml and those before it, the latest first."""
    root = _root(directory)
    if root is None or not re.fullmatch(r"[\w.-]+", model):
        return
    try:
        found = re.search(
            r"^version:\s*(\d{1,9})", (root / "models" / model / "model.yaml").read_text("utf-8"), re.MULTILINE
        )
    except (OSError, UnicodeDecodeError):
        return
    latest = int(found[1]) if found else 0
    yield from range(latest, max(0, latest - _MOST_VERSIONS), -1)


def _named_in_project(key: str) -> Callable[[Path], Iterator[tuple[str, str]]]:
    def find(directory: Path) -> Iterator[tuple[str, str]]:
        root = _root(directory)
        named = _read(root / "publish.yaml").get(key) if root is not None else None
        found = [str(name) for name in named] if isinstance(named, dict) else []
        yield from ((name, "") for name in found or (["local"] if key == "registries" else []))

    return find


def _catalogue(column: str) -> Callable[[Path], Iterator[tuple[str, str]]]:
    def find(_directory: Path) -> Iterator[tuple[str, str]]:
        with (Path(__file__).parent / "skus" / "catalogue.csv").open(encoding="utf-8", newline="") as file:
            yield from ((name, "") for name in dict.fromkeys(row[column] for row in csv.DictReader(file)) if name)

    return find


def _rules(_directory: Path) -> Iterator[tuple[str, str]]:
    rules = json.loads(TABLE.read_text(encoding="utf-8"))["rules"]
    yield from rules.items()


_KINDS: Mapping[str, Callable[[Path], Iterator[tuple[str, str]]]] = {
    "models": _models,
    "versions": _models,
    "registries": _named_in_project("registries"),
    "presets": _named_in_project("presets"),
    "families": _catalogue("family"),
    "sizes": _catalogue("name"),
    "rules": _rules,
}
