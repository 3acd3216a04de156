"""What happens in a run, as JSON lines and as spans that a collector receives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from azureml_publish.emulator import PLAIN, Emulator, Quirks
from azureml_publish.reporters.outputs.events import events_schema
from tests.conftest import Run

pytestmark = pytest.mark.usefixtures("shared_registry")

MODEL = ("bert-base-cased", 18)


def read(path: Path) -> list[dict[str, Any]]:
    """The lines, each as its schema says."""
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    valid = jsonschema.Draft202012Validator(events_schema())
    for line in lines:
        valid.validate(line)
    return lines


def named(lines: list[dict[str, Any]], *events: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] in events]


def test_every_stage_and_model_of_a_run_has_its_lines(publish: Run, project: Path, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    assert publish("apply", "--yes", MODEL[0], "--events", str(path)).code == 0
    lines = read(path)
    assert (lines[0]["event"], lines[0]["verb"]) == ("run", "apply")
    assert (lines[-1]["event"], lines[-1]["exit_code"]) == ("run-done", 0)
    assert [line["stage"] for line in named(lines, "stage")] == ["load", "check", "observe", "inspect", "apply"]
    assert [line["stage"] for line in named(lines, "stage-done")] == ["load", "check", "observe", "inspect", "apply"]
    assert {(line["model"], line["version"]) for line in named(lines, "model", "model-done")} == {MODEL}
    checked, applied = named(lines, "model-done")
    assert (checked["stage"], checked["outcome"], checked["errors"]) == ("check", "sound", 0)
    assert (applied["stage"], applied["outcome"], applied["action"]) == ("apply", "created", "create")
    done = named(lines, "file-done")
    assert applied["files"] == len(done)
    assert applied["bytes"] == sum(line["bytes"] for line in done) == named(lines, "end")[0]["done"]
    assert [line["step"] for line in named(lines, "step")] == ["begun", "content", "written", "read-back"]
    assert "sig=" not in path.read_text()

    assert publish("verify", MODEL[0], "--events", "-").code == 0
    assert publish("apply", "--yes", MODEL[0], "--events", str(path)).code == 0  # it is added to
    again = read(path)[len(lines) :]
    assert (again[0]["event"], again[-1]["event"]) == ("run", "run-done")
    assert named(again, "begin") == []


def test_a_failure_is_in_the_lines_of_its_model_and_its_run(publish: Run, project: Path, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    card = project / "models" / MODEL[0] / "card.md.j2"
    card.write_text(card.read_text() + "{{ nothing_of_this_name }}\n")
    assert publish("lint", "--events", str(path)).code == 4
    lines = read(path)
    found = {line["model"]: line["outcome"] for line in named(lines, "model-done")}
    assert found.pop(MODEL[0]) == "findings"
    assert set(found.values()) == {"sound"}
    assert lines[-1]["exit_code"] == 4

    assert publish("plan", "-r", "nowhere", "--events", str(path)).code != 0
    failed = named(read(path), "stage-failed", "run-done")
    assert failed[-1]["exit_code"] != 0


@pytest.mark.long
def test_what_a_registry_lets_wait_is_in_the_lines(publish: Run, emulator: Emulator, tmp_path: Path) -> None:
    emulator.quirks = Quirks(**{**PLAIN.model_dump(), "throttle_every": 3, "retry_after_seconds": 1})
    path = tmp_path / "events.jsonl"
    try:
        assert publish("apply", "--yes", MODEL[0], "--events", str(path), "--progress", "none").code == 0
    finally:
        emulator.quirks = PLAIN
    waits = [line for line in named(read(path), "wait") if "model" not in line]
    assert {(line["seconds"], line["reason"]) for line in waits} == {(1.0, "The registry answers 429.")}


def test_a_file_that_cannot_be_written_ends_the_run_before_it_begins(publish: Run, tmp_path: Path) -> None:
    ran = publish("apply", "--yes", "--events", str(tmp_path / "missing" / "events.jsonl"))
    assert ran.code == 2
    assert "cannot be written" in ran.err


@pytest.mark.long
def test_a_run_that_is_killed_leaves_whole_lines(
    project: Path, emulator_environment: dict[str, str], emulator: Emulator, tmp_path: Path
) -> None:
    path = tmp_path / "events.jsonl"
    command = [sys.executable, "-m", "azureml_publish", "-C", str(project), "apply", "--yes", "--events", str(path)]
    emulator.quirks = Quirks(**{**PLAIN.model_dump(), "latency_seconds": 0.2})
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=dict(os.environ))
    try:
        while not path.exists() or '"file-done"' not in path.read_text():
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
    finally:
        emulator.quirks = PLAIN
        process.kill()
        process.wait()
    lines = read(path)
    assert named(lines, "run-done") == []
    assert publish_again(command, path) == 0


def publish_again(command: list[str], path: Path) -> int:
    code = subprocess.run(command, check=False, capture_output=True).returncode
    assert read(path)[-1]["exit_code"] == code
    return code


class Collector:
    """Receives spans as OTLP over HTTP has them (https://opentelemetry.io/docs/specs/otlp/#otlphttp)."""

    def __init__(self) -> None:
        received: list[ExportTraceServiceRequest] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
                request = ExportTraceServiceRequest()
                request.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
                received.append(request)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: Any) -> None:
                """Nothing."""

        self.received = received
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def spans(self) -> list[Any]:
        return [
            span
            for request in self.received
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def services(self) -> set[str]:
        return {
            pair.value.string_value
            for request in self.received
            for resource in request.resource_spans
            for pair in resource.resource.attributes
            if pair.key == "service.name"
        }


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    collector = Collector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
    yield collector
    collector.close()


def test_spans_of_stages_models_and_files_reach_a_collector(
    publish: Run, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    assert publish("apply", "--yes", MODEL[0]).code == 0
    spans = {span.span_id: span for span in collector.spans}
    assert collector.services == {"azureml-publish"}
    assert {span.trace_id.hex() for span in spans.values()} == {"0af7651916cd43dd8448eb211c80319c"}

    def above(span: Any) -> str:
        parent = spans.get(span.parent_span_id)
        return str(parent.name if parent is not None else span.parent_span_id.hex())

    tree = {(span.name, above(span)) for span in spans.values()}
    stages = ("load", "check", "observe", "inspect", "apply")
    assert tree == {
        ("publish apply", "b7ad6b7169203331"),
        *((stage, "publish apply") for stage in stages),
        ("check model", "check"),
        ("apply model", "apply"),
        ("file", "apply model"),
    }
    (applied,) = (span for span in spans.values() if span.name == "apply model")
    facts = {pair.key: pair.value for pair in applied.attributes}
    assert facts["publish.model"].string_value == MODEL[0]
    assert facts["publish.outcome"].string_value == "created"
    assert facts["publish.bytes"].int_value > 0
    assert [event.name for event in applied.events].count("step") == 4
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in spans.values())


def test_a_span_of_a_failure_says_so(publish: Run, collector: Collector) -> None:
    assert publish("verify", "bert-base-cased").code == 3
    (run,) = (span for span in collector.spans if span.name == "publish verify")
    assert run.status.code == run.status.STATUS_CODE_ERROR


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("OTEL_SDK_DISABLED", "true", False),
        ("OTEL_TRACES_EXPORTER", "none", False),
        ("OTEL_TRACES_EXPORTER", "zipkin", True),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", True),
    ],
)
def test_nothing_is_sent_where_that_is_not_wanted(
    publish: Run, collector: Collector, monkeypatch: pytest.MonkeyPatch, *, name: str, value: str, said: bool
) -> None:
    monkeypatch.setenv(name, value)
    ran = publish("rule", "SKU010")
    assert ran.code == 0
    assert collector.received == []
    assert ("No spans are sent" in ran.err) is said


