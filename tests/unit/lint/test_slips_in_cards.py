"""Slips of maintainers in the words of a card, in more than one spelling, each beside what is no slip."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azureml_publish.lint.cards.placeholders import FORMS, Form, places_of_signs
from azureml_publish.patterns import near
from tests.unit.lint.assets import lint, sound
from tests.unit.lint.cards_at_hand import described, findings


def found_in(text: str) -> set[str]:
    card = replace(described(f"A model of some size.\n\n{text}\n"), as_of=date(2026, 11, 21))
    return {one.code for one in findings(card) if one.severity != "info" and one.code not in ("SMPL004", "SPEC021")}


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
        "It is small. Hope it helps.",
        "Don\u2019t forward.",
        "Fwd: Re: the card",
        "From: Anna\nSent: Monday",
        "Reviewer 2: where is the source?",
        "Notes to reviewers",
        "(discuss with the team)",
        "This part will be written.",
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
        "Built from #{Branch}#.",
        "It is build $(Build.BuildId).",
        "todo: add the figures",
        "[[COMPANY]]",
        "Was this page helpful?",
        "Sent from my iPhone",
        "Owner: TBC",
        "To be confirmed.",
        "[Image 2]",
        "Delete this section before publishing.",
        "**INTERNAL** use by Contoso",
        "### [INTERNAL DRAFT] \u2014 Owl v0.2",
        "**INTERNAL** \u2014 Owl v0.2",
        "Not yet approved by legal.",
        "Draft v0.3, 12 March",
        "Do not cite or circulate.",
        "I don't have access to the figures.",
        "Hi team,",
        "I've updated the card.",
        "Would you like me to add a table?",
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
        "### [INTERNAL RESEARCH ARTIFACT] \u2014 Owl v0.2",
        "## INTERNAL STATES",
        "It may be used for internal use only by those who do not distribute it without this notice.",
        "See [Reviewer](https://e.com) and page 3.",
        "<!-- TOC -->",
        "It is $(x)$, or `$(MODEL)` in make.",
        "The to-do list of the team, and regards to all.",
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
        ("Type `python app.py` and open [the page](http://127.0.0.1:5000/).", None),
        ("Type `python train.py` and open [the page](http://127.0.0.1:5000/).", "CARD060"),
        ("Then open http://localhost:8080 in a browser.", None),
        ("It is the the model.", "CARD065"),
        ("It was trained on\non four machines.", "CARD065"),
        ("Add `a` to `b` to `c`, and do that that way.", None),
        ("The weights are frozen while it learns. The weights are frozen while it learns.", "CARD065"),
        ("Some text of it\nSome text of it", "CARD065"),
        ("- Some item of it\n- Some item of it", "CARD065"),
        ("| A | C |\n| --- | --- |\n| a b | c d |\n| a b | c d |", None),
        ("## Limits\n\nIt is slow.\n\n## Limits\n\nIt is large.", "CARD065"),
        ("# A part\n\n## Limits\n\nIt is slow.\n\n# Another\n\n## Limits\n\nIt is large.", None),
        ("**Model architecture:**", "CARD067"),
        ("- **Developed by:**\n- **Shared by:** Contoso", "CARD067"),
        ("**Usage:**\n\n```python\nx = 1\n```", None),
        ("**Bad:** `x`\n**Good:** `y`", None),
        ("- **Layers:**\n  - **First:** 1\n  - **Second:** 2", None),
    ],
)
def test_leftovers(text: str, code: str | None) -> None:
    assert found_in(text) == ({code} if code else set())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (":::note\nIt is slow.\n:::", "CARD066"),
        (':::image type="content" source="https://e.com/a.png":::', None),
        ('!!! warning "Slow"\n    It is slow.', "CARD066"),
        ("{: .no_toc }", "CARD066"),
        ("[[_TOC_]]", "CARD066"),
        ("[TOC]", "CARD066"),
        (".. note:: It is slow.", "CARD066"),
        ("{{< figure src=a >}}", "CARD066"),
        ("h2. Results", "CARD066"),
        ("== Results ==", "CARD066"),
        ("{code:python}\nx = 1\n{code}", "CARD066"),
        ("It is [b]slow[/b].", "CARD066"),
        ("![[figure.png]]", "CARD066"),
        ("It is a == b and ''x''.", None),
        ("The model was trained on ten kinds of texts.\n---\n\nMore.", "CARD066"),
        ("Results\n---\n\nMore.", None),
        ("Text:\n\n    The model was trained on ten kinds of texts.\n\nMore.", "CARD066"),
        ("Text:\n\n    x = load(the, model) and then print it out.\n\nMore.", None),
        ("## Limtations\n\nIt is slow.", "CARD031"),
        ("## Evalaution\n\nIt is slow.", "CARD031"),
        ("## Contract of results\n\nIt is slow.", None),
        ("[ ] a task", "CARD066"),
        ("- [ ] a task", None),
        ("\\## Results", "CARD066"),
        ("It is ** very ** slow.", "CARD066"),
        ("It is **very slow ** now.", "CARD066"),
        ("Either **this** or **that**, `**` or 2 ** 3 ** 4, **`a`** and **`b`**.", None),
        ("\u2022 one thing\n\u2022 another thing", "CARD066"),
        ("\u2022 one thing", None),
        ("The model?s output isn?t checked.", "CARD066"),
        ("Is it good?so they ask, and https://e.com/a?s=1 says.", None),
        ("first line\\nsecond line\\nthird line", "CARD066"),
        ("It is $\\nabla x\\nu$, and C:\\new\\name.", None),
        ("![]", "CARD066"),
        ("![Figure][]", "CARD066"),
        ("![a][b]\n\n[b]: https://e.com/a.png", None),
        ("See `a &lt; b` there.", "CARD066"),
        ("See `&lt;` and a &lt; b.", None),
        ('```python\nx = "a &lt; b"\n```', "CARD066"),
        ("```html\na &lt; b\n```", None),
        ("[^1] A note without colon.", "CARD066"),
        ("na\u00efve \ufffd text", "CARD040"),
        ("A tag\U000e0041 here.", "CARD048"),
        ("Tags\U000e0041\U000e0042 here.", "CARD048"),
        ("The flag \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f of England.", None),
        ("It is \ufb01ne-tuned.", "CARD074"),
        ("\\begin{equation} x = 1", "CARD054"),
        ("\\begin{align} x = 1 \\end{align}", None),
        ("E = mc^{2", "CARD054"),
        ("The loss \\(x is small", "CARD054"),
        ("\\(not a formula)", None),
        ("```\nx\n```python\ny\n```", "CARD054"),
        ("````md\n```python\nx\n```\n````", None),
        ("| a | b |\n| --- | --- |", "CARD001"),
        ("| a | b |\n| --- | --- |\n\n| 1 | 2 |", "CARD001"),
        ("| [a](https://e.com) | b |\n| --- | --- |", None),
        ("| a | b |\n| --- | --- |\n| a | b |\n| 1 | 2 |", "CARD001"),
        ("\\| a \\| b \\|\n\\| --- \\| --- \\|", "CARD002"),
        ("+---+---+\n| a | b |\n+===+===+\n| 1 | 2 |\n+---+---+", "CARD002"),
        ("Text:\n\n    | a | b |\n    | --- | --- |\n    | 1 | 2 |", "CARD002"),
        ("| a | b | a |\n| --- | --- | --- |\n| 1 | 2 | 3 |", "CARD001"),
        ("| | b | |\n| --- | --- | --- |\n| 1 | 2 | 3 |", None),
        ("Task\tScore\nSST-2\t91.3", "CARD002"),
        ("1.\tone thing\n2.\tanother thing", None),
        ("Accuracy: 1.2", "CARD071"),
        ("**Recall:** 1.07", "CARD071"),
        ("Precision: 1.0", None),
        ("F1: 1.000, and the accuracy is 1.00", None),
        ("Accuracy: 1.2 %, and the F1 of 1.5 points more", None),
        ("The precision is -0.4.", "CARD071"),
        ("| Metric | Value |\n| --- | --- |\n| Accuracy | -0.4 |", "CARD071"),
        ("| Metric | Value |\n| --- | --- |\n| Recall | 1.08 |\n| Precision | 0.9 |", "CARD071"),
        ("| Task | Accuracy |\n| --- | --- |\n| a | 1.2 |\n| b | 54.0 |", None),
        ("| Task | Accuracy change |\n| --- | --- |\n| a | -1.2 |", None),
        ("| Metric | Value |\n| --- | --- |\n| BLEU | 27,9 |\n| chrF | 56.5 |", "CARD071"),
        ("| Metric | Value |\n| --- | --- |\n| Rows | 1,234 |\n| chrF | 56.5 |", None),
        ("The data is split 70/20/20.", "CARD071"),
        ("A split of 80 % / 30 % was used.", "CARD071"),
        ("Train/validation/test: 80/15/10.", "CARD071"),
        ("Split 80/10/10, or 67/33, or 8/1/1; the training of 12/24/2024 ended.", None),
        ("It was trained for -3 epochs.", "CARD071"),
        ("It saw 12,34 tokens.", "CARD071"),
        ("It saw 12,345 tokens and 1,000,000 rows.", None),
        ("It was released in March 2034.", "CARD075"),
        ("It was released in March 2024.", None),
        ("It was trained between 2031 and 2032.", "CARD075"),
        ("It was made on 31/02/2024.", "CARD075"),
        ("It came on October 35th, 2023.", "CARD075"),
        ("Data until 42 March 2023.", "CARD075"),
        ("In April 2023, 45 October fairs were held, and May 50 of them return.", None),
        ("Date: 2024-04-31", "CARD075"),
        ("Date: 2024-04-30 or 30/03/2024", None),
        ("DOI: 10.1865", "CARD073"),
        ("DOI: 1O.18653/v1/N19-1423", "CARD073"),
        ("doi: 10.18653/v1/N19-1423", None),
        ("See [p](https://doi.org/10.48550/arXiv.2313.01234).", "CARD073"),
        ("See arXiv:2400.01234 [cs.CL].", "CARD073"),
        ("See [p](https://arxiv.org/abs/3012.01234).", "CARD073"),
        ("See arXiv:1810.04805 and [p](https://arxiv.org/abs/9912.1234).", "CARD073"),
        ("See arXiv:1810.04805, [p](https://doi.org/10.48550/arXiv.2303.01234).", None),
        ('```bibtex\n@article{a,\n  title = "X,\n  year = {2020}\n}\n```', "CARD073"),
        ("```bibtex\n@article{a,\n  tilte = {X},\n  year = {2020}\n}\n```", "CARD073"),
        ("```bibtex\n@article{a,\n  title = {X},\n  year = {2031}\n}\n```", "CARD073"),
        ("@article{a, title={X},\n  year={2020}}", "CARD073"),
        ("```bibtex\n@misc{your-key,\n  title = {X}\n}\n```", "CARD073"),
        ("```bibtex\n@misc{a,\n  title = {Your title}\n}\n```", "CARD073"),
        ("```bibtex\n@misc{a,\n  title = {X},\n  authors = {Y},\n  url = {https://e.com},\n  note = {Z}\n}\n```", None),
    ],
)
def test_markup_figures_and_citations(text: str, code: str | None) -> None:
    assert found_in(text) == ({code} if code else set())


@pytest.mark.parametrize(
    "text", ["a <b>small</b> model", "a small\\nmodel", "a&nbsp;model", "It is AT&T's, with a < b."]
)
def test_a_summary_is_text(text: str, tmp_path: Path) -> None:
    spec = sound()["spec.yaml"].replace(
        "system_metadata:\n", f"system_metadata:\n  displayName: '{text.replace(chr(39), chr(39) * 2)}'\n"
    )
    assert (("CARD066", "spec.yaml") in {one[:2] for one in lint(tmp_path, spec_yaml=spec)}) is ("AT&T" not in text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("See [docs](https://e.com/docs)).", "CARD023"),
        ("See (as in [docs](https://e.com/docs)).", None),
        ("See [[docs](https://e.com/docs).", "CARD023"),
        ("See [[docs](https://e.com/docs)].", None),
        ("See [docs]](https://e.com/docs).", "CARD023"),
        ("![a](//e.com/a.png)", "CARD023"),
        ("See [docs](https://e.com/%ZZ).", "CARD023"),
        ("See [docs](https://e.com/a%20b).", None),
        ("See [docs](https://example.com/your-docs).", "CARD023"),
        ("See [docs](https://e.com/docs).", None),
        ("See [docs](link to docs).", "CARD023"),
        ("It is f[x](x, y).", None),
        ("See [us](https://team@contoso.com).", "CARD023"),
        ("![a](data:image/png;base64,)", "CARD023"),
        ("See [a](https://e.com/?utm_source=chatgpt.com).", "CARD023"),
        ("Write to <mailto:team>.", "CARD023"),
        ("Write to team@contoso..com.", "CARD023"),
        ("Write to team@@contoso.com.", "CARD023"),
        ("Write to user@example.com", "CARD023"),
        ("The page: https://", "CARD023"),
        ("It begins with https://, as all do.", None),
        ("Write to team@contoso.com, or in Python `a@@b.c`.", None),
        ("See <a>https://e.com</a>.", "CARD022"),
        ("# Usage\n\nSee [x](#Usage).", "CARD024"),
        ("# Usage\n\nSee [x](#usage).", None),
        ('<a name="Usage"></a>\n\nSee [x](#Usage).', None),
        ("<b><i>x</b></i>", "CARD055"),
        ("<b><i>x</i></b>", None),
        ("<p align=center>x<p>", "CARD055"),
        ("<p>x\n<p>y</p>", None),
        ("< b>x</ b>", "CARD055"),
        ("a < b and c > d", None),
        ("Line<br/ >next", "CARD055"),
        ("<table>\n<tr><td>a</td><td>b</td></tr>\n<tr><td>a</td></tr>\n</table>", "CARD055"),
        ('<table>\n<tr><td>a</td><td>b</td></tr>\n<tr><td colspan="2">a</td></tr>\n</table>', None),
        ("<summary>x</summary>", "CARD055"),
        ("<details><summary>x</summary>\n\ny\n\n</details>", None),
    ],
)
def test_links_mailboxes_and_html(text: str, code: str | None) -> None:
    assert found_in(text) == ({code} if code else set())


@pytest.mark.parametrize(("text", "says_nothing"), [("This is a model.", True), ("This is a model of wine.", False)])
def test_a_card_that_says_nothing(text: str, says_nothing: bool) -> None:
    assert ("CARD052" in {one.code for one in findings(described(f"# Little\n\n{text}\n"))}) is says_nothing


@pytest.mark.parametrize(
    ("key", "text", "code"),
    [
        ("summary", "Predicts the the quality of wine.", "CARD065"),
        ("summary", "Predicts the quality of wine.", None),
        ("summary", "summary", "CARD010"),
        ("displayName", "My model", "CARD010"),
        ("displayName", "Wine model", None),
        ("summary", "A short description of the model.", "CARD010"),
        ("summary", "Sure! Here is a summary: wine.", "CARD010"),
        ("publisher", "publisher", "CARD010"),
    ],
)
def test_texts_of_the_metadata(key: str, text: str, code: str | None) -> None:
    base = described("A model of some size.\n")
    found = findings(replace(base, metadata={**base.metadata, key: text}), "CARD010", "CARD065")
    assert {one.code for one in found} == ({code} if code else set())


@pytest.mark.parametrize("form", FORMS, ids=lambda one: one.signs[0])
@settings(max_examples=20, derandomize=True)
@given(st.data())
def test_a_form_is_looked_for_wherever_it_would_find_something(form: Form, data: st.DataObject) -> None:
    drawn = data.draw(st.from_regex(re.compile(form.form.pattern, form.form.flags)))
    text = f"{'word ' * 80}\n{drawn}\n{'word ' * 80}\n"
    places = [place for sign, found in places_of_signs(text).items() if sign in form.signs for place in found]
    assert [one.span() for one in near(form.form, text, places)] == [one.span() for one in form.form.finditer(text)]
