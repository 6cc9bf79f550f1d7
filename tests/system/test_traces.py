"""A real call is one span at a real collector: the attempt's id, its steps in order, and no number in it."""

from __future__ import annotations

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.system.conftest import NewSite
from tests.system.site import people

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
CONFIRMS, BUSY = 1, 20


def test_each_call_is_a_span(new_site: NewSite) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="needs agi-app[traces]")
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{collector.server_address[1]}/v1/traces"
        site = new_site("traced", env={"AGI_APP_TRACES__ENDPOINT": endpoint})
        numbers = people(CONFIRMS, BUSY)
        site.consent(numbers)
        site.add("traced", numbers, flow="bulk")
        with site.worker():
            site.settle("traced")
        collector.shutdown()
    requests: list[Any] = [ExportTraceServiceRequest.FromString(body) for body in got]
    spans = [
        span for one in requests for found in one.resource_spans for part in found.scope_spans for span in part.spans
    ]
    attempts = {row[0]: row[1] for row in site.sql("SELECT attempt_id, outcome FROM attempt")}
    assert {span.trace_id.hex(): _of(span)["agi_app.outcome"] for span in spans} == attempts
    assert len(spans) == len(numbers)
    (answered,) = [span for span in spans if _of(span)["agi_app.outcome"] == "answered"]
    names, times = [one.name for one in answered.events], [one.time_unix_nano for one in answered.events]
    assert names == ["marked", "dialled", "ringing", "answered", "ended", "stored"]
    assert times == sorted(times)
    assert not [number for number in numbers for body in got if number[-8:].encode() in body]


def _of(span: Any) -> dict[str, str]:
    return {one.key: one.value.string_value for one in span.attributes}
