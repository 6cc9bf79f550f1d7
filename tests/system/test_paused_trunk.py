"""A trunk that answers 503 is paused, the status says until when, one call tries it again, and then all goes on."""

from __future__ import annotations

from typing import Any

import pytest

from agi_app.dialer.circuit_breaker import FAULTS_TO_OPEN, FIRST_PAUSE_S
from tests.system.conftest import NewSite
from tests.system.site import people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
CONFIRMS, CONGESTED = 1, 24


def test_a_congested_trunk_is_left_alone_and_found_again(new_site: NewSite) -> None:
    """By the carrier's capture: nothing for the whole pause, though people are due; nobody lost an attempt to it."""
    site = new_site("paused")
    refused, well = people(*[CONGESTED] * FAULTS_TO_OPEN), people(*[CONFIRMS] * 4)
    site.consent([*refused, *well])
    site.add("congested", [*refused, *well], flow="bulk", rate=10, concurrent=1)
    held: dict[str, Any] = {}

    def is_paused() -> bool:
        held.update(next((h for h in site.status("congested")["waiting_reasons"] if h["by"] == "breaker"), {}))
        return bool(held)

    with site.worker():
        until("the status says that the trunk is paused", is_paused, 20, 0.5)
        # Whoever's call was the last straw is no less to be called for it.
        done = len(refused) - 1 + len(well)
        until("the others were called", lambda: site.status("congested")["done"] == done, 60, 1.0)
        assert "breaker" not in {h["by"] for h in site.status("congested")["waiting_reasons"]}
    assert f"{FAULTS_TO_OPEN} calls in a row failed on the trunk's side (last: congestion, SIP 503)" in held["text"]
    assert held["until"] is not None
    last_refused = max(c.ended_at or 0.0 for c in site.calls(refused))
    first_after = min(c.invite_at for c in site.calls(well))
    assert first_after - last_refused >= FIRST_PAUSE_S - 0.2
    assert len(site.calls(well)) == len(well)
    assert {a["outcome"] for a in site.report("congested")["attempt_list"]} == {"congestion", "answered"}
