"""One span a call for OpenTelemetry, when the settings name a collector; nothing of a person is in it.

The trace's id is that of the attempt, so a call is found in the traces by what reports and the log call it. A span is
made when its call is stored, from times that were noted on the way; a thread sends spans together. A collector that is
away or slow costs spans, never a call.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from agi_app.config.monitor import TraceSettings
from agi_app.errors import ConfigError
from agi_app.messages import t

MOST_WAITING = 10_000  # spans that a collector has not taken yet; more are lost
LAST_S = 5.0  # for those that wait when the worker ends
STEPS = ("marked", "dialled", "ringing", "answered", "ended", "stored")


@dataclass(slots=True)
class CallTrace:
    """What is told of one call."""

    attempt_id: str
    began_at: dt.datetime  # real time, when it was claimed
    steps: dict[str, dt.datetime] = field(default_factory=dict)  # of ``STEPS``: those that happened

    def note(self, step: str, at: dt.datetime | None) -> None:
        """A step happened at that time; None: it did not."""
        if at is not None:
            self.steps[step] = at


class Traces(Protocol):
    """Where the spans of calls go."""

    def call(self, trace: CallTrace, labels: Mapping[str, str], *, failed: bool) -> None:
        """One call was stored. It never waits."""

    async def finish(self) -> None:
        """Send what waits; returns soon, whatever the collector does."""


class NoTraces:
    """Nobody collects any."""

    def call(self, trace: CallTrace, labels: Mapping[str, str], *, failed: bool) -> None:
        """Nothing is done."""

    async def finish(self) -> None:
        """Nothing waits."""


class OpenTelemetry:
    """Sends spans to a collector by OTLP over HTTP."""

    def __init__(self, settings: TraceSettings, node: str, version: str) -> None:
        """Raises ConfigError without the extra."""
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
            from opentelemetry.sdk.trace.id_generator import RandomIdGenerator  # noqa: PLC0415
        except ImportError:
            raise ConfigError(t('[traces] needs an extra: pip install "agi-app[traces]"')) from None
        self._ids = RandomIdGenerator()
        self._attempt = ""
        about = {"service.name": "agi-app", "service.version": version, "service.instance.id": node}
        self._provider = TracerProvider(resource=Resource.create(about), id_generator=self, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=settings.endpoint, timeout=LAST_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=MOST_WAITING))
        self._tracer = self._provider.get_tracer("agi-app", version)

    def generate_trace_id(self) -> int:
        """The attempt's own, of the call whose span is made now."""
        return int(self._attempt, 16)

    def generate_span_id(self) -> int:
        """Any."""
        return int(self._ids.generate_span_id())

    def is_trace_id_random(self) -> bool:
        """An attempt's id is (uuid4)."""
        return True

    def call(self, trace: CallTrace, labels: Mapping[str, str], *, failed: bool) -> None:
        """One call was stored. It never waits."""
        from opentelemetry.trace import SpanKind, Status, StatusCode  # noqa: PLC0415 - an extra

        self._attempt = trace.attempt_id
        attributes = {f"agi_app.{name}": value for name, value in labels.items()}
        span: Any = self._tracer.start_span(
            "call", kind=SpanKind.CLIENT, attributes=attributes, start_time=_ns(trace.began_at)
        )
        for step in STEPS:
            if (at := trace.steps.get(step)) is not None:
                span.add_event(step, timestamp=_ns(at))
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end(end_time=_ns(max(trace.steps.values(), default=trace.began_at)))

    async def finish(self) -> None:
        """Send what waits; returns soon, whatever the collector does."""
        await asyncio.to_thread(self._provider.force_flush, int(LAST_S * 1000))
        await asyncio.to_thread(self._provider.shutdown)


def traces_of(settings: TraceSettings, node: str, version: str) -> Traces:
    """By the settings; off without a collector. Raises ConfigError."""
    return OpenTelemetry(settings, node, version) if settings.endpoint else NoTraces()


def _ns(at: dt.datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1000
