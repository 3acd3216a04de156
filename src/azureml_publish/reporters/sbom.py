"""A registered version as a machine-learning bill of materials, in CycloneDX 1.6: https://cyclonedx.org/docs/1.6/json/."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from azureml_publish.assets import ManifestEntry, RegisteredAsset
from azureml_publish.diagnostics import mask_passwords
from azureml_publish.documents import holds, value_at
from azureml_publish.layouts.convert import gather
from azureml_publish.version import __version__

_IDENTIFIERS = {
    identifier.lower(): identifier
    for identifier in (
        "AFL-3.0", "AGPL-3.0", "Apache-2.0", "Artistic-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-Clear",
        "BSL-1.0", "CC-BY-2.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-NC-ND-4.0", "CC-BY-NC-SA-4.0",
        "CC-BY-ND-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC0-1.0", "ECL-2.0", "EPL-2.0", "EUPL-1.1", "EUPL-1.2",
        "GPL-2.0", "GPL-3.0", "ISC", "LGPL-2.1", "LGPL-3.0", "MIT", "MPL-2.0", "MS-PL", "NCSA", "OFL-1.1", "OSL-3.0",
        "PostgreSQL", "Unlicense", "WTFPL", "Zlib",
    )
} | {"odc-by": "ODC-By-1.0", "pddl": "PDDL-1.0"}  # fmt: skip
"""Identifiers of SPDX (https://spdx.org/licenses/) by those of the Hub."""


def sbom_json(
    asset: RegisteredAsset, manifest: str, entries: Sequence[ManifestEntry], source: Mapping[str, object]
) -> str:
    """The bill as JSON text: the same for the same version, whenever it is made.

    Args:
        manifest: the digest of its manifest.
        source: where they come from, with the keys of the spec.
    """
    document: dict[str, object] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, ascii(f'{asset.id}#{manifest}'))}",
        "version": 1,
        "metadata": {
            **_timestamp(asset.created_at),
            "tools": {"components": [{"type": "application", "name": "azureml-publish", "version": __version__}]},
            "component": _model(asset, manifest, source),
        },
        "components": [
            {
                "type": "file",
                "bom-ref": f"file:{entry.path}",
                "name": entry.path,
                "hashes": [{"alg": "SHA-256", "content": entry.sha256}],
                "properties": [{"name": "publish:size", "value": str(entry.size)}],
            }
            for entry in entries
        ],
        "dependencies": [{"ref": str(asset.id), "dependsOn": [f"file:{entry.path}" for entry in entries]}],
        "compositions": [{"aggregate": "complete", "assemblies": [str(asset.id)]}],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _model(asset: RegisteredAsset, manifest: str, source: Mapping[str, object]) -> dict[str, object]:
    metadata = gather(asset.properties, asset.tags, asset.system_metadata).metadata
    license_id, publisher = _text(metadata.get("license")), _text(metadata.get("publisher"))
    described: dict[str, object] = {
        "type": "machine-learning-model",
        "bom-ref": str(asset.id),
        "name": asset.id.name,
        "version": str(asset.id.version),
        "properties": [{"name": "publish:manifest", "value": manifest}, {"name": "publish:type", "value": asset.type}],
    }
    if publisher:
        described["supplier"] = {"name": publisher}
    if license_id:
        known = _IDENTIFIERS.get(license_id.lower())
        described["licenses"] = [{"license": {"id": known} if known else {"name": license_id}}]
    described |= _origin(source)
    tasks = (
        _texts(value_at(metadata, ("tasks", "inferenceTasks"))) if holds(metadata, ("tasks", "inferenceTasks")) else []
    )
    datasets = _texts(metadata.get("datasets"))
    parameters: dict[str, object] = {}
    if tasks:
        parameters["task"] = ", ".join(tasks)
    if architecture := _text(metadata.get("modelArchitecture")):
        parameters["modelArchitecture"] = architecture
    if datasets:
        parameters["datasets"] = [{"type": "dataset", "name": name} for name in datasets]
    if parameters:
        described["modelCard"] = {"modelParameters": parameters}
    return described


def _origin(source: Mapping[str, object]) -> dict[str, object]:
    """Where the files come from: a package URL of the Hub, or an address."""
    revision = _text(source.get("revision"))
    if repository := _text(source.get("huggingface")):
        purl = f"pkg:huggingface/{quote(repository, safe='/', errors='replace')}"
        return {
            "purl": f"{purl}@{quote(revision, safe='', errors='replace')}" if revision else purl,
            "externalReferences": [
                {
                    "type": "distribution",
                    "url": f"https://huggingface.co/{quote(repository, safe='/', errors='replace')}",
                }
            ],
        }
    if address := _text(source.get("git")):
        shown = quote(mask_passwords(address), safe=":/?#[]@!$&'()*+,;=%~", errors="replace")
        comment = {"comment": f"commit {revision}"} if revision else {}
        return {"externalReferences": [{"type": "vcs", "url": shown, **comment}]}
    return {}


def _timestamp(created: str) -> dict[str, str]:
    try:
        when = datetime.fromisoformat(created)
    except ValueError:
        return {}
    when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return {"timestamp": when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")}


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [text for child in value for text in _texts(child)]
    return [text] if (text := _text(value)) else []
