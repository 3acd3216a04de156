"""Where templates come from, and where a mistake in one is told: the right file, line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from azureml_publish.render import Templates, default_templates
from tests.unit.render.conftest import SPEC, Workshop


def place(workshop: Workshop, **files: str) -> tuple[str, str]:
    found = workshop.failure(**files)
    return f"{found.location.path}:{found.location.line}:{found.location.column}", found.code


CARD = '{% extends "card.md.j2" %}\n{% block summary %}\n'


@pytest.mark.parametrize(
    ("card", "at"),
    [
        ("{{ nothing }}\n", "1:4"),
        (CARD + "é {{ nothing }}{% endblock %}\n", "3:6"),
        (CARD + "{{ model.nothing }}\n{% endblock %}", "3:10"),
        (CARD + "{{ model.tasks.nothing.deeper }}\n{% endblock %}", "3:16"),
        (CARD + "{% if nothing > 1 %}{% endif %}{% endblock %}", "3:7"),
        ("{% macro m() %}\n{{ nothing }}\n{% endmacro %}\n{{ m() }}", "2:4"),
    ],
)
def test_an_undefined_name_in_a_card_is_told_at_its_place(workshop: Workshop, card: str, at: str) -> None:
    assert place(workshop, card=card) == (f"models/little/card.md.j2:{at}", "TMPL001")


def test_an_undefined_name_in_an_included_template_is_told_there(workshop: Workshop) -> None:
    workshop.write({"templates/parts/note.md": "fine\n  {{ nothing }}\n"})
    card = "{% include 'parts/note.md' %}\n"
    assert place(workshop, card=card) == ("templates/parts/note.md:2:6", "TMPL001")


def test_an_undefined_name_in_an_inherited_template_is_told_there(workshop: Workshop) -> None:
    workshop.write({"templates/card.md.j2": "{% block summary %}{% endblock %}\n\n{{ model.nothing }}\n"})
    assert place(workshop) == ("templates/card.md.j2:3:10", "TMPL001")


def test_an_undefined_name_in_a_spec_template_is_told_there(workshop: Workshop) -> None:
    workshop.write({"templates/asset.yaml.j2": "a: 1\nb: {{ nothing | yaml }}\n"})
    assert place(workshop) == ("templates/asset.yaml.j2:2:7", "TMPL001")


@pytest.mark.parametrize("card", ["{{ [model.nothing] }}", "{{ {'a': nothing} }}", "{{ [nothing] | yaml }}"])
def test_an_undefined_name_within_a_list_is_told_as_well(workshop: Workshop, card: str) -> None:
    assert workshop.failure(card=card).code == "TMPL001"


@pytest.mark.parametrize(
    ("card", "line"),
    [
        ("fine\n{{ }}\n", 2),
        ("{% block a %}\n", 1),
        ("{% endfor %}", 1),
        ("\n\n{% iff x %}", 3),
        ("{{ x | nofilter }}", 1),
    ],
)
def test_a_syntax_error_is_told_at_its_line(workshop: Workshop, card: str, line: int) -> None:
    found = workshop.failure(card=card)
    assert (found.code, found.location.path, found.location.line) == ("TMPL002", "models/little/card.md.j2", line)


def test_a_syntax_error_in_an_included_template_is_told_there(workshop: Workshop) -> None:
    workshop.write({"templates/note.md": "\n{{ }}\n"})
    found = workshop.failure(card="{% include 'note.md' %}")
    assert (found.code, found.location.path, found.location.line) == ("TMPL002", "templates/note.md", 2)


@pytest.mark.parametrize(
    ("card", "at"),
    [
        ("line\n{% include 'nowhere.md' %}\n", "2:13"),
        ("{% extends 'nowhere.md' %}\n", "1:13"),
        ("\n{% from 'nowhere.md' import a %}\n", "2:10"),
    ],
)
def test_a_missing_template_is_told_where_it_is_named(workshop: Workshop, card: str, at: str) -> None:
    assert place(workshop, card=card) == (f"models/little/card.md.j2:{at}", "TMPL004")


@pytest.mark.parametrize("card", ["{{ 1 // 0 }}", "{{ 'x' + 1 }}", "{{ 'x' | round }}", "{{ range(2) | yaml }}"])
def test_an_expression_that_fails_is_told_at_its_line(workshop: Workshop, card: str) -> None:
    found = workshop.failure(card="\n" + card)
    assert (found.code, found.location.line) == ("TMPL005", 2)


def test_each_of_two_broken_templates_is_told(workshop: Workshop) -> None:
    workshop.write({"templates/asset.yaml.j2": "{{ nothing }}"})
    rendered, found = workshop.render(card="{{ nothing }}")
    assert rendered is None
    assert [one.location.path for one in found] == ["models/little/card.md.j2", "templates/asset.yaml.j2"]


def test_a_projects_template_goes_before_the_default_file_by_file(workshop: Workshop) -> None:
    workshop.write({"templates/asset.yaml.j2": "# ours\n{{ asset | yaml }}\n"})
    rendered = workshop.sound()
    assert rendered.file("asset.yaml").text.startswith("# ours\n")
    assert rendered.file("model.yaml").text.startswith("path:\n")


def test_a_projects_template_reaches_the_default_that_it_stands_before(workshop: Workshop) -> None:
    workshop.write({"templates/card.md.j2": '{% extends "default/card.md.j2" %}{% block license %}Ours.{% endblock %}'})
    assert "\n\n# License\n\nOurs.\n\n# How to use it\n" in workshop.sound().asset.description


def test_a_template_of_the_package_is_shown_as_a_default(tmp_path: Path) -> None:
    defaults = tmp_path / "package"
    defaults.mkdir()
    (defaults / "card.md.j2").write_text("{{ nothing }}", encoding="utf-8")
    templates = Templates(tmp_path / "project", tmp_path / "project" / "templates", defaults)
    text, (found,) = templates.render("card.md.j2", {})
    assert text == ""
    assert (found.location.path, found.location.column) == ("<defaults>/card.md.j2", 4)


def test_the_package_carries_every_template(workshop: Workshop) -> None:
    names = {path.name for path in default_templates().iterdir()}
    assert {"card.md.j2", "spec.yaml.j2", "asset.yaml.j2", "model.yaml.j2", "MLmodel.j2"} <= names


def test_one_models_card_is_not_anothers(workshop: Workshop) -> None:
    card = workshop.root / "models/little/card.md.j2"
    templates = Templates(workshop.root, workshop.root / "templates", default_templates())
    assert templates.render_card(card, "first", {}) == ("first", ())
    assert templates.render_card(card, "second", {}) == ("second", ())


LINKS = """\
inference:
  fill-mask:
    - {type: Batch, notebook: {text: "a|b.ipynb", url: https://example.com/a}}
    - {type: Real time}
evaluation:
  fill-mask:
    - {use_case: Masks, dataset: {text: d, url: https://example.com/d}}
finetune:
  text-classification:
    - {use_case: Moods, cli: {text: c.sh, url: https://example.com/c}}
    - {notebook: {text: n.ipynb, url: https://example.com/n}}
"""


def table(card: str, heading: str) -> list[str]:
    below = card.partition(f"# {heading}\n\n")[2].partition("\n# ")[0]
    return [line for line in below.splitlines() if line.startswith("|")]


def test_a_row_without_a_target_and_a_column_without_values_are_not_shown(workshop: Workshop) -> None:
    workshop.write({"templates/sample-links.yaml": LINKS})
    card = workshop.sound().asset.description
    assert table(card, "Inference samples") == [
        "| Inference type | Python sample (Notebook) |",
        "| --- | --- |",
        r"| Batch | [a\|b.ipynb](https://example.com/a) |",
    ]
    assert "Model Evaluation samples" not in card


def test_the_finetune_table_is_there_only_with_finetune_tasks(workshop: Workshop) -> None:
    workshop.write({"templates/sample-links.yaml": LINKS})
    assert "Finetuning samples" not in workshop.sound().asset.description
    spec = SPEC.replace("fill-mask}", "fill-mask, finetune: [text-classification]}")
    assert table(workshop.sound(spec=spec).asset.description, "Finetuning samples") == [
        "| Task | Use case | Python sample (Notebook) | CLI with YAML |",
        "| --- | --- | --- | --- |",
        "| Text classification | Moods |  | [c.sh](https://example.com/c) |",
        "| Text classification |  | [n.ipynb](https://example.com/n) |  |",
    ]


@pytest.mark.parametrize(
    ("links", "place"),
    [
        ("inference: [\n", "templates/sample-links.yaml:1:12 DOC001"),
        ("inferense: {}\n", "templates/sample-links.yaml:1:1 DOC003"),
        ("finetune:\n  a:\n    - {cli: {text: x}}\n", "templates/sample-links.yaml:3:8 DOC004"),
    ],
)
def test_mistakes_in_the_sample_links_are_told(workshop: Workshop, links: str, place: str) -> None:
    workshop.write({"templates/sample-links.yaml": links})
    _, (found,) = workshop.render()
    assert f"{found.location.path}:{found.location.line}:{found.location.column} {found.code}" == place


def test_samples_are_shown_as_json_with_their_own_letters(workshop: Workshop) -> None:
    workshop.write({"models/little/samples/input.json": '{"b":["é"],"a":1}'})
    card = workshop.sound().asset.description
    assert '## Sample input\n\n```json\n{\n    "b": [\n        "é"\n    ],\n    "a": 1\n}\n```\n' in card
    assert "Sample output" not in card


@pytest.mark.parametrize(
    ("card", "places"),
    [
        ("\nLost.\n", ["3:1 TMPL008"]),
        ("  Lost {{ model.name }}.\n", ["2:1 TMPL008"]),
        ("{{ model.name }}\n", ["2:1 TMPL008"]),
        ('{% include "card-sections.md.j2" %}\n', ["2:1 TMPL008"]),
        ("{% if model.name %}\nLost.\n{% endif %}\n", ["3:1 TMPL008"]),
        ("{% block sumary %}x{% endblock %}\n", ["2:10 TMPL009"]),
        (
            "{% set a = 1 %}{# note #}{% macro m() %}text{% endmacro %}\n{% block summary %}{{ a }}{% endblock %}\n",
            [],
        ),
        ("{% block summary %}{% block of_its_own %}x{% endblock %}{% endblock %}\n", []),
        ("<!-- publish: ignore CARD001 why -->\n{% block summary %}x{% endblock %}\n", []),
    ],
)
def test_what_a_card_would_not_show_is_an_error(workshop: Workshop, card: str, places: list[str]) -> None:
    _, found = workshop.render(card='{% extends "card.md.j2" %}\n' + card)
    assert [f"{one.location.line}:{one.location.column} {one.code}" for one in found] == places


def test_notebooks_for_mlflow_models_are_shown_with_no_other_type(workshop: Workshop) -> None:
    links = "inference:\n  fill-mask:\n    - notebook: {text: a.ipynb, url: https://example.org/a}\n"
    workshop.write({"templates/sample-links.yaml": links})
    assert "a.ipynb" in workshop.sound(spec=SPEC).asset.description
    assert "a.ipynb" not in workshop.sound(spec=SPEC + "type: custom_model\n").asset.description
