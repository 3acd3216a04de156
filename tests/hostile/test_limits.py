"""Rules that would look for ever at what somebody wrote, or find more than anybody reads."""

from __future__ import annotations

import json
import re
import signal
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from azureml_publish.diagnostics import Diagnostic, Location, Severity
from azureml_publish.lint import engine
from azureml_publish.lint.check import Check, Findings, rule
from azureml_publish.lint.engine import ModelSubject, ProjectSubject
from azureml_publish.lint.limits import MAX_FINDINGS, within_limits
from azureml_publish.skus.catalogue import load_catalogue
from azureml_publish.skus.compute import resolve_compute
from tests.conftest import Run
from tests.unit.skus import projects

CARD = Location("models/m/card.md")


def one(code: str = "X001") -> Diagnostic:
    return Diagnostic(code, "x", Severity.INFO, "m", CARD, "h")


def loop() -> Iterator[Diagnostic]:
    yield one()
    while True:
        pass


def backtrack() -> Iterator[Diagnostic]:
    yield one()
    re.fullmatch("(a|a)*b", "a" * 60)


def swallow() -> Iterator[Diagnostic]:
    yield one()
    while True:
        try:
            sum(range(1000))
        except Exception:  # noqa: BLE001 - what a careless rule does
            continue


@pytest.mark.parametrize("look", [loop, backtrack, swallow])
def test_what_takes_too_long_ends_with_a_finding(look: object) -> None:
    before = signal.getsignal(signal.SIGVTALRM)
    assert callable(look)
    found = within_limits(CARD, look, 0.2)
    assert [each.code for each in found] == ["X001", "TMPL003"]
    assert found[1].severity is Severity.ERROR
    assert signal.getsignal(signal.SIGVTALRM) == before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    deadline = time.process_time() + 0.4
    while time.process_time() < deadline:  # nothing is interrupted any more
        pass


def test_what_is_quick_is_left_alone_also_in_another_thread() -> None:
    assert within_limits(CARD, lambda: iter([one()]), 0.2) == (one(),)
    found: list[tuple[Diagnostic, ...]] = []
    thread = threading.Thread(target=lambda: found.append(within_limits(CARD, lambda: iter([one()]), 0.2)))
    thread.start()
    thread.join()
    assert found == [(one(),)]


def test_the_rules_look_at_a_model_within_the_limit() -> None:
    """A rule of a plug-in that never ends."""

    @rule("ZZZ999", "never-ends", Severity.ERROR, "It never ends.")
    def never_ends(subject: ModelSubject) -> Findings:
        yield never_ends.at(CARD, str(type(subject)), "h")
        while True:
            pass

    assert isinstance(never_ends, Check)
    made = projects.project("presets: {}\n", {"one": ""})
    subject = ProjectSubject(made, load_catalogue(), {}, date(2026, 11, 21))
    (folder,) = made.models
    compute = resolve_compute(folder.spec, {}, load_catalogue(), subject.as_of)
    found, _, _ = engine.check_model(ModelSubject(subject, folder, compute, None), [never_ends], seconds=0.2)
    assert [each.code for each in found] == ["ZZZ999", "TMPL003"]


def test_one_rule_reports_so_many_findings_and_no_more(publish: Run, project: Path) -> None:
    card = project / "models" / "distilbert-base-uncased"
    for path in card.glob("card.*"):
        path.unlink()
    (card / "card.md").write_text(
        "# A\n\n" + "".join(f"[a](b{number}) " for number in range(MAX_FINDINGS * 3)) + "\n", encoding="utf-8"
    )
    found = json.loads(publish("lint", "distilbert-base-uncased", "-o", "json").out)["diagnostics"]
    codes = [each["code"] for each in found]
    most = max(codes, key=codes.count)
    assert codes.count(most) == MAX_FINDINGS + 1
    assert f"There are more than {MAX_FINDINGS:,} findings" in next(
        each["message"] for each in found if "more than" in each["message"]
    )


def test_many_suppressions_of_many_findings_are_held_against_each_other_in_time(publish: Run, project: Path) -> None:
    card = project / "models" / "distilbert-base-uncased"
    for path in card.glob("card.*"):
        path.unlink()
    lines = "".join(f"[a](b{number}) <!-- publish: ignore LINK001 x -->\n" for number in range(1500))
    (card / "card.md").write_text(f"# A\n\n{lines}", encoding="utf-8")
    spec = card / "model.yaml"
    silences = "".join("  - {rule: CARD002, reason: x}\n" for _ in range(1500))
    spec.write_text(f"{spec.read_text(encoding='utf-8')}silence:\n{silences}", encoding="utf-8")
    begun = time.process_time()
    assert publish("lint", "distilbert-base-uncased", "-q").code in (0, 4)
    assert time.process_time() - begun < 60
