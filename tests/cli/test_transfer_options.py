"""The options of a transfer: progress in every form, bandwidth, connections, quick verification."""

from __future__ import annotations

import io
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from azureml_publish.cli import progress as progress_form
from azureml_publish.cli.output import Output
from azureml_publish.cli.progress import watch
from azureml_publish.pipeline.run import RunContext
from tests.conftest import Run


def test_events_are_one_json_object_a_line(publish: Run) -> None:
    ran = publish(
        "apply", "--yes", "bert-base-cased", "--progress", "json", "--bandwidth", "1GiB", "--connections", "2"
    )
    assert ran.code == 0
    events = [json.loads(line) for line in ran.err.splitlines() if line.startswith("{")]
    assert {event["schema_version"] for event in events} == {1}
    assert events[0]["event"] == "begin"
    assert events[-1]["event"] == "end"
    done = [event for event in events if event["event"] == "file-done"]
    assert len(done) == events[0]["files"]
    assert sum(event["bytes"] for event in done) == events[0]["bytes"] == events[-1]["done"]
    assert not any("sig=" in line for line in ran.err.splitlines())

    quick = publish("verify", "--quick", "bert-base-cased")
    assert quick.code == 0


def output(*, quiet: bool = False) -> Output:
    return Output(RunContext(Path(), {}, date(2026, 11, 21)), quiet=quiet, no_color=True)


def test_rate_and_time_left_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    now = iter([0.0, 0.1, 2.0, 2.1])
    with watch(output(), "json", lambda: next(now)) as progress:
        progress.begin("m", 1, 1000)
        progress.advance("m", "a", 100)
        progress.advance("m", "a", 300)
        progress.advance("m", "a", 100)
        progress.waits("m", "a", 1.234, "The Hub answers 503.")
        progress.warn("m", "these are pickles")
        progress.end("m")
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [event["event"] for event in events] == ["begin", "progress", "wait", "warning", "end"]
    assert (events[1]["done"], events[1]["bytes_per_second"], events[1]["seconds_left"]) == (400, 200, 3.0)
    assert events[2]["seconds"] == 1.23


def test_a_terminal_has_bars_for_all_for_each_model_and_for_large_files(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    drawn: list[Any] = []
    make = progress_form._bars

    def draw(output: Output) -> Any:
        drawn.append(make(output))
        return drawn[0]

    monkeypatch.setattr(progress_form, "_bars", draw)
    with watch(output()) as progress:
        progress.begin("one", 2, 40 << 20)
        progress.begin("two", 1, 10)
        progress.file_begun("one", "weights.safetensors", 39 << 20)
        progress.advance("one", "weights.safetensors", 20 << 20)
        drawn[0].refresh()
        shown = terminal.getvalue()
        progress.waits("one", "x", 2.0, "The Hub answers 429.")
        progress.file_done("one", "weights.safetensors", 39 << 20, reused=False)
        progress.end("one")
    assert "in all" in shown
    assert "one (2 files)" in shown
    assert "weights.safetensors" in shown
    assert "The Hub answers 429. Again in 2.0 s." in terminal.getvalue()


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_bar_is_one_line_at_any_width_and_all_its_units_are_binary(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    bars = progress_form._bars(output())
    now = iter(range(100))
    bars.get_time = lambda: next(now)
    bars.advance(bars.add_task("distilbert-base-uncased (11 files)", total=640 << 20), 320 << 20)
    bars.advance(bars.tasks[0].id, 1 << 20)
    drawn = io.StringIO()
    Console(file=drawn, width=columns).print(bars.get_renderable())
    lines = drawn.getvalue().splitlines()
    assert len(lines) == 1
    assert len(lines[0]) <= columns
    assert "321.0/640.0 MiB" in lines[0]
    assert "MiB/s" in lines[0]


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with watch(output(quiet=True)) as progress:
        progress.begin("one", 2, 40)
        progress.advance("one", "a", 40)
        progress.end("one")
    assert capsys.readouterr().err == ""


def test_pickles_are_refused_with_the_mend_and_warned_of_where_they_are_allowed(publish: Run, project: Path) -> None:
    folder = project / "models" / "pickled"
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / "model.pkl").write_bytes(b"\x80\x04N.")
    spec = (
        "name: pickled\nversion: 1\ntype: custom_model\nsource: {local: weights}\nlicense: mit\n"
        "tasks: {inference: forecasting}\n"
    )
    (folder / "model.yaml").write_text(spec)
    (folder / "card.md").write_text("A card.\n")
    refused = publish("apply", "--yes", "pickled")
    assert refused.code == 4
    assert "allow_pickle: true" in refused.err
    (folder / "model.yaml").write_text(spec.replace("weights}", "weights, allow_pickle: true}"))
    allowed = publish("apply", "--yes", "pickled")
    assert allowed.code == 0
    assert "run code on the machine that loads them: model.pkl" in allowed.err
    assert "SPEC050" in publish("lint", "pickled").out
