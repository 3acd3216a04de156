"""What templates may not do: leave the sandbox, run for ever, grow without end."""

from __future__ import annotations

import time

import pytest

from azureml_publish.render import Templates, default_templates
from azureml_publish.render.budget import CHARGES_PER_LOOK
from tests.unit.render.conftest import Workshop


def grow(start: str, step: str, then: str = "") -> str:
    """A card that grows `n.s` by a step, time and again."""
    loop = f"{{% for i in range(99) %}}{{% set n.s = {step} %}}{{% endfor %}}"
    return f"{{% set n = namespace(s={start}) %}}{loop}{then}"


def repeat(body: str, times: int = 9999) -> str:
    return f"{{% for i in range({times}) %}}{body}{{% endfor %}}"


RUNAWAYS = {
    "nested loops": repeat(repeat(repeat(""))),
    "recursive loop": "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "wide recursive loop": "{% for a in range(9999) recursive %}{% if loop.depth == 1 %}{{ loop(range(99999)) }}"
    "{% endif %}{% endfor %}",
    "recursion": "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "block calling itself": "{% block a %}{{ self.a() }}{% endblock %}",
    "including itself": "{% include 'models/little/card.md.j2' %}",
    "extending itself": "{% extends 'models/little/card.md.j2' %}",
    "joined text": grow("'x'", "n.s ~ n.s"),
    "added text": grow("'x'", "n.s + n.s"),
    "added lists": grow("[1]", "n.s + n.s"),
    "nested lists": grow("[1]", "[n.s, n.s]", "{{ n.s }}"),
    "nested lists as YAML": grow("[1]", "[n.s, n.s]", "{{ n.s | yaml }}"),
    "nested lists compared": grow("[1]", "[n.s, n.s]", "{{ n.s == [n.s, n.s] }}"),
    "nested namespaces": grow("1", "namespace(a=n.s, b=n.s)", "{{ n.s }}"),
    "set blocks": "{% set n = namespace(s='x') %}"
    + repeat("{% set t %}{{ n.s }}{{ n.s }}{% endset %}{% set n.s = t %}"),
    "replace filter": grow("'xx'", "n.s | replace('x', n.s)"),
    "replace method": grow("'xx'", "n.s.replace('x', n.s)"),
    "join filter": grow("'x'", "[n.s, n.s] | join"),
    "join method": grow("'xx'", "n.s.join([n.s, n.s])"),
    "static text in a loop": repeat("y" * 1000),
    "static text in a macro": "{% macro m() %}" + "y" * 9999 + "{% endmacro %}" + repeat("{% set x = m() %}"),
    "static text included": repeat("{% include 'long.txt' %}"),
    "squared numbers": grow("9", "n.s * n.s"),
    "powers": "{{ 9 ** 9 ** 9 }}",
    "text times a number": "{{ 'x' * 999999999 }}",
    "a number times text": "{{ 999999999 * 'x' }}",
    "a list times a number": "{{ [1] * 999999999 }}",
    "long range": "{{ range(999999999) | list }}",
    "width of a filter": "{{ 'x' | center(999999999) }}",
    "width of a method": "{{ 'x'.ljust(999999999) }}",
    "indent of a filter": "{{ 'x' | indent(999999999) }}",
    "indent of JSON": "{{ range(9999) | list | tojson(indent=999999) }}",
    "many wide texts": repeat("{% set x = 'x'.ljust(999999) %}"),
    "format": "{{ '{:999999999}'.format(1) }}",
    "format_map": "{{ '{a:999999999}'.format_map({'a': 1}) }}",
    "percent": "{{ '%999999999d' % 1 }}",
    "sorting": repeat("{% set x = range(99999) | sort %}"),
    "summing": repeat("{% set x = range(99999) | sum %}"),
    "searching": repeat("{% if 'z' in range(99999) %}{% endif %}"),
    "searching by test": "{{ range(99999) | select('in', range(99999)) | list | length }}",
    "bytes": "{{ 'x'.encode() }}",
    "a doubled tuple as a key": grow("(1,)", "(n.s, n.s)", "{{ {n.s: 1} }}"),
    "a doubled tuple as an index": grow("(1,)", "(n.s, n.s)", "{{ {}[n.s] }}"),
    "a deep tuple as a key": "{% set n = namespace(s=(1,)) %}"
    + repeat("{% set n.s = (n.s,) %}", 60_000)
    + "{{ {n.s: 1} }}",
    "a deep list": grow("[1]", "[n.s]", repeat("{% set n.s = [n.s] %}", 999) + "{{ n.s }}"),
    "copied slices": "{% set xs = range(99999) | list %}" + repeat("{% set x = xs[1:] %}"),
    "summed lists": repeat("{% set x = [[1]] | sum(start=[]) %}", 1),
    "includes that are not there": repeat("{% include 'nothing' ignore missing %}"),
    "a list of includes": repeat("{% include ['a', 'b', 'c', 'd', 'e'] ignore missing %}", 2000),
    "text in a block": "{% block a %}" + "y" * 1000 + "{% endblock %}" + repeat("{% set x = self.a() %}"),
    "blocks in blocks": "".join(
        f"{{% block b{i} %}}{{{{ self.b{i + 1}() }}}}{{{{ self.b{i + 1}() }}}}{{% endblock %}}" for i in range(26)
    )
    + "{% block b26 %}{% endblock %}",
    "loops nested too deep": "{% for a in [1] %}" * 25 + "{% endfor %}" * 25,
    "blocks nested too deep": "{% if 1 %}" * 110 + "{% endif %}" * 110,
    "the striptags method": "{{ ('<' | safe).striptags() }}",
    "the sandbox's own filters": "{{ [-1000000] | map(':static') | list }}",
}


