"""Fixtures of the transfers that faults are made for."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.emulator import Emulator
from tests.conftest import REPOSITORY
from tests.emulator.faulty import Run
from tests.emulator.test_publish_transfer import content_of


@pytest.fixture
def run(emulator: Emulator, tmp_path: Path) -> Run:
    """A checkpoint of the emulated Hub, whose weights make some twenty blocks."""
    root = tmp_path / "bert"
    shutil.copytree(REPOSITORY / "models" / "bert-base-cased", root / "models" / "bert-base-cased")
    (root / "publish.yaml").touch()
    return Run(emulator, content_of(root))


@pytest.fixture
def staged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of blocks that are sent, while they are."""
    from azure.storage.blob import BlobClient

    sent: list[str] = []
    stage = BlobClient.stage_block

    def counted(self: Any, block_id: str, *arguments: Any, **named: Any) -> Any:
        sent.append(block_id)
        return stage(self, block_id, *arguments, **named)

    monkeypatch.setattr(BlobClient, "stage_block", counted)
    return sent
