"""Every rule, shown: a bad project that breaks it at known places, and its good twin. `docs/rules/` says why."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.lint import rules
from azureml_publish.lint.baseline import new_findings, read_baseline, stale_entries
from azureml_publish.lint.built_in import IDENTITY
from azureml_publish.lint.check import COMPARES, Check, finds, rule
from azureml_publish.lint.engine import ALL_CHECKS, ONLINE_CHECKS, Described
from azureml_publish.lint.rule_book import rule_pages, rulebook
from azureml_publish.pipeline.check import check
from azureml_publish.pipeline.lint_assets import lint_assets
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.run import RunContext
from azureml_publish.skus.query import ProblemKind
from tests.unit.lint.examples import EXAMPLES, compose, example, expected_places, shown_codes

ROOT = Path(__file__).parents[3]
TODAY = date(2026, 11, 21)
FAMILIES = {
    "DOC": "Document",
    "SPEC": "Spec",
    "GATE": "Microsoft's catalogue",
    "SKU": "SKU",
    "FT": "Fine-tuning",
    "CARD": "Card",
    "SMPL": "Sample",
    "MATCH": "Across files",
    "TMPL": "Template",
    "LINT": "Linting",
    "PATH": "Path",
    "PKG": "Packaging",
    "LOCK": "Lock",
    "IMP": "Import",
    "LINK": "Link",
    "HOUSE": "A team's own",
    "HUB": "Hub",
    "REG": "Registry",
}


def modules(package: str, *, below: tuple[str, ...] = ()) -> list[str]:
    found = importlib.import_module(package)
    return [
        one.name
        for one in pkgutil.walk_packages(found.__path__, f"{package}.")
        if not one.name.startswith(below) and not one.name.endswith("__main__")
    ]


def every_rule() -> tuple[Rule, ...]:
    """Every rule that any module defines; the emulator finds nothing in what people write."""
    found = {
        value.rule if isinstance(value, Check) else value
        for name in modules("azureml_publish", below=("azureml_publish.emulator",))
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, Rule | Check)
    }
    return tuple(sorted(found, key=lambda rule: rule.code))


RULES = every_rule()
ONLINE = frozenset(check.rule.code for check in ONLINE_CHECKS)
"""Rules on what the network says: no folder can break them. `test_lint_online.py` shows each against real servers."""
CODES = [rule.code for rule in RULES if rule.code not in {*ONLINE, "LOCK004", "SPEC051"}]
"""`test_lock.py` shows LOCK004 against the emulator's Hub, `test_since.py` SPEC051 in a repository."""


def everything(root: Path, *, errors_only: bool = False) -> tuple[Diagnostic, ...]:
    """What is found in an example: a project, perhaps with a baseline, or asset folders below `assets`."""
    run = RunContext(root, {}, TODAY)
    if (root / "assets").is_dir():
        return lint_assets(run, ("assets",), TODAY, cache=False).found
    found = check(run, load(run, (), Settings()), "errors" if errors_only else "all").found
    baseline = root / "baseline.json"
    if baseline.is_file() and not errors_only:
        text = baseline.read_text(encoding="utf-8")
        known = read_baseline(text, baseline.name)
        found = (*new_findings(found, known)[0], *stale_entries(found, known, text, baseline.name))
    return found


def of_rule(code: str, found: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """The findings of one rule. An example may be imperfect in other respects, but nothing else may be an error."""
    others = [place(one) for one in found if one.code != code and one.severity is Severity.ERROR]
    assert others == []
    return tuple(one for one in found if one.code == code)


def place(found: Diagnostic) -> str:
    return f"{found.location.path}:{found.location.line}:{found.location.column} {found.code}"


def sections() -> dict[str, str]:
    """The sections of the rules' documentation by heading."""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "rules").glob("*.md")))
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("code", CODES)
def test_a_bad_example_is_found_at_exactly_its_places_and_its_good_twin_is_clean(code: str, tmp_path: Path) -> None:
    assert of_rule(code, everything(compose("good", code, tmp_path / "good"))) == ()
    bad = compose("bad", code, tmp_path / "bad")
    everywhere = everything(bad)
    found, expected = of_rule(code, everywhere), expected_places(code)
    assert [place(one) for one in found] == expected != []
    (rule,) = (rule for rule in RULES if rule.code == code)
    assert {one.name for one in found} == {rule.name}
    assert rule.severity in {one.severity for one in found}
    for one in found:
        for text in (one.message, one.hint):
            assert text == text.strip()
            assert text[-1] in ".?:" or "`" in text
            assert "  " not in text
        assert one.message[-1] == "."
    page = next(page for page in rule_pages() if page.rule == rule)
    if any(one.fix for one in found):  # and where a program can fix it, the page says how
        assert "--fix" in page.fix or "SARIF" in page.fix
    if not (bad / "assets").is_dir():  # plan and apply look for errors alone, and miss none
        errors = tuple(one for one in everywhere if one.severity is Severity.ERROR)
        assert everything(bad, errors_only=True) == errors