@pytest.mark.long
@pytest.mark.parametrize("card", RUNAWAYS.values(), ids=RUNAWAYS)
def test_a_runaway_is_stopped_quickly(workshop: Workshop, card: str) -> None:
    workshop.write({"templates/long.txt": "y" * 1000})
    begun = time.thread_time()
    found = workshop.failure(card=card)
    assert time.thread_time() - begun < 10
    assert found.code == "TMPL003"
    assert found.location.path == "models/little/card.md.j2" or "long.txt" in found.location.path
    assert found.message.startswith("The template was stopped: ")


ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ '' | attr('__class__') }}",
    "{{ self.__init__.__globals__ }}",
    "{{ model.__class__ }}",
    "{{ (model.name.upper).__self__.__class__ }}",
    "{{ range.__init__.__globals__ }}",
    "{% macro m() %}{% endmacro %}{{ m.__call__.__func__.__globals__ }}",
    "{{ model.update({'name': 'other'}) }}",
    "{{ model.tasks.clear() }}",
    "{{ [].append(1) }}",
    "{{ namespace.__init__.__globals__ }}",
]


@pytest.mark.parametrize("card", ESCAPES)
def test_the_sandbox_has_no_way_out(workshop: Workshop, card: str) -> None:
    found = workshop.failure(card=card)
    assert found.code == "TMPL003"
    assert "unsafe" in found.message


@pytest.mark.parametrize("card", ["{{ lipsum() }}", "{{ cycler }}", "{{ joiner }}", "{{ os }}", "{{ open('x') }}"])
def test_what_is_random_or_from_outside_does_not_exist(workshop: Workshop, card: str) -> None:
    assert workshop.failure(card=card).code == "TMPL001"


@pytest.mark.parametrize(
    "name", ["random", "pprint", "urlize", "xmlattr", "format", "wordwrap", "striptags", "_static(-1)", "_each(-1)"]
)
def test_filters_that_are_unsteady_do_not_exist(workshop: Workshop, name: str) -> None:
    found = workshop.failure(card=f"line\n{{{{ 'x' | {name} }}}}")
    assert (found.code, found.location.line) == ("TMPL002", 2)


@pytest.mark.parametrize("path", ["../../publish.yaml", "/etc/passwd", "../model.yaml"])
def test_no_template_is_read_from_outside_the_folders(workshop: Workshop, path: str) -> None:
    found = workshop.failure(card=f"{{% include '{path}' %}}")
    assert found.code == "TMPL004"


@pytest.mark.parametrize(
    ("card", "text"),
    [
        ("{{ model.name | replace('-', ' ') | upper | center(10) }}", "  LITTLE  "),
        ("{{ 433270272 | filesizeformat }}", "433.3 MB"),
        ("{{ [1, 2] | map('string') | join(', ') ~ '!' }}", "1, 2!"),
        ("{{ model.name.replace('i', 'a').title() }}", "Lattle"),
        ("{% for key, value in {'b': 1, 'a': 2}.items() %}{{ key }}{{ value }}{% endfor %}", "b1a2"),
        ("{{ 3 * 4 + 1 }} {{ 7 % 4 }} {{ 1 < 2 }}", "13 3 True"),
        ("{% if nothing is defined %}x{% else %}y{% endif %}", "y"),
        ("{{ ['b', 'a'] | sort | first }}{{ 'x' in 'xyz' }}", "aTrue"),
    ],
)
def test_what_a_card_needs_is_allowed(workshop: Workshop, card: str, text: str) -> None:
    assert workshop.card(card) == text


def test_a_budget_is_one_renderings_own(workshop: Workshop) -> None:
    card = "{% for i in range(60000) %}{% endfor %}done"
    assert [workshop.card(card), workshop.card(card)] == ["done", "done"]


def test_includes_count_each_time(workshop: Workshop) -> None:
    """Twenty-six templates that include the next one twice: 67 million inclusions."""
    workshop.write({f"templates/t{i}": f"{{% include 't{i + 1}' %}}" * 2 for i in range(26)})
    workshop.write({"templates/t26": "x"})
    assert workshop.failure(card="{% include 't0' %}").code == "TMPL003"


def test_blocks_count_in_the_loop_of_another_template(workshop: Workshop) -> None:
    workshop.write({"templates/base.md": repeat("{% block a scoped %}{% endblock %}")})
    card = "{% extends 'base.md' %}{% block a %}" + "y" * 1000 + "{% endblock %}"
    found = workshop.failure(card=card)
    assert found.code == "TMPL003"
    assert "characters" in found.message


def test_a_model_has_a_time_and_each_model_its_own(workshop: Workshop) -> None:
    """The clock goes on by a second with each look at it."""
    now = iter(range(10**9))
    templates = Templates(
        workshop.root, workshop.root / "templates", default_templates(), clock=lambda: float(next(now))
    )
    path = workshop.root / "models/little/card.md.j2"
    with templates.one_model():
        text, found = templates.render_card(path, "{{ 1 }}{{ 2 }}", {})
        assert (text, found) == ("12", ())
        _, found = templates.render_card(path, "{{ 1 }}" * 9 * CHARGES_PER_LOOK, {})
        assert [one.code for one in found] == ["TMPL003"]
        assert "more than 10 seconds for one model" in found[0].message
        assert found[0].hint
    with templates.one_model():
        assert templates.render_card(path, "{{ 1 }}", {}) == ("1", ())


@pytest.mark.parametrize("card", ["{{ 1 | map() }}", "{{ [1] | map('x', 1) | list }}", "{{ [] | first + 1 }}"])
def test_an_error_of_jinja_is_a_finding(workshop: Workshop, card: str) -> None:
    assert workshop.failure(card=card).code in ("TMPL001", "TMPL003", "TMPL005")
