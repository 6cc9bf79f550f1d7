"""A real call is one span at a real collector: the attempt's id, its steps in order, and no number in it."""

from __future__ import annotations

import pytest

from tests.system.conftest import NewSite
from tests.system.site import people
from tests.trace_collector import collecting, words_of

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
CONFIRMS, BUSY = 1, 20


def test_each_call_is_a_span(new_site: NewSite) -> None:
    with collecting() as collector:
        site = new_site("traced", env={"AGI_APP_TRACES__ENDPOINT": collector.endpoint})
        numbers = people(CONFIRMS, BUSY)
        site.consent(numbers)
        site.add("traced", numbers, flow="bulk")
        with site.worker():
            site.settle("traced")
    spans = collector.spans
    attempts = {row[0]: row[1] for row in site.sql("SELECT attempt_id, outcome FROM attempt")}
    assert {span.trace_id.hex(): words_of(span)["agi_app.outcome"] for span in spans} == attempts
    assert len(spans) == len(numbers)
    (answered,) = [span for span in spans if words_of(span)["agi_app.outcome"] == "answered"]
    names, times = [one.name for one in answered.events], [one.time_unix_nano for one in answered.events]
    assert names == ["marked", "dialled", "ringing", "answered", "ended", "stored"]
    assert times == sorted(times)
    assert not [number for number in numbers for body in collector.bodies if number[-8:].encode() in body]
