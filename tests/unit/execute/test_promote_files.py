"""Whether a folder has the files of a version that is promoted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from azureml_publish.errors import Conflict
from azureml_publish.execute.promote import wanted_of
from azureml_publish.plan.actions import ActionKind
from azureml_publish.plan.diff import plan_model
from tests.unit.plan.planning import WANTED, holding, registered

LOCKED = replace(WANTED, source_digest="6" * 64, manifest="f" * 64)
"""The folder once it has a lock: the same files, and another identity."""


def test_a_folder_that_was_locked_later_has_the_same_files() -> None:
    assert wanted_of(registered(), LOCKED) == replace(LOCKED, source_digest=WANTED.source_digest)
    assert plan_model(LOCKED, holding(registered())).kind is ActionKind.UNCHANGED


@pytest.mark.parametrize("manifest", ["", "e" * 64])
def test_a_folder_with_other_files_is_refused(manifest: str) -> None:
    other = replace(LOCKED, manifest=manifest)
    with pytest.raises(Conflict):
        wanted_of(registered(), other)
    assert plan_model(other, holding(registered())).kind is ActionKind.CONFLICT
