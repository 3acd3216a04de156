"""Registered versions: as a table, as a page about one version, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from azureml_publish.assets import MANIFEST_PROPERTY, AssetId, RegisteredAsset, Value
from azureml_publish.content.upload.container import StoredFile
from azureml_publish.layouts.wire import encode
from azureml_publish.reporters.cards import card_text
from azureml_publish.reporters.diagnostics import as_json
from azureml_publish.reporters.hostile_text import below, one_line, visible
from azureml_publish.reporters.paint import PLAIN, Paint
from azureml_publish.reporters.tables import table


def assets_text(assets: Sequence[RegisteredAsset], paint: Paint = PLAIN) -> str:
    """A table with one line per version."""
    if not assets:
        return "No models are registered.\n"
    marked = any(one.archived for one in assets)
    titles = ("MODEL", "VERSION", "TYPE", "CREATED (UTC)", *([""] if marked else []), "ASSET")
    rows = []
    for one in assets:
        mark = ["archived" if one.archived else ""] if marked else []
        made = one.created_at[:19].replace("T", " ")
        rows.append((one.id.name, str(one.id.version), one.type, made, *mark, str(one.id)))
    return table(titles, rows, paint)


def asset_text(asset: RegisteredAsset, paint: Paint = PLAIN, columns: int | None = None) -> str:
    """One version: identity, metadata, and its card after bars, so that none of its lines passes for ours.

    With `columns` the card is rendered for a terminal of that width; else it stands there as it is written.
    """
    fields = [
        ("asset", str(asset.id)),
        ("type", asset.type),
        ("created", asset.created_at),
        ("archived", "yes" if asset.archived else "no"),
        ("files", asset.path or "the registry does not say where"),
        *((f"tags.{key}", value) for key, value in sorted(asset.tags.items())),
        *((f"properties.{key}", value) for key, value in sorted(asset.properties.items())),
        *_metadata("system_metadata", asset.system_metadata),
    ]
    shown = [(one_line(name), value) for name, value in fields]
    width = max(len(name) for name, _ in shown)
    lines = [
        f"{paint(name, 'bold')}{' ' * (width - len(name))}  {below(value, ' ' * width)}".rstrip()
        for name, value in shown
    ]
    written = visible(asset.description) if columns is None else card_text(asset.description, columns - 2, paint)
    card = "".join(f"| {line}".rstrip() + "\n" for line in written.rstrip("\n").split("\n"))
    return "\n".join([*lines, "", card]).rstrip("\n") + "\n"


def assets_json(assets: Sequence[RegisteredAsset]) -> str:
    """Versions as a JSON object."""
    return as_json(
        {
            "assets": [
                {
                    "asset_id": str(asset.id),
                    "model": asset.id.name,
                    "version": asset.id.version,
                    "type": asset.type,
                    "archived": asset.archived,
                    "created_at": asset.created_at,
                    "path": asset.path or None,
                    "manifest": asset.properties.get(MANIFEST_PROPERTY),
                    "description": asset.description,
                    "tags": dict(asset.tags),
                    "properties": dict(asset.properties),
                    "system_metadata": dict(asset.system_metadata),
                }
                for asset in assets
            ]
        }
    )


def files_text(files: Mapping[str, StoredFile]) -> str:
    """One line per file of a version: bytes, SHA-256 as it was noted when the file was checked, path."""
    width = max((len(f"{file.size:,}") for file in files.values()), default=0)
    lines = [
        f"{file.size:>{width},}  {one_line(file.sha256 or '-'):64}  {one_line(path)}\n"
        for path, file in sorted(files.items())
    ]
    return "".join(lines) or "It holds no file.\n"


def files_json(asset: AssetId, files: Mapping[str, StoredFile]) -> str:
    """The files of a version as a JSON object; sizes in bytes."""
    listed = [{"path": path, "size": file.size, "sha256": file.sha256} for path, file in sorted(files.items())]
    return as_json({"asset_id": str(asset), "files": listed})


def _metadata(name: str, value: Value) -> Iterator[tuple[str, str]]:
    """Each leaf of the system metadata with its dotted name; lists on one line."""
    if isinstance(value, Mapping):
        for key, child in sorted(value.items()):
            yield from _metadata(f"{name}.{key}", child)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield name, ", ".join(map(encode, value))
    else:
        yield name, encode(value)
