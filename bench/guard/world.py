"""A PBX with a guard before it, for the simulator: what it knows of callers, and what becomes of each call."""

from __future__ import annotations

import datetime as dt
import heapq
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from agi_app.guard.call import Endpoint, IncomingCall
from agi_app.guard.case import Action
from agi_app.guard.decide import GuardDecision, decide
from agi_app.guard.facts import CallerFacts, Vote
from agi_app.guard.recent_calls import CallHistory
from agi_app.guard.subscriber_settings import SubscriberSettings
from agi_app.guard.votes import block_keys, weigh
from bench.guard.callers import Planned

EPOCH = dt.datetime(2026, 3, 1, 16, 0, tzinfo=dt.UTC)  # midnight in Shanghai
SETTINGS = SubscriberSettings(zone="Asia/Shanghai")
STOPPED = frozenset({Action.CHALLENGE, Action.VOICEMAIL, Action.REJECT})
REPORTED = 0.05  # of the nuisance calls that are answered, by the key after the call
TALKED_S = 30


@dataclass(slots=True)
class _Known:
    first_seen: dt.datetime
    last_seen: dt.datetime
    talked: bool = False
    passed_at: dt.datetime | None = None
    votes: tuple[Vote, ...] = ()


class World:
    """Plays planned calls in the order of their times."""

    def __init__(self, decoys: Iterable[int], dialled: Iterable[str], rng: random.Random) -> None:
        self._history = CallHistory({str(line) for line in decoys})
        self._dialled = dict.fromkeys(dialled, EPOCH - dt.timedelta(days=100))
        self._known: dict[str, _Known] = {}
        self._nuisance: dict[str, dict[str, dt.datetime]] = defaultdict(dict)  # by hundred
        self._rng = rng

    def play(self, calls: Iterable[Planned]) -> Iterator[tuple[Planned, GuardDecision]]:
        """Each call with what was decided; ``calls`` in the order of time."""
        ends: list[tuple[float, int, Planned, str, bool]] = []
        numbers = count()
        for call in calls:
            while ends and ends[0][0] <= call.at:
                self._end(*heapq.heappop(ends)[2:])
            number = next(numbers)
            decision = self._ring(str(number), call)
            connected = self._comes_through(str(number), call, decision)
            until = call.at + call.rings + (call.talk if connected else 0.0)
            heapq.heappush(ends, (until, number, call, str(number), connected))
            yield call, decision

    def _ring(self, call_id: str, call: Planned) -> GuardDecision:
        now = _moment(call.at)
        known = self._known.get(call.caller) if call.caller else None
        dialled = self._dialled.get(call.caller) if call.caller else None
        stranger = dialled is None and not (known and known.talked)
        recent = self._history.ring(call_id, call.caller, str(call.line), now, stranger)
        block_10, block_100 = self._neighbours(call.caller, now) if call.caller else (0.0, 0.0)
        facts = CallerFacts(dialled_at=dialled, recent=recent, block_10=block_10, block_100=block_100)
        if known:
            facts = CallerFacts(
                dialled, known.first_seen, known.last_seen, known.talked, recent, block_10, block_100, known.votes,
                passed_at=known.passed_at,
            )  # fmt: skip
            known.last_seen = now
        elif call.caller:
            self._known[call.caller] = _Known(now, now)
        return decide(IncomingCall(call.caller, call.kind, Endpoint.TRUNK), facts, SETTINGS, now)

    def _comes_through(self, call_id: str, call: Planned, decision: GuardDecision) -> bool:
        """Whether the line rings as the caller wanted."""
        if decision.action not in STOPPED:
            return True
        known = self._known.get(call.caller) if call.caller else None
        if decision.action is Action.CHALLENGE and self._rng.random() < call.presses:
            if known:
                known.passed_at = _moment(call.at)
            return True
        if decision.action is Action.CHALLENGE:
            self._history.challenge_failed(call_id)
        if call.caller:
            self._nuisance[block_keys(call.caller)[1]][call.caller] = _moment(call.at)
        return False

    def _end(self, call: Planned, call_id: str, connected: bool) -> None:
        answered = connected and call.talk > 0
        self._history.end(call_id, answered, call.rings if connected else 99.0)
        if not answered or call.caller is None:
            return
        known = self._known[call.caller]
        known.talked = known.talked or call.talk > TALKED_S
        if call.group.startswith("attack") and self._rng.random() < REPORTED:
            known.votes = (*known.votes, Vote(str(call.line), _moment(call.at), nuisance=True))

    def _neighbours(self, caller: str, now: dt.datetime) -> tuple[float, float]:
        near = self._nuisance.get(block_keys(caller)[1])
        return weigh(near.items(), caller, now) if near else (0.0, 0.0)


def _moment(at: float) -> dt.datetime:
    return EPOCH + dt.timedelta(seconds=at)
