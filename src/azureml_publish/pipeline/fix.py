"""`publish lint --fix` and `--diff`: fixes are made in a copy of the project, and written when the copy is sound.

A fix that breaks something never reaches the project: the copy is linted after every round, and a round after which
something cannot be read or rendered any more is taken back.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from azureml_publish.diagnostics import Diagnostic
from azureml_publish.documents import parse_yaml
from azureml_publish.files import MAX_FILE_BYTES, read_file, write_bytes
from azureml_publish.lint.fixes import apply_fixes, fix_path
from azureml_publish.pipeline.check import CheckedProject
from azureml_publish.project import FINISHED_CARD
from azureml_publish.reporters.differences import file_diff

ROUNDS = 10
"""Fixes that overlap wait for the next round; what needs more rounds than this is left to the next run."""

_BOM = "\ufeff"
_COPIED = ("models", "templates")
_LEFT = (".git", ".publish", "build", "node_modules", ".venv")


@dataclass(frozen=True, slots=True)
class FixedProject:
    """The fixes of a project.

    Attributes:
        before: the bytes of each changed file, by its path in the project.
        after: what they became.
        done: the findings that were fixed.
        left: what is found afterwards.
        refused: files whose fixes would have broken them or what is made of them.
    """

    before: Mapping[str, bytes]
    after: Mapping[str, bytes]
    done: tuple[Diagnostic, ...]
    left: CheckedProject
    refused: tuple[str, ...] = ()


def fix_project(
    root: Path,
    lint: Callable[[Path], CheckedProject],
    reported: Callable[[CheckedProject], Iterable[Diagnostic]],
    *,
    unsafe: bool,
    besides: Iterable[Diagnostic] = (),
) -> FixedProject:
    """Fix a copy of the project until nothing changes.

    Args:
        lint: looks at a project in a folder.
        reported: which of its findings are reported.
        unsafe: whether to make fixes that may change the meaning.
        besides: further findings, such as those of the network, which checking the copy does not repeat; the first
            round fixes what it can of them.
    """
    done: list[Diagnostic] = []
    before: dict[str, bytes] = {}
    after: dict[str, bytes] = {}
    refused: set[str] = set()
    with _copy_of(root) as copy:
        checked = lint(copy)
        for number in range(ROUNDS):
            found = (*reported(checked), *(besides if number == 0 else ()))
            wanted = [one for one in found if one.fix is not None and (one.fix.safe or unsafe)]
            changed, fixed = _round(copy, [one for one in wanted if fix_path(one) not in refused])
            if not changed:
                break
            old = {path: (copy / path).read_bytes() for path in changed}
            held, checked = _apply(copy, changed, checked, lint)
            refused |= changed.keys() - held.keys()
            before = {path: old[path] for path in held} | before
            after |= held
            done.extend(one for one in fixed if fix_path(one) in held)
    unchanged = {path for path in after if after[path] == before[path]}
    for path in unchanged:
        del before[path], after[path]
    return FixedProject(before, after, tuple(done), checked, tuple(sorted(refused)))


def _apply(
    copy: Path, changed: Mapping[str, bytes], checked: CheckedProject, lint: Callable[[Path], CheckedProject]
) -> tuple[dict[str, bytes], CheckedProject]:
    """Change the files that can still be read and rendered afterwards, and look again."""
    old = {path: (copy / path).read_bytes() for path in changed}
    for path, data in changed.items():
        write_bytes(copy / path, data, durable=False)
    following = lint(copy)
    if not _reach(checked) - _reach(following):
        return dict(changed), following
    for path, data in old.items():
        write_bytes(copy / path, data, durable=False)
    if len(changed) == 1:
        return {}, checked
    paths = sorted(changed)
    held: dict[str, bytes] = {}
    for half in (paths[: len(paths) // 2], paths[len(paths) // 2 :]):
        part, checked = _apply(copy, {path: changed[path] for path in half}, checked, lint)
        held |= part
    return held, checked


def write_fixed(root: Path, fixed: FixedProject) -> tuple[str, ...]:
    """Write the fixed files; returns the paths of files that changed meanwhile, which are not written."""
    missed = []
    for path, data in fixed.after.items():
        if read_file(root / path, root) != fixed.before[path]:
            missed.append(path)
        else:
            write_bytes(root / path, data)
    return tuple(missed)


def diff_text(fixed: FixedProject) -> str:
    """The fixes as a unified diff."""
    return "".join(
        file_diff(path, fixed.before[path].decode("utf-8"), fixed.after[path].decode("utf-8"))
        for path in sorted(fixed.after)
    )


def _round(root: Path, wanted: list[Diagnostic]) -> tuple[dict[str, bytes], list[Diagnostic]]:
    """The new bytes of each file, and the findings that they fix."""
    by_path: dict[str, list[Diagnostic]] = {}
    for one in wanted:
        by_path.setdefault(fix_path(one), []).append(one)
    changed: dict[str, bytes] = {}
    fixed: list[Diagnostic] = []
    for path, found in sorted(by_path.items()):
        target = root / path
        if not _is_ours(root, target):
            continue
        text = read_file(target, root).decode("utf-8")
        # Places count from after a byte order mark, but in a finished card, which keeps it.
        mark = _BOM if text.startswith(_BOM) and target.name != FINISHED_CARD else ""
        result = apply_fixes(text.removeprefix(mark), found)
        if result.done and _readable(path, result.text):
            changed[path] = (mark + result.text).encode()
            fixed.extend(result.done)
    return changed, fixed


def _is_ours(root: Path, path: Path) -> bool:
    """Whether a file is the project's own: inside it, and neither made nor linked."""
    inside = path.is_file() and not path.is_symlink() and path.resolve().is_relative_to(root.resolve())
    return inside and path.relative_to(root).parts[0] not in _LEFT


def _readable(path: str, text: str) -> bool:
    """Whether YAML and JSON can still be read; templates are judged by the rendering that follows."""
    if path.endswith((".yaml", ".yml")):
        return parse_yaml(text, path)[0] is not None
    if path.endswith(".json"):
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return False
    return True


def _reach(checked: CheckedProject) -> set[tuple[str, bool]]:
    """Which models can be read, and which of them can be rendered (True).

    More findings after a fix are no reason to take it back: a file that can be read again may have findings of its own.
    """
    if checked.project is None:
        return set()
    readable = {(model.folder, False) for model in checked.project.models}
    return readable | {(folder.folder, True) for folder, _ in checked.rendered}


@contextmanager
def _copy_of(root: Path) -> Iterator[Path]:
    """A copy of a project's own files; what is only read is linked. Writing replaces files, so that links are safe."""
    with tempfile.TemporaryDirectory(prefix="publish-fix-") as folder:
        copy = Path(folder).resolve() / root.name
        copy.mkdir()
        for entry in root.iterdir():
            if entry.name in _COPIED and entry.is_dir() and not entry.is_symlink():
                shutil.copytree(entry, copy / entry.name, symlinks=True, copy_function=_link)
            elif entry.is_file() and entry.resolve().is_relative_to(root.resolve()):
                _link(str(entry.resolve()), str(copy / entry.name))
            elif entry.name not in _LEFT:
                (copy / entry.name).symlink_to(entry.resolve())
        yield copy


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:  # another file system
        if Path(source).stat().st_size > MAX_FILE_BYTES:
            Path(target).symlink_to(source)
        else:
            shutil.copy2(source, target)
    return target
