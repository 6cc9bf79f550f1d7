"""Key 9 in one campaign while another runs: that one never calls the person, today or on any later day."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.witness import judge
from tests.system.site import CALLER_ID, NEXT_DAY, Site, people

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

CONFIRMS, OPTS_OUT = 1, 9


def test_key_9_holds_in_every_campaign(new_site: Callable[..., Site]) -> None:
    """The other campaign calls those who did not press 9 once a new day lets it."""
    site = new_site("next-day")
    quitters, control = people(OPTS_OUT, OPTS_OUT, OPTS_OUT), people(CONFIRMS, CONFIRMS)
    everybody = [*quitters, *control]
    site.consent(everybody)
    with site.worker() as worker:
        site.add("first", everybody)
        site.add("second", everybody)
        site.settle("first", "second")
    assert worker.returncode == 0
    today = site.calls(everybody)
    assert sorted(c.to_user for c in today) == sorted(everybody)

    site.set_clock(NEXT_DAY)  # both campaigns are still running
    with site.worker():
        site.settle("first", "second")
        refused = {name: site.refused_by(name) for name in ("first", "second")}
        dispositions = [site.report(name)["dispositions"] for name in ("first", "second")]
    tomorrow = site.calls(everybody)[len(today) :]
    assert sorted(c.to_user for c in tomorrow) == sorted(control)
    stops = site.stops(*quitters)
    assert set(stops) == set(quitters)
    verdict = judge([today, tomorrow], set(), CALLER_ID, stops)
    assert (verdict.to_forbidden, verdict.double_dials, verdict.wrong_caller_id) == (0, 0, 0)
    assert sum(d.get("opted_out", 0) for d in dispositions) == len(quitters)
    for number in quitters:  # one campaign made the call, the other one was refused
        assert sorted("suppressed" in refused[name][number] for name in refused) == [False, True]
