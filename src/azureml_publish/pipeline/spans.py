"""OpenTelemetry spans of a run, where the environment names a collector; made from the same events as all else.

The variables are OpenTelemetry's own (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
Nothing is imported and nothing is sent without them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from azureml_publish.events import Event, Events, Kind, secrets_of, without_secrets

_WANTED = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER")

_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")

FLUSH = 5000
"""Milliseconds that the end of a run waits for a collector."""


def wants_spans(environ: Mapping[str, str]) -> bool:
    """Whether the environment names a collector of spans."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    return any(environ.get(name) for name in _WANTED)


def begin_spans(events: Events, environ: Mapping[str, str], note: Callable[[str], None]) -> None:
    """Send the spans of a run; where that cannot be, note why and go on."""
    protocol = next((environ[name] for name in _PROTOCOLS if environ.get(name)), "http/protobuf")
    exporter = environ.get("OTEL_TRACES_EXPORTER") or "otlp"
    if (exporter, protocol) != ("otlp", "http/protobuf"):
        note(f"No spans are sent: OTEL_* names {exporter} over {protocol}, and only otlp over http/protobuf is done.")
        return
    try:
        spans = _Spans(environ, note)
    except ImportError:
        note("No spans are sent: OTEL_* names a collector, and the extra `otel` of azureml-publish is not installed.")
        return
    except Exception as error:  # noqa: BLE001 - what the SDK makes of its variables ends no run
        why = without_secrets(str(error), secrets_of(environ))
        note(f"No spans are sent: OpenTelemetry cannot use its variables ({type(error).__name__}: {why}).")
        return
    events.listen(spans.add)


class _Spans:
    """The spans that are under way. Events come from several threads, those of one model one after the other."""

    def __init__(self, environ: Mapping[str, str], note: Callable[[str], None]) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        named = environ.get("OTEL_SERVICE_NAME") or "service.name=" in environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
        resource = Resource.create({} if named else {"service.name": "azureml-publish"})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("azureml-publish")
        carrier = {name.lower(): environ[name] for name in ("TRACEPARENT", "TRACESTATE") if environ.get(name)}
        self._above = TraceContextTextMapPropagator().extract(carrier)
        self._note = note
        self._run: Any = None
        self._stages: dict[str, Any] = {}
        self._models: dict[str, Any] = {}
        self._files: dict[tuple[str, str], Any] = {}

    def add(self, event: Event) -> None:
        """Begin or end the span that an event is about."""
        facts, model = event.facts, event.model
        match event.kind:
            case Kind.RUN:
                self._run = self._begin(f"publish {facts['verb']}", event, self._above)
            case Kind.STAGE:
                self._stages[facts["stage"]] = self._begin(facts["stage"], event, self._below(self._run))
            case Kind.STAGE_DONE | Kind.STAGE_FAILED:
                self._end(self._stages.pop(facts["stage"], None), event)
            case Kind.MODEL:
                self._end(self._models.pop(model, None), event)  # of a process that died
                above = self._below(self._stages.get(facts["stage"], self._run))
                self._models[model] = self._begin(f"{facts['stage']} model", event, above)
            case Kind.MODEL_DONE | Kind.MODEL_FAILED:
                self._end(self._models.pop(model, None), event)
            case Kind.FILE:
                above = self._below(self._models.get(model, self._run))
                self._files[model, facts["path"]] = self._begin("file", event, above)
            case Kind.FILE_DONE:
                self._end(self._files.pop((model, facts["path"]), None), event)
            case Kind.STEP | Kind.RETRY | Kind.WAIT | Kind.WARNING:
                span = self._models.get(model, self._run)
                span.add_event(str(event.kind), _attributes(event), timestamp=_nanoseconds(event))
            case Kind.RUN_DONE:
                self._close(event)

    def _close(self, event: Event) -> None:
        for span in (*self._files.values(), *self._models.values(), *self._stages.values()):
            span.end(end_time=_nanoseconds(event))
        self._end(self._run, event)
        if not self._provider.force_flush(FLUSH):
            self._note("Not all spans were sent: the collector that OTEL_* names did not take them in time.")
        self._provider.shutdown()

    def _below(self, span: Any) -> Any:
        from opentelemetry.trace import set_span_in_context

        return set_span_in_context(span)

    def _begin(self, name: str, event: Event, above: Any) -> Any:
        return self._tracer.start_span(name, above, attributes=_attributes(event), start_time=_nanoseconds(event))

    def _end(self, span: Any, event: Event) -> None:
        if span is None:
            return
        from opentelemetry.trace import Status, StatusCode

        span.set_attributes(_attributes(event))
        failed = event.kind in (Kind.STAGE_FAILED, Kind.MODEL_FAILED) or event.facts.get("exit_code")
        if failed:
            span.set_status(Status(StatusCode.ERROR, str(event.facts.get("message", ""))))
        span.end(end_time=_nanoseconds(event))


def _nanoseconds(event: Event) -> int:
    return int(event.at * 1_000_000_000)


def _attributes(event: Event) -> dict[str, Any]:
    about = {"model": event.model, "version": event.version} if event.model else {}
    return {f"publish.{key}": value for key, value in {**about, **event.facts}.items() if value not in ("", None)}
