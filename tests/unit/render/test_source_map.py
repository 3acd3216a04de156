"""Where each character of a card was written: the trace of its rendering, and edits carried over to the templates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azureml_publish.assets import RenderedModel
from azureml_publish.diagnostics import Edit, Location
from azureml_publish.origins import SourceMap, Stretch
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.run import RunContext
from azureml_publish.project import ModelFolder
from azureml_publish.render import Style, Templates, default_templates, read_sample_links, render_model, trace_card
from azureml_publish.render.tracing import traced_values
from azureml_publish.skus.compute import resolve_compute

ROOT = Path(__file__).parents[3]
SPEC = """\
name: little
version: 1
source: {huggingface: org/little, revision: 5532cc56f74641d4bb33641f5c76a55d11f846e0}
license: mit
tasks: {inference: fill-mask}
"""
OWN = "models/little/card.md.j2"


def rendered(root: Path) -> Iterator[tuple[ModelFolder, RenderedModel, SourceMap]]:
    """Each model of a project, with where its card was written."""
    loaded = load(RunContext(root, {}, date(2026, 11, 21)), (), Settings())
    assert loaded.subject is not None
    project = loaded.subject.project
    templates = Templates(project.root, project.templates, default_templates())
    style = Style(project.config, read_sample_links(templates)[0], templates, project.config.layout)
    for folder in loaded.folders:
        compute = resolve_compute(
            folder.spec, loaded.subject.presets, loaded.subject.catalogue, loaded.subject.as_of
        ).allow_lists
        model, _ = render_model(folder, compute, style)
        trace = trace_card(folder, compute, style)
        assert model is not None
        assert trace is not None
        assert trace.text == model.asset.description
        yield folder, model, trace


def traced(root: Path, card: str, **files: str) -> SourceMap:
    folder = root / "models" / "little"
    (folder / "samples").mkdir(parents=True)
    (root / "templates").mkdir()
    (root / "publish.yaml").write_text("", encoding="utf-8")
    (folder / "model.yaml").write_text(SPEC, encoding="utf-8")
    (folder / "card.md.j2").write_bytes(card.encode())
    for name, text in files.items():
        path = folder / "samples" / "input.json" if name == "sample" else root / "templates" / f"{name}.md.j2"
        path.write_text(text, encoding="utf-8")
    ((_, _, trace),) = rendered(root)
    return trace


def at(trace: SourceMap, text: str) -> str:
    """The place of a text of the card."""
    before = trace.text[: trace.text.index(text)]
    place = trace.place(before.count("\n") + 1, len(before) - before.rfind("\n"))
    assert place is not None
    return f"{place.path}:{place.line}:{place.column}"


def test_the_shipped_models_are_traced_to_the_byte() -> None:
    found = list(rendered(ROOT))
    assert len(found) == 3
    for folder, _, trace in found:
        lines = trace.text.split("\n")[:-1]
        places = [trace.place(number, 1) for number in range(1, len(lines) + 1)]
        card = folder.card_path
        own = [
            (place.line, line)
            for place, line in zip(places, lines, strict=True)
            if place and place.path == card and place.column == 1
        ]
        source = folder.card.split("\n")
        assert len(own) > 50
        assert all(source[number - 1] == line for number, line in own if "{{" not in source[number - 1])


@pytest.mark.parametrize(
    ("card", "text", "place"),
    [
        ("one\ntwo\n", "two", f"{OWN}:2:1"),
        ("one\r\ntwo\r\n", "two", f"{OWN}:2:1"),
        ("{# a\nremark #}\none two\n", "two", f"{OWN}:3:5"),
        ("{% if true %}\n  one\n  {% endif %}\ntwo\n", "one", f"{OWN}:2:3"),
        ("{% if true %}\n  one\n  {% endif %}\ntwo\n", "two", f"{OWN}:4:1"),
        ("one   {%- if true %} two{% endif %}\n", "two", f"{OWN}:1:22"),
        ("{% for x in [1, 2] %}a b c{{ x }}\n{% endfor %}", "c2", f"{OWN}:1:26"),
        ("{% raw %}{{ this }}{% endraw %} that", "this", f"{OWN}:1:13"),
        ("{% set x %}one\ntwo{% endset %}{{ x }}", "two", f"{OWN}:2:1"),
        ("{% macro m() %}one\ntwo{% endmacro %}{{ m() | trim }}", "two", f"{OWN}:2:1"),
        ("{% filter indent(2) %}one\ntwo\n{% endfilter %}", "two", f"{OWN}:2:1"),
        ("{% filter replace('x', 'y') %}one\nxx two\n{% endfilter %}", "yy two", f"{OWN}:2:1"),
        ("{% set x %} one {% endset %}{{ x.strip() ~ '!' }}", "one", f"{OWN}:1:13"),
        ("one {{ 1 + 1 }}", "2", f"{OWN}:1:5"),
        ("under {{ model.license }} terms", "mit", "models/little/model.yaml:4:1"),
        ("under {{ model.license | upper }} terms", "MIT", "models/little/model.yaml:4:1"),
        ("{% set it = model.source %}{{ it.huggingface }}", "org", "models/little/model.yaml:3:10"),
        ("{% for kind in samples %}{{ samples[kind] }}{% endfor %}", "two", "models/little/samples/input.json:2:15"),
        ("{% include 'other.md.j2' %}", "there", "templates/other.md.j2:2:1"),
        (
            "{% extends 'base.md.j2' %}{% block b %}{{ super() }} mine{% endblock %}",
            "base",
            "templates/base.md.j2:1:15",
        ),
        ("{% extends 'base.md.j2' %}{% block b %}{{ super() }} mine{% endblock %}", "mine", f"{OWN}:1:54"),
        ("{{ {'a': [model.license]} | yaml }} end", "mit", f"{OWN}:1:1"),
    ],
)
def test_a_text_is_placed_where_it_was_written(tmp_path: Path, card: str, text: str, place: str) -> None:
    sample = '{\n    "input": "two"\n}\n'
    trace = traced(tmp_path, card, sample=sample, other="here\nthere\n", base="{% block b %} base{% endblock %}\n")
    assert at(trace, text) == place


def edited(trace: SourceMap, old: str, new: str) -> tuple[str, Edit] | None:
    start = trace.text.index(old)
    before, through = trace.text[:start], trace.text[: start + len(old)]
    edit = Edit(
        before.count("\n") + 1,
        len(before) - before.rfind("\n"),
        through.count("\n") + 1,
        len(through) - through.rfind("\n"),
        new,
    )
    return trace.edit(edit)


def test_an_edit_of_text_that_stands_in_a_template_is_carried_there(tmp_path: Path) -> None:
    trace = traced(tmp_path, "{# a\nremark #}\none two\nthree {{ model.license }}\n")
    assert edited(trace, "two\nthree", "2") == (OWN, Edit(3, 5, 4, 6, "2"))
    assert edited(trace, "", "x") == (OWN, Edit(3, 1, 3, 1, "x"))


@pytest.mark.parametrize("old", ["mit", "three mit", "e\nthree m", "one{}two"])
def test_an_edit_of_text_that_an_expression_made_is_refused(tmp_path: Path, old: str) -> None:
    trace = traced(tmp_path, "one{# gone #}two one\nthree {{ model.license }}\n")
    assert edited(trace, old.replace("{}", ""), "") is None


def test_stretches_count_lines_and_columns() -> None:
    trace = SourceMap([Stretch("a\nbc", Location("x", 7, 5), verbatim=True), Stretch("", None), Stretch("d", None)])
    assert trace.place(1, 1) == Location("x", 7, 5)
    assert trace.place(2, 2) == Location("x", 8, 2)
    assert trace.place(2, 3) is None
    assert SourceMap([]).place(1, 1) is None
    assert SourceMap([]).edit(Edit(1, 1, 1, 1, "x")) is None


PIECES = st.sampled_from(
    [
        "text\n", " a ", "\n\n", "é日🎉", "{{ model.license }}", "{{ model.source.huggingface | upper | trim }}",
        "{% if true %}\n", "{% if true %}", "{% set x %} s {% endset %}", "{{ x | default('') }}", "{# remark #}\n",
        "{%- set y = 'q' -%}", "{{ ('<' ~ model.name ~ '>')[1:] }}", "{{ model.name + '!' }}",
        "{% raw %}{{ r }}{% endraw %}",
        "{{ [1, 'a'] | join(', ') }}", "{{ 'l\nm' | indent(2) }}", "<!-- publish: ignore CARD001 so -->\n",
        "|| {{ '%' }}",
        "{% for n in [1, 2] %}", "{% filter trim %}", "{% call(c) m() %}{{ c }} z {% endcall %}",
        "{{ model.tasks | yaml }}",
    ]
)  # fmt: skip
ENDS = {"{% if true": "{% endif %}", "{% for": "{% endfor %}", "{% filter": "{% endfilter %}"}
MACRO = "{% macro m() %} <{{ caller('c') | trim }}> {% endmacro %}"


@settings(deadline=None, max_examples=60)
@given(st.lists(PIECES, max_size=12))
def test_a_trace_reads_as_the_card_whatever_the_template_does(pieces: list[str]) -> None:
    opened = [next((end for begin, end in ENDS.items() if piece.startswith(begin)), "") for piece in pieces]
    card = MACRO + "".join(pieces) + "".join(reversed(opened))
    templates = Templates(Path("p"), Path("p/none"), ROOT / "templates")
    values: dict[str, Any] = {
        "model": {"license": "mit\n", "name": "n", "source": {"huggingface": "o/l"}, "tasks": {"a": ["b"]}}
    }
    text, found = templates.render_card(Path("p/card.md.j2"), card, values)
    assert found == ()
    values["model"] = traced_values(values["model"], lambda path: Location("spec", len(path)))
    trace = templates.trace_card(Path("p/card.md.j2"), card, values)
    assert trace is not None
    assert trace.text == text
    for number, line in enumerate(text.split("\n"), 1):
        for column, letter in enumerate(line, 1):
            place = trace.place(number, column)
            assert place is not None
            edited = trace.edit(Edit(number, column, number, column + 1, ""))
            if edited is not None:
                assert card.split("\n")[edited[1].line - 1][edited[1].column - 1] == letter
