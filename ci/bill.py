"""Prints a bill of materials, in CycloneDX 1.6, of a release: the package and what its lock installs with it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path


def bill(lock: str, version: str) -> dict[str, object]:
    """The bill of a lock with hashes, as `uv pip compile` writes it."""
    listed = re.findall(r"^([\w.-]+)==([^\s;\\]+)(?: ; ([^\\\n]+?))? *\\?$", lock, re.MULTILINE)
    package = {
        "type": "application",
        "name": "azureml-publish",
        "version": version,
        "bom-ref": f"azureml-publish@{version}",
    }
    components = [
        {**_component(name, number), **({"properties": [{"name": "marker", "value": marker}]} if marker else {})}
        for name, number, marker in listed
    ]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": package},
        "components": components,
        "dependencies": [{"ref": package["bom-ref"], "dependsOn": sorted({str(one["bom-ref"]) for one in components})}],
    }


def _component(name: str, version: str) -> dict[str, object]:
    address = f"pkg:pypi/{name.lower()}@{version}"
    return {"type": "library", "name": name, "version": version, "purl": address, "bom-ref": address}


if __name__ == "__main__":
    print(json.dumps(bill(Path(sys.argv[1]).read_text(encoding="utf-8"), sys.argv[2]), indent=2))
