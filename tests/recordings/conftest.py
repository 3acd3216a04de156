"""The recorded service behind a proxy, and a project with one small model."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Ran, Run
from tests.recordings.proxy import Network
from tests.recordings.service import Service

SPEC = """\
name: Tiny-3.5.model
version: 1
type: custom_model
source: {local: weights}
license: mit
languages: [en]
metadata:
  summary: Small.
  hiddenLayerScanned: true
  deprecation: {inferenceRetirementDate: 2031-08-30}
compute: {inference: [Standard_DS4_v2]}
"""


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def network(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    """The recorded service is all that there is; the cloud is Azure's public one."""
    with Network(tmp_path, service.answer) as network:
        for name, value in network.environment.items():
            monkeypatch.setenv(name, value)
        yield network


@pytest.fixture
def tiny(project: Path) -> Path:
    """The project with one small model, whose files are local; its folder."""
    shutil.rmtree(project / "models")
    folder = project / "models" / "tiny"
    (folder / "weights" / "below").mkdir(parents=True)
    (folder / "model.yaml").write_text(SPEC, encoding="utf-8")
    (folder / "card.md").write_text("A small model.\n", encoding="utf-8")
    (folder / "weights" / "weights.bin").write_bytes(bytes(range(256)) * 300)
    (folder / "weights" / "below" / "words.txt").write_text("words\n", encoding="utf-8")
    (project / "publish.yaml").write_text("registries:\n  feed: {name: testFeed}\nregistry: feed\n", encoding="utf-8")
    return folder


@pytest.fixture
def ask(publish: Run, network: Network, tiny: Path, azure_sdk: None) -> Callable[..., Ran]:
    """The command line against the recorded service."""
    assert network.certificates.is_file()
    return publish
