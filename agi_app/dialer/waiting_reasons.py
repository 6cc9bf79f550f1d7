"""Why a campaign is not dialled faster on this node at this moment; ``now`` is monotonic seconds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from agi_app.dialer.running_campaigns import Running
from agi_app.model.waiting_reason import BREAKER, BY_AGENTS, NOBODY_DUE, PACE, PLACES, PORTS, SHARE, WaitingReason
from agi_app.store.calling.gateway_ports import GatewayPorts

_OF = {"campaign": "the campaign", "trunk": "trunk {trunk}", "node": "this Asterisk"}


def waiting_reason_of(running: Running, now: float, real_now: dt.datetime) -> WaitingReason | None:
    """What holds it back first; None when a call could start at once."""
    breaker = running.line.breaker
    if (paused := breaker.reason(now)) is not None:
        tried_again = breaker.down is None and breaker.paused
        until = real_now + dt.timedelta(seconds=max(0.0, breaker.until - now)) if tried_again else None
        return WaitingReason(BREAKER, f"trunk {running.trunk}: {paused}", until)
    if running.line.campaign.by_agents:
        return ASKED_FOR
    return running.short or _paced(running, now)


ASKED_FOR = WaitingReason(BY_AGENTS, "an agent asks for each call of it (dialled_by: agents): `agi-app call-person`")
NOBODY = WaitingReason(NOBODY_DUE, "nobody may be called at this moment")
NO_PLACE = {
    "campaign": WaitingReason(PLACES["campaign"], "all places of the campaign are taken by calls"),
    "trunk": WaitingReason(PLACES["trunk"], "all places of the trunk are taken by calls"),
    "node": WaitingReason(PLACES["node"], "all places of this Asterisk are taken by calls ([asterisk] concurrent)"),
}


def no_port(ports: GatewayPorts, names: Mapping[str, str]) -> WaitingReason:
    """The ports that could call somebody who is due are taken; ``names`` has them by number."""
    parts = [f"{names[number]} is in a call" for number in sorted(ports.in_call)]
    resting = sorted(ports.resting.items(), key=lambda item: item[1])
    parts += [f"{names[number]} rests until {until:%Y-%m-%d %H:%M:%S} UTC" for number, until in resting]
    until = resting[0][1] if resting and not ports.in_call else None
    return WaitingReason(PORTS, f"no port of the trunk is free for those who are due: {', '.join(parts)}", until)


def _paced(running: Running, now: float) -> WaitingReason | None:
    of, pacer = max(running.pacers.items(), key=lambda item: item[1].ready_at(now))
    what = _OF[of].format(trunk=running.trunk)
    if pacer.rate <= 0:
        return WaitingReason(
            SHARE, f"the other workers have the whole pace of {what}; this one gets its part within seconds"
        )
    if pacer.ready_at(now) <= now:
        return None
    limit = {
        "campaign": running.line.campaign.pace.calls_per_second,
        "trunk": running.line.trunk.calls_per_second,
        "node": pacer.rate,
    }[of]
    part = "" if pacer.rate >= limit else f", of which {pacer.rate:.3g} are this worker's"
    return WaitingReason(PACE[of], f"calls start at the pace of {what} ({limit:g} a second{part})")
