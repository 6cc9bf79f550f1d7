"""The worker is killed, told to end, or loses its Asterisk: nobody is called twice, nobody is left in dead air."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.system.site import Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

CONFIRMS, RINGS_ON, LISTENS = 1, 21, 28
HANGUP_WITHIN_S = 2.0


@pytest.fixture(scope="module")
def site(new_site: Callable[..., Site]) -> Site:
    """On the second Asterisk, which these tests may break."""
    return new_site("restart", asterisk=1)


def test_kill_9_in_mid_campaign(site: Site) -> None:
    """Calls end within 2 s of the kill, before the next start; their attempts are interrupted, the rest is called."""
    ringing, talking, waiting = people(*[RINGS_ON] * 2), people(*[LISTENS] * 3), people(*[CONFIRMS] * 12)
    everybody = [*ringing, *talking, *waiting]
    site.consent(everybody)
    with site.worker() as first:
        site.add("crash", [*ringing, *talking], rate=10)
        until("two ring and three talk", lambda: _busy(site, ringing, talking))
        site.app.ask("contacts", "import", "crash", site.write_contacts(waiting))
        until("more are called", lambda: len(site.calls(waiting)) >= 4)
        killed = time.time()
        first.send(signal.SIGKILL)
        assert first.wait(5)
    live = [c for c in site.calls(everybody) if c.ended_at is None or c.ended_at >= killed]
    assert {c.to_user for c in live} >= {*ringing, *talking}
    until("nobody is on the line, with no worker", lambda: not any(c.ended_at is None for c in site.calls(everybody)))
    with site.worker() as second:
        ended = [c for c in site.calls(everybody) if c.call_id in {one.call_id for one in live}]
        assert all(c.ended_at is not None and c.ended_at <= killed + HANGUP_WITHIN_S for c in ended)
        assert all(c.bye_from == "us" or c.cancel_at for c in ended)
        site.settle("crash")
        slots = site.sql("SELECT count(*) FROM slot WHERE attempt_id IS NOT NULL")
    assert second.returncode == 0
    assert slots == [(0,)]
    called = Counter(c.to_user for c in site.calls(everybody))
    assert set(called.values()) == {1}
    report = site.report("crash")
    assert report["done"] == report["attempts"] == len(everybody)
    interrupted = _interrupted(report)
    assert interrupted >= {c.to_user for c in live}
    # Killed between the mark, 0.15 s before the turn, and the INVITE: counts as dialled, because nobody can know.
    between = set(everybody) - set(called)
    assert between <= interrupted
    assert len(between) <= 3, "at ten calls a second"
    assert len(interrupted) <= len(live) + len(between) + 2


def _interrupted(report: dict[str, Any]) -> set[str]:
    return {f"+{a['external_id']}" for a in report["attempt_list"] if a["outcome"] == "interrupted"}


def _busy(site: Site, ringing: list[str], talking: list[str]) -> bool:
    rings = [c for c in site.calls(ringing) if c.ringing_at]
    talks = [c for c in site.calls(talking) if c.answered_at]
    return len(rings) == len(ringing) and len(talks) == len(talking)


def test_asterisk_restarts_under_a_living_worker(site: Site) -> None:
    """The worker finds it again and goes on to the end of the campaign; nobody is called twice."""
    numbers = people(*[CONFIRMS, CONFIRMS, LISTENS] * 7)
    site.consent(numbers)
    with site.worker() as worker:
        site.add("outage", numbers, flow="bulk", rate=3)
        until("eight are called", lambda: len(site.calls(numbers)) >= 8)
        site.asterisk.restart()
        back = time.time()
        until("calls are made again", lambda: any(c.invite_at > back for c in site.calls(numbers)))
        site.settle("outage")
        survived = worker.returncode is None
    assert survived
    called = Counter(c.to_user for c in site.calls(numbers))
    assert set(called.values()) == {1}
    report = site.report("outage")
    assert report["attempts"] == report["done"] == len(numbers)
    assert set(numbers) - set(called) <= _interrupted(report)
    assert len(called) >= len(numbers) - 2
    assert set(report["outcomes"]) <= {"answered", "interrupted", "cancelled"}
    assert report["dispositions"]["confirmed"] >= 8


def test_sigterm_lets_live_calls_finish(site: Site) -> None:
    """Exit 0 after the calls in progress have come to their own end; no attempt is left open, nobody new is called."""
    numbers = people(*[LISTENS] * 20)
    site.consent(numbers)
    with site.worker() as worker:
        site.add("drain", numbers, flow="bulk", rate=4)
        until("three talk", lambda: len([c for c in site.calls(numbers) if c.answered_at]) >= 3)
        told = time.time()
        worker.send(signal.SIGTERM)
        assert worker.wait(20)
    assert worker.returncode == 0
    calls = site.calls(numbers)
    assert 3 <= len(calls) < len(numbers)
    assert max(c.last_invite_at for c in calls) <= told + 1.0
    # To the end of the flow: the greeting, the question and 3 s of silence.
    assert all(c.answered_at and c.bye_at and c.bye_at - c.answered_at > 5 for c in calls)
    assert site.sql("SELECT count(*) FROM attempt WHERE state <> 'ended'") == [(0,)]
    assert set(site.report("drain")["outcomes"]) == {"answered"}
