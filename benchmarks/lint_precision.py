"""How many of seeded defects `publish lint --assets` finds, and what else it says.

    python -m benchmarks.lint_precision            the made-up catalogue of tests/unit/lint
    python -m benchmarks.lint_precision DIR        sound folders of your own
    python -m benchmarks.lint_precision --table    the table of docs/lint-precision.md
    python -m benchmarks.lint_precision --lists    the lists of tests/unit/lint/listed, a finding of any code

Each of the seeded defects is put into a copy of each folder that it fits, one at a time. It is found where the folder
then has a finding of one of its codes that it had not before. Every other new error or warning is listed, and every
one in the folders as they are: people judge those.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from azureml_publish.diagnostics import Diagnostic
from azureml_publish.pipeline.lint_assets import check_folder, lint_assets
from azureml_publish.pipeline.run import RunContext
from tests.unit.lint.defects_of_copies import SEEDS
from tests.unit.lint.listed_defects import LISTS, not_found
from tests.unit.lint.made_up_catalogue import folders
from tests.unit.lint.seeded_defects import Seed

DAY = date(2026, 11, 21)


@dataclass
class Measured:
    """What was seeded and found: by seed the folders that it fits and those where it is found; other new findings."""

    folders: int = 0
    sound: list[str] = field(default_factory=list)
    seeded: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    true: Counter[str] = field(default_factory=Counter)
    others: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)


def measure(root: Path) -> Measured:
    """Seed every defect into every folder below a root, which stays as it is."""
    result = Measured()
    run = RunContext(root, {}, DAY)
    before = lint_assets(run, (".",), DAY, cache=False)
    result.folders = before.folders
    result.sound = [_said(one) for one in before.found if one.severity != "info"]
    names = sorted(path.parent for path in root.rglob("spec.yaml"))
    for folder in names:
        files = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.is_file()}
        if "description.md" not in files:
            continue
        known = _marks(check_folder(folder, root, DAY)[0]) | _marks(before.found)
        for seed in SEEDS:
            _try(seed, folder, files, known, result)
    return result


def _try(seed: Seed, folder: Path, files: dict[str, str], known: set[str], result: Measured) -> None:
    change = seed.change(files)
    if change is None or all(files.get(name) == text for name, text in change.items()):
        return
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / folder.name
        shutil.copytree(folder, copy)
        for name, text in change.items():
            (copy / name).write_text(text, encoding="utf-8", newline="")
        found = check_folder(copy, Path(scratch), DAY)[0]
        if not any(one.code in seed.codes for one in found):  # perhaps only beside the others of the catalogue
            found = (*found, *_beside(folder, copy))
    new = [one for one in found if _mark(one) not in known]
    result.seeded[seed.name] += 1
    hits = [one for one in new if one.code in seed.codes]
    if hits:
        result.found[seed.name] += 1
        result.true.update(one.code for one in hits if one.severity != "info")
    else:
        result.missed.append(f"{seed.name}: {folder.name}")
    result.others += [
        f"{seed.name}: {_said(one)}" for one in new if one.code not in seed.codes and one.severity != "info"
    ]


def _beside(folder: Path, copy: Path) -> Iterator[Diagnostic]:
    """What is found of a changed folder in the whole catalogue."""
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch)
        shutil.copytree(folder.parent, whole, dirs_exist_ok=True)
        target = whole / folder.name
        shutil.rmtree(target)
        shutil.copytree(copy, target)
        for one in lint_assets(RunContext(whole, {}, DAY), (".",), DAY, cache=False).found:
            if f"/{folder.name}/" in f"/{one.location.path}":
                yield one


def _mark(one: Diagnostic) -> str:
    return f"{'/'.join(one.location.path.split('/')[-2:])} {one.code} {one.message}"


def _marks(found: tuple[Diagnostic, ...]) -> set[str]:
    return {_mark(one) for one in found}


def _said(one: Diagnostic) -> str:
    return f"{one.location.path}:{one.location.line}: {one.severity} {one.code} {one.message}"


def write(root: Path) -> None:
    """The made-up catalogue, as folders."""
    for name, files in folders():
        (root / name).mkdir(parents=True)
        for file, text in files.items():
            (root / name / file).write_text(text, encoding="utf-8", newline="")


def table(result: Measured) -> str:
    """The result as Markdown."""
    lines = ["| seeded defect | codes | folders | found |", "| --- | --- | --- | --- |"]
    for seed in SEEDS:
        if result.seeded[seed.name]:
            codes = ", ".join(f"`{code}`" for code in sorted(seed.codes))
            lines.append(f"| {seed.name} | {codes} | {result.seeded[seed.name]} | {result.found[seed.name]} |")
    return "\n".join(lines) + "\n"


def lists() -> None:
    """Measure the lists, and print what is not found of each."""
    for name in LISTS:
        with tempfile.TemporaryDirectory() as scratch:
            count, missed = not_found(name, Path(scratch))
        for one in missed:
            print(f"  {one.kind}: {one.folder}/{one.file}")
        print(f"{count - len(missed)} of {count} of the list '{name}' found\n")


def main() -> None:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", nargs="?", type=Path)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--lists", action="store_true")
    given = parser.parse_args()
    if given.lists:
        lists()
        return
    with tempfile.TemporaryDirectory() as scratch:
        root = given.directory
        if root is None:
            root = Path(scratch) / "catalogue"
            write(root)
        result = measure(root.resolve())
    if given.table:
        print(table(result))
    for title, listed in (("in the sound folders", result.sound), ("missed", result.missed), ("others", result.others)):
        print(f"\n{len(listed)} {title}")
        for one in listed:
            print(f"  {one}")
    found, seeded = sum(result.found.values()), sum(result.seeded.values())
    print(f"\n{found} of {seeded} seeded defects found, in {result.folders} folders")


if __name__ == "__main__":
    main()
