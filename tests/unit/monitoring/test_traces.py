"""A span a call reaches a collector over HTTP, with the attempt's id and times, and nothing of a person."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
import time

import pytest
from pydantic import ValidationError

from agi_app.config.monitor import TraceSettings
from agi_app.errors import ConfigError
from agi_app.monitoring.traces import CallTrace, NoTraces, traces_of
from tests.trace_collector import collecting, words_of

AT = dt.datetime(2026, 3, 3, 9, 30, tzinfo=dt.UTC)
ATTEMPT = "0af7651916cd43dd8448eb211c80319c"
LABELS = {"campaign": "march", "trunk": "carrier", "outcome": "human"}


def trace() -> CallTrace:
    made = CallTrace(ATTEMPT, AT)
    for seconds, step in enumerate(("marked", "dialled", "ringing", "answered", "ended", "stored"), 1):
        made.note(step, None if step == "ringing" else AT + dt.timedelta(seconds=seconds))
    return made


def test_it_is_off_unless_a_collector_is_named() -> None:
    assert isinstance(traces_of(TraceSettings(), "n", "1"), NoTraces)
    with pytest.raises(ValidationError):
        TraceSettings(endpoint="collector")


async def test_a_call_is_one_span_with_the_id_of_its_attempt() -> None:
    with collecting() as collector:
        traces = traces_of(TraceSettings(endpoint=collector.endpoint), "node-1", "0.2")
        traces.call(trace(), LABELS, failed=False)
        await traces.finish()
    (request,) = collector.requests
    (resource,) = request.resource_spans
    about = words_of(resource.resource)
    assert (about["service.name"], about["service.instance.id"]) == ("agi-app", "node-1")
    (span,) = resource.scope_spans[0].spans
    assert (span.name, span.trace_id.hex()) == ("call", ATTEMPT)
    assert words_of(span) == {f"agi_app.{name}": value for name, value in LABELS.items()}
    assert [one.name for one in span.events] == ["marked", "dialled", "answered", "ended", "stored"]
    assert (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9 == 6.0
    assert span.events[0].time_unix_nano == int((AT.timestamp() + 1) * 1e9)


async def test_a_collector_that_is_away_costs_no_time() -> None:
    traces = traces_of(TraceSettings(endpoint="http://127.0.0.1:9/v1/traces"), "node-1", "0.2")
    began = time.thread_time(), time.monotonic()
    for _ in range(200):
        traces.call(trace(), LABELS, failed=True)
    assert time.thread_time() - began[0] < 1
    assert time.monotonic() - began[1] < 20, "it waits for the collector"
    async with asyncio.timeout(20):
        await traces.finish()


def test_without_the_extra_the_setting_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """But nothing is needed while no collector is named."""
    for name in [one for one in sys.modules if one.partition(".")[0] == "opentelemetry"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    assert isinstance(traces_of(TraceSettings(), "n", "1"), NoTraces)
    with pytest.raises(ConfigError, match=r"agi-app\[traces\]"):
        traces_of(TraceSettings(endpoint="http://127.0.0.1:9/v1/traces"), "n", "1")