def test_no_example_shows_a_rule_that_is_gone() -> None:
    assert shown_codes("bad") == CODES
    assert set(shown_codes("good")) <= set(CODES)
    named = dict(line.split(": ", 1) for line in (EXAMPLES / "bases.txt").read_text(encoding="utf-8").splitlines())
    assert {*named, "project", "assets"} == {path.name for path in (EXAMPLES / "base").iterdir()}
    assert {code for codes in named.values() for code in codes.split()} <= set(CODES)
    places = (EXAMPLES / "expected.txt").read_text(encoding="utf-8").splitlines()
    assert {line.rpartition(" ")[2] for line in places} == set(CODES)


def test_a_bad_example_holds_only_what_makes_it_bad() -> None:
    for code in CODES:
        good, bad, layer = example("good", code), example("bad", code), EXAMPLES / "bad" / code
        written = {path.relative_to(layer).as_posix() for path in layer.rglob("*") if path.is_file()}
        assert written - {"removed.txt"} == {name for name, content in bad.items() if good.get(name) != content}, code


@pytest.mark.parametrize("code", sorted(ONLINE))
def test_a_rule_without_examples_is_shown_against_servers(code: str) -> None:
    (rule,) = (rule for rule in RULES if rule.code == code)
    shown = (ROOT / "tests" / "cli" / "test_lint_online.py").read_text(encoding="utf-8")
    assert f'("{rule.severity}", "{code}", ' in shown  # found at its place, with its severity


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_is_documented(rule: Rule) -> None:
    section = sections()[f"{rule.code} {rule.name}"]
    assert f"**Severity:** {rule.severity}" in section
    for word in ("**What:**", "**Why:**", "**Bad:**", "**Good:**", "**Fix:**"):
        assert word in section


def test_no_documented_rule_is_gone() -> None:
    documented = [heading for heading in sections() if re.match(r"[A-Z]+[0-9]{3} ", heading)]
    assert sorted(documented) == [f"{rule.code} {rule.name}" for rule in RULES]


def test_codes_and_names_are_unique_and_of_one_form() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)
    for one in RULES:
        assert re.fullmatch(rf"({'|'.join(FAMILIES)})[0-9]{{3}}", one.code)
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", one.name)
        assert one.summary.endswith(".")


def test_every_topic_is_listed_and_every_rule_in_one_topic() -> None:
    names = [f"{rules.__name__}.{path.stem}" for path in Path(rules.__path__[0]).glob("[!_]*.py")]
    assert sorted(names) == sorted(topic.__name__ for topic in (*rules.TOPICS, *rules.ONLINE_TOPICS))
    defined = [one for name in names for one in vars(importlib.import_module(name)).values() if isinstance(one, Check)]
    listed = (*ALL_CHECKS, *ONLINE_CHECKS)
    assert len(defined) == len(listed)
    assert {one.rule for one in defined} == {one.rule for one in listed}


def test_a_rule_is_a_function_of_its_name() -> None:
    named_elsewhere = {"IMP007", "SMPL001", "SPEC015", "SPEC030"}  # reading defines these rules; here are further looks
    for topic in (*rules.TOPICS, *rules.ONLINE_TOPICS):
        for name, one in vars(topic).items():
            if isinstance(one, Check) and one.rule.code not in named_elsewhere:
                assert name == one.rule.name.replace("-", "_")


def test_the_rulebook_knows_every_rule_that_lint_can_tell() -> None:
    assert set(rulebook().rules) == set(RULES)


def test_what_cannot_be_read_or_rendered_is_always_reported() -> None:
    always = {rule.code for rule in RULES} - rulebook().optional
    assert {"DOC001", "TMPL001"} <= always
    assert (always - IDENTITY).isdisjoint(check.rule.code for check in ALL_CHECKS)
    (broken,) = (rule for rule in RULES if rule.code == "SMPL001")
    found = broken.at(Location("a.json"), "It is not JSON.", "Mend it.")
    assert not rulebook().is_optional(found)
    assert rulebook().is_optional(replace(found, severity=Severity.WARNING))


def test_what_is_compared_is_kept() -> None:
    for one in ALL_CHECKS:
        assert one.looks
        assert (one.facts is None) == (COMPARES not in one.looks)


def test_a_function_that_looks_at_nothing_known_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot look at 'str'"):

        @rule("CARD999", "no-such-thing", Severity.INFO, "Nothing.")
        def no_such_thing(text: str) -> Iterator[Diagnostic]:
            yield from ()

    @finds(ALL_CHECKS[0].rule)
    def once(model: Described) -> Iterator[Diagnostic]:
        yield from ()

    with pytest.raises(TypeError, match="cannot look at 'Described'"):
        once.also(lambda_of := once.looks["Described"])
    assert once.looks == {"Described": lambda_of}


@pytest.mark.parametrize("kind", get_args(ProblemKind))
def test_every_kind_of_sku_problem_belongs_to_exactly_one_rule(kind: str) -> None:
    calls = [
        call
        for path in Path(rules.__path__[0]).glob("sku_*.py")
        for call in re.findall(r"kinds: .* = (.*)|list_problems\(\w+, subject, ([^)]*)\)", path.read_text())
    ]
    assert sum(f'"{kind}"' in "".join(call) for call in calls) == 1
