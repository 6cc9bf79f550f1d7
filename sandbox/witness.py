"""The witness: judges a run by the carrier's own log, and by nothing that agi-app says of itself.

Who may not be called is worked out here anew from the files that went in; when a person said stop
comes from the refusal journal on disk.
"""

from __future__ import annotations

import hmac
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sandbox.sip import CarrierCall, overlapping

# Promise 2: no INVITE to a person later than this after the stop is on disk. A repeat of an INVITE that the trunk
# never answered is not one: SIP cannot cancel it before a first answer (RFC 3261, 9.1), and nothing rings.
STOP_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the carrier saw that it should not have seen; all zero is well."""

    invites: int
    to_forbidden: int
    double_dials: int
    wrong_caller_id: int  # a number that is not ours, or another one than the person has seen
    last_invite_after_stop_s: float | None  # None: nobody said stop


def judge(
    days: Iterable[Iterable[CarrierCall]],
    forbidden: Collection[str],
    caller_ids: str | Collection[str],
    stops: Mapping[str, float],
    cap_per_day: int = 1,
) -> Verdict:
    """Judge the calls of each (rules-time) day. Numbers are as on the wire; ``stops``: number -> epoch seconds.

    ``caller_ids`` are the numbers that may be shown; each person sees the same one in all calls.
    """
    by_day = [list(day) for day in days]
    calls = [call for day in by_day for call in day]
    late = [c for c in calls if c.to_user in stops and c.invite_at > stops[c.to_user] + STOP_WITHIN_S]
    over_cap = sum(
        max(0, number - cap_per_day) for day in by_day for number in Counter(c.to_user for c in day).values()
    )
    return Verdict(
        invites=len(calls),
        to_forbidden=len([c for c in calls if c.to_user in forbidden]) + len(late),
        double_dials=len(overlapping(calls)) + over_cap,
        wrong_caller_id=_wrongly_shown(calls, {caller_ids} if isinstance(caller_ids, str) else set(caller_ids)),
        last_invite_after_stop_s=_last_after_stop(calls, stops),
    )


def _wrongly_shown(calls: list[CarrierCall], ours: Collection[str]) -> int:
    seen: dict[str, str] = {}
    wrong = 0
    for call in sorted(calls, key=lambda c: c.invite_at):
        shown = seen.setdefault(call.to_user, call.from_user)
        wrong += call.from_user not in ours or call.from_user != shown
    return wrong


def _last_after_stop(calls: list[CarrierCall], stops: Mapping[str, float]) -> float | None:
    last = [c.invite_at - stops[c.to_user] for c in calls if c.to_user in stops]
    return max(0.0, *last) if last else None


def read_stops(data_folder: Path, numbers: Iterable[str], via: Collection[str] = ("key", "step")) -> dict[str, float]:
    """When each of ``numbers`` first said stop in a call, from the journal: the time just before the sync to disk."""
    key = bytes.fromhex((data_folder / "suppression.key").read_text().strip())
    by_hash = {hmac.digest(key, number.encode(), "sha256").hex(): number for number in numbers}
    stops: dict[str, float] = {}
    for line in (data_folder / "refusals.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if entry["via"] in via and entry["hash"] in by_hash:
            stops.setdefault(by_hash[entry["hash"]], datetime.fromisoformat(entry["real_at"]).timestamp())
    return stops
