"""A collector of traces: takes OTLP over HTTP as the protocol says, and refuses what it would refuse."""

from __future__ import annotations

import contextlib
import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

PATH, PROTOBUF = "/v1/traces", "application/x-protobuf"


class TraceCollector:
    """What was sent to ``endpoint``: whole requests, as they came and as they are understood."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}{PATH}"
        self.bodies: list[bytes] = []
        self.refused: list[str] = []

    @property
    def requests(self) -> list[Any]:
        """In the order in which they came."""
        return [trace_service_pb2.ExportTraceServiceRequest.FromString(body) for body in self.bodies]

    @property
    def spans(self) -> list[Any]:
        """Of all requests."""
        resources = [resource for one in self.requests for resource in one.resource_spans]
        return [span for resource in resources for scope in resource.scope_spans for span in scope.spans]

    def take(self, path: str, kind: str, body: bytes) -> int:
        """The answer's status."""
        if path != PATH or kind != PROTOBUF:
            self.refused.append(f"{path} {kind}")
            return 404 if path != PATH else 415
        self.bodies.append(body)
        return 200


def words_of(described: Any) -> dict[str, str]:
    """The attributes of a span or of a resource."""
    return {one.key: one.value.string_value for one in described.attributes}


@contextlib.contextmanager
def collecting() -> Iterator[TraceCollector]:
    """Until the block ends. Nothing may have been refused."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            self.send_response(collector.take(self.path, self.headers["Content-Type"], body))
            answer: bytes = trace_service_pb2.ExportTraceServiceResponse().SerializeToString()
            self.send_header("Content-Type", PROTOBUF)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = TraceCollector(int(server.server_address[1]))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield collector
        finally:
            server.shutdown()
    assert collector.refused == []
