"""The three models that the project ships: what their rendered cards say, and what they must never say."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from azureml_publish.assets import LayoutName
from azureml_publish.project import ModelFolder, load_project
from azureml_publish.render import Style, Templates, default_templates, read_sample_links, render_model
from azureml_publish.skus.catalogue import load_catalogue
from azureml_publish.skus.compute import resolve_compute, resolve_presets
from azureml_publish.spec import HubSource, SampleRow

ROOT = Path(__file__).parents[3]
AS_OF = date(2026, 11, 21)
BASE, LARGE, DISTIL = NAMES = ("bert-base-cased", "bert-large-cased", "distilbert-base-uncased")
HUB = "https://huggingface.co/"
TEACHER = "google-bert/bert-base-uncased"
FINETUNE_HEADING = "Finetuning samples"

FACTS = MappingProxyType(
    {
        BASE: {
            "Class": "BertForMaskedLM",
            "Layers": "12",
            "Hidden size": "768",
            "Attention heads": "12",
            "Feed-forward size": "3,072",
            "Longest input": "512 tokens",
            "Vocabulary": "28,996",
            "Parameters": "about 108 million",
        },
        LARGE: {
            "Class": "BertForMaskedLM",
            "Layers": "24",
            "Hidden size": "1,024",
            "Attention heads": "16",
            "Feed-forward size": "4,096",
            "Longest input": "512 tokens",
            "Vocabulary": "28,996",
            "Parameters": "about 334 million",
        },
        DISTIL: {
            "Class": "DistilBertForMaskedLM",
            "Layers": "6",
            "Hidden size": "768",
            "Attention heads": "12",
            "Feed-forward size": "3,072",
            "Longest input": "512 tokens",
            "Vocabulary": "30,522",
            "Parameters": "about 66 million",
        },
    }
)

# What the papers' and the Hub's tables say of each checkpoint after fine-tuning.
RESULTS = MappingProxyType(
    {
        BASE: {
            "MNLI, matched / mismatched": "84.6 / 83.4",
            "QQP": "71.2",
            "QNLI": "90.5",
            "SST-2": "93.5",
            "CoLA": "52.1",
            "STS-B": "85.8",
            "MRPC": "88.9",
            "RTE": "66.4",
            "Average": "79.6",
        },
        LARGE: {"SQuAD 1.1": "91.5 / 84.8", "MultiNLI": "86.09"},
        DISTIL: {
            "MNLI": "82.2",
            "QQP": "88.5",
            "QNLI": "89.2",
            "SST-2": "91.3",
            "CoLA": "51.3",
            "STS-B": "85.8",
            "MRPC": "87.5",
            "RTE": "59.9",
        },
    }
)

PARAMETERS = MappingProxyType({BASE: "108,310,272", LARGE: "333,579,264", DISTIL: "66,362,880"})
ANSWERS = MappingProxyType({BASE: "beautiful", LARGE: "special", DISTIL: "glorious"})


@dataclass(frozen=True, slots=True)
class Table:
    """A table with the heading it stands under."""

    heading: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A rendered card and what a Markdown reader sees in it."""

    text: str
    headings: tuple[tuple[int, str], ...]
    tables: tuple[Table, ...]
    links: tuple[str, ...]
    fences: tuple[str, ...]

    def table(self, *header: str) -> Table:
        (found,) = (table for table in self.tables if table.header[: len(header)] == header)
        return found


@cache
def folders() -> Mapping[str, ModelFolder]:
    project, mistakes = load_project(ROOT)
    assert project is not None
    assert mistakes == ()
    return {model.folder: model for model in project.models if model.folder in NAMES}


@cache
def card(name: str, layout: LayoutName = "system_metadata") -> Card:
    project, _ = load_project(ROOT)
    assert project is not None
    catalogue = load_catalogue()
    templates = Templates(ROOT, project.templates, default_templates())
    links, mistakes = read_sample_links(templates)
    assert mistakes == ()
    model = folders()[name]
    compute = resolve_compute(model.spec, resolve_presets(project.config, catalogue, AS_OF), catalogue, AS_OF)
    rendered, mistakes = render_model(model, compute.allow_lists, Style(project.config, links, templates, layout))
    assert mistakes == ()
    assert rendered is not None
    (text,) = (file.text for file in rendered.files if file.path == "description.md")
    return read_card(text)


