"""The ports of a gateway: one call each, a rest after it, so many calls in 24 hours; over all nodes.

Which port a call takes is not chosen: it is the one whose number the person sees.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agi_app.store.database.statements import Connection, as_json, count, load_queries, records

Q = load_queries("calling/gateway_ports")


@dataclass(frozen=True, slots=True)
class GatewayPort:
    """One port and what it may do."""

    number: str
    calls_per_day: int | None
    spacing: float  # seconds


@dataclass(frozen=True, slots=True)
class GatewayPorts:
    """The ports that may carry a call now, locked until the transaction ends, and how the others stand."""

    free: frozenset[str]  # numbers
    in_call: frozenset[str]
    resting: Mapping[str, dt.datetime]  # number -> real time when it may call again


def scope_of(number: str) -> str:
    """The scope of a port's one slot."""
    return f"port:{number}"


async def lease(
    connection: Connection, ports: Sequence[GatewayPort], now: dt.datetime, offset: dt.timedelta
) -> GatewayPorts:
    """Lock the ports that are free; never waits for one. ``now`` is rules time, ``offset`` what it is ahead of real."""
    scopes = {scope_of(port.number): port for port in ports}
    await count(connection, Q["make"], {"scopes": list(scopes)})
    idle = [scopes[row["scope"]] for row in await records(connection, Q["lease"], {"scopes": list(scopes)})]
    rows = [{"number": i.number, "spacing": i.spacing, "per_day": i.calls_per_day} for i in idle]
    used = await records(connection, Q["use"], {"ports": as_json(rows), "now": now, "offset": offset})
    resting = {u["number"]: u["rests_until"] for u in used if u["rests_until"] and u["rests_until"] > u["now"]}
    quiet = {port.number for port in idle}
    return GatewayPorts(frozenset(quiet - resting.keys()), frozenset({i.number for i in ports} - quiet), resting)
