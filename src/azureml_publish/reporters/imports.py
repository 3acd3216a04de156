"""Reports an import and its proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from azureml_publish.assets import LayoutName
from azureml_publish.diagnostics import Diagnostic
from azureml_publish.importer.comparison import Difference
from azureml_publish.importer.new_folder import NewFolder
from azureml_publish.reporters.diagnostics import as_json, counted, finding_json
from azureml_publish.reporters.hostile_text import one_line


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import.

    Attributes:
        into: the folder of models.
        folders: the model folders.
        presets: the new presets.
        uses: how many lists each preset replaces.
        seen: how many models there are, those that could not be read as well.
        project_lines: lines added to publish.yaml.
        others: how many assets of other kinds were passed over.
    """

    into: str
    folders: tuple[NewFolder, ...]
    presets: Mapping[str, tuple[str, ...]]
    uses: Mapping[str, int]
    seen: int
    project_lines: int = 0
    others: int = 0

    @property
    def lines_before(self) -> int:
        """Lines of YAML in the asset folders."""
        return sum(one.draft.asset.lines for one in self.folders)

    @property
    def lines_after(self) -> int:
        """Lines of YAML in the model folders, and those added to publish.yaml."""
        return sum(one.lines for one in self.folders) + self.project_lines


@dataclass(frozen=True, slots=True)
class Proof:
    """The differences between one model's rendering and its original; none means that they are equal."""

    folder: str
    layout: LayoutName
    differences: tuple[Difference, ...]


def import_text(imported: Imported, proofs: Sequence[Proof], *, checked: bool) -> str:
    """The import as text."""
    parts = []
    if imported.folders or not checked:
        parts.append(
            f"Imported {counted(len(imported.folders), 'model')} of {imported.seen} into {one_line(imported.into)}/.\n"
        )
    if imported.others:
        parts.append(f"Passed over: {counted(imported.others, 'asset')} of other kinds.\n")
    if imported.folders:
        before, after = imported.lines_before, imported.lines_after
        share = f", {100 * after / before:.0f} %" if before else ""
        parts.append(
            f"YAML: {counted(before, 'line')} before, {after} after{share} "
            f"({after - imported.project_lines} in model.yaml, {imported.project_lines} more in publish.yaml).\n"
        )
        parts.append(_presets(imported))
        parts.append(_kept(imported))
    if checked:
        parts.append(_proofs(proofs))
    return "".join(parts)


def _presets(imported: Imported) -> str:
    if not imported.uses:
        return ""
    lines = [f"Presets: {len(imported.uses)}, {len(imported.presets)} of them new.\n"]
    width = max(len(name) for name in imported.uses)
    for name, count in sorted(imported.uses.items(), key=lambda use: (-use[1], use[0])):
        new = f", new: {counted(len(imported.presets[name]), 'size')}" if name in imported.presets else ""
        lines.append(f"  {one_line(name):{width}}  {counted(count, 'list')}{new}\n")
    return "".join(lines)


def _kept(imported: Imported) -> str:
    verbatim = [one for one in imported.folders if one.verbatim]
    whole = [one for one in imported.folders if one.card_blocks is None]
    lines = []
    if verbatim:
        lines.append("Kept word for word in `extra`, as no other key of model.yaml says it:\n")
        lines += [f"  {one_line(one.draft.asset.folder)}: {one_line(', '.join(one.verbatim))}\n" for one in verbatim]
    if whole:
        names = ", ".join(one.draft.asset.folder for one in whole[:8]) + (", …" if len(whole) > 8 else "")
        lines.append(
            f"Cards that stay as they are (card.md): {len(whole)} of {len(imported.folders)}: {one_line(names)}\n"
        )
    made = sum(one.card_blocks or 0 for one in imported.folders)
    if made:
        lines.append(f"Card sections that the template makes now: {made}.\n")
    return "".join(lines)


def _proofs(proofs: Sequence[Proof]) -> str:
    differing = [proof for proof in proofs if proof.differences]
    lines = []
    unexplained = 0
    for proof in differing:
        for one in proof.differences:
            dotted = ".".join(map(str, one.key_path))
            place = one_line(f"{proof.folder}/{one.file}" + (f": {dotted}" if dotted else ""))
            if one.reason:
                lines.append(f"  {place}: {one_line(one.reason)} ({_short(one.before)} → {_short(one.after)})\n")
            else:
                unexplained += 1
                lines.append(f"  {place}: NOT EQUAL: {_short(one.before)} → {_short(one.after)}\n")
    equal = len(proofs) - len(differing)
    explained = sum(len(proof.differences) for proof in differing) - unexplained
    head = f"Proof: {equal} of {counted(len(proofs), 'model')} equal, {counted(explained, 'explained difference')}"
    return "".join([f"{head}, {unexplained} unexplained.\n", *lines])


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}…"


def import_json(imported: Imported, proofs: Sequence[Proof], found: Sequence[Diagnostic], *, checked: bool) -> str:
    """The import as a JSON object."""
    content: dict[str, object] = {
        "into": imported.into,
        "models": [
            {
                "folder": one.draft.asset.folder,
                "layout": one.draft.layout,
                "lines": {"before": one.draft.asset.lines, "after": one.lines},
                "verbatim": list(one.verbatim),
                "card": "whole" if one.card_blocks is None else "template",
            }
            for one in imported.folders
        ],
        "others": imported.others,
        "lines": {"before": imported.lines_before, "after": imported.lines_after},
        "presets": [
            {"name": name, "lists": count, "new": name in imported.presets} for name, count in imported.uses.items()
        ],
        "diagnostics": [finding_json(one) for one in found],
    }
    if checked:
        content["proofs"] = [
            {
                "folder": proof.folder,
                "layout": proof.layout,
                "equal": not proof.differences,
                "differences": [
                    {
                        "file": one.file,
                        "key": ".".join(map(str, one.key_path)),
                        "before": _short(one.before),
                        "after": _short(one.after),
                        "reason": one.reason or None,
                    }
                    for one in proof.differences
                ],
            }
            for proof in proofs
        ]
    return as_json(content)
