"""The proof of an import: compares a model folder's rendering with the original asset folder."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from azureml_publish.asset_folders import AssetFolder
from azureml_publish.assets import LayoutName, RenderedModel
from azureml_publish.documents import parse_yaml
from azureml_publish.files import read_carried
from azureml_publish.importer.comparison import NOTHING, Difference, compare


def prove(asset: AssetFolder, rendered: RenderedModel, layout: LayoutName) -> Iterator[Difference]:
    """Every difference between an original and the rendering of its model folder, in the original's layout.

    YAML is compared as data, types and the order of lists included; the card as text and every other file as bytes.
    """
    texts = {file.path: file.text for file in rendered.files}
    for name, original in (("spec.yaml", asset.spec), ("asset.yaml", asset.asset), ("model.yaml", asset.model)):
        if name == "model.yaml" and asset.plain:
            continue
        if not original:
            if asset.path is not None:
                yield Difference(name, (), NOTHING, "a new file", "the original has none; azureml-assets requires one")
            continue
        document, _ = parse_yaml(texts[name], name)
        data = document.data if document is not None and isinstance(document.data, dict) else {}
        yield from compare(name, original, data, layout, strings=asset.strings, spec=asset.spec)
    if not asset.plain and asset.card != texts["description.md"]:
        yield Difference("description.md", (), *_first_change(asset.card, texts["description.md"]))
    yield from _other_files(asset, rendered)


def _first_change(before: str, after: str) -> tuple[str, str]:
    """The first lines in which two texts differ."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            return "".join(old[i1:i2])[:200], "".join(new[j1:j2])[:200]
    return before, after


def _other_files(asset: AssetFolder, rendered: RenderedModel) -> Iterator[Difference]:
    own = {"spec.yaml", "asset.yaml", "model.yaml", "description.md"}
    made = {file.path: file.text.encode() for file in rendered.files if file.path not in own}
    made |= {file.path: read_carried(file) for file in rendered.carried}
    for file in asset.carried:
        if file.path not in made:
            yield Difference(file.path, (), "a file", NOTHING)
        elif made.pop(file.path) != read_carried(file):
            yield Difference(file.path, (), "a file", "another content")
    for path in made:
        reason = "it is made for every model from the Hub" if path == "MLmodel" else ""
        if asset.path is not None or path != "MLmodel":
            yield Difference(path, (), NOTHING, "a new file", reason)