@pytest.mark.long
@pytest.mark.parametrize(
    "variable",
    [
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=many",
        "OTEL_BSP_MAX_QUEUE_SIZE=-3",
        "OTEL_BSP_SCHEDULE_DELAY=soon",
        "OTEL_EXPORTER_OTLP_HEADERS=Authorization Bearer s3cret",
    ],
)
def test_a_variable_that_the_sdk_cannot_read_ends_no_run(tmp_path: Path, variable: str) -> None:
    """In a process of its own: the SDK reads some of them as it is imported."""
    name, _, value = variable.partition("=")
    environ = {
        **os.environ,
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        name: value,
    }
    command = [sys.executable, "-m", "azureml_publish", "rule", "SKU010"]
    ran = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=240, check=False)
    assert (ran.returncode, "SKU010" in ran.stdout) == (0, True), ran.stderr
    assert "Traceback" not in ran.stderr
    assert "s3cret" not in ran.stderr
    assert ("No spans are sent: OpenTelemetry cannot use its variables" in ran.stderr) == (value in ("many", "-3"))


@pytest.mark.long
def test_a_collector_that_is_not_there_ends_no_run(
    publish: Run, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("azureml_publish.pipeline.spans.FLUSH", 100)
    ran = publish("lint")
    assert ran.code == 0
