"""Channels of a trunk stay free for the PBX's own calls, whatever a campaign wants."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from sandbox.project import write_settings
from sandbox.sip import CarrierCall
from tests.asterisk.raw_caller import raw_call
from tests.system.conftest import NewSite
from tests.system.site import CLOCK, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
CHANNELS, RESERVE, OTHERS = 8, 3, 2
RINGS_8_S = 27
LOCAL = "\n[agi-app-local]\nexten => 7100,1,Answer()\n same => n,Wait(90)\n"


def at_once(calls: list[CarrierCall]) -> int:
    """The most calls that were on at one moment."""
    times = [(call.invite_at, 1) for call in calls] + [(call.ended_at or 1e12, -1) for call in calls]
    on = most = 0
    for _, step in sorted(times):
        on += step
        most = max(most, on)
    return most


def test_a_campaign_leaves_the_reserve_and_what_others_use(new_site: NewSite) -> None:
    """Two others talk, three channels stay free: never more than three of ours; when they hang up, five."""
    site = new_site("reserve")
    text = site.settings(f'[sandbox]\nclock = "{CLOCK}"\n')
    more = f"plus = true\nchannels = {CHANNELS}\nreserve = {RESERVE}\n"
    write_settings(site.project, text.replace("plus = true\n", more, 1))
    local = site.asterisk.run_dir / "etc" / "extensions_local.conf"
    before = local.read_text()
    local.write_text(before + LOCAL)
    site.asterisk.cli("dialplan reload")
    numbers = people(*[RINGS_8_S] * 16)
    site.consent(numbers)
    try:
        with ExitStack() as others:
            for _ in range(OTHERS):
                call = others.enter_context(raw_call(site.asterisk.sip_port, "7100", "<sip:+8613@x.invalid>"))
                assert call.wait(200, seconds=10) == 200
            with site.worker():
                site.add("beside", numbers, rate=20)
                until("six were called", lambda: len(site.calls(numbers)) >= 6, 60)
                assert at_once(site.calls(numbers)) == CHANNELS - RESERVE - OTHERS
                until("it says why", lambda: "2 carry other calls and 3 stay free" in str(site.status("beside")), 20)
                site.asterisk.cli("channel request hangup all")
                until("five ring at once", lambda: at_once(site.calls(numbers)) == CHANNELS - RESERVE, 60)
                site.app.ask("campaign", "stop", "beside")
    finally:
        local.write_text(before)
        site.asterisk.cli("dialplan reload")
