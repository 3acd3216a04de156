"""The work is spread over a real dask scheduler and its workers, which are killed at bad moments."""

from __future__ import annotations

import json
import os
import pickle
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from azureml_publish.emulator import Emulator
from azureml_publish.pipeline.scheduler import Scheduler, _Task
from tests.cli.cluster import Cluster, free_port
from tests.cli.killing import HELD_SECONDS, emulator_holds, steps
from tests.cli.test_events import named, read
from tests.cli.test_promote import tiny
from tests.cli.test_shards import NAMES, several
from tests.conftest import Run, edit
from tests.signing_keys import write_keys

__all__ = ["several", "tiny"]

pytestmark = pytest.mark.long


@pytest.fixture
def cluster(tmp_path: Path, emulator_environment: dict[str, str]) -> Iterator[Cluster]:
    """A scheduler without workers; those that are added find the emulator in their environment."""
    with Cluster(tmp_path / "dask") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def standing(
    running_emulator: Emulator, authority: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """A scheduler with two workers, for tests that leave them alone: they start slowly."""
    environ = {**running_emulator.environment, "REQUESTS_CA_BUNDLE": str(authority), "NO_PROXY": "127.0.0.1,localhost"}
    with Cluster(tmp_path_factory.mktemp("standing") / "dask", **environ) as cluster:
        cluster.add_worker()
        cluster.add_worker()
        yield cluster


def events_of(project: Path) -> Path:
    return project.parent / "events.jsonl"


def results(out: str) -> dict[str, str]:
    return {one["model"]: one["outcome"] for one in json.loads(out)["results"]}


class Applying:
    """A run of apply in a process of its own."""

    def __init__(self, project: Path, cluster: Cluster) -> None:
        command = [sys.executable, "-m", "azureml_publish", "-C", str(project), "apply", "tiny*", "--yes", "-o", "json"]
        command += ["--scheduler", cluster.address, "--events", str(events_of(project)), "--progress", "none"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=dict(os.environ), stdout=pipe, stderr=pipe, text=True)

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait until something is so, which it must become as long as this runs."""
        while not condition():
            if self.process.poll() is not None:
                raise AssertionError(self.process.communicate())
            time.sleep(0.05)

    def end(self) -> tuple[int, str, str]:
        """Wait for its end: exit code, output and messages."""
        out, err = self.process.communicate(timeout=240)
        return self.process.returncode, out, err


Begin = Callable[[], Applying]


@pytest.fixture
def begin(several: Path, cluster: Cluster) -> Iterator[Begin]:
    """Begins runs, which end with the test."""
    begun: list[Applying] = []

    def one_more() -> Applying:
        begun.append(Applying(several, cluster))
        return begun[-1]

    yield one_more
    for one in begun:
        one.process.kill()
        one.process.communicate()


def events_so_far(project: Path) -> list[dict[str, Any]]:
    path = events_of(project)
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.split("\n")[:-1]]


def under_way(project: Path) -> dict[str, str]:
    """The worker of each model that began and has not ended."""
    found: dict[str, str] = {}
    for line in events_so_far(project):
        if line.get("stage") == "apply" and line["event"] == "model":
            found[line["model"]] = line["worker"]
        elif line.get("stage") == "apply" and line["event"] in ("model-done", "model-failed"):
            found.pop(line["model"], None)
    return found


def done(project: Path) -> int:
    """How many models were registered."""
    return sum(line["event"] == "model-done" and line["stage"] == "apply" for line in events_so_far(project))


@pytest.fixture
def finished(publish: Run) -> Callable[[], None]:
    """Holds that everything is registered once, its files are right, and nothing is left to do."""

    def check() -> None:
        ran = publish("plan", *NAMES, "-o", "json")
        assert {one["action"] for one in json.loads(ran.out)["actions"]} == {"unchanged"}
        assert publish("verify", *NAMES).code == 0
        listed = json.loads(publish("list", "tiny*", "-o", "json").out)["assets"]
        assert sorted((one["model"], one["version"]) for one in listed) == [(name, 3) for name in sorted(NAMES)]

    return check


def test_workers_find_and_render_and_plan_what_this_process_does(
    publish: Run, several: Path, standing: Cluster
) -> None:
    edit(several / "models" / "tiny-3" / "model.yaml", "name: tiny-3", "name: tiny-3\nlicense: nonsense")
    for verb in (("lint", "-o", "json"), ("plan", "-o", "json"), ("render", "-o", "json", "--check")):
        here, there = publish(*verb), publish(*verb, "--scheduler", standing.address)
        assert (there.code, there.out) == (here.code, here.out)
    edit(several / "models" / "tiny-3" / "model.yaml", "\nlicense: nonsense", "")
    assert publish("render", "tiny", "--scheduler", standing.address).code == 0
    made = (several / "build" / "tiny" / "spec.yaml").read_bytes()
    assert publish("render", "tiny").code == 0
    assert (several / "build" / "tiny" / "spec.yaml").read_bytes() == made


def test_workers_register_what_a_plan_shows(
    publish: Run, several: Path, standing: Cluster, finished: Callable[[], None]
) -> None:
    workers = {*standing.workers}
    path = events_of(several)
    arguments = ("apply", "tiny*", "--yes", "--scheduler", standing.address, "--events", str(path))
    ran = publish(*arguments, "-o", "json", "--progress", "json")
    assert (ran.code, set(results(ran.out).values())) == (0, {"created"})
    lines = read(path)
    done = [line for line in named(lines, "model-done") if line["stage"] == "apply"]
    assert sorted(line["model"] for line in done) == sorted(NAMES)
    assert {line["worker"] for line in done} <= workers
    assert named(lines, "retry") == []
    assert {line["model"] for line in named(lines, "file-done")} == set(NAMES)
    assert ran.err.count('"event": "begin"') == len(NAMES)
    journaled = steps(several)
    for model in NAMES:
        assert [step for one, step in journaled if one == model] == ["begun", "content", "written", "read-back"]
    finished()
    for name in NAMES:
        edit(several / "models" / name / "model.yaml", "version: 3\n", "version: 3\ntags: {team: search}\n")
    ran = publish(*arguments, "-o", "json")
    assert set(results(ran.out).values()) == {"updated"}
    finished()


def test_no_secret_of_this_process_travels(
    publish: Run, several: Path, standing: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {"HF_TOKEN": "hub-token-of-the-client", "AZURE_STORAGE_SAS_TOKEN": "sv=1&sig=of-the-client"}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    travelled: list[bytes] = []
    submit = Scheduler.submit

    def spied(scheduler: Scheduler, call: Any, /, *arguments: Any) -> Any:
        travelled.append(pickle.dumps((call, arguments)))
        return submit(scheduler, call, *arguments)

    monkeypatch.setattr(Scheduler, "submit", spied)
    assert publish("lint", "--scheduler", standing.address).code == 0
    assert publish("apply", "tiny", "--yes", "--scheduler", standing.address).code == 0
    assert len(travelled) >= 2
    held = [value for name, value in os.environ.items() if "PUBLISH_EMULATOR" in name or name in secrets]
    assert len(held) >= 2
    assert not any(value.encode() in sent for sent in travelled for value in held)


def test_a_worker_with_another_project_cannot_take_part(
    publish: Run, several: Path, standing: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = "azureml_publish.pipeline.elsewhere.Place.of"
    from azureml_publish.pipeline.elsewhere import Place

    mine = Place.of(several)
    for place, said in (
        (Place(mine.root, "azureml-publish/0.0.1", mine.python, mine.digest), "azureml-publish/0.0.1 is wanted"),
        (Place(mine.root, mine.tool, "2.7", mine.digest), "2.7 is wanted"),
        (Place(mine.root, mine.tool, mine.python, "0" * 64), "is in another state: publish.yaml"),
        (Place(mine.root / "nowhere", mine.tool, mine.python, mine.digest), "has no project in"),
    ):
        monkeypatch.setattr(digest, lambda _root, place=place: place)
        ran = publish("lint", "--scheduler", standing.address)
        assert ran.code == 1
        assert "A worker cannot take part" in ran.err
        assert said in ran.err
    monkeypatch.setattr(digest, lambda _root: mine)
    monkeypatch.setattr("azureml_publish.pipeline.check.digest_folder", lambda _folder: "0" * 64)
    ran = publish("lint", "--scheduler", standing.address)
    assert (ran.code, "is in another state" in ran.err) == (1, True)


def test_what_is_not_there_is_reported(publish: Run, project: Path, cluster: Cluster, monkeypatch: Any) -> None:
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "1s")
    import dask

    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
        ran = publish("lint", "--scheduler", f"tcp://127.0.0.1:{free_port()}")
        assert (ran.code, "does not answer" in ran.err) == (1, True)
        ran = publish("lint", "--scheduler", cluster.address)
        assert (ran.code, "has no workers" in ran.err) == (1, True)
        assert publish("lint", "--scheduler", "pigeon://here").code == 2
    ran = publish("apply", "--yes", "-r", "local", "--scheduler", cluster.address)
    assert (ran.code, "embedded registry" in ran.err) == (2, True)


class Web(socketserver.StreamRequestHandler):
    """Answers as a proxy or the page of a scheduler does."""

    def handle(self) -> None:
        self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def test_what_answers_and_is_no_scheduler_is_reported(publish: Run, project: Path) -> None:
    assert project.is_dir()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Web) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        ran = publish("lint", "--scheduler", f"tcp://127.0.0.1:{web.server_address[1]}")
        web.shutdown()
    assert (ran.code, "is not a scheduler" in ran.err) == (1, True), ran.err


def one_left(several: Path, emulator: Emulator, run: Applying) -> str:
    """Wait until all models are registered but the one whose request is held; the worker that has it."""
    run.wait_for(lambda: emulator_holds(emulator))
    run.wait_for(lambda: len(under_way(several)) == 1 and done(several) == len(NAMES) - 1)
    (worker,) = under_way(several).values()
    return worker


def test_what_an_old_connection_says_late_is_not_believed(standing: Cluster) -> None:
    with Scheduler(standing.address) as workers:
        task, inner = _Task(lambda: 42, losses=1), Future[Any]()
        inner.cancel()
        workers._tasks[id(task)] = task
        workers._settle(task, 0, inner)
        assert not task.lost
        workers._settle(task, 1, inner)  # this is of the present attempt, which is made once more
        assert (task.future.result(timeout=240), task.losses) == (42, 2)


REQUESTS: dict[str, dict[str, Any]] = {
    "file": {"service": "blobs", "method": "PUT", "path": "weights.bin"},
    "record": {"service": "registry", "method": "PUT", "path": "/models/[^/]+/versions/"},
    "answer": {"service": "registry", "method": "GET", "path": "/models/tiny-2/versions/3", "after": 1},
}
"""While a file moves; before the version is registered; after it was, before that is known."""


@pytest.mark.parametrize("held", REQUESTS)
def test_a_worker_that_is_killed_in_the_middle_of_a_model_is_replaced(
    *, finished: Callable[[], None], several: Path, cluster: Cluster, emulator: Emulator, begin: Begin, held: str
) -> None:
    cluster.add_worker()
    cluster.add_worker()
    emulator.faults.add(**REQUESTS[held], times=1, delay_seconds=HELD_SECONDS, status=503)
    run = begin()
    victim = one_left(several, emulator, run)
    cluster.kill_worker(victim)
    emulator.faults.clear()
    code, out, err = run.end()
    assert (code, results(out)) == (0, dict.fromkeys(NAMES, "created")), out + err
    retries = named(read(events_of(several)), "retry")
    assert {line["worker"] for line in retries} == {*cluster.workers}
    assert all(step == "read-back" for step in dict(steps(several)).values())
    finished()


def test_a_scheduler_that_is_restarted_is_found_again(
    finished: Callable[[], None], several: Path, cluster: Cluster, emulator: Emulator, begin: Begin
) -> None:
    cluster.add_worker()
    emulator.faults.add(**REQUESTS["file"], times=1, delay_seconds=HELD_SECONDS, status=503)
    run = begin()
    victim = one_left(several, emulator, run)
    cluster.kill_scheduler()
    cluster.kill_worker(victim)
    emulator.faults.clear()
    cluster.start_scheduler()
    cluster.add_worker()
    code, out, err = run.end()
    assert (code, results(out)) == (0, dict.fromkeys(NAMES, "created")), out + err
    finished()


def test_what_is_missing_is_named_where_a_scheduler_stays_away_and_one_more_run_finishes(
    *, finished: Callable[[], None], several: Path, cluster: Cluster, emulator: Emulator, begin: Begin, monkeypatch: Any
) -> None:
    cluster.add_worker()
    emulator.faults.add(**REQUESTS["file"], times=1, delay_seconds=HELD_SECONDS, status=503)
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "15s")
    run = begin()
    victim = one_left(several, emulator, run)
    (missing,) = under_way(several)
    cluster.kill_scheduler()
    cluster.kill_worker(victim)
    emulator.faults.clear()
    code, out, err = run.end()
    assert (code, results(out)) == (7, dict.fromkeys(NAMES, "created") | {missing: "failed"}), out + err
    (failed,) = (one for one in json.loads(out)["results"] if one["model"] == missing)
    assert "was lost, and did not come back" in str(failed)
    assert named(read(events_of(several)), "model-failed")[-1]["model"] == missing
    cluster.start_scheduler()
    cluster.add_worker()
    again = begin()
    code, out, err = again.end()
    assert (code, results(out)[missing]) == (0, "created"), err
    finished()


def test_without_workers_the_run_ends_with_what_is_missing_and_one_more_finishes(
    *, finished: Callable[[], None], several: Path, cluster: Cluster, emulator: Emulator, begin: Begin, monkeypatch: Any
) -> None:
    cluster.add_worker()
    cluster.add_worker()
    emulator.faults.add(**REQUESTS["file"], times=1, delay_seconds=HELD_SECONDS, status=503)
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "15s")
    run = begin()
    one_left(several, emulator, run)
    (missing,) = under_way(several)
    for worker in [*cluster.workers]:
        cluster.kill_worker(worker)
    emulator.faults.clear()
    code, out, err = run.end()
    assert (code, results(out)) == (7, dict.fromkeys(NAMES, "created") | {missing: "failed"}), out + err
    (failed,) = (one for one in json.loads(out)["results"] if one["model"] == missing)
    assert "has no workers" in str(failed)
    assert f"dask worker {cluster.address}" in str(failed)
    cluster.add_worker()
    code, out, err = begin().end()
    assert (code, results(out)[missing]) == (0, "created"), err
    finished()


def test_workers_sign_with_a_key_of_their_own(publish: Run, several: Path, cluster: Cluster, tmp_path: Path) -> None:
    with (several / "publish.yaml").open("a", encoding="utf-8") as config:
        config.write("\nsigning: {key_variable: CATALOGUE_KEY}\n")
    write_keys(tmp_path, "own", ec.generate_private_key(ec.SECP256R1()))
    without = cluster.add_worker()
    ran = publish("apply", "tiny", "--yes", "--scheduler", cluster.address, "-o", "json")
    assert (ran.code, results(ran.out)) == (3, {"tiny": "failed"})
    assert "The variable CATALOGUE_KEY holds no key" in ran.out
    assert publish("list", "tiny", "-o", "json").out.count('"version"') == 0
    cluster.kill_worker(without)
    cluster.add_worker(environ={"CATALOGUE_KEY": (tmp_path / "own.pem").read_text()})
    ran = publish("apply", "tiny", "--yes", "--scheduler", cluster.address, "-o", "json")
    assert (ran.code, results(ran.out)) == (0, {"tiny": "created"}), ran.err
    assert publish("verify", "tiny", "--signature", str(tmp_path / "own.pub")).code == 0
    write_keys(tmp_path, "other", ec.generate_private_key(ec.SECP256R1()))
    assert publish("verify", "tiny", "--signature", str(tmp_path / "other.pub")).code != 0


def test_ctrl_c_ends_the_work_of_all_workers(
    finished: Callable[[], None], several: Path, cluster: Cluster, emulator: Emulator, begin: Begin
) -> None:
    cluster.add_worker()
    emulator.faults.add(**REQUESTS["file"], delay_seconds=HELD_SECONDS, status=503)
    run = begin()
    run.wait_for(lambda: emulator_holds(emulator))
    run.process.send_signal(signal.SIGINT)
    emulator.faults.clear()  # what is under way comes to its end
    code, out, err = run.end()
    assert code == 130, err
    assert "skipped" in results(out).values()
    code, out, err = begin().end()
    assert code == 0, err
    finished()
