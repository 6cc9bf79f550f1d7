"""What the carrier, the feed and the clinic's database saw of a fortnight, as the judge reads it: all in rules time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal
from zoneinfo import ZoneInfo

from office.fortnight import Lived
from sandbox.sip import CarrierCall

REFUSED = {486: "busy", 600: "busy", 603: "declined", 404: "invalid", 480: "no_answer", 408: "no_answer"}
RINGING_OUT_S = 1.0  # a CANCEL so long before the end of the ringing time is one of the office
Row = dict[str, Any]


class RulesTime:
    """From real time to rules time, by the moments that were lived."""

    def __init__(self, lived: Lived, zone: str) -> None:
        self._spans = lived.offsets
        self._zone = ZoneInfo(zone)

    def __call__(self, at: float) -> str:
        """ISO 8601. Between two moments the clock of the earlier one went on."""
        offset = next((rules for begin, _, rules in reversed(self._spans) if begin <= at), self._spans[0][2])
        return dt.datetime.fromtimestamp(at + offset, self._zone).isoformat(timespec="milliseconds")


def calls(seen: Iterable[CarrierCall], names: Mapping[str, str], at: RulesTime, ring_s: float) -> list[Row]:
    """Every INVITE that the carrier got, by the name of its number; ``ring_s`` is the campaign's ringing time."""
    found = []
    for call in sorted(seen, key=lambda one: one.invite_at):
        ended = call.ended_at or call.last_seen_at
        row = {"at": at(call.invite_at), "number": names.get(call.to_user, call.to_user), "ended": at(ended),
               "how": how(call, ring_s), "rang": call.ringing_at is not None}  # fmt: skip
        if call.answered_at is not None:
            row["answered_at"] = at(call.answered_at)
        found.append(row)
    return found


def how(call: CarrierCall, ring_s: float) -> str:
    """In the judge's words."""
    if call.answered_at is not None:
        return "answered"
    if call.cancel_at is not None:
        rang_out = call.ringing_at is not None and call.cancel_at - call.ringing_at >= ring_s - RINGING_OUT_S
        return "no_answer" if rang_out else "cancelled"
    return REFUSED.get(call.final_status or 0, "failed")


def feed_runs(rows: Iterable[Mapping[str, Any]], at: RulesTime) -> list[Row]:
    """As agi-app keeps them; ``ended_at`` is real time."""
    return [
        {
            "as_of": row["as_of"].isoformat(),
            "committed": at(row["ended_at"].timestamp()),
            "good": row["state"] == "done",
            "added": (row["result"] or {}).get("added", 0),
            "cancelled": (row["result"] or {}).get("cancelled", 0),
        }
        for row in rows
        if row["as_of"] is not None and row["ended_at"] is not None
    ]


def results(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """What came back into the clinic's database."""
    return [{"id": row["appt_no"], **{name: row[name] for name in ("key", "number_place", "outcome", "disposition",
                                                                  "started")}} for row in rows]  # fmt: skip


def how_it_ran(scenario: Mapping[str, Any], lived: Lived, reading: Literal["strict", "whole"]) -> Row:
    """Two readings of a clock that jumped.

    ``strict``: rules time ran at real speed in the moments, and all between them was skipped. A second is a second.
    ``whole``: within the spans of the scenario rules time ran evenly, as much faster as the jumps make it. Then a
    call can be missed: there was time for it.
    """
    spans = [(begin, until) for begin, until in lived.spans]
    row: Row = {"entered": lived.entered}
    if reading == "strict":
        edges = [dt.datetime.fromisoformat(scenario["start"]), *(x for one in spans for x in one),
                 dt.datetime.fromisoformat(scenario["end"])]  # fmt: skip
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return row | {"ratio": 1, "skipped": [[a.isoformat(), b.isoformat()] for a, b in pairs if a < b]}
    ratios, skipped, before = [], [], dt.datetime.fromisoformat(scenario["start"])
    for low, high in scenario["run_through"]:
        begin, end = dt.datetime.fromisoformat(low), dt.datetime.fromisoformat(high)
        if before < begin:
            skipped.append([before.isoformat(), low])
        lived_s = sum((min(b, end) - max(a, begin)).total_seconds() for a, b in spans if a < end and b > begin)
        ratio = max(1.0, (end - begin).total_seconds() / lived_s) if lived_s else 1.0
        ratios.append({"from": low, "to": high, "ratio": round(ratio, 3)})
        before = max(before, end)
    skipped.append([before.isoformat(), scenario["end"]])
    return row | {"ratio": ratios, "default_ratio": 1, "skipped": skipped}
