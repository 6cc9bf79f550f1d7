"""Which agents that are listed by their endpoints could take a call now; a phone of unknown state is not free."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from agi_app.errors import AsteriskError, RequestFailed
from agi_app.messages import t
from agi_app.model.agents import AgentsNow
from agi_app.pbx.ari.connection import Ari

IDLE = "NOT_INUSE"
GONE = frozenset({"INVALID", "UNAVAILABLE", "UNKNOWN"})


class _Device(msgspec.Struct, frozen=True):
    state: str


async def of_list(ari: Ari, endpoints: Sequence[str], resting: frozenset[str], wrap_up_s: float) -> AgentsNow:
    """Agents by their endpoints; who is ``resting`` has just ended a call. Raises AsteriskError."""
    idle, busy = [], 0
    for endpoint in endpoints:
        try:
            found = await ari.request("GET", f"deviceStates/{quote(endpoint, safe='')}")
        except RequestFailed as error:
            raise AsteriskError(
                t("the state of {endpoint} is not known: {error}", endpoint=endpoint, error=error)
            ) from None
        state = found.decode(_Device).state
        if state == IDLE and endpoint not in resting:
            idle.append(endpoint)
        elif state not in GONE:
            busy += 1
    return AgentsNow(len(idle), busy, wrap_up_s, tuple(idle))
