"""What apply did and verify found, and sizes that people read."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_publish.assets import AssetId, Content, ContentCheck
from azureml_publish.errors import Interrupted, Unreachable
from azureml_publish.execute.apply import Result
from azureml_publish.execute.outcome import Outcome
from azureml_publish.reporters.apply import results_json, results_text
from azureml_publish.reporters.paint import Paint
from azureml_publish.reporters.tables import size_text
from azureml_publish.reporters.verify import content_checks_json, content_checks_text

RESULTS = (
    Result("a", 1, Outcome.CREATED, Content("https://one/c", "f" * 64, "5" * 64, 9, 435_755_784)),
    Result("b", 2, Outcome.UPDATED),
    Result("c", 3, Outcome.UNCHANGED),
    Result("d", 4, Outcome.FAILED, error=Unreachable("The Hub does not answer.", hint="Try again later.")),
    Result("e", 5, Outcome.SKIPPED, error=Interrupted("Stopped at model/config.json.")),
    Result("f", 6, Outcome.SKIPPED),
)
CHECKS = (
    ContentCheck(AssetId("prod", "a", 1), 9, 435_755_784),
    ContentCheck(AssetId("prod", "b", 2), 2, 10, ("model/config.json: not there", "extra: not in the manifest")),
)


def without_colour(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


class TestResults:
    def test_a_model_is_a_line_with_what_went_wrong_below_and_a_count_at_the_end(self) -> None:
        assert results_text("prod", RESULTS) == (
            "  created    azureml://registries/prod/models/a/versions/1  9 files, 415.6 MiB\n"
            "  updated    azureml://registries/prod/models/b/versions/2\n"
            "  unchanged  azureml://registries/prod/models/c/versions/3\n"
            "  failed     azureml://registries/prod/models/d/versions/4\n"
            "             error: The Hub does not answer.\n"
            "             help: Try again later.\n"
            "  skipped    azureml://registries/prod/models/e/versions/5\n"
            "             error: Stopped at model/config.json.\n"
            "  skipped    azureml://registries/prod/models/f/versions/6\n"
            "\n"
            "Applied: 1 created, 1 updated, 1 unchanged, 1 failed, 2 skipped.\n"
        )

    def test_one_file_is_no_plural(self) -> None:
        content = Content("https://one/c", "f" * 64, "5" * 64, 1, 5)
        assert "/versions/1  1 file, 5 B\n" in results_text("prod", [Result("a", 1, Outcome.CREATED, content)])

    def test_nothing_applied_is_said(self) -> None:
        assert results_text("prod", []).endswith("\nApplied: nothing.\n")

    @pytest.mark.parametrize(
        ("outcome", "code"),
        [
            (Outcome.CREATED, "32"),
            (Outcome.UPDATED, "33"),
            (Outcome.UNCHANGED, "2"),
            (Outcome.FAILED, "31"),
            (Outcome.SKIPPED, "33"),
        ],
    )
    def test_each_outcome_has_its_colour(self, outcome: Outcome, code: str) -> None:
        painted = results_text("prod", [Result("a", 1, outcome)], Paint(enabled=True))
        assert f"\x1b[{code}m{outcome}" in painted

    def test_colour_changes_nothing_but_colour(self) -> None:
        assert without_colour(results_text("prod", RESULTS, Paint(enabled=True))) == results_text("prod", RESULTS)

    def test_json_has_a_row_for_each_model_with_null_for_what_is_not_there(self) -> None:
        document = json.loads(results_json("prod", RESULTS))
        assert list(document) == ["schema_version", "registry", "results"]
        assert (document["schema_version"], document["registry"]) == (1, "prod")
        assert document["results"][0] == {
            "model": "a",
            "version": 1,
            "asset_id": "azureml://registries/prod/models/a/versions/1",
            "outcome": "created",
            "files": 9,
            "size": 435_755_784,
            "manifest": "f" * 64,
            "unverifiable": [],
            "error": None,
            "hint": None,
        }
        assert document["results"][3] == {
            "model": "d",
            "version": 4,
            "asset_id": "azureml://registries/prod/models/d/versions/4",
            "outcome": "failed",
            "files": None,
            "size": None,
            "manifest": None,
            "unverifiable": [],
            "error": "The Hub does not answer.",
            "hint": "Try again later.",
        }
        assert [row["outcome"] for row in document["results"]] == [str(result.outcome) for result in RESULTS]

    def test_json_of_nothing_is_an_empty_list(self) -> None:
        assert json.loads(results_json("prod", [])) == {"schema_version": 1, "registry": "prod", "results": []}


class TestContentChecks:
    def test_a_version_is_a_line_with_its_problems_below(self) -> None:
        assert content_checks_text(CHECKS) == (
            "  verified  azureml://registries/prod/models/a/versions/1  9 files, 415.6 MiB\n"
            "  damaged   azureml://registries/prod/models/b/versions/2\n"
            "              model/config.json: not there\n"
            "              extra: not in the manifest\n"
            "\n"
            "Verified: 1 intact, 1 damaged.\n"
        )

    def test_one_file_is_no_plural(self) -> None:
        assert "  1 file, 2 B\n" in content_checks_text([ContentCheck(AssetId("prod", "a", 1), 1, 2)])

    def test_nothing_verified_is_counted(self) -> None:
        assert content_checks_text([]).endswith("\nVerified: 0 intact, 0 damaged.\n")

    def test_colour_changes_nothing_but_colour(self) -> None:
        painted = content_checks_text(CHECKS, paint=Paint(enabled=True))
        assert "\x1b[32mverified\x1b[0m" in painted
        assert "\x1b[31mdamaged " in painted
        assert without_colour(painted) == content_checks_text(CHECKS)

    def test_json_has_a_row_for_each_version(self) -> None:
        assert json.loads(content_checks_json(CHECKS)) == {
            "schema_version": 1,
            "checks": [
                {
                    "asset_id": "azureml://registries/prod/models/a/versions/1",
                    "files": 9,
                    "size": 435_755_784,
                    "outcome": "intact",
                    "intact": True,
                    "problems": [],
                    "signed_by": None,
                },
                {
                    "asset_id": "azureml://registries/prod/models/b/versions/2",
                    "files": 2,
                    "size": 10,
                    "outcome": "damaged",
                    "intact": False,
                    "problems": ["model/config.json: not there", "extra: not in the manifest"],
                    "signed_by": None,
                },
            ],
            "missing": [],
        }


@pytest.mark.parametrize(
    "text",
    [
        results_text("prod", RESULTS),
        results_text("prod", []),
        results_json("prod", RESULTS),
        content_checks_text(CHECKS),
        content_checks_text([]),
        content_checks_json(CHECKS),
    ],
)
def test_no_line_ends_in_blanks_and_the_last_one_ends_in_one_newline(text: str) -> None:
    assert all(line == line.rstrip() for line in text.split("\n"))
    assert text == text.rstrip("\n") + "\n"


class TestSizes:
    @pytest.mark.parametrize(
        ("size", "text"),
        [
            (0, "0 B"),
            (1, "1 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (1024**2 - 1, "1.0 MiB"),
            (1024**2, "1.0 MiB"),
            (1024**3 - 1, "1.0 GiB"),
            (1024**3, "1.0 GiB"),
            (5 * 1024**4, "5120.0 GiB"),
        ],
    )
    def test_a_size_is_told_in_the_unit_that_suits_it(self, size: int, text: str) -> None:
        assert size_text(size) == text

    @given(st.integers(0, 2**60))
    def test_the_number_is_near_the_size_and_below_the_next_unit(self, size: int) -> None:
        number, unit = size_text(size).split()
        factor = 1024 ** ["B", "KiB", "MiB", "GiB"].index(unit)
        assert abs(float(number) * factor - size) <= 0.0501 * factor + size * 1e-9
        assert unit == "GiB" or float(number) < 1024