def read_card(text: str) -> Card:
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    headings = tuple(
        (int(token.tag[1:]), tokens[index + 1].content)
        for index, token in enumerate(tokens)
        if token.type == "heading_open"
    )
    children = [child for token in tokens for child in token.children or ()]
    links = tuple(str(child.attrGet("href")) for child in children if child.type == "link_open")
    fences = tuple(token.content for token in tokens if token.type == "fence" and token.info == "json")
    return Card(text, headings, tuple(tables(tokens)), links, fences)


def tables(tokens: list[Token]) -> Iterator[Table]:
    heading = ""
    rows: list[list[str]] = []
    for before, token in itertools.pairwise(tokens):
        if before.type == "heading_open":
            heading = token.content
        elif token.type == "table_open":
            rows = []
        elif token.type == "tr_open":
            rows.append([])
        elif before.type in {"th_open", "td_open"}:
            rows[-1].append(token.content)
        elif token.type == "table_close":
            header, *body = map(tuple, rows)
            yield Table(heading, header, tuple(body))


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.:;?])\s+|\n- ", text)


def plain(text: str) -> str:
    return text.replace("`", "")


@pytest.mark.parametrize("name", NAMES)
def test_the_architecture_is_that_of_the_checkpoint(name: str) -> None:
    found = {key: plain(value) for key, value in card(name).table("Property", "Value").rows}
    for key, value in FACTS[name].items():
        assert re.match(rf"{re.escape(value)}\b", found[key]), f"{key}: {found[key]}"
    assert PARAMETERS[name] in card(name).text


@pytest.mark.parametrize("name", NAMES)
def test_the_results_are_those_of_the_checkpoint(name: str) -> None:
    (table,) = (table for table in card(name).tables if table.heading == "Evaluation Results")
    assert {row[0]: row[-1] for row in table.rows} == RESULTS[name]


def test_the_other_counts_of_the_large_model_are_explained() -> None:
    assert "340 million" in card(LARGE).text
    assert any("336 million" in part and "uncased sibling" in part for part in sentences(card(LARGE).text))


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_named_by_repository_and_commit(name: str) -> None:
    source = folders()[name].spec.source
    assert isinstance(source, HubSource)
    assert HUB + source.huggingface in card(name).links
    assert f"`{source.revision}`" in card(name).text
    assert f"`{folders()[name].spec.license}`" in card(name).text


@pytest.mark.parametrize("name", NAMES)
def test_nothing_unfinished_or_broken_is_said(name: str) -> None:
    text = card(name).text
    for forbidden in ("todo", "coming soon", "chatgpt", "placeholder", "http://"):
        assert forbidden not in text.lower()
    for forbidden in ("[mask]", "\u00a0", "\u00c2", "\ufffd", "{{", "{%"):
        assert forbidden not in text
    assert "`[MASK]`" in text


@pytest.mark.parametrize("name", NAMES)
def test_blank_lines_and_size(name: str) -> None:
    text = card(name).text
    assert text == text.strip() + "\n"
    assert "\n\n\n" not in text
    assert not re.search(r"[ \t]+$", text, re.MULTILINE)
    assert re.findall(r"[^\n]\n#+ |^#+ .*\n[^\n]", text, re.MULTILINE) == []
    assert 3000 < len(text.encode()) < 8192


@pytest.mark.parametrize("name", NAMES)
def test_every_table_row_is_as_wide_as_its_header(name: str) -> None:
    # A Markdown reader fills up and cuts off rows, so the bars in the source are counted.
    lines = re.sub(r"```.*?```", "", card(name).text, flags=re.DOTALL).splitlines()
    blocks = [list(block) for is_row, block in itertools.groupby(lines, lambda line: line.startswith("|")) if is_row]
    assert len(blocks) == len(card(name).tables)
    for block in blocks:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block}
        assert len(widths) == 1, block
    assert all(cell for table in card(name).tables for row in table.rows for cell in row)


@pytest.mark.parametrize("name", [BASE, LARGE])
def test_a_cased_card_speaks_of_a_cased_model(name: str) -> None:
    text = card(name).text
    assert "case-sensitive" in text
    for part in sentences(text):
        assert "uncased" not in part or "sibling" in part
        assert "lower-cased" not in part or "Nothing is lower-cased" in part
    assert "lowercased" not in text


def test_the_uncased_card_speaks_of_an_uncased_model() -> None:
    text = card(DISTIL).text
    assert "All text is lower-cased" in text
    assert "case-sensitive" not in text


