"""How many calls at once a line takes, and how many of one caller. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from agi_app.dialer.inbound.inbound_call import InboundCall
from agi_app.messages import t

MOST_OF_ONE_CALLER = 2  # calls at once from one number: a machine that redials leaves the line to others


def too_many(new: InboundCall, going_on: Iterable[InboundCall]) -> str:
    """Why one more call is too many; empty: it is not. Pure."""
    others = list(going_on)
    if sum(live.line.name == new.line.name for live in others) >= new.line.concurrent:
        return t("{concurrent} calls at once are the most of this line (concurrent)", concurrent=new.line.concurrent)
    same = sum(live.caller == new.caller for live in others) if new.caller is not None else 0
    return t("{same} calls from this number are already in progress", same=same) if same >= MOST_OF_ONE_CALLER else ""
