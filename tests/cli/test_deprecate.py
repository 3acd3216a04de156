"""`publish deprecate`: days into the spec, from there into metadata and card, and into a registry in place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.conftest import Run

pytestmark = pytest.mark.usefixtures("shared_registry")


def test_the_days_reach_spec_metadata_card_and_registry(publish: Run, project: Path) -> None:
    assert publish("apply", "bert-base-cased", "--yes").code == 0
    spec = project / "models" / "bert-base-cased" / "model.yaml"
    before = spec.read_text()
    ran = publish("deprecate", "bert-base-cased", "--deprecated", "2027-01-31", "--retired", "2027-07-31")
    assert ran.code == 0
    assert ran.out == (
        "bert-base-cased: inferenceDeprecationDate 2027-01-31, inferenceRetirementDate 2027-07-31, "
        "finetuneDeprecationDate 2027-01-31, finetuneRetirementDate 2027-07-31\n"
    )
    assert spec.read_text().startswith(before)
    assert publish("render", "bert-base-cased").code == 0
    card = (project / "build" / "bert-base-cased" / "description.md").read_text()
    assert card.startswith(
        "> **Deprecated.** Inference: deprecated from 2027-01-31, retired on 2027-07-31.\n"
        "> Fine-tuning: deprecated from 2027-01-31, retired on 2027-07-31.\n\n"
    )
    asset = yaml.safe_load((project / "build" / "bert-base-cased" / "spec.yaml").read_text())
    assert asset["system_metadata"]["deprecation"]["inferenceRetirementDate"] == "2027-07-31T00:00:00.000000Z"
    plan = json.loads(publish("plan", "bert-base-cased", "-o", "json").out)
    assert [(one["action"], {f["class"] for f in one["fields"]}) for one in plan["actions"]] == [
        ("update", {"in-place"})
    ]
    assert publish("apply", "bert-base-cased", "--yes").code == 0
    shown = json.loads(publish("show", "bert-base-cased", "-o", "json").out)["assets"][0]
    assert shown["system_metadata"]["deprecation"]["finetuneDeprecationDate"] == "2027-01-31T00:00:00.000000Z"


def test_a_second_day_replaces_the_first_and_nothing_else(publish: Run, project: Path) -> None:
    publish("deprecate", "bert-base-cased", "--retired", "2027-07-31", "--inference-only")
    spec = project / "models" / "bert-base-cased" / "model.yaml"
    first = spec.read_text()
    ran = publish("deprecate", "bert-base-cased", "--retired", "2028-07-31", "--inference-only", "-o", "json")
    dates = {"inferenceRetirementDate": "2028-07-31T00:00:00.000000Z"}
    assert json.loads(ran.out)["models"] == [{"model": "bert-base-cased", "deprecation": dates}]
    assert spec.read_text() == first.replace("2027", "2028")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "No day is given"),
        (("--deprecated", "2027-07-31", "--retired", "2027-01-31"), "out of order"),
        (("--retired", "soon"), "is not a day such as"),
    ],
)
def test_days_that_make_no_sense_write_nothing(
    publish: Run, project: Path, arguments: tuple[str, ...], said: str
) -> None:
    spec = project / "models" / "bert-base-cased" / "model.yaml"
    before = spec.read_bytes()
    ran = publish("deprecate", "bert-base-cased", *arguments)
    assert ran.code == 2
    assert said in ran.err
    assert spec.read_bytes() == before


def test_a_model_that_is_not_there_is_not_found(publish: Run) -> None:
    assert publish("deprecate", "nothing", "--retired", "2027-01-31").code == 3
