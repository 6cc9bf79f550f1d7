"""Why a campaign is not dialled faster on this node at this moment; ``now`` is monotonic seconds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from agi_app.dialer.running_campaigns import Running
from agi_app.messages import t, template
from agi_app.model.waiting_reason import (
    BREAKER,
    BY_AGENTS,
    FEED_LATE,
    NOBODY_DUE,
    PACE,
    PLACES,
    PORTS,
    QUOTA,
    SHARE,
    WaitingReason,
)
from agi_app.store.calling.gateway_ports import GatewayPorts

_OF = {"campaign": "the campaign", "trunk": "trunk {trunk}", "node": "this Asterisk"}


def waiting_reason_of(running: Running, now: float, real_now: dt.datetime) -> WaitingReason | None:
    """What holds it back first; None when a call could start at once."""
    breaker = running.line.breaker
    if (paused := breaker.reason(now)) is not None:
        tried_again = breaker.cut_off is None and breaker.paused
        until = real_now + dt.timedelta(seconds=max(0.0, breaker.until - now)) if tried_again else None
        return WaitingReason(BREAKER, t("trunk {trunk}: {paused}", trunk=running.trunk, paused=paused), until)
    if running.line.campaign.by_agents:
        return ASKED_FOR
    return running.short or _paced(running, now)


ASKED_FOR = WaitingReason(
    BY_AGENTS, template("an agent asks for each call of it (dialled_by: agents): `agi-app call-person`")
)
NOBODY = WaitingReason(NOBODY_DUE, template("nobody may be called at this moment"))
FULL_GROUPS = WaitingReason(
    QUOTA, template("calls are under way that may fill the groups of all contacts who are due (quota)")
)
OLD_FACTS = WaitingReason(
    FEED_LATE, template("the campaign's feed had no good run for too long: `agi-app feed status` says why")
)
NO_PLACE = {
    "campaign": WaitingReason(PLACES["campaign"], template("all places of the campaign are taken by calls")),
    "trunk": WaitingReason(PLACES["trunk"], template("all places of the trunk are taken by calls")),
    "node": WaitingReason(
        PLACES["node"], template("all places of this Asterisk are taken by calls ([asterisk] concurrent)")
    ),
}


def no_port(ports: GatewayPorts, names: Mapping[str, str]) -> WaitingReason:
    """The ports that could call somebody who is due are taken; ``names`` has them by number."""
    parts = [t("{number} is in a call", number=names[number]) for number in sorted(ports.in_call)]
    resting = sorted(ports.resting.items(), key=lambda item: item[1])
    parts += [
        t("{number} rests until {until:%Y-%m-%d %H:%M:%S} UTC", number=names[number], until=until)
        for number, until in resting
    ]
    until = resting[0][1] if resting and not ports.in_call else None
    return WaitingReason(
        PORTS, t("no port of the trunk is free for those who are due: {parts}", parts=", ".join(parts)), until
    )


def _paced(running: Running, now: float) -> WaitingReason | None:
    of, pacer = max(running.pacers.items(), key=lambda item: item[1].ready_at(now))
    what = t(_OF[of], trunk=running.trunk)
    if pacer.rate <= 0:
        return WaitingReason(
            SHARE,
            t("the other workers have the whole pace of {what}; this one gets its part within seconds", what=what),
        )
    if pacer.ready_at(now) <= now:
        return None
    limit = {
        "campaign": running.line.campaign.pace.calls_per_second,
        "trunk": running.line.trunk.calls_per_second,
        "node": pacer.rate,
    }[of]
    part = "" if pacer.rate >= limit else t(", of which {rate:.3g} are this worker's", rate=pacer.rate)
    return WaitingReason(
        PACE[of], t("calls start at the pace of {what} ({limit:g} a second{part})", what=what, limit=limit, part=part)
    )
