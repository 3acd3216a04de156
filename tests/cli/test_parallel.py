"""Work spread over processes: it comes to the same as in one, and ends as one would.

What forks runs in a process of its own: this one runs threads.
"""

from __future__ import annotations

import functools
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.errors import NotFound, PublishError
from azureml_publish.pipeline.check import CheckedProject, check
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.parallel import spread
from azureml_publish.pipeline.run import RunContext, Spreading

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")

SPEC = """\
name: {name}
version: {version}
type: custom_model
source: {{huggingface: org/m, revision: main}}
license: {license}
compute: {{inference: small, finetune: [Standard_NC6s_v3, Standard_NC6s_v3]}}
tasks: {{inference: fill-mask}}
silence: [{{rule: SPEC031, reason: known}}]
"""
CARD = '{{% extends "card.md.j2" %}}\n{{% block summary %}}\n{words} [no]() {{{{ model.{key} }}}}\n{{% endblock %}}\n'


def project(root: Path, count: int) -> None:
    """Models of which some share a name, some do not render, and most break a rule in spec, card or both."""
    (root / "publish.yaml").write_text("presets: {small: {families: [Dsv2]}}\n")
    for number in range(count):
        folder = root / "models" / f"m{number:02}"
        folder.mkdir(parents=True)
        name = f"m{max(number, 3):02}"
        known = "mit" if number % 2 else "no-such-licence"
        (folder / "model.yaml").write_text(SPEC.format(name=name, version=number % 5, license=known))
        key = "name" if number % 7 else "nmae"
        (folder / "card.md.j2").write_text(CARD.format(words="Reads text. " * (number % 3), key=key))


def staged(root: Path, way: str, *, errors_only: bool = False) -> CheckedProject:
    """The project staged in this process, in forked ones or in ones that begin anew."""
    how = Spreading(jobs=1 if way == "here" else 2, chunk=3, method=None if way == "here" else way)
    run = RunContext(root, {}, date(2026, 11, 21), spreading=how)
    return check(run, load(run, (), Settings()), "errors" if errors_only else "all")


def compare_ways(root: Path) -> None:
    """In a process of its own, see below."""
    project(root, 20)
    ways = ("here", "fork", "spawn") if sys.platform == "linux" else ("here", "spawn")
    here, *others = (staged(root, way) for way in ways)
    assert len({one.code for one in here.found}) > 5
    assert here.suppressed
    assert 0 < len(here.rendered) < 20
    for other in others:
        assert other.found == here.found
        assert other.suppressed == here.suppressed
        assert other.rendered == here.rendered
    assert staged(root, ways[-2], errors_only=True).found == staged(root, "here", errors_only=True).found


def test_another_executor_does_the_work_in_order_and_stays_open(tmp_path: Path) -> None:
    project(tmp_path, 20)
    begun: list[int] = []
    run = RunContext(tmp_path, {}, date(2026, 11, 21))
    here = check(run, load(run, (), Settings()))
    with ThreadPoolExecutor(3) as executor:
        assert list(spread(abs, range(-40, 0), executor, begun=lambda: begun.append(1))) == list(range(40, 0, -1))
        there = replace(run, executor=executor)
        done = check(there, load(there, (), Settings()))
        assert replace(done, style=here.style) == here  # templates that were compiled elsewhere are others
        with pytest.raises(NotFound, match="There is no fourth"):
            list(spread(fail, range(60), executor))
        assert executor.submit(abs, -1).result() == 1
    assert begun == [1]


def fail(number: int) -> int:
    if number == 4:
        raise NotFound("There is no fourth.", hint="Leave it out.")
    return number


def die(number: int) -> int:
    if number == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@functools.cache
def first_here() -> int:
    return os.getpid()


def cached_in(_item: int) -> tuple[int, int]:
    return first_here(), os.getpid()


def cache_and_go_on() -> None:
    made = list(spread(cached_in, range(20), how=Spreading(jobs=2, chunk=3)))
    assert len(made) == 20
    assert {cached for cached, _ in made} == {os.getpid()}
    assert len({worked for _, worked in made} - {os.getpid()}) > 0


