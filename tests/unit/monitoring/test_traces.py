"""A span a call reaches a collector over HTTP, with the attempt's id and times, and nothing of a person."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import ValidationError

from agi_app.config.monitor import TraceSettings
from agi_app.monitoring.traces import CallTrace, NoTraces, traces_of

AT = dt.datetime(2026, 3, 3, 9, 30, tzinfo=dt.UTC)
ATTEMPT = "0af7651916cd43dd8448eb211c80319c"
LABELS = {"campaign": "march", "trunk": "carrier", "outcome": "human"}


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """A real one: its address, and what was sent there."""
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1/traces", got
    server.shutdown()
    server.server_close()


def trace() -> CallTrace:
    made = CallTrace(ATTEMPT, AT)
    for seconds, step in enumerate(("marked", "dialled", "ringing", "answered", "ended", "stored"), 1):
        made.note(step, None if step == "ringing" else AT + dt.timedelta(seconds=seconds))
    return made


def test_it_is_off_unless_a_collector_is_named() -> None:
    assert isinstance(traces_of(TraceSettings(), "n", "1"), NoTraces)
    with pytest.raises(ValidationError):
        TraceSettings(endpoint="collector")


async def test_a_call_is_one_span_with_the_id_of_its_attempt(collector: tuple[str, list[bytes]]) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="needs agi-app[traces]")
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    address, got = collector
    traces = traces_of(TraceSettings(endpoint=address), "node-1", "0.2")
    traces.call(trace(), LABELS, failed=False)
    await traces.finish()
    (sent,) = got
    request: Any = ExportTraceServiceRequest.FromString(sent)
    (resource,) = request.resource_spans
    about = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert (about["service.name"], about["service.instance.id"]) == ("agi-app", "node-1")
    (span,) = resource.scope_spans[0].spans
    assert (span.name, span.trace_id.hex()) == ("call", ATTEMPT)
    assert {one.key: one.value.string_value for one in span.attributes} == {
        f"agi_app.{name}": value for name, value in LABELS.items()
    }
    assert [one.name for one in span.events] == ["marked", "dialled", "answered", "ended", "stored"]
    assert (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9 == 6.0
    assert span.events[0].time_unix_nano == int((AT.timestamp() + 1) * 1e9)


async def test_a_collector_that_is_away_costs_no_time() -> None:
    pytest.importorskip("opentelemetry.sdk", reason="needs agi-app[traces]")
    traces = traces_of(TraceSettings(endpoint="http://127.0.0.1:9/v1/traces"), "node-1", "0.2")
    began = time.monotonic()
    for _ in range(200):
        traces.call(trace(), LABELS, failed=True)
    assert time.monotonic() - began < 1
    async with asyncio.timeout(20):
        await traces.finish()


def test_without_the_extra_the_setting_says_what_to_install() -> None:
    try:
        import opentelemetry.sdk  # noqa: F401
    except ImportError:
        with pytest.raises(Exception, match=r"agi-app\[traces\]"):
            traces_of(TraceSettings(endpoint="http://127.0.0.1:9/v1/traces"), "n", "1")
