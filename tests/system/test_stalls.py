"""The worker stands still for a moment, then the database: the carrier never sees more calls a second than the rate.

Calls whose turn passed meanwhile would else leave together, beside those whose turn it is.
"""

from __future__ import annotations

import signal
import time
from collections import Counter

import psycopg
import pytest

from sandbox.rates import most_within
from tests.system.conftest import NewSite
from tests.system.site import Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
RATE = 20
MOST = RATE + 4  # in any second: the slack of pacing.py, and what Asterisk adds
STALL_S = 1.5


def test_the_rate_holds_over_stalls_of_the_worker_and_of_the_database(new_site: NewSite) -> None:
    """And everybody is called in the end, once."""
    site = new_site("stalls")
    called = people(*[1] * 8 * RATE)
    site.consent(called)
    with site.worker() as worker:
        site.add("steady", called, flow="bulk", rate=RATE, concurrent=200)
        until("it dials", lambda: len(site.calls(called)) >= RATE, poll_s=0.05)
        worker.send(signal.SIGSTOP)
        time.sleep(STALL_S)
        worker.send(signal.SIGCONT)
        time.sleep(STALL_S)
        before = len(site.calls(called))
        _hold_the_marks(site)
        held = len(site.calls(called)) - before
        site.settle("steady")
    calls = site.calls(called)
    assert held < RATE, "the marks were not held up: this shows nothing"
    assert before < len(called) - 2 * RATE, "it was over before"
    assert Counter(call.to_user for call in calls) == dict.fromkeys(called, 1)
    assert most_within((call.invite_at for call in calls), 1.0) <= MOST


def _hold_the_marks(site: Site) -> None:
    """As a disk does that takes long for a flush: whoever writes an attempt waits."""
    with psycopg.connect(site.database_url) as connection:
        connection.execute("LOCK TABLE attempt IN SHARE MODE")
        time.sleep(STALL_S)
