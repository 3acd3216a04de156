"""Slips of maintainers in the words of a card, in more than one spelling, each beside what is no slip."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.unit.lint.cards_at_hand import described, findings


def found_in(text: str) -> set[str]:
    card = replace(described(f"A model of some size.\n\n{text}\n"), as_of=date(2026, 11, 21))
    return {one.code for one in findings(card) if one.severity != "info" and one.code != "SMPL004"}


@pytest.mark.parametrize(
    "text",
    [
        "It was trained on %DATASET%.",
        "It belongs to @@TEAM_NAME@@.",
        "It was made by __COMPANY_NAME__ in spring.",
        "- Owner: $TEAM",
        "It was made by $AUTHOR_NAME for all.",
        "It was trained on {dataset_name} for a day.",
        "- **Recall:** ??",
        "- Latency: xx ms",
        "- Epochs: None",
        "- **Contact**: to be provided",
        "null",
        "xxxx",
        "See Figure [REF].",
        "It is the best [citation needed].",
        "Click here to edit",
        "[Edit this section]",
        "[Describe the data here]",
        "Use this template to describe the model.",
        "This section will be completed later.",
        "<!-- Provide a longer summary of what this model is. -->",
        "As an AI language model, I cannot know the data.",
        "As of my last knowledge update in 2023, it is the best.",
        "I'm sorry, but I cannot see the figures.",
        "It is small. I hope this helps!",
        "Sure! Here's the card:",
        "Here is a revised version of the section:",
        "Let me know if you would like any changes.",
        "DRAFT - do not distribute",
        "**Draft:** the figures follow.",
        "Microsoft Confidential",
        "*For internal use only.*",
        "This card is still a work in progress.",
        "[Reviewer] please check this",
        "(check with the legal team)",
        "@anna can you look at this?",
        "Page 3 of 12",
    ],
)
def test_words_that_are_not_for_readers(text: str) -> None:
    assert found_in(text) == {"CARD010"}


@pytest.mark.parametrize(
    "text",
    [
        "Set `%DATASET%`, `__COMPANY_NAME__` and `{dataset}`.",
        "Look below %APPDATA% or at 50 % of them.",
        "This is __NOTE__ and __A_B__ of Python's __init__.",
        "It costs $MSFT stock, and $N$ is a number.",
        "The set $\\{model\\}$ and \\frac{model}{2}.",
        "- Quantization: None of them",
        "| Option | Default |\n| --- | --- |\n| seed | null |\n| mask | None |",
        "Mark words with [MASK] or [REF](https://e.com).",
        'Answers such as "As an AI language model, I cannot" were taken out.',
        "> As an AI language model, I cannot know that.",
        "Feel free to adjust the learning rate.",
        "Draft models speed up decoding, and drafts are checked.",
        "Confidential computing keeps data safe.",
        "It may be used for internal use only by those who do not distribute it without this notice.",
        "See [Reviewer](https://e.com) and page 3.",
        "<!-- TOC -->",
    ],
)
def test_words_that_are(text: str) -> None:
    assert found_in(text) == set()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("+ added\n- removed\n@@ -1,2 +1,2 @@", "CARD058"),
        ("The line\n@@ -1 +1 @@ of `diff` is one.", "CARD058"),
        ("```diff\n@@ -1,2 +1,2 @@\n```", None),
        ("=======\n>>>>>>> feature/card", "CARD058"),
        ('```bash\ncurl -H "api-key: 7f3d9a1c5b8e4f2096d1a3c7e5b8f042" https://e.com\n```', "CARD059"),
        ('```bash\ncurl -H "api-key: YOUR_API_KEY_OF_THE_SERVICE_1" https://e.com\n```', None),
        ('```bash\ncurl -H "Authorization: Bearer q7Wn9Lk4Xz8Pm3Vb6Jd1HcT3" https://e.com\n```', "CARD059"),
        ('```bash\ncurl -H "Authorization: Bearer $TOKEN_OF_THE_ENDPOINT_1" https://e.com\n```', None),
        ("```bash\ngit clone https://bot:q7Wn9Lk4Xz8Pm3Vb@git.contoso.com/a\n```", "CARD059"),
        ("```bash\ngit clone https://user:password-of-user@git.contoso.com/a\n```", None),
        ('```python\naws_secret_access_key = "q7Wn9Lk4Xz8Pm3Vb6Jd1HcT3"\n```', "CARD059"),
        (
            "See https://portal.azure.com/#@contoso.com/resource/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/a",
            "CARD060",
        ),
        ("See https://portal.azure.com/#home", None),
        ("Open http://localhost:8888/tree", "CARD060"),
        ("Then open http://localhost:8080 in a browser.", None),
        ("It is the the model.", "CARD065"),
        ("It was trained on\non four machines.", "CARD065"),
        ("Add `a` to `b` to `c`, and do that that way.", None),
        ("The weights are frozen while it learns. The weights are frozen while it learns.", "CARD065"),
        ("Some text of it\nSome text of it", "CARD065"),
        ("- Some item of it\n- Some item of it", "CARD065"),
        ("| a b | c d |\n| --- | --- |\n| a b | c d |\n| a b | c d |", None),
        ("**Model architecture:**", "CARD067"),
        ("- **Developed by:**\n- **Shared by:** Contoso", "CARD067"),
        ("**Usage:**\n\n```python\nx = 1\n```", None),
        ("**Bad:** `x`\n**Good:** `y`", None),
        ("- **Layers:**\n  - **First:** 1\n  - **Second:** 2", None),
    ],
)
def test_leftovers(text: str, code: str | None) -> None:
    assert found_in(text) == ({code} if code else set())
