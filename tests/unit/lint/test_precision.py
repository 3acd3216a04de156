"""The linter on a made-up catalogue: silent on it as it is, and each seeded defect is found. docs/lint-precision.md"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from azureml_publish.pipeline.lint_assets import lint_assets
from azureml_publish.pipeline.run import RunContext
from tests.unit.lint.defects_of_copies import SEEDS
from tests.unit.lint.made_up_catalogue import folders
from tests.unit.lint.seeded_defects import Seed

CATALOGUE = dict(folders())
DAY = date(2026, 11, 21)
PAGE = Path(__file__).parents[3] / "docs" / "lint-precision.md"


def lint(root: Path, catalogue: dict[str, dict[str, str]]) -> list[tuple[str, str, str]]:
    """Code, severity and path of what is found in a catalogue."""
    for name, files in catalogue.items():
        (root / name).mkdir(parents=True)
        for file, text in files.items():
            (root / name / file).write_text(text, encoding="utf-8", newline="")
    found = lint_assets(RunContext(root, {}, DAY), (".",), DAY, cache=False, jobs=1).found
    return [(one.code, str(one.severity), one.location.path) for one in found]


def test_a_sound_catalogue_has_no_error_and_no_warning(tmp_path: Path) -> None:
    assert len(CATALOGUE) > 20
    assert [one for one in lint(tmp_path, CATALOGUE) if one[1] != "info"] == []


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_a_seeded_defect_is_found_in_its_folder(tmp_path: Path, seed: Seed) -> None:
    fitting = [(name, change) for name, files in CATALOGUE.items() if (change := seed.change(files))]
    assert fitting
    name, change = fitting[len(seed.name) % len(fitting)]
    small = {each: CATALOGUE[each] for each in ("bert-base-uncased", "bert-base-cased")}
    found = lint(tmp_path, {**small, name: {**CATALOGUE[name], **change}})
    assert seed.codes & {code for code, _, path in found if path.startswith(f"{name}/")}, found


def test_the_page_on_precision_has_every_seed() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [seed.name for seed in SEEDS if f"| {seed.name} |" not in text] == []