def test_distilbert_has_no_next_sentence_prediction() -> None:
    named = re.compile(r"next[ -]sentence|\bNSP\b", re.IGNORECASE)
    claims = [part for part in sentences(card(DISTIL).text) if named.search(part)]
    assert claims
    assert all(re.search(r"\b(not|without|no)\b", claim) for claim in claims)
    objectives = card(DISTIL).text.partition("## Objectives")[2].partition("## ")[0]
    assert len(re.findall(r"^- \*\*", objectives, re.MULTILINE)) == 3


@pytest.mark.parametrize("name", [BASE, LARGE])
def test_bert_has_both_objectives(name: str) -> None:
    objectives = card(name).text.partition("## Objectives")[2].partition("## ")[0]
    assert len(re.findall(r"^- \*\*", objectives, re.MULTILINE)) == 2
    assert "next sentence" in objectives.lower()


@pytest.mark.parametrize("name", NAMES)
def test_the_finetune_table_is_there_if_and_only_if_there_are_finetune_tasks(name: str) -> None:
    tasks = folders()[name].spec.tasks.finetune
    shown = [row[0] for table in card(name).tables if table.heading == FINETUNE_HEADING for row in table.rows]
    assert shown == [task.replace("-", " ").capitalize() for task in tasks]
    assert (FINETUNE_HEADING in [title for _, title in card(name).headings]) == bool(tasks)


@pytest.mark.parametrize("name", NAMES)
def test_the_samples_are_those_of_the_folder(name: str) -> None:
    samples = [
        json.loads((ROOT / "models" / name / "samples" / f"{kind}.json").read_text(encoding="utf-8"))
        for kind in ("input", "output")
    ]
    assert [json.loads(fence) for fence in card(name).fences] == samples
    assert samples == [
        {"input_data": ["Paris is the [MASK] of France.", "Today is a [MASK] day!"]},
        ["capital", ANSWERS[name]],
    ]


@pytest.mark.parametrize("name", NAMES)
def test_no_heading_level_is_skipped(name: str) -> None:
    levels = [1, *(level for level, _ in card(name).headings)]
    assert all(below - above <= 1 for above, below in itertools.pairwise(levels))
    titles = [title for level, title in card(name).headings if level == 1]
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_to_this_model_and_to_no_other(name: str) -> None:
    source = folders()[name].spec.source
    assert isinstance(source, HubSource)
    assert all(link.startswith("https://") for link in card(name).links)
    pages = {link.removeprefix(HUB) for link in card(name).links if link.startswith(HUB)}
    models = {page for page in pages if not page.startswith("datasets/")}
    assert models == {source.huggingface} | ({TEACHER} if name == DISTIL else set())
    if name == DISTIL:
        assert any(TEACHER in part and "the teacher" in part for part in re.split(r"\.\s", card(name).text))


@pytest.mark.parametrize("name", NAMES)
def test_both_layouts_have_the_same_card(name: str) -> None:
    assert card(name, "tags").text == card(name).text


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(NAMES, 2)))
def test_any_two_cards_differ_in_their_facts(one: str, other: str) -> None:
    first, second = ({row[0]: row[1] for row in card(name).table("Property", "Value").rows} for name in (one, other))
    assert first["Layers"] != second["Layers"]
    assert first["Parameters"] != second["Parameters"]
    assert PARAMETERS[one] not in card(other).text
    paragraphs = [set(card(name).text.partition("# License")[0].split("\n\n")) for name in (one, other)]
    shared = {text for text in paragraphs[0] & paragraphs[1] if text and not text.startswith("#")}
    assert shared == set()


def test_the_sample_links_have_targets_and_short_names() -> None:
    links, mistakes = read_sample_links(Templates(ROOT, ROOT / "templates", default_templates()))
    assert mistakes == ()
    tables_by_kind = (links.inference, links.evaluation, links.finetune)
    rows: list[SampleRow] = [row for table in tables_by_kind for task in table.values() for row in task]
    assert rows
    for row in rows:
        targets = [link for link in (row.notebook, row.cli) if link]
        assert targets
        for link in targets:
            assert re.fullmatch(r"[a-z0-9-]+\.(ipynb|sh|yml)", link.text)
            assert "github.com" not in link.url or re.search(r"/(blob|tree)/main/", link.url)
    assert all(row.type in {"Real time", "Batch"} for task in links.inference.values() for row in task)
    assert {"fill-mask", "text-classification", "token-classification", "question-answering"} <= set(links.inference)
