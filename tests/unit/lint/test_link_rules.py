"""Rules on links: which uses of a card are asked about, which moves are worth a word, and what the mend writes."""

from __future__ import annotations

import pytest

from azureml_publish.diagnostics import Diagnostic, Edit, Location
from azureml_publish.lint.engine import ONLINE_CHECKS, Card, LinkUse, check
from azureml_publish.lint.online.answers import LinkAnswer, LinkState
from azureml_publish.lint.online_subjects import _uses


def uses(text: str) -> list[LinkUse]:
    return list(_uses(Card(text, lambda line, column: Location("card.md", line, column))))


def moved(url: str, target: str) -> list[Diagnostic]:
    (use,) = uses(f"[page]({url})\n")
    return list(check(use, LinkAnswer(LinkState.FINE, "answers 200", target), checks=ONLINE_CHECKS))


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://aka.ms/azureml", "https://learn.microsoft.com/azure/"),
        ("https://doi.org/10.1/x", "https://journal.net/x"),
        ("http://pages.net/a", "https://pages.net/a"),
        ("https://pages.net/a", "https://www.pages.net/a/"),
        ("https://learn.microsoft.com/azure", "https://learn.microsoft.com/en-us/azure"),
        ("https://pages.net/caf%C3%A9", "https://pages.net/café"),
    ],
)
def test_moves_that_nobody_needs_to_hear_of(url: str, target: str) -> None:
    assert moved(url, target) == []


@pytest.mark.parametrize(
    ("url", "target", "written"),
    [
        ("https://pages.net/a", "https://pages.net/b", "https://pages.net/b"),
        ("https://pages.net/a#part", "https://pages.net/b", "https://pages.net/b#part"),
        ("https://pages.net/a#part", "https://pages.net/b#here", "https://pages.net/b#here"),
        ("https://huggingface.co/bert", "https://huggingface.co/org/bert", "https://huggingface.co/org/bert"),
        ("https://pages.net/a?x=1&amp;y=2", "https://pages.net/b?x=1&y=2", "https://pages.net/b?x=1&y=2"),
    ],
)
def test_the_fix_of_a_move_is_for_people_to_look_at(url: str, target: str, written: str) -> None:
    (found,) = moved(url, target)
    assert found.hint == f"Write {written}."
    assert found.fix is not None
    assert not found.fix.safe
    assert found.fix.edits == (Edit(1, 8, 1, 8 + len(url), written),)


@pytest.mark.parametrize("target", ["https://pages.net/b(c)", "https://pages.net/b|c", "https://pages.net/[b]"])
def test_what_markdown_would_take_for_something_else_is_not_written(target: str) -> None:
    (found,) = moved("https://pages.net/a", target)
    assert found.fix is None


def test_a_front_page_in_the_place_of_a_page_is_a_warning_without_a_fix() -> None:
    (found,) = moved("https://pages.net/a", "https://pages.net/")
    assert (found.code, str(found.severity), found.fix) == ("LINK002", "warning", None)


@pytest.mark.parametrize(
    "text",
    [
        "`https://pages.net/`",
        "[mail](mailto:me@pages.net)",
        "[here](#part)",
        "[file](notes.md)",
        "[password](https://me:secret@pages.net/)",
        "[pattern](https://{region}.pages.net/)",
        "[pattern](https://pages.net/<name>)",
        "https://example.com/a and http://a.test/ and https://model.example.org",
        "[port](https://pages.net:port/)",
        "[none](https://[::1/)",
        "[broken](https://pages.net/a b)",
    ],
)
def test_what_is_not_asked_about(text: str) -> None:
    assert uses(text) == []


def test_a_link_is_asked_about_without_what_no_server_sees() -> None:
    assert [use.url for use in uses("[a](https://pages.net/a#b) <a href='https://pages.net/?a=1&amp;b=2'>x</a>\n")] == [
        "https://pages.net/a",
        "https://pages.net/?a=1&b=2",
    ]
