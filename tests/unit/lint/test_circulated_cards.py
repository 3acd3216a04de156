"""Four cards of BERT models with the defects of those that went round; `docs/rules/cards.md` tells of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.cards_at_hand import described, findings, places

CARDS = Path(__file__).parent / "cards"
TASKS = ("text-classification",)
BATCH = ["11:1 CARD001", "11:9 CARD010"]
BRANCHES = ["19:127 CARD021", "19:320 CARD021", "20:180 CARD021"]


def card(name: str) -> str:
    return (CARDS / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "model", "finetune", "expected"),
    [
        (
            "bert-large-cased-early",
            "bert-large-cased",
            TASKS,
            ["1:1 SMPL004", "4:66 CARD027", "9:1 CARD004", *BATCH, *BRANCHES],
        ),
        (
            "bert-large-cased-early",
            "bert-large-uncased",
            TASKS,
            ["1:1 SMPL004", "1:59 CARD029", "9:1 CARD004", *BATCH, *BRANCHES],
        ),
        (
            "bert-base-cased-middle",
            "bert-base-cased",
            TASKS,
            ["2:30 CARD062", "2:48 CARD040", "8:1 CARD004", "10:119 CARD010", "20:5 CARD031", "32:5 SMPL006"],
        ),
        ("bert-base-cased-17", "bert-base-cased", TASKS, ["9:1 CARD001", "14:1 CARD003", "1:1 SPEC021"]),
        (
            "distilbert-base-uncased-early",
            "distilbert-base-uncased",
            (),
            ["8:1 CARD004", "10:1 CARD001", "10:9 CARD010", "13:5 SPEC021", "25:5 SMPL006"],
        ),
    ],
)
def test_every_defect_is_found_at_its_place(
    file: str, model: str, finetune: tuple[str, ...], expected: list[str]
) -> None:
    assert places(described(card(file), model, finetune=finetune)) == expected


def test_the_wrong_figures_show_where_a_large_cards_prose_is_taken_for_a_small_model() -> None:
    (layers, hidden, heads, parameters) = findings(
        described(card("bert-large-cased-early"), "bert-base-cased"), "CARD063"
    )
    assert "12 layers" in layers.message
    assert "hidden size of 768" in hidden.message
    assert "12 attention heads" in heads.message
    assert "110 million parameters" in parameters.message


def test_a_hub_id_does_not_hide_that_the_card_links_its_sibling() -> None:
    model = described(card("bert-large-cased-early"), "bert-large-cased", hub="google-bert/bert-large-cased")
    (found,) = findings(model, "CARD027")
    assert found.fix is not None
    assert not found.fix.safe
    assert found.fix.edits[0].text == "https://huggingface.co/google-bert/bert-large-cased"