def begin_and_go_on() -> None:
    """In a process of its own, see below."""
    calls: list[int] = []
    for jobs in (1, 2):
        thread = threading.Thread(target=time.sleep, args=(0.1,))

        def begin(thread: threading.Thread = thread) -> None:
            calls.append(1)
            thread.start()  # what was forked has none of it

        results = spread(abs, range(-60, 0), how=Spreading(jobs, few=0), begun=begin)
        assert not thread.is_alive()
        assert list(results) == list(range(60, 0, -1))
        thread.join()
    assert len(calls) == 2


def fail_and_die() -> None:
    """In a process of its own, see below."""
    with pytest.raises(NotFound, match="There is no fourth") as raised:
        list(spread(fail, range(60), how=Spreading(2)))
    assert raised.value.hint == "Leave it out."
    with pytest.raises(PublishError, match="was ended from outside"):
        list(spread(die, range(60), how=Spreading(2)))


def linger(_number: int) -> None:
    os.write(1, b".")
    time.sleep(0.2)


def linger_long() -> None:
    """In a process of its own, see below."""
    try:
        list(spread(linger, range(500), how=Spreading(2, chunk=1)))
    except KeyboardInterrupt:
        os.write(1, b"interrupted\n")
        sys.exit(130)


def interrupt_early() -> None:
    """In a process of its own: an interrupt while the tasks are still handed out."""
    submit, handed = ProcessPoolExecutor.submit, itertools.count()

    def interrupted(self: ProcessPoolExecutor, *given: Any) -> Any:
        if next(handed) == 400:
            raise KeyboardInterrupt
        return submit(self, *given)

    ProcessPoolExecutor.submit = interrupted  # type: ignore[method-assign,assignment]
    with pytest.raises(KeyboardInterrupt):
        list(spread(linger, range(500), how=Spreading(2, chunk=1)))


def started(call: str, *arguments: str) -> subprocess.Popen[str]:
    code = f"import sys; from tests.cli import test_parallel; test_parallel.{call}"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.long
def test_any_way_to_spread_the_models_finds_and_renders_the_same(tmp_path: Path) -> None:
    run = started("compare_ways(test_parallel.Path(sys.argv[1]))", str(tmp_path))
    _, errors = run.communicate(timeout=120)
    assert run.returncode == 0, errors


def test_what_is_done_meanwhile_is_done_once() -> None:
    run = started("begin_and_go_on()")
    _, errors = run.communicate(timeout=120)
    assert run.returncode == 0, errors


@LINUX
def test_processes_are_forked_with_what_the_first_item_has_cached() -> None:
    run = started("cache_and_go_on()")
    _, errors = run.communicate(timeout=120)
    assert run.returncode == 0, errors


def test_errors_of_the_work_and_the_end_of_a_process_are_raised() -> None:
    run = started("fail_and_die()")
    _, errors = run.communicate(timeout=120)
    assert run.returncode == 0, errors


@LINUX
def test_an_interrupt_from_the_terminal_ends_all_processes_without_a_word_of_theirs() -> None:
    run = started("linger_long()")
    assert run.stdout is not None
    assert run.stdout.read(4) == "...."
    os.killpg(run.pid, signal.SIGINT)
    said, errors = run.communicate(timeout=120)  # until the last process closes its end
    assert (run.returncode, said.strip("."), errors) == (130, "interrupted\n", "")


def test_an_interrupt_while_tasks_are_handed_out_waits_for_none_of_them() -> None:
    run = started("interrupt_early()")
    said, errors = run.communicate(timeout=120)
    assert (run.returncode, errors) == (0, "")
    assert len(said) < 400


@LINUX
def test_the_others_end_with_a_first_process_that_is_killed() -> None:
    run = started("linger_long()")
    assert run.stdout is not None
    assert run.stdout.read(4) == "...."
    run.kill()
    run.communicate(timeout=120)
    assert run.returncode == -signal.SIGKILL
